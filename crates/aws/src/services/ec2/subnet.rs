//! A subnet: a part of a VPC in one availability zone.

use trueup_model::kind::{Completion, Output, Permissions, Replacement, Sample, Times};
use trueup_model::{Attribute, Kind, Type};

use crate::network::{canonical_cidr, check_block_size};
use crate::services::attributes::respell;

const DOCUMENTATION: &str = "\
Identity: the tags; within a VPC also the network, which no other subnet may overlap.

In place: public addresses at launch, IPv6, DNS options, tags. VPC, zone and network replace it; the \
old one goes first, because two subnets cannot have the same network.

`availability_zone` takes the letter alone (`a`) or the whole name (`us-west-2a`). AWS keeps five \
addresses of each subnet for itself.

Deleting waits for the network interfaces in it, above all those of Lambda functions, which stay up \
to 20 minutes after the function.

AWS: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html>";

/// The declaration.
pub fn kind() -> Kind {
    Kind {
        documentation: DOCUMENTATION,
        attributes: vec![
            Attribute::new("vpc", Type::id_of(&["vpc"], "vpc-"), "The VPC.").replaces(),
            Attribute::new("cidr_block", Type::Cidr, "The IPv4 network, /16 to /28, in the VPC's.")
                .replaces(),
            Attribute::new(
                "availability_zone",
                Type::String,
                "The zone: its letter (`a`) or whole name (`us-west-2a`).",
            )
            .unmanaged("AWS picks a zone")
            .replaces(),
            Attribute::new(
                "map_public_ip_on_launch",
                Type::Bool,
                "Whether instances launched here get public addresses.",
            )
            .or(false, "as AWS does; a public address should be asked for")
            .security(),
            Attribute::new("ipv6_cidr_block", Type::Cidr, "The IPv6 network, a /64 of the VPC's.")
                .optional(),
            Attribute::new(
                "assign_ipv6_address_on_creation",
                Type::Bool,
                "Whether network interfaces made here get IPv6 addresses.",
            )
            .or(false, "as AWS does"),
            Attribute::new("enable_dns64", Type::Bool, "Whether the resolver answers with DNS64.")
                .or(false, "as AWS does"),
            Attribute::new(
                "private_dns_hostname_type",
                Type::Enum(&["ip-name", "resource-name"]),
                "What the private DNS names of instances are made of.",
            )
            .or("ip-name", "as AWS does"),
        ],
        outputs: vec![
            Output::new("id", Sample::Id("subnet-"), "The subnet's id."),
            Output::new(
                "arn",
                Sample::Format("arn:aws:ec2:{region}:{account}:subnet/{id}"),
                "The subnet's ARN.",
            ),
        ],
        replacement: Replacement::DeleteFirst("two subnets cannot have the same network"),
        times: Times { create: [1, 1, 12], update: [1, 3, 11], delete: [1, 1, 1300] },
        permissions: Permissions {
            read: &["ec2:DescribeSubnets"],
            create: &["ec2:CreateSubnet", "ec2:CreateTags", "ec2:ModifySubnetAttribute"],
            update: &[
                "ec2:ModifySubnetAttribute",
                "ec2:AssociateSubnetCidrBlock",
                "ec2:DisassociateSubnetCidrBlock",
                "ec2:CreateTags",
                "ec2:DeleteTags",
            ],
            delete: &["ec2:DeleteSubnet", "ec2:DescribeNetworkInterfaces"],
        },
        complete,
        check: |inspection| check_block_size(inspection, "cidr_block"),
        ..Kind::new("subnet", "ec2", "A part of a VPC in one availability zone.")
    }
}

fn complete(completion: &mut Completion<'_>) {
    let region = completion.region;
    respell(completion.attributes, "cidr_block", canonical_cidr);
    respell(completion.attributes, "ipv6_cidr_block", canonical_cidr);
    respell(completion.attributes, "availability_zone", |zone| whole_zone(region, zone));
}

/// `a` in `us-west-2` is `us-west-2a`; a whole name stays.
fn whole_zone(region: &str, zone: &str) -> String {
    if zone.len() == 1 { format!("{region}{zone}") } else { zone.to_owned() }
}
