//! From EC2's description of an instance to the form that is compared.

use aws_sdk_ec2::types::{EbsInstanceBlockDevice, Instance, InstanceNetworkInterface, Volume};
use trueup_model::Value;
use trueup_model::snapshot::{Condition, Live, around};
use trueup_model::value::Values;

use super::details::Details;
use super::{KIND, profile};
use crate::live::describe::{live, text};
use crate::live::{Session, owned};
use crate::partition::ec2_arn;

/// The word for what it does.
pub(super) fn state(instance: &Instance) -> &str {
    instance.state().and_then(|state| state.name()).map_or("pending", |name| name.as_str())
}

/// The interface that it was launched with.
pub(super) fn primary_interface(instance: &Instance) -> Option<&InstanceNetworkInterface> {
    let first = |interface: &&InstanceNetworkInterface| {
        interface
            .attachment()
            .and_then(aws_sdk_ec2::types::InstanceNetworkInterfaceAttachment::device_index)
            == Some(0)
    };
    let interfaces = instance.network_interfaces();
    interfaces.iter().find(first).or_else(|| interfaces.first())
}

/// The disk that it starts from; none when that is in the machine itself.
pub(super) fn root_volume_id(instance: &Instance) -> Option<&str> {
    root_disk(instance).and_then(|ebs| ebs.volume_id())
}

/// Whether that disk goes with it.
pub(super) fn root_volume_goes(instance: &Instance) -> Option<bool> {
    root_disk(instance).and_then(EbsInstanceBlockDevice::delete_on_termination)
}

fn root_disk(instance: &Instance) -> Option<&EbsInstanceBlockDevice> {
    let root = instance.root_device_name();
    let mut mappings = instance.block_device_mappings().iter();
    mappings.find(|mapping| mapping.device_name() == root).and_then(|mapping| mapping.ebs())
}

pub(super) fn normalise(
    aws: &Session<'_>,
    instance: &Instance,
    volume: Option<&Volume>,
    details: &Details,
) -> Live {
    let id = instance.instance_id().unwrap_or_default();
    let groups = primary_interface(instance).map_or(instance.security_groups(), |i| i.groups());
    let profile = instance.iam_instance_profile().and_then(|profile| profile.arn());
    let monitoring = instance.monitoring().and_then(|monitoring| monitoring.state());
    let monitoring = monitoring.is_some_and(|on| matches!(on.as_str(), "enabled" | "pending"));
    let attributes = [
        ("ami", text(instance.image_id())),
        (
            "instance_type",
            text(instance.instance_type().map(aws_sdk_ec2::types::InstanceType::as_str)),
        ),
        ("subnet", text(instance.subnet_id())),
        ("security_groups", groups.iter().filter_map(|group| group.group_id()).collect()),
        ("public_ip", public_ip(instance)),
        ("private_ip", text(instance.private_ip_address())),
        ("iam_role", text(profile.and_then(|arn| arn.rsplit('/').next()))),
        ("tenancy", tenancy(instance)),
        ("key_pair", text(instance.key_name())),
        ("user_data", details.user_data.clone()),
        ("root_volume", root_volume(instance, volume)),
        ("metadata_options", metadata_options(instance)),
        ("monitoring", monitoring.into()),
        ("source_dest_check", instance.source_dest_check().unwrap_or(true).into()),
        ("termination_protection", details.termination_protection.clone()),
    ];
    let arn = ec2_arn(aws.region, aws.account, KIND, id);
    let profile_id = instance.iam_instance_profile().and_then(|profile| profile.id());
    let outputs = [
        ("id", id.into()),
        ("arn", arn.into()),
        ("private_dns", text(instance.private_dns_name())),
        ("public_ip", text(instance.public_ip_address())),
        ("public_dns", text(instance.public_dns_name())),
        ("state", state(instance).into()),
        (profile::ID, text(profile_id)),
    ];
    live((KIND, id), instance.tags(), attributes, outputs, condition(instance))
}

/// The interfaces that were attached since, which no attribute of the instance shows.
pub(super) fn further_interfaces(instance: &Instance) -> Vec<Live> {
    let first = primary_interface(instance).and_then(|first| first.network_interface_id());
    let all = instance.network_interfaces().iter();
    let further = all.filter(|interface| interface.network_interface_id() != first);
    let further = further.map(|interface| {
        let public = interface.association().and_then(|association| association.public_ip());
        let groups = interface.groups().iter().filter_map(|group| group.group_id()).collect();
        let v6 = interface.ipv6_addresses().iter().filter_map(|one| one.ipv6_address()).collect();
        let attributes = [
            ("vpc", text(interface.vpc_id())),
            ("subnet", text(interface.subnet_id())),
            ("security_groups", groups),
            ("private_ip", text(interface.private_ip_address())),
            ("public_ip", text(public)),
            ("ipv6_addresses", v6),
            ("instance", text(instance.instance_id())),
            ("type", "interface".into()),
            ("description", text(interface.description())),
        ];
        let id = interface.network_interface_id().unwrap_or_default();
        live((around::NETWORK_INTERFACE, id), &[], attributes, [], Condition::Ready)
    });
    further.collect()
}

/// A stopped instance is there and fine; that it is stopped is somebody's decision.
fn condition(instance: &Instance) -> Condition {
    match state(instance) {
        "running" | "stopped" => Condition::Ready,
        state @ ("shutting-down" | "terminated") => Condition::Deleting(state.to_owned()),
        state => Condition::Pending(state.to_owned()),
    }
}

/// Whether it got a public address at launch. While it is stopped, or has an Elastic IP instead,
/// nothing tells.
fn public_ip(instance: &Instance) -> Value {
    let association = primary_interface(instance).and_then(|interface| interface.association());
    let owner = association.and_then(|association| association.ip_owner_id());
    match (state(instance), instance.public_ip_address(), owner) {
        ("running", None | Some(""), _) => Value::Bool(false),
        ("running", Some(_), Some("amazon")) => Value::Bool(true),
        _ => Value::Null,
    }
}

fn tenancy(instance: &Instance) -> Value {
    let tenancy = instance.placement().and_then(|placement| placement.tenancy());
    text(tenancy.map(aws_sdk_ec2::types::Tenancy::as_str))
}

fn root_volume(instance: &Instance, volume: Option<&Volume>) -> Value {
    let key = volume.and_then(|volume| volume.kms_key_id());
    let kind = volume.and_then(|volume| volume.volume_type());
    let fields: Values = owned::named([
        ("size_gb", volume.and_then(aws_sdk_ec2::types::Volume::size).into()),
        ("type", text(kind.map(aws_sdk_ec2::types::VolumeType::as_str))),
        ("iops", volume.and_then(aws_sdk_ec2::types::Volume::iops).into()),
        ("throughput", volume.and_then(aws_sdk_ec2::types::Volume::throughput).into()),
        ("encrypted", volume.and_then(aws_sdk_ec2::types::Volume::encrypted).into()),
        ("kms_key", text(key)),
        ("delete_on_termination", root_volume_goes(instance).into()),
    ]);
    fields.into()
}

fn metadata_options(instance: &Instance) -> Value {
    let options = instance.metadata_options();
    let tokens = options.and_then(|options| options.http_tokens());
    let endpoint = options.and_then(|options| options.http_endpoint());
    let hops = options
        .and_then(aws_sdk_ec2::types::InstanceMetadataOptionsResponse::http_put_response_hop_limit);
    let ipv6 = options.and_then(|options| options.http_protocol_ipv6());
    let ipv6 = ipv6.map(aws_sdk_ec2::types::InstanceMetadataProtocolState::as_str);
    let tags = options.and_then(|options| options.instance_metadata_tags());
    let tags = tags.map(aws_sdk_ec2::types::InstanceMetadataTagsState::as_str);
    let fields: Values = owned::named([
        ("http_tokens", text(tokens.map(aws_sdk_ec2::types::HttpTokensState::as_str))),
        ("http_put_response_hop_limit", hops.into()),
        (
            "http_endpoint",
            text(endpoint.map(aws_sdk_ec2::types::InstanceMetadataEndpointState::as_str)),
        ),
        ("http_protocol_ipv6", ipv6.unwrap_or("disabled").into()),
        ("instance_metadata_tags", tags.unwrap_or("disabled").into()),
    ]);
    fields.into()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{
        GroupIdentifier, InstanceBlockDeviceMapping, InstanceNetworkInterfaceAssociation,
        InstanceNetworkInterfaceAttachment, InstanceState, builders::InstanceBuilder,
    };

    use super::*;

    fn in_state(name: &str) -> InstanceBuilder {
        Instance::builder().state(InstanceState::builder().name(name.into()).build())
    }

    #[test]
    fn states_have_conditions() {
        let of = |name: &str| condition(&in_state(name).build());
        assert_eq!([of("running"), of("stopped")], [Condition::Ready, Condition::Ready]);
        assert_eq!(of("stopping"), Condition::Pending("stopping".into()));
        assert_eq!(of("shutting-down"), Condition::Deleting("shutting-down".into()));
        assert_eq!(of("hibernating"), Condition::Pending("hibernating".into()));
    }

    #[test]
    fn whether_it_got_an_address_shows_only_while_it_runs() {
        let of = |name: &str, address: Option<&str>, owner: &str| {
            let association = InstanceNetworkInterfaceAssociation::builder().ip_owner_id(owner);
            let interface = InstanceNetworkInterface::builder().association(association.build());
            let instance = in_state(name).network_interfaces(interface.build());
            public_ip(&instance.set_public_ip_address(address.map(str::to_owned)).build())
        };
        assert_eq!(of("running", None, "amazon"), Value::Bool(false));
        assert_eq!(of("running", Some("198.51.100.1"), "amazon"), Value::Bool(true));
        assert_eq!(of("running", Some("198.51.100.1"), "111122223333"), Value::Null);
        assert_eq!(of("stopped", None, "amazon"), Value::Null);
    }

    #[test]
    fn the_first_interface_counts() {
        let interface = |index: i32, group: &str| {
            let attachment = InstanceNetworkInterfaceAttachment::builder().device_index(index);
            let group = GroupIdentifier::builder().group_id(group).build();
            let interface = InstanceNetworkInterface::builder().attachment(attachment.build());
            interface.groups(group).build()
        };
        let instance = Instance::builder()
            .network_interfaces(interface(1, "sg-2"))
            .network_interfaces(interface(0, "sg-1"))
            .build();
        let groups =
            primary_interface(&instance).map(aws_sdk_ec2::types::InstanceNetworkInterface::groups);
        assert_eq!(groups.and_then(|groups| groups[0].group_id()), Some("sg-1"));
    }

    #[test]
    fn a_machine_without_a_root_volume_has_none() {
        let mapping = InstanceBlockDeviceMapping::builder().device_name("/dev/sdb").build();
        let instance = Instance::builder().root_device_name("/dev/xvda");
        let instance = instance.block_device_mappings(mapping).build();
        assert_eq!(root_volume_id(&instance), None);
        let disk = root_volume(&instance, None);
        assert!(disk.get("type").is_null() && disk.get("delete_on_termination").is_null());
    }
}
