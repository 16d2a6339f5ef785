//! What the pairs of a question have shown so far.

use std::collections::BTreeSet;

use crate::network::Name;
use crate::verdict::{Answer, Beyond, Passage, Query, Stop, Verdict};

/// How many pairs of interfaces get evidence: the first ones show what there is to see, and a
/// family of hundreds would bury it.
const SHOWN: usize = 8;

/// What has been found for all pairs so far.
#[derive(Default)]
pub(super) struct Outcome {
    passages: Vec<Passage>,
    stops: Vec<Stop>,
    pub(super) stopped: bool,
    /// Whether something passes, or may, by a way that the model looks into all along.
    pub(super) is_open: bool,
    /// What may pass though it is not promised.
    possible: Option<Passage>,
    /// The gateways by which something may pass that the model does not look into.
    passed: BTreeSet<Name>,
    /// Those that may make up for every stop.
    opened: BTreeSet<Name>,
    /// Whether there is a stop that none of them makes up for.
    is_shut: bool,
}

impl Outcome {
    pub(super) fn pass(&mut self, passage: Passage) {
        self.is_open = true;
        if self.passages.len() < SHOWN {
            self.passages.push(passage);
        }
    }

    pub(super) fn stop(&mut self, stop: Stop) {
        self.stopped = true;
        let same = |known: &Stop| (&known.at, &known.reason) == (&stop.at, &stop.reason);
        if self.stops.len() < SHOWN && !self.stops.iter().any(same) {
            self.stops.push(stop);
        }
    }

    /// Notes by which gateways that the model does not look into what stops may pass in full.
    pub(super) fn opens(&mut self, gateways: Option<BTreeSet<Name>>) {
        match gateways {
            Some(gateways) => self.opened.extend(gateways),
            None => self.is_shut = true,
        }
    }

    /// Notes what may pass, by gateways that the model does not look into if there are any.
    pub(super) fn leak(&mut self, passage: Passage, gateways: BTreeSet<Name>) {
        // What passes without them says more.
        if self.possible.is_none() || (gateways.is_empty() && !self.is_open) {
            self.possible = Some(passage);
        }
        self.is_open |= gateways.is_empty();
        self.passed.extend(gateways);
    }

    pub(super) fn into_verdict(self, query: Query) -> Verdict {
        let Self { mut passages, stops, stopped, is_open, possible, passed, opened, is_shut } =
            self;
        let leaks = is_open || possible.is_some();
        passages.extend(possible);
        let answer = match (stopped, leaks) {
            (false, _) => Answer::Reaches { passages },
            (true, true) => Answer::Partly { passages, stops },
            (true, false) => Answer::Stops { stops },
        };
        let beyond = Beyond {
            reaches: if is_shut { BTreeSet::new() } else { opened },
            passes: if is_open { BTreeSet::new() } else { passed },
        };
        Verdict { query, answer, beyond, relays: Vec::new() }
    }
}
