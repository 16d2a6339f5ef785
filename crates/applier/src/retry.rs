//! Which failures are tried again, how soon, and for how long.

use std::time::Duration;

use trueup_model::kind::FUNCTION_INTERFACES_AWAITED;
use trueup_provider::{Call, Failure, FailureClass, Safety, Verdict};

/// How long a race or an obstacle may last for some calls, where it is not [`USUAL_PATIENCE`].
///
/// The longest matching beginning of the action counts.
const PATIENCE: &[Patience] = &[
    Patience {
        actions: "iam:",
        seconds: 120,
        because: "a new role is known everywhere within two minutes",
    },
    Patience {
        actions: "secretsmanager:",
        seconds: 120,
        because: "the name of a secret deleted by force is free within two minutes",
    },
    Patience {
        actions: "ec2:RunInstances",
        seconds: 120,
        because: "an instance profile can be used within two minutes; later it is a real mistake",
    },
    Patience {
        actions: "ec2:AssociateIamInstanceProfile",
        seconds: 120,
        because: "an instance profile can be used within two minutes; later it is a real mistake",
    },
    Patience {
        actions: "ec2:DetachInternetGateway",
        seconds: 1200,
        because: "it waits until the last public address in the VPC is gone, as an instance's",
    },
    Patience {
        actions: "kms:",
        seconds: 600,
        because: "a key policy may name a role for ten minutes before KMS knows the role",
    },
    Patience {
        actions: "lambda:",
        seconds: 600,
        because: "a function refuses changes until the last one is through, ten minutes in a VPC",
    },
    Patience {
        actions: "rds:ModifyDBInstance",
        seconds: 4800,
        because: "an instance refuses changes while it is modified, which takes up to 80 minutes",
    },
    Patience {
        actions: "rds:DeleteDBInstance",
        seconds: 4800,
        because: "an instance refuses to go while it is modified, which takes up to 80 minutes",
    },
    Patience {
        actions: "ec2:DeleteSubnet",
        seconds: FUNCTION_INTERFACES_AWAITED,
        because: "Lambda's network interfaces outlive a function",
    },
    Patience {
        actions: "ec2:DeleteSecurityGroup",
        seconds: FUNCTION_INTERFACES_AWAITED,
        because: "Lambda's network interfaces outlive a function",
    },
    Patience {
        actions: "s3:CreateBucket",
        seconds: 3600,
        because: "the name of a deleted bucket is free after minutes to an hour",
    },
];

struct Patience {
    actions: &'static str,
    seconds: u32,
    #[cfg_attr(not(test), expect(dead_code, reason = "the judgement behind the number"))]
    because: &'static str,
}

/// EC2's budget for what was made and is not yet visible; five minutes work in practice.
const USUAL_PATIENCE: Duration = Duration::from_mins(5);
/// Throttling alone never fails an apply; this is about ten minutes of nothing else.
const THROTTLED_ATTEMPTS: u32 = 60;
/// A service that failed this often in a row is down.
const UNAVAILABLE_ATTEMPTS: u32 = 8;
/// How long a run that has begun goes without any connection: a network is back by then, or not soon.
const UNREACHABLE_BEGUN: Duration = Duration::from_mins(1);
/// How long the same goes on before anything was changed: a wrong endpoint or Region stays wrong.
const UNREACHABLE_READING: Duration = Duration::from_secs(4);
const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(20);
/// A race usually takes seconds: looking every few seconds wastes little of it.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// How often it is tried whether AWS has taken away what takes it twenty minutes.
const TAIL_PAUSE: Duration = Duration::from_secs(30);

/// What there is to lose by giving up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hope {
    /// Nothing: nothing was changed yet, and the user waits for a word.
    Reading,
    /// AWS was reached, and work is half done.
    Begun,
}

/// What follows from the failure of attempt number `attempt`, `elapsed` after the first began.
pub(crate) fn verdict(
    call: &Call,
    failure: &Failure,
    (attempt, elapsed): (u32, Duration),
    hope: Hope,
    fraction: f64,
) -> Verdict {
    match failure.class {
        FailureClass::Throttled => backoff(attempt, THROTTLED_ATTEMPTS, fraction),
        FailureClass::Unavailable | FailureClass::Ambiguous => match call.safety {
            Safety::Read | Safety::Repeatable => backoff(attempt, UNAVAILABLE_ATTEMPTS, fraction),
            Safety::Once => Verdict::Return,
        },
        FailureClass::Unreachable => {
            let patience = match hope {
                Hope::Reading => UNREACHABLE_READING,
                Hope::Begun => UNREACHABLE_BEGUN,
            };
            pause(attempt, patience.saturating_sub(elapsed), fraction)
        }
        FailureClass::Draining if elapsed < patience(call.action) => {
            Verdict::RetryAfter(TAIL_PAUSE)
        }
        FailureClass::Conflict if call.returns_conflicts => Verdict::Return,
        FailureClass::NotYet | FailureClass::Conflict => {
            pause(attempt, patience(call.action).saturating_sub(elapsed), fraction)
        }
        FailureClass::Draining
        | FailureClass::Exists
        | FailureClass::Missing
        | FailureClass::Quota
        | FailureClass::Capacity
        | FailureClass::Credentials
        | FailureClass::Denied
        | FailureClass::Invalid
        | FailureClass::Broken
        | FailureClass::TimedOut
        | FailureClass::Interrupted
        | FailureClass::Internal => Verdict::Return,
    }
}

/// How long a race or an obstacle may last for a call.
pub(crate) fn patience(action: &str) -> Duration {
    let matching = PATIENCE.iter().filter(|patience| action.starts_with(patience.actions));
    let longest = matching.max_by_key(|patience| patience.actions.len());
    longest.map_or(USUAL_PATIENCE, |patience| Duration::from_secs(patience.seconds.into()))
}

/// Exponential, with full jitter: those who were refused together come back apart.
fn backoff(attempt: u32, most: u32, fraction: f64) -> Verdict {
    if attempt >= most {
        return Verdict::Return;
    }
    let doubled = FIRST_BACKOFF.saturating_mul(1 << (attempt - 1).min(16));
    Verdict::RetryAfter(doubled.min(LONGEST_BACKOFF).mul_f64(fraction))
}

/// Growing, with little jitter: what is waited for does not depend on how often we ask.
fn pause(attempt: u32, left: Duration, fraction: f64) -> Verdict {
    if left.is_zero() {
        return Verdict::Return;
    }
    let doubled = FIRST_BACKOFF.saturating_mul(1 << (attempt - 1).min(16));
    let pause = doubled.min(LONGEST_PAUSE).mul_f64(0.75 + fraction / 2.0);
    Verdict::RetryAfter(pause.min(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(call: Call, class: FailureClass, attempt: u32, elapsed: u64) -> Option<f64> {
        let failure = Failure::new(class, "no");
        hoping(call, &failure, (attempt, elapsed), Hope::Begun)
    }

    fn hoping(
        call: Call,
        failure: &Failure,
        (attempt, elapsed): (u32, u64),
        hope: Hope,
    ) -> Option<f64> {
        let so_far = (attempt, Duration::from_secs(elapsed));
        match verdict(&call, failure, so_far, hope, 1.0) {
            Verdict::Return => None,
            Verdict::RetryAfter(delay) => Some(delay.as_secs_f64()),
        }
    }

    #[test]
    fn throttling_backs_off_whatever_the_call() {
        let call = Call::once("ec2:CreateVpc");
        for (attempt, delay) in [(1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 20.0), (30, 20.0)] {
            assert_eq!(check(call, FailureClass::Throttled, attempt, 0), Some(delay));
        }
        assert_eq!(check(call, FailureClass::Throttled, 60, 0), None);
    }

    #[test]
    fn what_may_have_happened_is_repeated_only_where_that_is_safe() {
        for class in [FailureClass::Unavailable, FailureClass::Ambiguous] {
            assert_eq!(check(Call::once("ec2:CreateVpc"), class, 1, 0), None);
            assert!(check(Call::repeatable("ec2:CreateRouteTable"), class, 1, 0).is_some());
            assert!(check(Call::read("ec2:DescribeVpcs"), class, 1, 0).is_some());
            assert_eq!(check(Call::read("ec2:DescribeVpcs"), class, 8, 0), None);
        }
    }

    /// What never got a connection did not happen: it may be repeated, whatever it is.
    #[test]
    fn no_connection_is_soon_told_while_reading_and_outlasted_while_changing() {
        let failure = Failure::new(FailureClass::Unreachable, "no");
        for call in [Call::read("sts:GetCallerIdentity"), Call::once("ec2:CreateVpc")] {
            let check = |so_far, hope| hoping(call, &failure, so_far, hope);
            assert!(check((1, 0), Hope::Reading).is_some());
            assert!(check((4, 3), Hope::Reading).is_some());
            assert_eq!(check((2, 4), Hope::Reading), None);
            assert!(check((9, 59), Hope::Begun).is_some());
            assert_eq!(check((10, 60), Hope::Begun), None);
        }
    }

    #[test]
    fn races_and_obstacles_are_bounded_by_time() {
        let delete = Call::repeatable("ec2:DeleteSubnet");
        let attach = Call::once("iam:AttachRolePolicy");
        assert_eq!(check(delete, FailureClass::Conflict, 90, 2698), Some(2.0));
        assert_eq!(check(delete, FailureClass::Conflict, 90, 2700), None);
        assert!(check(attach, FailureClass::NotYet, 3, 119).is_some());
        assert_eq!(check(attach, FailureClass::NotYet, 3, 120), None);
        assert_eq!(check(Call::once("ec2:CreateRoute"), FailureClass::NotYet, 3, 300), None);
        let looked_into = delete.returning_conflicts();
        assert_eq!(check(looked_into, FailureClass::Conflict, 1, 0), None);
        assert!(check(looked_into, FailureClass::NotYet, 1, 0).is_some());
    }

    #[test]
    fn everything_else_fails_at_once() {
        use FailureClass::{
            Broken, Capacity, Credentials, Denied, Exists, Internal, Interrupted, Invalid, Missing,
            Quota, TimedOut,
        };
        let final_ones = [
            Broken,
            Capacity,
            Credentials,
            Denied,
            Exists,
            Internal,
            Interrupted,
            Invalid,
            Missing,
            Quota,
            TimedOut,
        ];
        for class in final_ones {
            assert_eq!(check(Call::read("ec2:DescribeVpcs"), class, 1, 0), None, "{class:?}");
        }
    }

    #[test]
    fn every_exception_has_a_reason_and_is_unique() {
        for (index, patience) in PATIENCE.iter().enumerate() {
            assert!(patience.because.len() > 20 && patience.actions.contains(':'));
            assert!(PATIENCE[index + 1..].iter().all(|other| other.actions != patience.actions));
        }
    }
}
