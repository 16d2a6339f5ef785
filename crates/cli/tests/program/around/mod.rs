//! What others have in a stack's networks, and what AWS put there: it decides sentences too.

mod acls_and_tables;
mod balancers;
mod gateways;
mod interfaces;
mod looked_up;
mod peerings;
mod unknown;

use std::sync::Arc;

use serde_json::Value as Json;
use trueup_model::Value;
use trueup_model::value::Values;
use trueup_sim::{Sim, World};

use crate::harness::{Bench, snowex};

fn values(json: Json) -> Values {
    match Value::from(json) {
        Value::Map(values) => values,
        other => panic!("{other} is no map"),
    }
}

/// Snowex as it was applied.
async fn applied() -> (Bench, Arc<Sim>) {
    let (bench, sim) = snowex();
    bench.run("apply --yes").await.expect(0);
    (bench, sim)
}

fn id(world: &World, address: &str) -> String {
    let address = address.parse().unwrap();
    world.at("snowex", &address).next().unwrap().id.clone()
}

/// The verdicts of all sentences on the live network.
async fn verdicts(bench: &Bench, code: u8) -> Vec<(String, String)> {
    let json = bench.run("drift --json").await.expect(code).json();
    let proofs = json["proofs"].as_array().unwrap();
    let pair = |proof: &Json| {
        let text = |name: &str| proof[name].as_str().unwrap().to_owned();
        (text("text"), text("verdict"))
    };
    proofs.iter().map(pair).collect()
}

/// What is broken after a change behind the stack's back.
async fn broken(change: impl FnOnce(&mut World)) -> Vec<String> {
    let (bench, sim) = applied().await;
    sim.edit(change).unwrap();
    let found = verdicts(&bench, 2).await.into_iter();
    found.filter(|(_, verdict)| verdict == "broken").map(|(text, _)| text).collect()
}
