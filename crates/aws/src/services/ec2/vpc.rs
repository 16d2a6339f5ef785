//! A virtual private cloud.

use trueup_model::kind::{Output, Permissions, Replacement, Sample, Times};
use trueup_model::{Attribute, Kind, Type, Value};

use crate::network::{canonical_cidr, check_block_size};
use crate::services::attributes::respell;

const DOCUMENTATION: &str = "\
Identity: the tags; a VPC has no name that AWS knows.

In place: DNS support and host names, secondary networks, the IPv6 block, tags. The primary network \
and the tenancy replace it, and with it everything inside.

The main route table, the default security group and the default network ACL come and go with the \
VPC; they are neither managed nor deleted on their own.

Public databases and private DNS of interface endpoints want both DNS options.

AWS: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html>";

/// The declaration.
pub fn kind() -> Kind {
    Kind {
        documentation: DOCUMENTATION,
        attributes: vec![
            Attribute::new("cidr_block", Type::Cidr, "The primary IPv4 network, /16 to /28.")
                .replaces(),
            Attribute::new(
                "secondary_cidr_blocks",
                Type::Cidr.set(),
                "Further IPv4 networks, at most four.",
            )
            .or(Value::List(Vec::new()), "a VPC has one network at first"),
            Attribute::new(
                "assign_generated_ipv6_cidr_block",
                Type::Bool,
                "Whether it gets a /56 of Amazon's IPv6 addresses.",
            )
            .or(false, "as AWS does"),
            Attribute::new(
                "instance_tenancy",
                Type::Enum(&["default", "dedicated"]),
                "Whether instances run on hardware of their own.",
            )
            .or("default", "dedicated hardware costs extra")
            .replaces(),
            Attribute::new("enable_dns_support", Type::Bool, "Whether Amazon's resolver answers.")
                .or(true, "as AWS does"),
            Attribute::new(
                "enable_dns_hostnames",
                Type::Bool,
                "Whether instances with public addresses get public DNS names.",
            )
            .or(false, "as AWS does for a VPC that is not the default one"),
        ],
        outputs: vec![
            Output::new("id", Sample::Id("vpc-"), "The VPC's id."),
            Output::new(
                "arn",
                Sample::Format("arn:aws:ec2:{region}:{account}:vpc/{id}"),
                "The VPC's ARN.",
            ),
            Output::new(
                "ipv6_cidr_block",
                Sample::Format("2600:1f14:{hex}00::/56"),
                "The IPv6 network, if it has one.",
            )
            .volatile(),
        ],
        replacement: Replacement::CreateFirst,
        times: Times { create: [1, 2, 11], update: [1, 2, 11], delete: [1, 1, 3] },
        permissions: Permissions {
            read: &["ec2:DescribeVpcs", "ec2:DescribeVpcAttribute"],
            create: &[
                "ec2:CreateVpc",
                "ec2:CreateTags",
                "ec2:ModifyVpcAttribute",
                "ec2:AssociateVpcCidrBlock",
            ],
            update: &[
                "ec2:ModifyVpcAttribute",
                "ec2:AssociateVpcCidrBlock",
                "ec2:DisassociateVpcCidrBlock",
                "ec2:CreateTags",
                "ec2:DeleteTags",
            ],
            delete: &["ec2:DeleteVpc"],
        },
        complete: |completion| respell(completion.attributes, "cidr_block", canonical_cidr),
        check: |inspection| check_block_size(inspection, "cidr_block"),
        ..Kind::new("vpc", "ec2", "A virtual private cloud.")
    }
}
