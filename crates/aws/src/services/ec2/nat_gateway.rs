//! A NAT gateway: lets private subnets reach the internet, but not the other way.

use trueup_model::kind::{
    After, Idempotency, Inspection, Output, Permissions, Replacement, Sample, Times, Which,
};
use trueup_model::{Attribute, Kind, Type, Value};

use crate::services::attributes::{fault, is_absent, text};

const DOCUMENTATION: &str = "\
Identity: the tags. Creating one is protected by a client token.

Everything but secondary addresses and tags replaces it. The new one is made first; until the old \
one is deleted both count against the quota of gateways (5 in each zone) and of addresses.

A public gateway wants an Elastic IP, and an internet gateway attached to the VPC before it is made. \
One that AWS could not set up stays in state `failed` for about an hour; it is replaced.

AWS: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNatGateway.html>";

/// The declaration.
pub fn kind() -> Kind {
    Kind {
        documentation: DOCUMENTATION,
        attributes: vec![
            Attribute::new("subnet", Type::id_of(&["subnet"], "subnet-"), "Where it stands.")
                .replaces(),
            Attribute::new(
                "elastic_ip",
                Type::id_of(&["elastic_ip"], "eipalloc-"),
                "Its public address; a private gateway has none.",
            )
            .optional()
            .replaces(),
            Attribute::new(
                "connectivity_type",
                Type::Enum(&["public", "private"]),
                "Whether it leads to the internet or only to other networks.",
            )
            .or("public", "as AWS does")
            .replaces(),
            Attribute::new("private_ip", Type::String, "Its address in the subnet.")
                .unmanaged("AWS picks a free one")
                .replaces(),
            Attribute::new(
                "secondary_elastic_ips",
                Type::id_of(&["elastic_ip"], "eipalloc-").set(),
                "Further public addresses, for more connections to one destination.",
            )
            .or(Value::List(Vec::new()), "one address carries 55,000 connections"),
        ],
        outputs: vec![
            Output::new("id", Sample::Id("nat-"), "The gateway's id."),
            Output::new("public_ip", Sample::Format("203.0.113.{ip}"), "Its public address."),
            Output::new(
                "arn",
                Sample::Format("arn:aws:ec2:{region}:{account}:natgateway/{id}"),
                "The gateway's ARN.",
            ),
        ],
        // An Elastic IP belongs to one gateway at a time: with the same address the old must go.
        replacement: Replacement::DeleteFirst("its address belongs to one gateway at a time"),
        after: vec![After {
            kind: "internet_gateway",
            which: Which::SameVpc,
            reason: "AWS refuses a public NAT gateway in a VPC without an internet gateway",
        }],
        times: Times { create: [94, 107, 124], update: [30, 60, 120], delete: [37, 55, 80] },
        permissions: Permissions {
            read: &["ec2:DescribeNatGateways"],
            create: &["ec2:CreateNatGateway", "ec2:CreateTags"],
            update: &[
                "ec2:AssociateNatGatewayAddress",
                "ec2:DisassociateNatGatewayAddress",
                "ec2:CreateTags",
                "ec2:DeleteTags",
            ],
            delete: &["ec2:DeleteNatGateway"],
        },
        idempotency: Idempotency::Token,
        check,
        ..Kind::new(
            "nat_gateway",
            "ec2",
            "Lets private subnets reach the internet, but not the other way.",
        )
    }
}

fn check(inspection: &mut Inspection<'_>) {
    let public = text(inspection.attributes, "connectivity_type") == Some("public");
    match (public, is_absent(inspection.attributes, "elastic_ip")) {
        (true, true) => fault(
            inspection,
            "elastic_ip",
            "a public NAT gateway needs an address",
            "add `elastic_ip: NAME` and, in section `elastic_ip`, `NAME: {}`",
        ),
        (false, false) => fault(
            inspection,
            "elastic_ip",
            "a private NAT gateway has no public address",
            "leave `elastic_ip` out",
        ),
        _ => {}
    }
}
