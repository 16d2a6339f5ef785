//! An Elastic IP address: a public IPv4 address that stays.

use trueup_model::kind::{After, Output, Permissions, Sample, Times, Which};
use trueup_model::{Attribute, Disruption, Kind, Type};

const DOCUMENTATION: &str = "\
Identity: the tags. The address itself stays the same until it is released.

In place: the instance that it belongs to, and tags.

An address that a NAT gateway uses is released after the gateway is deleted. An account has five in \
each Region unless it asked for more.

AWS: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AllocateAddress.html>";

/// The declaration.
pub fn kind() -> Kind {
    Kind {
        documentation: DOCUMENTATION,
        attributes: vec![
            Attribute::new(
                "instance",
                Type::id_of(&["instance"], "i-"),
                "The instance that it belongs to; a NAT gateway names the address itself.",
            )
            .optional()
            .disrupts(Disruption::Brief),
        ],
        outputs: vec![
            Output::new("id", Sample::Id("eipalloc-"), "The allocation's id."),
            Output::new("public_ip", Sample::Format("203.0.113.{ip}"), "The address."),
            Output::new(
                "arn",
                Sample::Format("arn:aws:ec2:{region}:{account}:elastic-ip/{id}"),
                "The address's ARN.",
            ),
        ],
        after: vec![After {
            kind: "internet_gateway",
            which: Which::SameVpc,
            reason: "an address works only in a VPC with an internet gateway",
        }],
        times: Times { create: [1, 1, 3], update: [1, 1, 3], delete: [1, 2, 9] },
        permissions: Permissions {
            read: &["ec2:DescribeAddresses"],
            create: &["ec2:AllocateAddress", "ec2:AssociateAddress", "ec2:CreateTags"],
            update: &[
                "ec2:AssociateAddress",
                "ec2:DisassociateAddress",
                "ec2:CreateTags",
                "ec2:DeleteTags",
            ],
            delete: &["ec2:DisassociateAddress", "ec2:ReleaseAddress"],
        },
        ..Kind::new("elastic_ip", "ec2", "A public IPv4 address that stays.")
    }
}
