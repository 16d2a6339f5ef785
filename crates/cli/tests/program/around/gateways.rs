//! Routes to gateways that nobody looks behind.

use serde_json::json;
use trueup_model::Value;
use trueup_sim::{Sim, World};

use super::peerings::{OFFICE, with_office};
use super::verdicts;

/// Adds a route behind the stack's back.
fn lead(sim: &Sim, table: &str, to: &str, by: &str) {
    sim.edit(|world: &mut World| {
        let table = world.at_mut("snowex", &table.parse().unwrap()).unwrap();
        let Some(Value::Map(routes)) = table.attributes.get_mut("routes") else {
            panic!("no routes")
        };
        routes.insert(to.to_owned(), by.into());
    })
    .unwrap();
}

fn let_in(sim: &Sim, from: &str) {
    let rule = json!([{ "port": 5432, "from": [from], "protocol": "tcp", "description": null }]);
    sim.edit(|world| {
        let group = world.at_mut("snowex", &"security_group.database".parse().unwrap()).unwrap();
        group.set("ingress", Value::from(rule));
    })
    .unwrap();
}

/// A live route cites the line of the stack only where the stack says the same.
#[tokio::test(start_paused = true)]
async fn a_route_behind_the_stack_s_back_is_said_to_be_live_only() {
    let (bench, sim) = with_office().await;
    let reach = "reach lambda_function.api internet --port 443";
    let told = async || {
        let told = bench.run(reach).await.stdout;
        told.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let written = "route 0.0.0.0/0 to nat_gateway.main (stack.yaml:41)";
    assert!(told().await.contains(written), "{}", told().await);
    lead(&sim, "route_table.private", "0.0.0.0/0", "tgw-0office");
    let other = "route 0.0.0.0/0 to tgw-0office, live and not as the stack says (stack.yaml:41)";
    assert!(told().await.contains(other), "{}", told().await);
    lead(&sim, "route_table.private", "0.0.0.0/1", "tgw-0office");
    let added = "route 0.0.0.0/1 to tgw-0office, live and not in the stack";
    assert!(told().await.contains(added), "{}", told().await);
}

/// Neither that it reaches nor that it does not can be said, and it is said which gateway that hangs on.
#[tokio::test(start_paused = true)]
async fn what_is_behind_a_transit_gateway_is_unknown() {
    let (bench, sim) = with_office().await;
    for table in ["route_table.private", "route_table.public"] {
        lead(&sim, table, "10.9.0.0/16", "tgw-0office");
    }
    let sentence = OFFICE.trim().trim_start_matches("- ");
    let found = async || {
        let all = verdicts(&bench, 2).await;
        all.into_iter().find(|(text, _)| text == sentence).unwrap().1
    };
    // The group still shuts them out, whatever the gateway does.
    assert_eq!(found().await, "proved");
    let_in(&sim, "10.9.0.0/16");
    assert_eq!(found().await, "unknown");
    for ends in ["10.9.0.7 db_instance.main --port 5432", "instance.bastion 10.9.0.7 --port 443"] {
        let text = bench.run(&format!("reach {ends}")).await.expect(1).stdout;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("hangs on tgw-0office"), "{text}");
        assert!(text.contains("route 10.9.0.0/16 to tgw-0office"), "{text}");
    }
    bench.run("reach 10.9.0.7 db_instance.main --port 22").await.expect(4);
    // What passes by a way that is known is known.
    lead(&sim, "route_table.private", "0.0.0.0/0", "tgw-0office");
    let_in(&sim, "10.0.0.0/16");
    let text =
        bench.run("reach instance.bastion db_instance.main --port 5432").await.expect(0).stdout;
    assert!(!text.contains("tgw-0office"), "{text}");
    let text = bench.run("reach lambda_function.api internet --port 443").await.expect(1).stdout;
    assert!(text.contains("hangs on tgw-0office"), "{text}");
}
