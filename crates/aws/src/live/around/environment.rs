//! The instances of an Elastic Beanstalk environment, which carry AWS's tag with its name.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, Instance, InstanceNetworkInterface};
use trueup_model::snapshot::{Condition, around};
use trueup_model::stack::By;
use trueup_model::{Live, Value};
use trueup_provider::{Failure, FailureClass};

use crate::live::Session;
use crate::live::describe;
use crate::live::owned::{named, only};
use crate::live::tags::{self, filter};

/// The tags that Elastic Beanstalk writes on whatever it makes for an environment.
const NAME: &str = "elasticbeanstalk:environment-name";
const ID: &str = "elasticbeanstalk:environment-id";

/// The environment that `existing` names, by name, by id (`e-…`), or by tags of its instances. One
/// without instances is not found.
pub(in crate::live) async fn find(aws: &Session<'_>, by: &By) -> Result<Option<Live>, Failure> {
    let filters = match by {
        By::Name(name) => vec![filter(&format!("tag:{NAME}"), [name.clone()])],
        By::Id(id) => vec![filter(&format!("tag:{ID}"), [id.clone()])],
        By::Tags(_) => tags::find_filters(by, "", around::ENVIRONMENT)?,
        By::Default | By::Stack { .. } => {
            let message = "an environment is looked up by name, by id or by tags";
            return Err(Failure::new(FailureClass::Invalid, message));
        }
    };
    let mut environments: BTreeMap<String, Vec<Instance>> = BTreeMap::new();
    for instance in instances(aws, filters).await? {
        if let Some(name) = tags::of_ec2(instance.tags()).remove(NAME) {
            environments.entry(name).or_default().push(instance);
        }
    }
    let found = environments.iter().map(|(name, instances)| environment(name, instances));
    only(around::ENVIRONMENT, by, found.collect())
}

async fn instances(aws: &Session<'_>, mut filters: Vec<Filter>) -> Result<Vec<Instance>, Failure> {
    let states = ["pending", "running", "stopping", "stopped"];
    filters.push(filter("instance-state-name", states.map(str::to_owned)));
    describe::instances(aws, filters).await
}

fn environment(name: &str, instances: &[Instance]) -> Live {
    let interfaces = instances.iter().flat_map(|instance| {
        instance.network_interfaces().iter().map(move |one| interface(instance, one))
    });
    let attributes = [
        ("vpc", describe::text(instances.first().and_then(Instance::vpc_id))),
        ("interfaces", interfaces.collect()),
    ];
    describe::live((around::ENVIRONMENT, name), &[], attributes, [], Condition::Ready)
}

fn interface(instance: &Instance, one: &InstanceNetworkInterface) -> Value {
    let public = one.association().and_then(|association| association.public_ip());
    named([
        ("instance", describe::text(instance.instance_id())),
        ("subnet", describe::text(one.subnet_id())),
        ("security_groups", one.groups().iter().filter_map(|group| group.group_id()).collect()),
        ("private_ip", describe::text(one.private_ip_address())),
        ("public_ip", describe::text(public)),
        (
            "ipv6_addresses",
            one.ipv6_addresses().iter().filter_map(|v6| v6.ipv6_address()).collect(),
        ),
    ])
    .into()
}
