//! What RDS means when it says that a database is in the wrong state for a change.

use trueup_model::Condition;
use trueup_provider::{Failure, FailureClass};

use super::{KIND, describe, filter_of, shape};
use crate::live::Session;

/// Milliseconds for which a database that is said to be available may still be at something.
const SETTLES_WITHIN: u64 = 300_000;

/// The state that a database is in; none if there is none of that name.
pub(super) async fn condition(aws: &Session<'_>, id: &str) -> Result<Option<Condition>, Failure> {
    let found = describe(aws, Some(filter_of(&[id.to_owned()]))).await?;
    Ok(found.first().map(|one| shape::normalise(one).condition))
}

/// `InvalidDBInstanceState` passes where the state does; `begin` is when the call was first made. It
/// is of the class "exists already" where the database is being deleted.
pub(super) async fn judged(aws: &Session<'_>, id: &str, begin: u64, failure: Failure) -> Failure {
    if !failure.is("InvalidDBInstanceState") {
        return failure;
    }
    // Where it cannot be looked at, waiting is what helps most often.
    let Ok(now) = condition(aws, id).await else { return failure };
    meaning(id, now.as_ref(), aws.host.now().saturating_sub(begin), &failure)
}

fn meaning(id: &str, now: Option<&Condition>, age: u64, failure: &Failure) -> Failure {
    let of = |class| Failure { class, ..failure.clone() };
    match now {
        None => of(FailureClass::Missing),
        Some(Condition::Deleting(_)) => of(FailureClass::Exists),
        Some(Condition::Pending(_)) => of(FailureClass::Conflict),
        Some(Condition::Ready) if age < SETTLES_WITHIN => of(FailureClass::Conflict),
        Some(Condition::Ready) => of(FailureClass::Invalid),
        Some(Condition::Impaired(state)) if state == "stopped" => of(FailureClass::Invalid).help(
            format!("it is stopped: start it first, with `aws rds start-db-instance --db-instance-identifier {id}`"),
        ),
        Some(Condition::Impaired(state) | Condition::Failed(state)) => {
            of(FailureClass::Invalid).help(format!("{KIND} {id} is '{state}': help it out of that first"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_state_that_passes_is_waited_out() {
        let of = |now: Option<Condition>, age: u64| {
            let failure = Failure::new(FailureClass::Conflict, "not in available state");
            let judged = meaning("shop", now.as_ref(), age, &failure);
            (judged.class, judged.help.len())
        };
        let named = str::to_owned;
        assert_eq!(
            of(Some(Condition::Pending(named("modifying"))), 0),
            (FailureClass::Conflict, 0)
        );
        assert_eq!(of(Some(Condition::Ready), 0), (FailureClass::Conflict, 0));
        assert_eq!(of(Some(Condition::Ready), SETTLES_WITHIN), (FailureClass::Invalid, 0));
        assert_eq!(of(Some(Condition::Impaired(named("stopped"))), 0), (FailureClass::Invalid, 1));
        assert_eq!(of(Some(Condition::Failed(named("failed"))), 0), (FailureClass::Invalid, 1));
        assert_eq!(of(Some(Condition::Deleting(named("deleting"))), 0), (FailureClass::Exists, 0));
        assert_eq!(of(None, 0), (FailureClass::Missing, 0));
    }
}
