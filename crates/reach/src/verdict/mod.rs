//! Questions and answers, as data that prints itself.

mod change;
mod show;

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use change::Change;

use crate::network::Name;
use crate::packets::{Packet, Traffic};

/// One end of a question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// A resource by its name in the network.
    Resource(Name),
    /// Every public address. `0.0.0.0/0` and `::/0` mean its IPv4 and IPv6 half.
    Internet,
    /// Addresses, inside the network or out of it.
    Cidr(IpNet),
    /// An AWS service by its short name: `s3`, `secretsmanager`, `ssm`. Asked without a port, it
    /// means TCP 443.
    Service(String),
}

/// A question: who reaches whom, with what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// Who sends.
    pub from: End,
    /// Who receives.
    pub to: End,
    /// Which traffic; any when absent.
    #[serde(default)]
    pub traffic: Option<Traffic>,
}

impl Query {
    /// Whether `from` reaches `to` at all.
    pub const fn any(from: End, to: End) -> Self {
        Self { from, to, traffic: None }
    }

    /// Whether `from` reaches `to` on a TCP port.
    pub const fn tcp(from: End, to: End, port: u16) -> Self {
        Self { from, to, traffic: Some(Traffic::tcp(port)) }
    }
}

/// A statement about the network that is to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sentence {
    /// Who and whom.
    pub query: Query,
    /// Whether the sentence says "does not reach".
    #[serde(default)]
    pub negated: bool,
}

/// Whether a sentence holds, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proof {
    /// The sentence.
    pub sentence: Sentence,
    /// Whether it holds; none where nobody can say, as it hangs on what the model does not look into.
    pub holds: Option<bool>,
    /// The answer behind it.
    pub verdict: Verdict,
}

/// Why a question cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// There is no such resource.
    #[error("`{0}` is not in the network")]
    UnknownResource(Name),
}

/// The answer to a question, with evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// The question.
    pub query: Query,
    /// How much passes, as far as the model looks.
    pub answer: Answer,
    /// What the answer hangs on where the model does not look.
    pub beyond: Beyond,
    /// Ways through load balancers that end connections, where there are any. What these send is their
    /// own and does not count for [`Verdict::answer`].
    pub relays: Vec<Relay>,
}

/// Gateways that the model does not look into, where a sentence hangs on them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Beyond {
    /// If these let everything pass, "reaches" holds. Empty where it holds anyway, or not even then.
    pub reaches: BTreeSet<Name>,
    /// Only if these let something pass, "does not reach" is wrong. Empty where it is wrong anyway, or
    /// not even then.
    pub passes: BTreeSet<Name>,
}

/// How much passes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Everything that "reaches" promises.
    Reaches {
        /// A way for each pair of interfaces (the first few of many).
        passages: Vec<Passage>,
    },
    /// Something, or something that cannot be excluded, but not everything.
    Partly {
        /// What passes or may pass.
        passages: Vec<Passage>,
        /// What does not.
        stops: Vec<Stop>,
    },
    /// Nothing.
    Stops {
        /// Where it stops, for each pair of interfaces (the first few of many).
        stops: Vec<Stop>,
    },
}

impl Answer {
    /// What passes or may pass.
    pub fn passages(&self) -> &[Passage] {
        match self {
            Self::Reaches { passages } | Self::Partly { passages, .. } => passages,
            Self::Stops { .. } => &[],
        }
    }

    /// Where it stops.
    pub fn stops(&self) -> &[Stop] {
        match self {
            Self::Stops { stops } | Self::Partly { stops, .. } => stops,
            Self::Reaches { .. } => &[],
        }
    }
}

impl Verdict {
    /// Whether "FROM reaches TO" holds.
    pub fn reaches(&self) -> bool {
        matches!(self.answer, Answer::Reaches { .. })
    }

    /// Whether "FROM does not reach TO" holds.
    pub fn never_reaches(&self) -> bool {
        matches!(self.answer, Answer::Stops { .. })
    }

    /// Whether the sentence holds; none where that hangs on what the model does not look into.
    pub fn holds(&self, negated: bool) -> Option<bool> {
        let holds = if negated { self.never_reaches() } else { self.reaches() };
        (holds || self.hangs_on(negated).is_empty()).then_some(holds)
    }

    /// The gateways behind which somebody must look to say whether the sentence holds.
    pub fn hangs_on(&self, negated: bool) -> &BTreeSet<Name> {
        if negated { &self.beyond.passes } else { &self.beyond.reaches }
    }

    /// What passes or may pass.
    pub fn passages(&self) -> &[Passage] {
        self.answer.passages()
    }

    /// Where it stops.
    pub fn stops(&self) -> &[Stop] {
        self.answer.stops()
    }
}

/// A way that a packet takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passage {
    /// The interface or place that sends.
    pub from: String,
    /// The interface or place that receives.
    pub to: String,
    /// A packet that takes it, with private addresses where AWS translates.
    pub packet: Packet,
    /// Each place on the way and the rule that lets the packet through, then the way back.
    pub hops: Vec<Hop>,
    /// The parts of `internet` for which it does not hold.
    pub except: Vec<IpNet>,
}

/// A place on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// The element that decides, in the words of the stack.
    pub at: String,
    /// The rule that lets the packet through, or the fact.
    pub rule: String,
    /// Whether this is about the answer.
    pub reply: bool,
}

/// Where packets stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stop {
    /// The interface or place that sends.
    pub from: String,
    /// The interface or place that receives.
    pub to: String,
    /// A packet that does not get through; absent where there is nothing to send it to.
    pub packet: Option<Packet>,
    /// The element that stops it, in the words of the stack.
    pub at: String,
    /// The rule that stops it, or what is missing.
    pub reason: String,
    /// Further places on the same way that would stop it too.
    pub then: Vec<Hop>,
    /// The changes that open the way, one for each place that stops it. Empty where no change of
    /// the network would.
    pub changes: Vec<Change>,
}

/// A way through a load balancer that ends connections and sends requests of its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Relay {
    /// The load balancer.
    pub through: Name,
    /// The port that it listens on.
    pub listener: u16,
    /// The port that it forwards to.
    pub port: u16,
    /// How much of the connections to the load balancer passes.
    pub first: Answer,
    /// How much of those from it.
    pub second: Answer,
}

impl Relay {
    /// Whether both connections hold.
    pub fn is_open(&self) -> bool {
        [&self.first, &self.second].iter().all(|leg| matches!(leg, Answer::Reaches { .. }))
    }

    /// Whether neither connection, or only one of them, is possible.
    pub fn is_shut(&self) -> bool {
        [&self.first, &self.second].iter().any(|leg| matches!(leg, Answer::Stops { .. }))
    }
}
