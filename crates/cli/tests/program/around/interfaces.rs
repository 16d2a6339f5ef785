//! Interfaces, groups and endpoints of others.

use std::collections::BTreeMap;

use serde_json::json;
use trueup_model::snapshot::{Condition, around};
use trueup_sim::World;

use super::{applied, id, values, verdicts};

/// A second interface, with a public address and a group of somebody else's, in the public subnet.
#[tokio::test(start_paused = true)]
async fn an_interface_attached_by_hand_opens_an_instance() {
    let (bench, sim) = applied().await;
    let vpc = id(&sim.world(), "vpc.main");
    let open = json!({
        "vpc": vpc, "name": "debug", "description": "for a moment",
        "ingress": [{ "port": 22, "from": ["0.0.0.0/0"], "protocol": "tcp", "description": null }],
    });
    let group = sim.add_foreign("security_group", values(open), &BTreeMap::new()).unwrap();
    sim.edit(|world| {
        let interface = json!({
            "vpc": vpc, "subnet": id(world, "subnet.public"), "security_groups": [group],
            "private_ip": "10.0.0.77", "public_ip": "198.51.100.7", "type": "interface",
            "instance": id(world, "instance.bastion"), "description": "",
        });
        world.put_around(around::NETWORK_INTERFACE, "eni-0other", values(interface));
    })
    .unwrap();
    let found = verdicts(&bench, 2).await;
    let shut = "internet does not reach instance.bastion".to_owned();
    assert!(found.contains(&(shut, "broken".to_owned())), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn a_rule_of_others_in_our_network_names_no_end_of_ours() {
    let (bench, sim) = applied().await;
    let vpc = id(&sim.world(), "vpc.main");
    let open = json!({
        "vpc": vpc, "name": "theirs", "description": "open",
        "ingress": [{ "port": null, "from": ["0.0.0.0/0"], "protocol": "all", "description": null }],
    });
    sim.add_foreign("security_group", values(open), &BTreeMap::new()).unwrap();
    let found = verdicts(&bench, 0).await;
    assert!(found.iter().all(|(_, verdict)| verdict == "proved"), "{found:?}");
}

/// An interface endpoint that owns the name of its service decides who reaches the service.
#[tokio::test(start_paused = true)]
async fn an_endpoint_of_others_takes_the_name_of_its_service() {
    let (bench, sim) = applied().await;
    bench.run("reach instance.bastion ssm --port 443").await.expect(0);
    let vpc = id(&sim.world(), "vpc.main");
    let shut = json!({ "vpc": vpc, "name": "endpoints", "description": "shut", "ingress": [] });
    let group = sim.add_foreign("security_group", values(shut), &BTreeMap::new()).unwrap();
    sim.edit(|world| {
        let endpoint = json!({
            "vpc": vpc, "service": "ssm", "type": "interface", "private_dns": true,
            "subnets": [id(world, "subnet.private[a]")], "security_groups": [group.clone()],
        });
        world.put_around(around::VPC_ENDPOINT, "vpce-0other", values(endpoint));
    })
    .unwrap();
    let shut = bench.run("reach instance.bastion ssm --port 443").await.expect(4).stdout;
    assert!(shut.contains(&format!("stops at {group}")), "{shut}");
    sim.edit(|world| {
        let key = World::key(around::VPC_ENDPOINT, "vpce-0other");
        world.around.get_mut(&key).unwrap().condition = Condition::Deleting("deleting".to_owned());
    })
    .unwrap();
    bench.run("reach instance.bastion ssm --port 443").await.expect(4);
}
