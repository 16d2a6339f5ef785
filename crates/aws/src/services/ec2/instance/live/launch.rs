//! The launch of an instance.

use aws_sdk_ec2::types::{
    BlockDeviceMapping, EbsBlockDevice, IamInstanceProfileSpecification,
    InstanceMetadataOptionsRequest, InstanceNetworkInterfaceSpecification, Placement, ResourceType,
    RunInstancesMonitoringEnabled, TagSpecification,
};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use trueup_model::Value;
use trueup_model::value::Values;
use trueup_provider::{Call, Create, Failure, FailureClass};

use super::{ID, KIND};
use crate::live::owned::{self, Made};
use crate::live::tags::{self, filter};
use crate::live::{Session, describe};

/// Launches it, and gives its id.
pub(super) async fn run(aws: &Session<'_>, request: &Create) -> Result<String, Failure> {
    owned::create_by_token(request, |token| launch(aws, request, token)).await
}

async fn launch(aws: &Session<'_>, request: &Create, token: String) -> Result<Made, Failure> {
    let wanted = &request.attributes;
    let text = |name: &str| wanted.get(name).and_then(Value::as_str).map(str::to_owned);
    let switch = |name: &str| wanted.get(name).and_then(Value::as_bool);
    let image = text("ami").unwrap_or_default();
    let disk = root_volume(&root_device(aws, &image).await?, wanted);
    let monitoring = switch("monitoring").unwrap_or_default();
    let monitoring = RunInstancesMonitoringEnabled::builder().enabled(monitoring).build();
    let profile = text("iam_role");
    let profile = profile.map(|name| IamInstanceProfileSpecification::builder().name(name).build());
    let options = wanted.get("metadata_options").unwrap_or(&Value::Null);
    let placement = text("tenancy").as_deref().map(Into::into);
    let placement = placement.map(|tenancy| Placement::builder().tenancy(tenancy).build());
    let user_data = text("user_data").filter(|data| !data.is_empty());
    let user_data = user_data.map(|data| BASE64_STANDARD.encode(data));
    let answer = aws
        .call_on_new(Call::repeatable("ec2:RunInstances"), || {
            let call = aws.clients.ec2.run_instances().min_count(1).max_count(1);
            call.client_token(&token)
                .image_id(&image)
                .set_instance_type(text("instance_type").as_deref().map(Into::into))
                .set_key_name(text("key_pair"))
                .set_user_data(user_data.clone())
                .set_iam_instance_profile(profile.clone())
                .set_disable_api_termination(switch("termination_protection"))
                .monitoring(monitoring.clone())
                .set_placement(placement.clone())
                .metadata_options(metadata_options(options))
                .block_device_mappings(disk.clone())
                .network_interfaces(network_interface(wanted))
                .set_tag_specifications(Some(tag_specifications(request)))
                .send()
        })
        .await?;
    let instance = answer.instances().first();
    let state = instance.and_then(|instance| instance.state()?.name());
    Ok(Made {
        id: owned::id_of(KIND, instance.and_then(|instance| instance.instance_id()))?,
        is_dead: state
            .is_some_and(|state| matches!(state.as_str(), "terminated" | "shutting-down")),
    })
}

/// The disk that an image starts from.
struct RootDevice {
    name: String,
    /// In GiB.
    size: Option<i32>,
}

async fn root_device(aws: &Session<'_>, image: &str) -> Result<RootDevice, Failure> {
    let by = filter("image-id", [image.to_owned()]);
    let answer = aws
        .call(Call::read("ec2:DescribeImages"), || {
            aws.clients.ec2.describe_images().filters(by.clone()).send()
        })
        .await?;
    let image = answer.images().first().ok_or_else(|| {
        let message = format!("there is no image {image} in {} that you may use", aws.region);
        let help = "every Region has ids of its own: look the image up with `ssm_parameter`, or \
                    copy it";
        Failure::new(FailureClass::Missing, message).help(help)
    })?;
    let name = image.root_device_name().unwrap_or("/dev/xvda");
    let mut disks = image.block_device_mappings().iter();
    let disk = disks.find(|disk| disk.device_name() == Some(name)).and_then(|disk| disk.ebs());
    Ok(RootDevice { name: name.to_owned(), size: disk.and_then(EbsBlockDevice::volume_size) })
}

fn root_volume(device: &RootDevice, wanted: &Values) -> BlockDeviceMapping {
    let disk = wanted.get("root_volume").unwrap_or(&Value::Null);
    let text = |name: &str| disk.get(name).as_str().map(str::to_owned);
    let number = |name: &str| disk.get(name).as_int().and_then(|number| i32::try_from(number).ok());
    // `false` is never sent: AWS refuses it for images and accounts that encrypt always.
    let encrypted = disk.get("encrypted").as_bool().filter(|encrypted| *encrypted);
    let disk = EbsBlockDevice::builder()
        .delete_on_termination(disk.get("delete_on_termination").as_bool() != Some(false))
        .set_volume_size(number("size_gb").or(device.size))
        .set_iops(number("iops"))
        .set_throughput(number("throughput"))
        .set_volume_type(text("type").as_deref().map(Into::into))
        .set_encrypted(encrypted)
        .set_kms_key_id(text("kms_key"))
        .build();
    BlockDeviceMapping::builder().device_name(&device.name).ebs(disk).build()
}

/// Always said in full: whether it gets a public address must not depend on the subnet.
fn network_interface(wanted: &Values) -> InstanceNetworkInterfaceSpecification {
    let text = |name: &str| wanted.get(name).and_then(Value::as_str).map(str::to_owned);
    let groups = wanted.get("security_groups").map(Value::strings).unwrap_or_default();
    InstanceNetworkInterfaceSpecification::builder()
        .device_index(0)
        .delete_on_termination(true)
        .associate_public_ip_address(wanted.get("public_ip").and_then(Value::as_bool) == Some(true))
        .set_subnet_id(text("subnet"))
        .set_private_ip_address(text("private_ip"))
        .set_groups(Some(groups).filter(|groups| !groups.is_empty()))
        .build()
}

pub(super) fn metadata_options(wanted: &Value) -> InstanceMetadataOptionsRequest {
    let text = |name: &str| wanted.get(name).as_str();
    let hops = wanted.get("http_put_response_hop_limit").as_int();
    InstanceMetadataOptionsRequest::builder()
        .set_http_tokens(text("http_tokens").map(Into::into))
        .set_http_put_response_hop_limit(hops.and_then(|hops| i32::try_from(hops).ok()))
        .set_http_endpoint(text("http_endpoint").map(Into::into))
        .set_http_protocol_ipv6(text("http_protocol_ipv6").map(Into::into))
        .set_instance_metadata_tags(text("instance_metadata_tags").map(Into::into))
        .build()
}

/// What is made with it carries the same tags, so that nothing without an owner is left.
fn tag_specifications(request: &Create) -> Vec<TagSpecification> {
    let all = request.all_tags();
    let made = [ResourceType::Instance, ResourceType::Volume, ResourceType::NetworkInterface];
    made.into_iter().map(|kind| tags::ec2_specification(kind, &all)).collect()
}

/// Why an instance that was launched is gone: it goes from pending to terminated, and only then
/// says why.
pub(super) async fn why_it_died(aws: &Session<'_>, id: &str) -> Option<Failure> {
    let found = describe::instances(aws, vec![filter(ID, [id.to_owned()])]).await.ok()?;
    let reason = found.first()?.state_reason()?;
    let code = reason.code().unwrap_or("no code");
    let message = reason.message().unwrap_or("no message");
    let message = format!("AWS launched {id} and terminated it at once: {code}: {message}");
    Some(Failure::new(FailureClass::Broken, message))
}
