//! An EC2 instance.

use trueup_model::expression::Expressions;
use trueup_model::kind::{
    After, Idempotency, Inspection, Output, Permissions, Sample, Settlement, Times, Which,
};
use trueup_model::{Attribute, Disruption, Expression, Kind, Live, Type, Value};

use crate::services::attributes::{accept_live, fault, is_key, text, wrong_key};

#[cfg(feature = "live")]
mod live;
#[cfg(feature = "live")]
pub(crate) use live::Calls;

const DOCUMENTATION: &str = "\
Identity: the tags. Launching one is protected by a client token.

In place: security groups, role, metadata options, detailed monitoring, source/destination check, \
termination protection, tags. With a stop and a start: the type. Image, subnet, addresses, key pair, \
user data and the root volume's encryption replace it.

`ami` takes an image's id, or the name of a public SSM parameter that holds the newest one. The \
newest counts when the instance is made; a newer one later is a remark, unless `follow: true`.

The root volume belongs to the machine, and goes with it when it is deleted or replaced: data that is to \
outlive the machine wants a place of its own. `delete_on_termination: false` keeps the disk, without our \
tags. It has to be applied before the machine goes: written together with what replaces the machine, or \
destroyed before an apply, the disk that is there still goes with it, and the plan warns. \
`protect: true` keeps the machine.

IMDSv2 is required and the root volume is encrypted unless the stack says otherwise. An account may \
encrypt every volume: then `encrypted: false` is a remark, because no volume is ever decrypted.

Its instance profile is told by id: one that was deleted and made again under the same name is no \
longer the one that the instance runs with, and is given to it again.

An instance that is stopped is as good as one that runs: nobody starts it. One that was stopped to \
change its type carries the tag `trueup:restart` until it runs again.

With a role, `running` is not yet reachable through Session Manager: the agent registers some 30 to \
90 seconds later.

AWS: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html>";

/// The declaration.
pub fn kind() -> Kind {
    Kind {
        documentation: DOCUMENTATION,
        attributes: attributes(),
        outputs: vec![
            Output::new("id", Sample::Id("i-"), "The instance's id."),
            Output::new(
                "arn",
                Sample::Format("arn:aws:ec2:{region}:{account}:instance/{id}"),
                "The instance's ARN.",
            ),
            Output::new(
                "private_dns",
                Sample::Format("ip-10-0-0-{ip}.internal"),
                "Its private name.",
            ),
            Output::new(
                "public_ip",
                Sample::Format("203.0.113.{ip}"),
                "Its public address, if any.",
            )
            .only_with(&["public_ip"])
            .volatile(),
            Output::new(
                "public_dns",
                Sample::Format("ec2-203-0-113-{ip}.amazonaws.com"),
                "Its public name, if any.",
            )
            .only_with(&["public_ip"])
            .volatile(),
            Output::new("state", Sample::Format("running"), "What it does: `running`, `stopped`.")
                .volatile(),
        ],
        after: vec![After {
            kind: "internet_gateway",
            which: Which::SameVpc,
            reason: "a public address wants an internet gateway, which cannot leave before it",
        }],
        times: Times { create: [12, 13, 45], update: [1, 2, 180], delete: [30, 45, 283] },
        permissions: Permissions {
            read: &[
                "ec2:DescribeInstances",
                "ec2:DescribeInstanceAttribute",
                "ec2:DescribeVolumes",
                "ssm:GetParameters",
            ],
            create: &[
                "ec2:DescribeImages",
                "ec2:RunInstances",
                "ec2:ModifyInstanceAttribute",
                "ec2:CreateTags",
                "iam:PassRole",
            ],
            update: &[
                "ec2:StopInstances",
                "ec2:StartInstances",
                "ec2:ModifyInstanceAttribute",
                "ec2:ModifyNetworkInterfaceAttribute",
                "ec2:ModifyInstanceMetadataOptions",
                "ec2:ModifyVolume",
                "ec2:MonitorInstances",
                "ec2:UnmonitorInstances",
                "ec2:DescribeIamInstanceProfileAssociations",
                "ec2:AssociateIamInstanceProfile",
                "ec2:ReplaceIamInstanceProfileAssociation",
                "ec2:DisassociateIamInstanceProfile",
                "ec2:CreateTags",
                "ec2:DeleteTags",
                "iam:PassRole",
            ],
            delete: &["ec2:TerminateInstances", "ec2:DeleteTags"],
        },
        idempotency: Idempotency::Token,
        settle,
        check,
        not_kept_yet,
        ..Kind::new("instance", "ec2", "A virtual machine.")
    }
}

fn attributes() -> Vec<Attribute> {
    let mut all = placement();
    all.extend(behaviour());
    all
}

fn placement() -> Vec<Attribute> {
    vec![
        Attribute::new(
            "ami",
            Type::OneOf(vec![
                Type::String,
                Type::Object(vec![
                    Attribute::new(
                        "ssm_parameter",
                        Type::String,
                        "The public SSM parameter that holds the newest image's id.",
                    ),
                    Attribute::new("follow", Type::Bool, "Whether a newer image replaces it.").or(
                        false,
                        "an image published somewhere must not replace a running machine",
                    ),
                ]),
            ]),
            "The image: its id, or where to look up the newest.",
        )
        .replaces(),
        Attribute::new("instance_type", Type::String, "The size, as `t3.micro`.")
            .disrupts(Disruption::Outage),
        Attribute::new("subnet", Type::id_of(&["subnet"], "subnet-"), "Where it stands.")
            .replaces(),
        Attribute::new(
            "security_groups",
            Type::id_of(&["security_group"], "sg-").set(),
            "Who may connect, and what it may reach.",
        )
        .unmanaged("AWS gives it the VPC's default group")
        .security(),
        Attribute::new("public_ip", Type::Bool, "Whether it gets a public IPv4 address at launch.")
            .or(false, "a public address should be asked for")
            .replaces()
            .security(),
        Attribute::new("private_ip", Type::String, "Its address in the subnet.")
            .unmanaged("AWS picks a free one")
            .replaces(),
        Attribute::new(
            "iam_role",
            Type::output_of(&["iam_role"], "instance_profile_name"),
            "The role of what runs on it; its instance profile is made with the role.",
        )
        .optional()
        .security(),
        Attribute::new(
            "tenancy",
            Type::Enum(&["default", "dedicated"]),
            "Whether it runs on hardware of its own.",
        )
        .unmanaged("its VPC's tenancy")
        .replaces(),
        Attribute::new("key_pair", Type::String, "The name of the key pair for SSH.")
            .optional()
            .replaces(),
        Attribute::new(
            "user_data",
            Type::String,
            "What it runs at its first start, at most 16 KB.",
        )
        .optional()
        .replaces()
        .may_hold_secrets(),
    ]
}

fn behaviour() -> Vec<Attribute> {
    vec![
        Attribute::new("root_volume", Type::Object(root_volume()), "The disk that it starts from.")
            .or(volume_defaults(), "an encrypted gp3 disk of the image's size"),
        Attribute::new("metadata_options", Type::Object(metadata()), "How it reads about itself.")
            .or(metadata_defaults(), "IMDSv2 only: stolen requests get no credentials")
            .security(),
        Attribute::new("monitoring", Type::Bool, "Whether metrics come each minute, at a cost.")
            .or(false, "as AWS does"),
        Attribute::new("source_dest_check", Type::Bool, "Whether it drops packets of others.")
            .or(true, "as AWS does; off only for what routes or translates"),
        Attribute::new(
            "termination_protection",
            Type::Bool,
            "Whether AWS refuses to terminate it.",
        )
        .or(false, "as AWS does"),
    ]
}

fn root_volume() -> Vec<Attribute> {
    vec![
        Attribute::new("size_gb", Type::int(1, 65536), "Its size in GiB.")
            .unmanaged("the image's size"),
        Attribute::new(
            "type",
            Type::Enum(&["gp3", "gp2", "io1", "io2", "st1", "sc1", "standard"]),
            "The kind of disk.",
        )
        .or("gp3", "cheaper and faster than AWS's old default gp2"),
        Attribute::new(
            "iops",
            Type::int(100, 256_000),
            "Operations a second, of gp3, io1 and io2.",
        )
        .unmanaged("the disk's default: 3,000 of gp3"),
        Attribute::new("throughput", Type::int(125, 2000), "MiB a second, of gp3.")
            .unmanaged("the disk's default: 125"),
        Attribute::new("encrypted", Type::Bool, "Whether it is encrypted.")
            .or(true, "disks are encrypted unless somebody decides otherwise")
            .replaces(),
        Attribute::new("kms_key", Type::String, "The ARN of the key that encrypts it.")
            .unmanaged("the account's default key")
            .replaces(),
        Attribute::new("delete_on_termination", Type::Bool, "Whether it goes with the machine.")
            .or(true, "as AWS does: it is a copy of the image, made with the machine"),
    ]
}

fn volume_defaults() -> Value {
    let defaults = [
        ("type", Value::from("gp3")),
        ("encrypted", true.into()),
        ("delete_on_termination", true.into()),
    ];
    Value::Map(defaults.map(|(name, value)| (name.to_owned(), value)).into())
}

fn metadata() -> Vec<Attribute> {
    vec![
        Attribute::new(
            "http_tokens",
            Type::Enum(&["required", "optional"]),
            "Whether IMDSv2 is required.",
        )
        .or("required", "IMDSv1 gives credentials to whoever can make the machine fetch a page"),
        Attribute::new("http_put_response_hop_limit", Type::int(1, 64), "How far answers travel.")
            .or(2, "containers on the machine are one hop away"),
        Attribute::new(
            "http_endpoint",
            Type::Enum(&["enabled", "disabled"]),
            "Whether it is there.",
        )
        .or("enabled", "as AWS does"),
        Attribute::new(
            "http_protocol_ipv6",
            Type::Enum(&["enabled", "disabled"]),
            "Whether it answers over IPv6 too.",
        )
        .or("disabled", "as AWS does"),
        Attribute::new(
            "instance_metadata_tags",
            Type::Enum(&["enabled", "disabled"]),
            "Whether it tells the instance's tags.",
        )
        .or("disabled", "as AWS does"),
    ]
}

fn metadata_defaults() -> Value {
    let defaults = [
        ("http_tokens", Value::from("required")),
        ("http_put_response_hop_limit", 2.into()),
        ("http_endpoint", "enabled".into()),
        ("http_protocol_ipv6", "disabled".into()),
        ("instance_metadata_tags", "disabled".into()),
    ];
    Value::Map(defaults.map(|(name, value)| (name.to_owned(), value)).into())
}

fn settle(settlement: &mut Settlement<'_>) {
    settle_image(settlement);
    settle_encryption(settlement);
    // Whether it got an address at launch does not show while it is stopped or has an Elastic IP.
    accept_live(settlement.wanted, settlement.live, "public_ip", |_, there| there.is_null());
    // No user data and empty user data are one to AWS.
    accept_live(settlement.wanted, settlement.live, "user_data", |wanted, there| {
        wanted.as_str() == Some("") && there.is_null()
    });
}

/// An account may encrypt every volume, whatever is asked for: to replace the machine would change
/// nothing.
fn settle_encryption(settlement: &mut Settlement<'_>) {
    let is_encrypted = settlement
        .live
        .and_then(|live| live.attributes.get("root_volume"))
        .is_some_and(|there| there.get("encrypted").as_bool() == Some(true));
    let accepted = match settlement.wanted.get_mut("root_volume") {
        Some(Expression::Value(Value::Map(disk))) => {
            let field = disk.get_mut("encrypted").filter(|field| **field == Value::Bool(false));
            field.filter(|_| is_encrypted).map(|field| *field = true.into())
        }
        Some(Expression::Map(disk)) => {
            let field = disk.get_mut("encrypted");
            let field = field.filter(|field| field.known() == Some(&Value::Bool(false)));
            field.filter(|_| is_encrypted).map(|field| *field = true.into())
        }
        _ => None,
    };
    if accepted.is_some() {
        settlement.remarks.push(
            "its root volume is encrypted although the stack says `encrypted: false`: the account \
             encrypts every volume, or did so when this one was made; leave the line out"
                .to_owned(),
        );
    }
}

fn not_kept_yet(live: &Live, wanted: &Expressions) -> Option<String> {
    let goes = live.attributes.get("root_volume")?.get("delete_on_termination").as_bool();
    let stays = disk_field(wanted, "delete_on_termination")?.as_bool() == Some(false);
    (stays && goes == Some(true)).then(|| format!("the disk of {}, which is there,", live.id))
}

/// The newest image counts when the instance is made; later it is a remark, unless followed.
fn settle_image(settlement: &mut Settlement<'_>) {
    let Some(Value::Map(lookup)) = settlement.wanted.get("ami").and_then(Expression::to_value)
    else {
        return;
    };
    let Some(parameter) = lookup.get("ssm_parameter").and_then(Value::as_str) else { return };
    let newest = settlement.facts.parameters.get(parameter).cloned();
    let follow = lookup.get("follow").and_then(Value::as_bool).unwrap_or(false);
    let current =
        settlement.live.and_then(|live| live.attributes.get("ami")).and_then(Value::as_str);
    let chosen = match (current, newest) {
        (Some(current), Some(newest)) if !follow => {
            if current != newest {
                settlement.remarks.push(format!(
                    "a newer image exists: {newest} (this one runs {current}); say `follow: true` \
                     to be replaced by it"
                ));
            }
            current.to_owned()
        }
        (_, Some(newest)) => newest,
        (Some(current), None) => current.to_owned(),
        (None, None) => return,
    };
    settlement.wanted.insert("ami".to_owned(), chosen.into());
}

fn check(inspection: &mut Inspection<'_>) {
    const LIMIT: usize = 16 * 1024;
    if text(inspection.attributes, "user_data").is_some_and(|data| data.len() > LIMIT) {
        fault(
            inspection,
            "user_data",
            "it is longer than AWS's 16 KB",
            "fetch the long part from a bucket when it runs",
        );
    }
    if let Some(ami) = text(inspection.attributes, "ami")
        && !ami.starts_with("ami-")
    {
        let help = if ami.starts_with('/') {
            format!("write `ami: {{ ssm_parameter: {ami} }}`")
        } else {
            "write an id (`ami-…`), or `{ ssm_parameter: /aws/service/… }`".to_owned()
        };
        fault(inspection, "ami", format!("'{ami}' is not the id of an image"), help);
    }
    check_volume(inspection);
}

/// What a kind of disk takes; see <https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html>.
fn check_volume(inspection: &mut Inspection<'_>) {
    let field = |name: &str| disk_field(inspection.attributes, name);
    let stated = |name: &str| field(name).is_some_and(|value| !value.is_null());
    let Some(disk) = field("type").as_ref().and_then(Value::as_str).map(str::to_owned) else {
        return;
    };
    let takes_iops = matches!(disk.as_str(), "io1" | "io2" | "gp3");
    let wants_iops = takes_iops && disk != "gp3";
    let cannot_start = matches!(disk.as_str(), "st1" | "sc1");
    let has_key = stated("kms_key") && field("encrypted") == Some(Value::Bool(false));
    let (has_iops, has_throughput) = (stated("iops"), stated("throughput"));
    let key = field("kms_key");
    let key = key.as_ref().and_then(Value::as_str).filter(|key| !is_key(key));
    let mut wrong = |path: &str, message: String, help: &str| {
        fault(inspection, format!("root_volume.{path}"), message, help);
    };
    if wants_iops && !has_iops {
        wrong("type", format!("a disk of type {disk} needs `iops`"), "add `iops`, or use gp3");
    }
    if has_iops && !takes_iops {
        wrong("iops", format!("a disk of type {disk} takes no `iops`"), "leave it out, or use gp3");
    }
    if has_throughput && disk != "gp3" {
        let message = format!("a disk of type {disk} takes no `throughput`");
        wrong("throughput", message, "leave it out, or use gp3");
    }
    if cannot_start {
        let message = format!("no machine starts from a disk of type {disk}");
        wrong("type", message, "use gp3; st1 and sc1 are for further disks");
    }
    if has_key {
        let message = "a disk that is not encrypted has no key".to_owned();
        wrong("kms_key", message, "leave `kms_key` or `encrypted: false` out");
    }
    if let Some((message, help)) = key.map(wrong_key) {
        wrong("kms_key", message, help);
    }
}

/// What is wanted of the root volume, as far as it is known.
fn disk_field(wanted: &Expressions, name: &str) -> Option<Value> {
    match wanted.get("root_volume")? {
        Expression::Value(Value::Map(disk)) => disk.get(name).cloned(),
        Expression::Map(disk) => disk.get(name).and_then(Expression::known).cloned(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
