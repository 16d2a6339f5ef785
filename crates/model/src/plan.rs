//! A plan: what changes, and the steps that do it. It leaves nothing for the applier to decide.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::address::{Address, KindName};
use crate::change::{Change, Reason};
use crate::diagnostic::{Diagnostic, Location};
use crate::expression::Expressions;
use crate::proof::Proof;
use crate::snapshot::{Live, Ownership};
use crate::stack::Sentence;

/// The version of the plan's JSON form; raised when a field is added or changes its meaning.
pub const FORMAT: u32 = 1;

/// What is to be done, wholly decided.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// The version of this form.
    pub format: u32,
    /// The stack's name.
    pub stack: String,
    /// The account that it was made for.
    pub account: String,
    /// The Region that it was made for.
    pub region: String,
    /// What the stack was made from; see [`crate::Stack::digest`].
    pub stack_digest: String,
    /// Every resource of the stack and every one that leaves it, in order of address; those that
    /// are as they should be included.
    pub changes: Vec<Change>,
    /// What to do, in an order that is possible one after another; [`Step::after`] says what may
    /// run side by side.
    pub steps: Vec<Step>,
    /// What is not done, and why.
    pub withheld: Vec<Withheld>,
    /// Opinions about the plan.
    #[serde(skip)]
    pub findings: Vec<Diagnostic>,
    /// The sentences to prove.
    pub expect: Vec<Sentence>,
    /// Whether they hold on the network that the plan leads to, in their order. The planner knows
    /// no networks and leaves this empty; whoever does fills it in.
    #[serde(skip)]
    pub proofs: Vec<Proof>,
    /// Outputs of the stack, folded as far as they are known before the plan is applied.
    pub outputs: Expressions,
    /// A digest of every live resource that the plan touches or reads, by address.
    pub fingerprints: BTreeMap<Address, String>,
    /// The chain of steps that determines how long it takes, first to last.
    pub longest_chain: Vec<StepId>,
    /// The typical duration of that chain in seconds.
    pub seconds: u32,
    /// API calls that reading the live state took.
    pub api_calls: u32,
}

/// The index of a step in its plan.
pub type StepId = usize;

/// One thing to do.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// Its index.
    pub id: StepId,
    /// The resource.
    pub address: Address,
    /// Its kind.
    pub kind: KindName,
    /// What to do.
    pub operation: Operation,
    /// The steps that must be done before; all of smaller index.
    pub after: Vec<StepId>,
    /// The typical time that it takes, in seconds.
    pub seconds: u32,
    /// How long what it leaves behind typically holds others, in seconds after it.
    pub lingers: u32,
    /// Where the resource is written, for errors.
    #[serde(skip)]
    pub location: Option<Location>,
}

/// What a step does.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Make it, with all attributes but those of a later step.
    Create {
        /// What it shall be; what is still unknown is an output of an earlier step.
        attributes: Expressions,
        /// Its tags, ours included; a tag may be unknown too.
        tags: Expressions,
        /// Who owns it.
        ownership: Ownership,
        /// For the client token: the same as long as the same thing is to be made. The applier adds
        /// what attributes and tags come to.
        token: String,
    },
    /// Change it in place.
    Update {
        /// Which one.
        target: Target,
        /// All its attributes as they shall be.
        attributes: Expressions,
        /// All its tags as they shall be.
        tags: Expressions,
        /// Who owns it, afterwards; written in the same step.
        ownership: Ownership,
        /// The top-level names of the attributes that differ (`tags` among them).
        changed: Vec<String>,
        /// How it was when the plan was made; none if an earlier step makes it.
        before: Option<Box<Live>>,
    },
    /// Delete it.
    Delete {
        /// How it was when the plan was made.
        before: Box<Live>,
        /// Whether a final snapshot is taken first.
        final_snapshot: bool,
    },
    /// Take our tags off and leave it alone.
    Forget {
        /// How it was when the plan was made.
        before: Box<Live>,
    },
}

/// Which resource an update concerns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The one with this physical id.
    Id(String),
    /// The one that an earlier step makes.
    Step(StepId),
}

/// Something that the plan does not do, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Withheld {
    /// The resource.
    pub address: Address,
    /// Why not.
    pub why: WhyNot,
}

/// Why a plan does not do something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyNot {
    /// It could not be read.
    Unreadable {
        /// AWS's words.
        message: String,
    },
    /// It depends on something that is itself withheld.
    DependsOn {
        /// On what.
        on: Address,
    },
    /// Something that stays, or of which that is not known, needs it.
    NeededBy {
        /// What needs it.
        by: Address,
    },
    /// It reads something that is looked up and of which that is not known.
    NotLookedUp {
        /// What is looked up, without `existing`.
        on: Address,
        /// Why it is not known, as half a sentence: `could not be read: …`.
        because: String,
    },
    /// Something that is not ours stands in its place.
    NotOurs {
        /// The physical id.
        id: String,
        /// Who owns it, as far as its tags tell.
        owner: Option<String>,
    },
    /// The stack says something of it that does not hold, as a finding explains: what it adopts
    /// does not exist, two things claim its address, it is part of a cycle.
    Faulty {
        /// What is wrong.
        message: String,
    },
    /// The difference is left alone because the stack says so.
    Ignored {
        /// The attribute.
        attribute: String,
        /// The reason that the stack gives.
        reason: String,
    },
    /// AWS has accepted the change for later.
    Scheduled {
        /// The attribute.
        attribute: String,
    },
    /// It is protected, by `protect` or by what it holds.
    Protected {
        /// What was asked for.
        wanted: Reason,
        /// How to allow it.
        allow: String,
    },
}

impl Plan {
    /// Whether nothing is to be done. What is withheld does not count.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

impl Operation {
    /// The verb, for events and texts.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::Delete { .. } => "delete",
            Self::Forget { .. } => "forget",
        }
    }

    /// What it changes, as it was when the plan was made; a create changes nothing.
    pub fn before(&self) -> Option<&Live> {
        match self {
            Self::Create { .. } => None,
            Self::Update { before, .. } => before.as_deref(),
            Self::Delete { before, .. } | Self::Forget { before } => Some(before),
        }
    }

    /// The attributes that must be known before the step can run.
    pub fn expressions(&self) -> impl Iterator<Item = &crate::expression::Expression> {
        let maps: [Option<&Expressions>; 2] = match self {
            Self::Create { attributes, tags, .. } | Self::Update { attributes, tags, .. } => {
                [Some(attributes), Some(tags)]
            }
            Self::Delete { .. } | Self::Forget { .. } => [None, None],
        };
        maps.into_iter().flatten().flat_map(BTreeMap::values)
    }
}
