//! What a run leaves, as far as the next one has to know.

use trueup_model::Snapshot;

use crate::report::{Ended, Report};

/// What a run leaves that gives its lease up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Resources, all of which it has seen.
    Settled,
    /// It broke off: there may be more than AWS lists yet, so the next run waits a little.
    Unsettled,
    /// Nothing of the stack; nothing of the lease shall stay either.
    Nothing,
}

impl Left {
    /// What a run of this stack leaves that only read.
    pub fn seen(stack: &str, snapshot: &Snapshot) -> Self {
        let is_there = snapshot.resources.iter().any(|live| live.is_owned_by(stack));
        if is_there { Self::Settled } else { Self::Nothing }
    }

    /// What a run leaves that carried a plan out; `read_all` says whether all that exists was read
    /// before.
    ///
    /// What failed or was broken off may have happened all the same: a create may have made what was not
    /// seen since, and so may an update, which adds to a resource what it has of its own (a network, a
    /// rule). The lists of AWS may not show it yet, and the next run would ask for it again.
    pub fn after(report: &Report, read_all: bool) -> Self {
        let mut failed = report.failed.iter();
        if failed.any(|failed| matches!(failed.verb, "create" | "update")) {
            Self::Unsettled
        } else if report.ended == Ended::Done && report.lives.is_empty() && read_all {
            Self::Nothing
        } else {
            Self::Settled
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use trueup_model::value::Values;
    use trueup_model::{Address, Condition, Live, Ownership};
    use trueup_provider::{Failure, FailureClass};

    use super::*;
    use crate::events::Events;
    use crate::report::Failed;

    fn report(failed: Option<&'static str>) -> Report {
        let failure = Failure::new(FailureClass::Interrupted, "stopped");
        let address = Address::new("vpc", "main");
        let failed = failed.map(|verb| Failed { step: 0, address, verb, failure, location: None });
        let mut report =
            Report { failed: failed.into_iter().collect(), ..Report::new(&Events::unread()) };
        report.settle();
        report
    }

    #[test]
    fn what_was_made_or_changed_in_part_may_not_show_yet() {
        for verb in ["create", "update"] {
            assert_eq!(Left::after(&report(Some(verb)), true), Left::Unsettled, "{verb}");
        }
        for verb in ["delete", "forget"] {
            assert_eq!(Left::after(&report(Some(verb)), true), Left::Settled, "{verb}");
        }
    }

    #[test]
    fn nothing_is_left_only_where_all_was_read() {
        assert_eq!(Left::after(&report(None), true), Left::Nothing);
        assert_eq!(Left::after(&report(None), false), Left::Settled);
    }

    #[test]
    fn who_only_read_leaves_what_was_there() {
        let mut snapshot = Snapshot::default();
        assert_eq!(Left::seen("shop", &snapshot), Left::Nothing);
        snapshot.resources.push(Live {
            kind: "vpc".into(),
            id: "vpc-1".to_owned(),
            ownership: Ownership { stack: Some("shop".to_owned()), ..Ownership::default() },
            attributes: Values::new(),
            outputs: Values::new(),
            tags: BTreeMap::new(),
            condition: Condition::Ready,
            scheduled: Values::new(),
        });
        assert_eq!(Left::seen("shop", &snapshot), Left::Settled);
    }
}
