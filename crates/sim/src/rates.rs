//! How fast AWS lets an account call, and what happens beyond that.

use std::collections::BTreeMap;

use trueup_model::kind::Catalog;
use trueup_provider::{Bucket, Limits};

/// Of the published rates, the share that is left to this program: others call too.
const SHARE: f64 = 0.8;

/// The rates of single actions, as burst and calls a second.
const ACTIONS: &[(&str, u32, f64)] = &[
    ("ec2:AssociateIamInstanceProfile", 100, 5.0),
    ("ec2:AssociateNatGatewayAddress", 10, 1.0),
    ("ec2:CreateLaunchTemplateVersion", 100, 5.0),
    ("ec2:CreateNatGateway", 10, 1.0),
    ("ec2:CreateNetworkInterface", 100, 5.0),
    ("ec2:CreateTags", 100, 10.0),
    ("ec2:CreateVolume", 100, 5.0),
    ("ec2:CreateVpcEndpoint", 4, 0.3),
    ("ec2:DeleteNatGateway", 10, 1.0),
    ("ec2:DeleteNetworkInterface", 100, 5.0),
    ("ec2:DeleteTags", 100, 10.0),
    ("ec2:DeleteVolume", 100, 5.0),
    ("ec2:DeleteVpcEndpoints", 4, 0.3),
    ("ec2:DescribeStaleSecurityGroups", 20, 5.0),
    ("ec2:DisassociateIamInstanceProfile", 100, 5.0),
    ("ec2:DisassociateNatGatewayAddress", 10, 1.0),
    ("ec2:ModifyInstanceMetadataOptions", 100, 5.0),
    ("ec2:ModifyLaunchTemplate", 100, 5.0),
    ("ec2:ModifyNetworkInterfaceAttribute", 100, 5.0),
    ("ec2:ModifyVpcEndpoint", 4, 0.3),
    ("ec2:RunInstances", 5, 2.0),
    ("ec2:StartInstances", 5, 2.0),
    ("ec2:TerminateInstances", 100, 5.0),
    ("elasticloadbalancing:CreateLoadBalancer", 10, 0.2),
    ("elasticloadbalancing:DeregisterTargets", 20, 4.0),
    ("elasticloadbalancing:RegisterTargets", 20, 4.0),
    ("elasticloadbalancing:SetSubnets", 10, 0.2),
    ("kms:CreateAlias", 5, 5.0),
    ("kms:CreateKey", 5, 5.0),
    ("kms:UpdateAlias", 5, 5.0),
    ("lambda:GetFunction", 100, 100.0),
    ("ssm:PutParameter", 3, 3.0),
];

/// The rates that all calls of a service share.
const SERVICES: &[(&str, u32, f64)] = &[
    ("elasticloadbalancing", 40, 10.0),
    ("iam", 10, 10.0),
    ("lambda", 15, 15.0),
    ("rds", 10, 10.0),
    ("ssm", 40, 40.0),
    ("sts", 600, 600.0),
    ("tag", 5, 5.0),
];

/// The action's own rate.
fn of_action(action: &str) -> Bucket {
    if let Some(&(_, burst, per_second)) = ACTIONS.iter().find(|(name, ..)| *name == action) {
        return Bucket { burst, per_second };
    }
    let (service, verb) = action.split_once(':').unwrap_or((action, ""));
    let reads = ["Describe", "Get", "List", "Search"].iter().any(|read| verb.starts_with(read));
    let (burst, per_second) = match (service, reads) {
        ("ec2", true) => (100, 20.0),
        ("ec2", false) => (50, 5.0),
        ("elasticloadbalancing", true) => (40, 10.0),
        ("elasticloadbalancing", false) => (20, 3.0),
        ("logs", _) => (10, 10.0),
        ("events" | "secretsmanager", _) => (50, 50.0),
        ("sts", _) => (600, 600.0),
        _ => (40, 20.0),
    };
    Bucket { burst, per_second }
}

/// The rate that all calls of the action's service share; `lambda:GetFunction` has its own.
fn of_service(action: &str) -> Option<Bucket> {
    let service = action.split(':').next().filter(|_| action != "lambda:GetFunction")?;
    let &(_, burst, per_second) = SERVICES.iter().find(|(name, ..)| *name == service)?;
    Some(Bucket { burst, per_second })
}

/// What the engine is told to keep to: every rate that a kind's calls meet, less what is left to
/// others.
pub(crate) fn limits(catalog: &Catalog) -> Limits {
    let shared = |bucket: Bucket| Bucket {
        burst: (bucket.burst * 4 / 5).max(1),
        per_second: bucket.per_second * SHARE,
    };
    let mut buckets = BTreeMap::new();
    for kind in catalog.kinds() {
        let lists = [
            kind.permissions.read,
            kind.permissions.create,
            kind.permissions.update,
            kind.permissions.delete,
        ];
        for action in lists.into_iter().flatten() {
            buckets.insert((*action).to_owned(), shared(of_action(action)));
        }
    }
    for (action, ..) in ACTIONS {
        buckets.insert((*action).to_owned(), shared(of_action(action)));
    }
    for &(service, burst, per_second) in SERVICES {
        buckets.insert(format!("{service}:!"), shared(Bucket { burst, per_second }));
    }
    buckets.insert("ec2:*".to_owned(), shared(of_action("ec2:CreateVpc")));
    Limits { buckets }
}

/// The buckets of an account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter {
    /// What is left in a bucket, and when that was.
    left: BTreeMap<String, (f64, u64)>,
}

impl Meter {
    /// Takes a token for a call at `now`, in milliseconds; whether there was one.
    pub(crate) fn admits(&mut self, action: &str, now: u64) -> bool {
        let service = action.split(':').next().unwrap_or(action);
        let own = self.refill(action, of_action(action), now);
        let common = of_service(action).map(|bucket| self.refill(service, bucket, now));
        if own < 1.0 || common.is_some_and(|left| left < 1.0) {
            return false;
        }
        self.left.insert(action.to_owned(), (own - 1.0, now));
        if let Some(left) = common {
            self.left.insert(service.to_owned(), (left - 1.0, now));
        }
        true
    }

    fn refill(&self, name: &str, bucket: Bucket, now: u64) -> f64 {
        let full = f64::from(bucket.burst);
        let Some(&(left, at)) = self.left.get(name) else { return full };
        // Sums of small refills stay exact enough: a bucket is only compared with whole tokens.
        let elapsed = std::time::Duration::from_millis(now.saturating_sub(at)).as_secs_f64();
        (left + elapsed * bucket.per_second).min(full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_refills() {
        let mut meter = Meter::default();
        let admitted = (0..20).filter(|_| meter.admits("ec2:RunInstances", 0)).count();
        assert_eq!(admitted, 5);
        let admitted = (0..20).filter(|_| meter.admits("ec2:RunInstances", 2_000)).count();
        assert_eq!(admitted, 4);
    }

    #[test]
    fn actions_of_ec2_do_not_share_and_those_of_lambda_do() {
        let mut meter = Meter::default();
        assert_eq!((0..200).filter(|_| meter.admits("ec2:CreateVpc", 0)).count(), 50);
        assert_eq!((0..200).filter(|_| meter.admits("ec2:CreateSubnet", 0)).count(), 50);
        assert_eq!((0..200).filter(|_| meter.admits("lambda:CreateFunction", 0)).count(), 15);
        assert!(!meter.admits("lambda:TagResource", 0));
        assert!(meter.admits("lambda:GetFunction", 0));
    }
}
