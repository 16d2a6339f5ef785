//! What goes wrong on the way, and that one resource comes of it all the same.

use serde_json::{Value as Json, json};
use trueup_model::snapshot::Wanted;
use trueup_provider::{FailureClass, Provider as _};
use trueup_sim::testing::requests::{self, STACK};
use trueup_sim::testing::{TestHost, orphans, twins};
use trueup_sim::{At, Fault, FaultPlan, Rates, World};

use crate::stage::{Stage, database, told};

/// One of each way to keep a create from making two: tags, name, token.
const EACH: [&str; 3] = ["elastic_ip.a", "db_instance.a", "nat_gateway.a"];

async fn prepared() -> (Stage, Vec<(&'static str, Json)>) {
    let stage = Stage::new();
    let vpc = stage.vpc().await;
    let subnet = stage.subnet(&vpc, "a", 1).await;
    stage.create("internet_gateway.a", json!({"vpc": vpc.id})).await;
    let ip = stage.create("elastic_ip.nat", json!({})).await;
    let nat = json!({"subnet": subnet.id, "elastic_ip": ip.id});
    (stage, EACH.into_iter().zip([json!({}), database(), nat]).collect())
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_to_the_call_one_is_made() {
    let faults = [
        Fault::Throttled,
        Fault::Unavailable,
        Fault::UnavailableAfter,
        Fault::LostBefore,
        Fault::LostAfter,
        Fault::LostHalfway,
        Fault::Hidden(3),
        Fault::TagsLag(3),
    ];
    for fault in faults {
        let (stage, each) = prepared().await;
        for (address, attributes) in each {
            stage.sim.set_faults(FaultPlan::one(At::Change(1), fault), 1);
            let live = stage.create(address, attributes.clone()).await;
            for (name, value) in requests::attributes(attributes) {
                let exact = !["engine_version", "password"].contains(&name.as_str());
                assert!(!exact || live.attributes[&name] == value, "{fault:?} {address} {name}");
            }
        }
        assert_eq!(twins(&stage.sim.world(), STACK), Vec::<String>::new(), "{fault:?}");
        assert_eq!(stage.sim.world().owned_by(STACK).count(), 7, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_the_next_run_finds_what_was_made() {
    for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::CrashHalfway] {
        let (stage, each) = prepared().await;
        for (address, attributes) in each {
            stage.sim.set_faults(FaultPlan::one(At::Change(1), fault), 1);
            let request = requests::create(address, attributes);
            let (class, _) = told(stage.try_create(&request).await);
            assert_eq!(class, FailureClass::Interrupted);
            assert!(stage.sim.has_crashed());
            let wanted = Wanted { stack: STACK.to_owned(), ..Wanted::default() };
            assert!(stage.try_observe(&wanted).await.is_err());
            stage.sim.restart();
            stage.try_create(&request).await.unwrap();
        }
        assert_eq!(twins(&stage.sim.world(), STACK), Vec::<String>::new(), "{fault:?}");
        assert_eq!(stage.sim.world().owned_by(STACK).count(), 7, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_behind_the_truth_is_not_believed() {
    let stage = Stage::new();
    let live = stage.database().await;
    stage.sim.set_faults(FaultPlan::one(At::Change(1), Fault::Behind(3)), 1);
    let after = stage.update(&live, json!({"instance_class": "db.t3.large"})).await;
    assert_eq!(after.attributes["instance_class"], "db.t3.large".into());
}

#[tokio::test(start_paused = true)]
async fn half_a_change_is_finished() {
    let stage = Stage::new();
    let live = stage.database().await;
    let change = json!({"instance_class": "db.t3.large", "allocated_storage": 30});
    stage.sim.set_faults(FaultPlan::one(At::Change(1), Fault::LostHalfway), 1);
    let after = stage.update(&live, change).await;
    assert_eq!(after.attributes["instance_class"], "db.t3.large".into());
    assert_eq!(after.attributes["allocated_storage"], 30.into());
}

#[tokio::test(start_paused = true)]
async fn what_breaks_stays_broken() {
    let stage = Stage::new();
    stage.sim.set_faults(FaultPlan::one(At::Change(1), Fault::Breaks), 1);
    let request = requests::create("db_instance.main", database());
    assert_eq!(told(stage.try_create(&request).await).0, FailureClass::Broken);
    stage.sim.set_faults(FaultPlan::default(), 1);
    assert_eq!(told(stage.try_create(&request).await).0, FailureClass::Broken);
}

#[tokio::test(start_paused = true)]
async fn a_token_whose_resource_is_gone_does_not_keep_a_new_one_from_being_made() {
    let (stage, each) = prepared().await;
    let (address, attributes) = each.into_iter().next_back().unwrap();
    let first = stage.create(address, attributes.clone()).await;
    stage.sim.edit(|world| world.remove("nat_gateway", &first.id)).unwrap();
    let second = stage.create(address, attributes).await;
    assert_ne!(first.id, second.id);
}

#[tokio::test(start_paused = true)]
async fn deletes_survive_lost_answers() {
    for fault in [Fault::LostBefore, Fault::LostAfter, Fault::UnavailableAfter, Fault::Throttled] {
        let stage = Stage::new();
        let live = stage.database().await;
        stage.sim.set_faults(FaultPlan::one(At::Change(1), fault), 1);
        stage.delete(&live).await.unwrap();
        assert!(stage.sim.world().resources.is_empty(), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_world() {
    let run = |seed: u64| async move {
        let stage = Stage::new();
        let rates = Rates {
            throttled: 50,
            unavailable: 50,
            lost_before: 50,
            lost_after: 100,
            lost_halfway: 50,
            hidden: 50,
            tags_lag: 50,
            behind: 50,
            crash: 0,
            at_most: 30,
        };
        let before = stage.sim.world();
        stage.sim.set_faults(FaultPlan::random(rates), seed);
        let vpc = stage.vpc().await;
        stage.subnet(&vpc, "a", 1).await;
        let group = stage.group(&vpc, "a").await;
        let rule = json!({"ingress": [{"port": 1, "from": ["10.0.0.0/8"]}]});
        stage.update(&group, rule).await;
        let live = stage.database().await;
        stage.update(&live, json!({"allocated_storage": 40})).await;
        let world = stage.sim.world();
        assert_eq!(twins(&world, STACK), Vec::<String>::new(), "seed {seed}");
        assert_eq!(orphans(&before, &world, STACK), Vec::<String>::new(), "seed {seed}");
        assert_eq!(world.owned_by(STACK).count(), 4, "seed {seed}");
        world
    };
    for seed in 0..200 {
        assert_eq!(text(&run(seed).await), text(&run(seed).await), "seed {seed}");
    }
}

fn text(world: &World) -> String {
    serde_json::to_string(world).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_change_that_cannot_be_saved_is_a_failure() {
    let options = trueup_sim::SimOptions {
        on_change: Some(trueup_sim::OnChange::new(|_| Err("the disk is full".to_owned()))),
        ..trueup_sim::SimOptions::default()
    };
    let stage = Stage::with(options);
    let (class, message) =
        told(stage.try_create(&requests::create("elastic_ip.a", json!({}))).await);
    assert_eq!((class, message.as_str()), (FailureClass::Internal, ": the disk is full"));
    assert!(stage.sim.identity(&TestHost::new(&stage.sim)).await.is_ok());
}
