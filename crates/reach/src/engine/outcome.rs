//! What the pairs of a question have shown so far.

use crate::verdict::{Answer, Passage, Stop};

/// How many pairs of interfaces get evidence: the first ones show what there is to see, and a
/// family of hundreds would bury it.
const SHOWN: usize = 8;

/// What has been found for all pairs so far.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) passages: Vec<Passage>,
    pub(super) stops: Vec<Stop>,
    pub(super) stopped: bool,
    pub(super) leaks: bool,
    pub(super) possible: Vec<Passage>,
}

impl Outcome {
    pub(super) fn pass(&mut self, passage: Passage) {
        self.leaks = true;
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

    pub(super) fn leak(&mut self, passage: Passage) {
        self.leaks = true;
        self.possible.push(passage);
    }

    pub(super) fn into_answer(self) -> Answer {
        let Self { mut passages, stops, stopped, leaks, possible } = self;
        passages.extend(possible);
        match (stopped, leaks) {
            (false, _) => Answer::Reaches { passages },
            (true, true) => Answer::Partly { passages, stops },
            (true, false) => Answer::Stops { stops },
        }
    }
}
