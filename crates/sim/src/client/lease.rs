//! Leases: parameters that exist for a while, with AWS's clock and its rule about names.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use trueup_model::snapshot::STACK_TAG;
use trueup_provider::{Call, Failure, FailureClass, Host, LeaseEntry, LeaseStore, Leases};

use super::Sim;
use crate::faults::aws;
use crate::service::Service;

/// After a deletion a name can be given again only after this; AWS asks for it, this insists.
const NAME_FREE_AFTER: u64 = 30_000;

/// The parameters that leases are kept in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// What there is, by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// When what there was lately was deleted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deleted: BTreeMap<String, u64>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its value.
    pub value: String,
    /// When it was last written, by the world's clock.
    pub modified: u64,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Parameters {
    /// Whether there is nothing and was nothing lately.
    pub fn is_empty(&self) -> bool {
        self.parameters.is_empty() && self.deleted.is_empty()
    }
}

fn folder(stack: &str) -> String {
    format!("/trueup/{stack}/lease/")
}

fn name(stack: &str, generation: u64) -> String {
    format!("{}{generation}", folder(stack))
}

#[async_trait]
impl LeaseStore for Sim {
    async fn list(&self, host: &dyn Host, stack: &str) -> Result<Leases, Failure> {
        let folder = folder(stack);
        self.call(host, Call::read("ssm:GetParametersByPath"), |service| {
            let all = service.world.leases.parameters.iter();
            let entries = all.filter_map(|(name, parameter)| {
                let generation = name.strip_prefix(&folder)?.parse().ok()?;
                let (text, modified) = (parameter.value.clone(), parameter.modified);
                Some(LeaseEntry { generation, text, modified })
            });
            let mut entries: Vec<LeaseEntry> = entries.collect();
            entries.sort_by_key(|entry| entry.generation);
            Ok(Leases { entries, now: Some(service.now) })
        })
        .await
    }

    async fn create(
        &self,
        host: &dyn Host,
        stack: &str,
        generation: u64,
        text: &str,
    ) -> Result<(), Failure> {
        let name = name(stack, generation);
        self.call(host, Call::once("ssm:PutParameter"), |service| {
            let now = service.now;
            let leases = &service.world.leases;
            let lately = |&at: &u64| now < at + NAME_FREE_AFTER;
            if leases.parameters.contains_key(&name)
                || leases.deleted.get(&name).is_some_and(lately)
            {
                return Err(aws(
                    FailureClass::Exists,
                    "ParameterAlreadyExists",
                    "The parameter already exists. To overwrite this value, set the overwrite \
                     option in the request to true.",
                ));
            }
            let tags = BTreeMap::from([(STACK_TAG.to_owned(), stack.to_owned())]);
            put(service, &name, text, tags);
            Ok(())
        })
        .await
    }

    async fn write(
        &self,
        host: &dyn Host,
        stack: &str,
        generation: u64,
        text: &str,
    ) -> Result<(), Failure> {
        let name = name(stack, generation);
        self.call(host, Call::repeatable("ssm:PutParameter"), |service| {
            // Overwriting keeps the tags; what is made anew has none.
            let parameters = &service.world.leases.parameters;
            let tags = parameters.get(&name).map(|one| one.tags.clone()).unwrap_or_default();
            put(service, &name, text, tags);
            Ok(())
        })
        .await
    }

    async fn delete(&self, host: &dyn Host, stack: &str, generation: u64) -> Result<(), Failure> {
        let name = name(stack, generation);
        self.call(host, Call::repeatable("ssm:DeleteParameter"), |service| {
            let now = service.now;
            let leases = &mut service.world.leases;
            leases.deleted.retain(|_, &mut at| now < at + NAME_FREE_AFTER);
            if leases.parameters.remove(&name).is_some() {
                leases.deleted.insert(name.clone(), now);
            }
            Ok(())
        })
        .await
    }
}

fn put(service: &mut Service<'_>, name: &str, value: &str, tags: BTreeMap<String, String>) {
    let parameter = Parameter { value: value.to_owned(), modified: service.now, tags };
    service.world.leases.parameters.insert(name.to_owned(), parameter);
}
