//! Whether what was read is what is waited for.

use std::time::Duration;

use trueup_model::{Condition, Live};
use trueup_provider::{Failure, FailureClass, Until};

/// What follows from one look.
#[derive(Debug)]
pub(crate) enum Look {
    /// It is as wanted.
    Satisfied(Option<Box<Live>>),
    /// Not yet; AWS's word for the state that it is in, or ours.
    NotYet(String),
    /// It never will be.
    Never(Failure),
}

/// What earlier looks saw.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Sightings {
    /// When it was last there, counted from the beginning of the wait.
    pub(crate) last: Option<Duration>,
}

/// How long something new may be invisible: EC2's budget in practice.
const PROPAGATION: Duration = Duration::from_mins(5);
/// How long something that was seen may be invisible before it counts as gone: a read may come
/// from a replica that is behind.
const BLINK: Duration = Duration::from_secs(20);

/// Judges a look that was taken `age` after the wait began.
pub(crate) fn judge(
    until: &Until<'_>,
    live: Option<Live>,
    age: Duration,
    sightings: &mut Sightings,
) -> Look {
    if live.is_some() {
        sightings.last = Some(age);
    }
    match until {
        Until::Holds(predicate) if predicate(live.as_ref()) => Look::Satisfied(live.map(Box::new)),
        Until::Holds(_) => Look::NotYet(state(live.as_ref(), "not as wanted yet")),
        Until::Gone if live.is_none() => Look::Satisfied(None),
        Until::Gone => Look::NotYet(state(live.as_ref(), "still there")),
        Until::Ready => usable(live, &|_| true, age, *sightings),
        Until::Shows(predicate) => usable(live, predicate, age, *sightings),
    }
}

fn usable(
    live: Option<Live>,
    predicate: &dyn Fn(&Live) -> bool,
    age: Duration,
    sightings: Sightings,
) -> Look {
    let Some(live) = live else { return invisible(age, sightings) };
    match &live.condition {
        Condition::Ready if predicate(&live) => Look::Satisfied(Some(Box::new(live))),
        Condition::Ready | Condition::Pending(_) => {
            Look::NotYet(state(Some(&live), "ready, but not as asked yet"))
        }
        Condition::Impaired(state) | Condition::Failed(state) | Condition::Deleting(state) => {
            Look::Never(broken(&live, state))
        }
    }
}

fn invisible(age: Duration, sightings: Sightings) -> Look {
    match sightings.last {
        Some(last) if age.saturating_sub(last) >= BLINK => Look::Never(Failure::new(
            FailureClass::Missing,
            "it was there and is gone: something else deleted it",
        )),
        None if age >= PROPAGATION => Look::Never(Failure::new(
            FailureClass::Missing,
            format!("it did not become visible within {} seconds", PROPAGATION.as_secs()),
        )),
        Some(_) | None => Look::NotYet("not visible yet".to_owned()),
    }
}

fn broken(live: &Live, state: &str) -> Failure {
    Failure::new(
        FailureClass::Broken,
        format!("{} ended in a state that it does not leave by itself: {state}", live.id),
    )
}

fn state(live: Option<&Live>, otherwise: &str) -> String {
    let word = match live.map(|live| &live.condition) {
        Some(
            Condition::Pending(word)
            | Condition::Impaired(word)
            | Condition::Failed(word)
            | Condition::Deleting(word),
        ) => word.as_str(),
        Some(Condition::Ready) | None => otherwise,
    };
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use trueup_model::{KindName, Value};

    use super::*;

    fn live(condition: Condition) -> Live {
        Live {
            kind: KindName::from("vpc"),
            id: "vpc-1".to_owned(),
            ownership: trueup_model::Ownership::default(),
            attributes: [("size".to_owned(), Value::Int(1))].into(),
            outputs: trueup_model::value::Values::new(),
            tags: std::collections::BTreeMap::new(),
            condition,
            scheduled: trueup_model::value::Values::new(),
        }
    }

    fn check(until: Until<'_>, live: Option<Live>, age: u64, last: Option<u64>) -> String {
        let mut sightings = Sightings { last: last.map(Duration::from_secs) };
        match judge(&until, live, Duration::from_secs(age), &mut sightings) {
            Look::Satisfied(live) => format!("satisfied, there: {}", live.is_some()),
            Look::NotYet(state) => state,
            Look::Never(failure) => format!("{:?}: {failure}", failure.class),
        }
    }

    #[test]
    fn ready_is_a_condition() {
        let pending = || Some(live(Condition::Pending("creating".to_owned())));
        let failed = || Some(live(Condition::Failed("failed: no capacity".to_owned())));
        let ready = || Some(live(Condition::Ready));
        assert_eq!(check(Until::Ready, ready(), 0, None), "satisfied, there: true");
        assert_eq!(check(Until::Ready, pending(), 900, None), "creating");
        assert_eq!(
            check(Until::Ready, failed(), 1, None),
            "Broken: vpc-1 ended in a state that it does not leave by itself: failed: no capacity"
        );
        let grown = |live: &Live| live.get("size").as_int() == Some(2);
        assert_eq!(check(Until::Shows(&grown), ready(), 1, None), "ready, but not as asked yet");
    }

    #[test]
    fn what_is_new_may_be_invisible_and_what_was_seen_may_blink() {
        assert_eq!(check(Until::Ready, None, 299, None), "not visible yet");
        assert!(check(Until::Ready, None, 300, None).starts_with("Missing: it did not become"));
        assert_eq!(check(Until::Ready, None, 1000, Some(990)), "not visible yet");
        assert!(check(Until::Ready, None, 1000, Some(980)).starts_with("Missing: it was there"));
    }

    #[test]
    fn looks_remember_when_it_was_last_there() {
        let (mut sightings, at) = (Sightings::default(), Duration::from_secs);
        let pending = || Some(live(Condition::Pending("creating".to_owned())));
        let mut look = |live, age| judge(&Until::Ready, live, at(age), &mut sightings);
        assert!(matches!(look(pending(), 10), Look::NotYet(_)));
        assert!(matches!(look(None, 29), Look::NotYet(_)), "a blink");
        assert!(matches!(look(pending(), 35), Look::NotYet(_)));
        assert!(matches!(look(None, 54), Look::NotYet(_)), "another blink");
        assert!(matches!(look(None, 55), Look::Never(_)), "gone");
    }

    #[test]
    fn gone_and_holds_leave_states_to_the_caller() {
        let failed = || Some(live(Condition::Failed("delete-failed".to_owned())));
        assert_eq!(check(Until::Gone, failed(), 1, None), "delete-failed");
        assert_eq!(check(Until::Gone, None, 1, None), "satisfied, there: false");
        assert_eq!(
            check(Until::Holds(&|live| live.is_some()), failed(), 1, None),
            "satisfied, there: true"
        );
        assert_eq!(check(Until::Holds(&|live| live.is_some()), None, 1, None), "not as wanted yet");
    }
}
