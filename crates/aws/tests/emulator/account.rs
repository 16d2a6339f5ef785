//! An emulated account, and a stack in it that is driven resource by resource.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value as Json;
use trueup_aws::live::{ConnectOptions, connect};
use trueup_model::snapshot::{Live, Ownership, Snapshot, Wanted};
use trueup_model::stack::{By, Existing};
use trueup_model::value::Values;
use trueup_model::{Address, Catalog, Condition};
use trueup_provider::{Create, Delete, Failure, Provider, Update};

use crate::host::TestHost;
use crate::wish::{self, REGION, assert_declared, differences};

pub(crate) struct Account {
    provider: Arc<dyn Provider>,
    /// For what happens behind the provider's back.
    pub(crate) ec2: aws_sdk_ec2::Client,
    pub(crate) host: TestHost,
    catalog: Catalog,
    pub(crate) stack: String,
    made: u32,
}

/// One resource and the wish that it fulfils.
pub(crate) struct Made {
    pub(crate) live: Live,
    address: Address,
    wanted: Values,
    written: Json,
}

impl Made {
    pub(crate) fn id(&self) -> &str {
        &self.live.id
    }

    pub(crate) fn output(&self, name: &str) -> &str {
        self.live.outputs[name].as_str().unwrap()
    }
}

/// Runs a test in an emulated account, or says why not.
pub(crate) fn with_account(test: impl AsyncFnOnce(&mut Account)) {
    let Ok(endpoint) = std::env::var("TRUEUP_TEST_ENDPOINT") else {
        #[expect(clippy::print_stderr, reason = "a test that does nothing must say so")]
        {
            eprintln!("skipped: TRUEUP_TEST_ENDPOINT does not say where an emulator listens");
        }
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
            .region(aws_config::Region::new(REGION))
            .endpoint_url(&endpoint);
        let ec2 = aws_sdk_ec2::Client::new(&config.load().await);
        let options = ConnectOptions {
            region: Some(REGION.to_owned()),
            endpoint: Some(endpoint),
            ..ConnectOptions::default()
        };
        let no_source = Arc::new(|_: &str| Err("no source".to_owned()));
        let provider = connect(options, no_source).await.unwrap();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let mut account = Account {
            host: TestHost::new(&provider),
            provider,
            ec2,
            catalog: trueup_aws::catalog(),
            stack: format!("emulated-{}", since.as_nanos()),
            made: 0,
        };
        test(&mut account).await;
    });
}

impl Account {
    fn ownership(&self, address: &Address, spec: &str) -> Ownership {
        Ownership {
            stack: Some(self.stack.clone()),
            address: Some(address.clone()),
            spec: Some(spec.to_owned()),
            ..Ownership::default()
        }
    }

    pub(crate) fn request(&mut self, kind: &str, name: &str, written: &Json) -> Create {
        let address = Address::new(kind.to_owned(), name);
        let kind = self.catalog.get(kind).unwrap();
        let mut attributes = wish::complete(kind, &address, &self.stack, written.clone());
        attributes.retain(|name, _| !kind.attribute(name).unwrap().late);
        self.made += 1;
        Create {
            kind: kind.key(),
            attributes,
            tags: BTreeMap::from([("project".to_owned(), "emulated".to_owned())]),
            ownership: self.ownership(&address, "0123456789abcdef"),
            token: format!("{}-{}", self.stack, self.made),
            address,
        }
    }

    /// Makes a resource, its late attributes too, and checks that it is as wanted.
    pub(crate) async fn create(&mut self, kind: &str, name: &str, written: Json) -> Made {
        let request = self.request(kind, name, &written);
        let live = self.provider.create(&self.host, &request).await;
        let live = live.unwrap_or_else(|failure| panic!("{kind} {name}: {failure}"));
        let declared = self.catalog.get(kind).unwrap();
        assert_eq!(live.ownership, request.ownership, "{kind}");
        assert_eq!(live.tags, request.tags, "{kind}");
        assert_eq!(live.condition, Condition::Ready, "{kind}");
        assert_declared(declared, &live);
        assert_eq!(differences(declared, &request.attributes, &live), [""; 0]);
        let wanted = wish::complete(declared, &request.address, &self.stack, written.clone());
        let made = Made { live, address: request.address, wanted, written };
        if declared.has_late() { self.update(made, serde_json::json!({})).await } else { made }
    }

    /// Changes some attributes, and checks that all are as wanted.
    pub(crate) async fn update(&mut self, made: Made, changed: Json) -> Made {
        self.update_to(made, changed, &[("project", "emulated")]).await
    }

    /// The same, with other tags.
    pub(crate) async fn update_to(
        &mut self,
        made: Made,
        change: Json,
        tags: &[(&str, &str)],
    ) -> Made {
        let kind = made.live.kind.clone();
        let declared = self.catalog.get(kind.as_str()).unwrap();
        let mut written = made.written.clone();
        written.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let wanted = wish::complete(declared, &made.address, &self.stack, written.clone());
        let mut changed: Vec<String> = wanted
            .keys()
            .filter(|name| wanted.get(*name) != made.wanted.get(*name))
            .cloned()
            .collect();
        if change.as_object().unwrap().is_empty() {
            let late = declared.attributes.iter().filter(|attribute| attribute.late);
            changed.extend(late.map(|attribute| attribute.name.to_owned()));
        }
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let request = Update {
            address: made.address.clone(),
            kind: kind.clone(),
            id: made.live.id.clone(),
            attributes: wanted.clone(),
            tags: tags.collect(),
            ownership: self.ownership(&made.address, "fedcba9876543210"),
            changed,
            before: made.live.clone(),
        };
        let live = self.provider.update(&self.host, &request).await;
        let live = live.unwrap_or_else(|failure| panic!("{kind} {:?}: {failure}", request.changed));
        assert_eq!(live.ownership, request.ownership, "{kind}");
        assert_eq!(live.tags, request.tags, "{kind}");
        assert_declared(declared, &live);
        assert_eq!(differences(declared, &wanted, &live), [""; 0]);
        Made { live, address: made.address, wanted, written }
    }

    pub(crate) async fn create_again(&self, request: &Create) -> Result<Live, Failure> {
        self.provider.create(&self.host, request).await
    }

    pub(crate) async fn try_delete(&self, made: &Made) -> Result<(), Failure> {
        let request = Delete {
            address: made.address.clone(),
            before: made.live.clone(),
            final_snapshot: false,
        };
        self.provider.delete(&self.host, &request).await
    }

    /// Deletes a resource, twice, and checks that it is gone.
    pub(crate) async fn delete(&self, made: Made) {
        let kind = made.live.kind.clone();
        for _ in 0..2 {
            let deleted = self.try_delete(&made).await;
            deleted.unwrap_or_else(|failure| panic!("{kind}: {failure}"));
        }
        let ids = [made.live.id.clone()];
        let found = self.provider.poll(&self.host, &kind, &ids).await.unwrap();
        assert!(found.is_empty(), "{kind} {} is still there", made.live.id);
    }

    /// Looks up what `existing` would name.
    pub(crate) async fn find(&self, kind: &str, by: By) -> Result<Option<Live>, String> {
        let address = Address::new(kind.to_owned(), "looked_up");
        let existing = Existing { address: address.clone(), by, location: None };
        let wanted = Wanted { existing: vec![existing], ..Wanted::default() };
        let mut snapshot = self.provider.observe(&self.host, &wanted).await.unwrap();
        let failed =
            snapshot.unreadable.iter().find(|entry| entry.address.as_ref() == Some(&address));
        match failed {
            Some(entry) => Err(entry.message.clone()),
            None => Ok(snapshot.existing.remove(&address)),
        }
    }

    /// Everything that the stack owns, and the calls that it took to find.
    pub(crate) async fn observe(&self) -> (Snapshot, BTreeMap<&'static str, u32>) {
        self.host.take_calls();
        let wanted = Wanted { stack: self.stack.clone(), ..Wanted::default() };
        let snapshot = self.provider.observe(&self.host, &wanted).await.unwrap();
        let unreadable: Vec<_> = snapshot
            .unreadable
            .iter()
            .map(|entry| format!("{}: {} {}", entry.kind, entry.action, entry.message))
            .collect();
        assert_eq!(unreadable, [""; 0]);
        (snapshot, self.host.take_calls())
    }
}
