//! Whether a sentence of `expect` holds, and why.

use serde::Serialize;

use crate::address::Address;
use crate::diagnostic::Location;

/// A sentence that somebody tried to prove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The sentence as written, variables filled in.
    pub text: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// Why: the way that packets take, or where they stop and what would let them pass. One fact
    /// a line.
    pub evidence: Vec<String>,
    /// What would mend a broken sentence, each enough for one obstacle.
    pub changes: Vec<String>,
    /// The changes of the plan without which the verdict would be another.
    pub affected_by: Vec<Address>,
    /// Where the sentence is written.
    #[serde(skip)]
    pub location: Option<Location>,
}

/// Whether a sentence holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds for every packet.
    Proved,
    /// Nobody can say: something that decides is not known or not modelled.
    Unknown,
    /// It does not hold.
    Broken,
}
