//! Changes of an instance in place, one call each.

use aws_sdk_ec2::types::{
    AttributeBooleanValue, EbsInstanceBlockDeviceSpecification, IamInstanceProfileAssociation,
    IamInstanceProfileSpecification, InstanceBlockDeviceMappingSpecification,
};
use trueup_model::Value;
use trueup_model::snapshot::Live;
use trueup_model::value::Values;
use trueup_provider::{Call, Failure};

use super::{ID, KIND, launch, raw, restart, shape};
use crate::live::session::unless_missing;
use crate::live::tags::filter;
use crate::live::{Session, owned};

/// In this order: what stops the machine comes last.
const ORDER: [&str; 8] = [
    "termination_protection",
    "security_groups",
    "source_dest_check",
    "metadata_options",
    "monitoring",
    "iam_role",
    "root_volume",
    "instance_type",
];

/// Makes what differs as wanted, and waits until AWS reports it so.
pub(super) async fn apply(
    aws: &Session<'_>,
    before: &Live,
    wanted: &Values,
    changed: &[String],
) -> Result<(), Failure> {
    let differing = ORDER.into_iter().filter(|name| changed.iter().any(|one| one == name));
    let differing: Vec<&str> = differing.collect();
    for name in &differing {
        let value = wanted.get(*name).unwrap_or(&Value::Null);
        match *name {
            "termination_protection" | "source_dest_check" => {
                switch(aws, &before.id, name, value).await?;
            }
            "security_groups" => groups(aws, &before.id, value.strings()).await?,
            "metadata_options" => metadata_options(aws, &before.id, value).await?,
            "monitoring" => monitoring(aws, &before.id, value).await?,
            "iam_role" => profile(aws, &before.id, value.as_str()).await?,
            "root_volume" => volume(aws, before, value).await?,
            _ => restart::resize(aws, before, value.as_str().unwrap_or_default()).await?,
        }
    }
    if differing.is_empty() {
        return Ok(());
    }
    let shown = |live: &Live| differing.iter().all(|name| same(name, live, wanted));
    aws.shows(KIND, &before.id, &shown).await.map(|_| ())
}

/// Whether an attribute is as wanted; what the stack does not say may be anything.
pub(super) fn same(name: &str, live: &Live, wanted: &Values) -> bool {
    let there = live.attributes.get(name).unwrap_or(&Value::Null);
    match wanted.get(name) {
        None => true,
        Some(Value::Map(fields)) => {
            fields.iter().all(|(name, value)| value.is_null() || there.get(name) == value)
        }
        Some(value @ Value::List(_)) => owned::same_set(&there.strings(), &value.strings()),
        Some(value) => owned::same_unordered(there, value),
    }
}

async fn switch(aws: &Session<'_>, id: &str, name: &str, value: &Value) -> Result<(), Failure> {
    let value = AttributeBooleanValue::builder().set_value(value.as_bool()).build();
    aws.call(Call::repeatable("ec2:ModifyInstanceAttribute"), || {
        let call = aws.clients.ec2.modify_instance_attribute().instance_id(id);
        let call = if name == "source_dest_check" {
            call.source_dest_check(value.clone())
        } else {
            call.disable_api_termination(value.clone())
        };
        call.send()
    })
    .await
    .map(|_| ())
}

/// With several interfaces AWS wants to hear which one is meant.
async fn groups(aws: &Session<'_>, id: &str, groups: Vec<String>) -> Result<(), Failure> {
    let found = raw(aws, vec![filter(ID, [id.to_owned()])]).await?;
    let several = found.first().filter(|instance| instance.network_interfaces().len() > 1);
    let interface = several.and_then(shape::primary_interface);
    if let Some(interface) = interface.and_then(|interface| interface.network_interface_id()) {
        let call = Call::repeatable("ec2:ModifyNetworkInterfaceAttribute");
        let changed = aws.call_on_new(call, || {
            let call = aws.clients.ec2.modify_network_interface_attribute();
            call.network_interface_id(interface).set_groups(Some(groups.clone())).send()
        });
        return changed.await.map(|_| ());
    }
    aws.call_on_new(Call::repeatable("ec2:ModifyInstanceAttribute"), || {
        let call = aws.clients.ec2.modify_instance_attribute().instance_id(id);
        call.set_groups(Some(groups.clone())).send()
    })
    .await
    .map(|_| ())
}

async fn metadata_options(aws: &Session<'_>, id: &str, wanted: &Value) -> Result<(), Failure> {
    let options = launch::metadata_options(wanted);
    aws.call(Call::repeatable("ec2:ModifyInstanceMetadataOptions"), || {
        let call = aws.clients.ec2.modify_instance_metadata_options().instance_id(id);
        call.set_http_tokens(options.http_tokens().cloned())
            .set_http_put_response_hop_limit(options.http_put_response_hop_limit())
            .set_http_endpoint(options.http_endpoint().cloned())
            .set_http_protocol_ipv6(options.http_protocol_ipv6().cloned())
            .set_instance_metadata_tags(options.instance_metadata_tags().cloned())
            .send()
    })
    .await
    .map(|_| ())
}

async fn monitoring(aws: &Session<'_>, id: &str, wanted: &Value) -> Result<(), Failure> {
    if wanted.as_bool() == Some(true) {
        aws.call(Call::repeatable("ec2:MonitorInstances"), || {
            aws.clients.ec2.monitor_instances().instance_ids(id).send()
        })
        .await
        .map(|_| ())
    } else {
        aws.call(Call::repeatable("ec2:UnmonitorInstances"), || {
            aws.clients.ec2.unmonitor_instances().instance_ids(id).send()
        })
        .await
        .map(|_| ())
    }
}

/// Gives it another instance profile, its first, or none.
async fn profile(aws: &Session<'_>, id: &str, wanted: Option<&str>) -> Result<(), Failure> {
    let current = profile_association(aws, id).await?;
    let association = current.as_ref().and_then(|current| current.association_id());
    let profile = wanted.map(|name| IamInstanceProfileSpecification::builder().name(name).build());
    match (association, profile) {
        (None, None) => Ok(()),
        (Some(association), None) => {
            let call = Call::repeatable("ec2:DisassociateIamInstanceProfile");
            let gone = aws.call(call, || {
                let call = aws.clients.ec2.disassociate_iam_instance_profile();
                call.association_id(association).send()
            });
            unless_missing(gone.await).map(|_| ())
        }
        (Some(association), Some(profile)) => {
            let call = Call::repeatable("ec2:ReplaceIamInstanceProfileAssociation");
            aws.call(call, || {
                let call = aws.clients.ec2.replace_iam_instance_profile_association();
                call.association_id(association).iam_instance_profile(profile.clone()).send()
            })
            .await
            .map(|_| ())
        }
        (None, Some(profile)) => aws
            .call(Call::repeatable("ec2:AssociateIamInstanceProfile"), || {
                let call = aws.clients.ec2.associate_iam_instance_profile().instance_id(id);
                call.iam_instance_profile(profile.clone()).send()
            })
            .await
            .map(|_| ()),
    }
}

async fn profile_association(
    aws: &Session<'_>,
    id: &str,
) -> Result<Option<IamInstanceProfileAssociation>, Failure> {
    let by = filter(ID, [id.to_owned()]);
    let answer = aws
        .call(Call::read("ec2:DescribeIamInstanceProfileAssociations"), || {
            aws.clients.ec2.describe_iam_instance_profile_associations().filters(by.clone()).send()
        })
        .await?;
    let mut found = answer.iam_instance_profile_associations.unwrap_or_default();
    found.retain(|association| {
        let state = association.state().map_or("associated", |state| state.as_str());
        matches!(state, "associated" | "associating")
    });
    Ok(found.pop())
}

/// Size, type and speed change while it runs; AWS refuses a smaller size, and a second change of them
/// for hours: whether the disk goes with the machine is told in a call of its own.
async fn volume(aws: &Session<'_>, before: &Live, wanted: &Value) -> Result<(), Failure> {
    let found = raw(aws, vec![filter(ID, [before.id.clone()])]).await?;
    let Some(instance) = found.first() else { return Ok(()) };
    let goes = wanted.get("delete_on_termination").as_bool();
    if let (Some(goes), Some(device)) = (goes, instance.root_device_name())
        && shape::root_volume_goes(instance).is_some_and(|there| there != goes)
    {
        keep_or_take(aws, &before.id, device, goes).await?;
    }
    let there = before.get("root_volume");
    let differs = |name: &str| !wanted.get(name).is_null() && wanted.get(name) != there.get(name);
    match shape::root_volume_id(instance) {
        Some(id) if ["size_gb", "type", "iops", "throughput"].into_iter().any(differs) => {
            resize(aws, id, wanted).await
        }
        _ => Ok(()),
    }
}

async fn keep_or_take(
    aws: &Session<'_>,
    id: &str,
    device: &str,
    goes: bool,
) -> Result<(), Failure> {
    let disk = EbsInstanceBlockDeviceSpecification::builder().delete_on_termination(goes).build();
    let mapping = InstanceBlockDeviceMappingSpecification::builder().device_name(device).ebs(disk);
    let mapping = mapping.build();
    aws.call(Call::repeatable("ec2:ModifyInstanceAttribute"), || {
        let call = aws.clients.ec2.modify_instance_attribute().instance_id(id);
        call.block_device_mappings(mapping.clone()).send()
    })
    .await
    .map(|_| ())
}

async fn resize(aws: &Session<'_>, volume: &str, wanted: &Value) -> Result<(), Failure> {
    let number =
        |name: &str| wanted.get(name).as_int().and_then(|number| i32::try_from(number).ok());
    let kind = wanted.get("type").as_str();
    aws.call(Call::repeatable("ec2:ModifyVolume"), || {
        let call = aws.clients.ec2.modify_volume().volume_id(volume);
        call.set_size(number("size_gb"))
            .set_volume_type(kind.map(Into::into))
            .set_iops(number("iops"))
            .set_throughput(number("throughput"))
            .send()
    })
    .await
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use trueup_model::snapshot::{Condition, Ownership};

    use super::*;

    fn live(attributes: &str) -> Live {
        Live {
            kind: KIND.into(),
            id: "i-1".to_owned(),
            ownership: Ownership::default(),
            attributes: serde_json::from_str(attributes).unwrap(),
            outputs: Values::new(),
            tags: std::collections::BTreeMap::new(),
            condition: Condition::Ready,
            scheduled: Values::new(),
        }
    }

    fn check(name: &str, there: &str, wanted: &str) -> bool {
        same(name, &live(there), &serde_json::from_str(wanted).unwrap())
    }

    #[test]
    fn what_is_not_said_may_be_anything() {
        let there = r#"{"root_volume": {"size_gb": 8, "type": "gp3"}}"#;
        assert!(check("root_volume", there, "{}"));
        assert!(check("root_volume", there, r#"{"root_volume": {"type": "gp3"}}"#));
        assert!(!check("root_volume", there, r#"{"root_volume": {"size_gb": 9}}"#));
        let defaults = r#"{"root_volume": {"size_gb": null, "type": "gp3", "iops": null}}"#;
        assert!(check("root_volume", there, defaults));
    }

    #[test]
    fn groups_have_no_order() {
        let there = r#"{"security_groups": ["sg-1", "sg-2"]}"#;
        assert!(check("security_groups", there, r#"{"security_groups": ["sg-2", "sg-1"]}"#));
        assert!(!check("security_groups", there, r#"{"security_groups": ["sg-2"]}"#));
    }
}
