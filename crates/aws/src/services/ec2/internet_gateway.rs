//! An internet gateway: the way between a VPC and the internet.

use trueup_model::kind::{Output, Permissions, Replacement, Sample, Times};
use trueup_model::{Attribute, Disruption, Kind, Type};

const DOCUMENTATION: &str = "\
Identity: the tags; a VPC has at most one internet gateway.

In place: it can move to another VPC, and tags.

Detaching waits until nothing in the VPC has a public address any more: NAT gateways, instances and \
public databases go first.

AWS: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateInternetGateway.html>";

/// The declaration.
pub fn kind() -> Kind {
    Kind {
        documentation: DOCUMENTATION,
        attributes: vec![
            Attribute::new("vpc", Type::id_of(&["vpc"], "vpc-"), "The VPC that it is attached to.")
                .disrupts(Disruption::Outage)
                .security(),
        ],
        outputs: vec![
            Output::new("id", Sample::Id("igw-"), "The gateway's id."),
            Output::new(
                "arn",
                Sample::Format("arn:aws:ec2:{region}:{account}:internet-gateway/{id}"),
                "The gateway's ARN.",
            ),
        ],
        replacement: Replacement::DeleteFirst("a VPC has at most one internet gateway"),
        times: Times { create: [1, 1, 3], update: [1, 2, 5], delete: [1, 1, 280] },
        permissions: Permissions {
            read: &["ec2:DescribeInternetGateways"],
            create: &["ec2:CreateInternetGateway", "ec2:AttachInternetGateway", "ec2:CreateTags"],
            update: &[
                "ec2:AttachInternetGateway",
                "ec2:DetachInternetGateway",
                "ec2:CreateTags",
                "ec2:DeleteTags",
            ],
            delete: &["ec2:DetachInternetGateway", "ec2:DeleteInternetGateway"],
        },
        ..Kind::new("internet_gateway", "ec2", "The way between a VPC and the internet.")
    }
}
