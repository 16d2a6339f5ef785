//! The rates that AWS publishes, at four fifths, so that other tools of the account keep working.
//!
//! See <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>.

use trueup_provider::{Bucket, Limits};

/// Action, beginning of actions (`*`) or whole service (`!`); burst; calls a second. Where AWS
/// publishes nothing, a rate that it is known to bear.
const RATES: [(&str, u32, f64); 24] = [
    ("ec2:*", 50, 5.0),
    ("ec2:Describe*", 100, 20.0),
    ("ec2:RunInstances", 5, 2.0),
    ("ec2:StartInstances", 5, 2.0),
    ("ec2:TerminateInstances", 100, 5.0),
    ("ec2:CreateNatGateway", 10, 1.0),
    ("ec2:DeleteNatGateway", 10, 1.0),
    ("ec2:AssociateNatGatewayAddress", 10, 1.0),
    ("ec2:DisassociateNatGatewayAddress", 10, 1.0),
    ("ec2:CreateTags", 100, 10.0),
    ("ec2:DeleteTags", 100, 10.0),
    ("ec2:AssociateIamInstanceProfile", 100, 5.0),
    ("ec2:DisassociateIamInstanceProfile", 100, 5.0),
    ("ec2:ModifyInstanceMetadataOptions", 100, 5.0),
    ("elasticloadbalancing:!", 40, 10.0),
    ("iam:!", 20, 10.0),
    ("rds:!", 20, 8.0),
    ("lambda:!", 15, 15.0),
    ("lambda:GetFunction", 100, 100.0),
    ("logs:*", 10, 10.0),
    ("ssm:!", 40, 40.0),
    ("ssm:PutParameter", 3, 3.0),
    ("tag:*", 5, 5.0),
    ("sts:*", 100, 100.0),
];

pub(super) fn all() -> Limits {
    let share = |(action, burst, per_second): &(&str, u32, f64)| {
        let bucket = Bucket { burst: (burst * 4 / 5).max(1), per_second: per_second * 0.8 };
        ((*action).to_owned(), bucket)
    };
    Limits { buckets: RATES.iter().map(share).collect() }
}
