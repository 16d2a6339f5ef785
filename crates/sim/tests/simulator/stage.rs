//! An account with the test kinds, and the operations on it in one word each.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use trueup_model::snapshot::{Expected, Live, Ownership, Snapshot, Wanted};
use trueup_provider::{Create, Delete, Failure, FailureClass, Provider, Update};
use trueup_sim::testing::requests::{self, STACK};
use trueup_sim::testing::{TestHost, kinds};
use trueup_sim::{Sim, SimOptions, World};

pub(crate) struct Stage {
    pub(crate) sim: Sim,
}

impl Stage {
    /// Instant and without faults.
    pub(crate) fn new() -> Self {
        Self::with(SimOptions::default())
    }

    pub(crate) fn with(options: SimOptions) -> Self {
        Self { sim: Sim::new(Arc::new(kinds::catalog()), World::new(1), options) }
    }

    pub(crate) async fn try_create(&self, request: &Create) -> Result<Live, Failure> {
        self.sim.create(&TestHost::new(&self.sim), request).await
    }

    pub(crate) async fn create(&self, address: &str, json: Json) -> Live {
        self.try_create(&requests::create(address, json)).await.unwrap()
    }

    /// The refusal of a create: its class, and its code and message.
    pub(crate) async fn refused(&self, address: &str, json: Json) -> (FailureClass, String) {
        told(self.try_create(&requests::create(address, json)).await)
    }

    pub(crate) async fn try_update(&self, request: &Update) -> Result<Live, Failure> {
        self.sim.update(&TestHost::new(&self.sim), request).await
    }

    pub(crate) async fn update(&self, before: &Live, json: Json) -> Live {
        self.try_update(&requests::update(before, json)).await.unwrap()
    }

    pub(crate) async fn try_delete(&self, request: &Delete) -> Result<(), Failure> {
        self.sim.delete(&TestHost::new(&self.sim), request).await
    }

    pub(crate) async fn delete(&self, before: &Live) -> Result<(), Failure> {
        self.try_delete(&requests::delete(before)).await
    }

    pub(crate) async fn try_observe(&self, wanted: &Wanted) -> Result<Snapshot, Failure> {
        self.sim.observe(&TestHost::new(&self.sim), wanted).await
    }

    /// What the stack sees that expects these names.
    pub(crate) async fn observe(&self, expected: &[(&str, Option<&str>)]) -> Snapshot {
        let expected = expected.iter().map(|(address, name)| Expected {
            address: address.parse().unwrap(),
            name: name.map(str::to_owned),
            adopt: None,
            ownership: Ownership::default(),
        });
        let wanted =
            Wanted { stack: STACK.to_owned(), expected: expected.collect(), ..Wanted::default() };
        self.try_observe(&wanted).await.unwrap()
    }

    pub(crate) async fn vpc(&self) -> Live {
        self.create("vpc.main", json!({"cidr_block": "10.0.0.0/16"})).await
    }

    pub(crate) async fn subnet(&self, vpc: &Live, name: &str, third: u8) -> Live {
        let cidr = format!("10.0.{third}.0/24");
        self.create(&format!("subnet.{name}"), json!({"vpc": vpc.id, "cidr_block": cidr})).await
    }

    pub(crate) async fn group(&self, vpc: &Live, name: &str) -> Live {
        let attributes = json!({"name": format!("demo-{name}"), "vpc": vpc.id});
        self.create(&format!("security_group.{name}"), attributes).await
    }

    pub(crate) async fn database(&self) -> Live {
        self.create("db_instance.main", database()).await
    }

    pub(crate) fn foreign(&self, kind: &str, json: Json) -> String {
        self.sim.add_foreign(kind, requests::attributes(json), &BTreeMap::new()).unwrap()
    }
}

pub(crate) fn database() -> Json {
    json!({
        "identifier": "demo-main",
        "engine": "postgres",
        "engine_version": "16",
        "instance_class": "db.t3.micro",
        "allocated_storage": 20,
        "password": "hunter2hunter2",
        "deletion_protection": false,
    })
}

/// Class, and code and message, of what must have failed.
pub(crate) fn told<T: std::fmt::Debug>(outcome: Result<T, Failure>) -> (FailureClass, String) {
    let failure = outcome.unwrap_err();
    (failure.class, format!("{}: {}", failure.code.unwrap_or_default(), failure.message))
}
