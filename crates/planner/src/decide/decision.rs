//! What happens to one resource.

use trueup_model::change::{AttributeChange, Cause};
use trueup_model::expression::Expressions;
use trueup_model::plan::WhyNot;
use trueup_model::{Kind, Reason};

use crate::index::LiveId;

/// What happens to one resource, and why.
#[derive(Debug, Default)]
pub(crate) struct Decision {
    pub(crate) fate: Fate,
    /// The one that is there; of several, the one that is kept.
    pub(crate) live: Option<LiveId>,
    /// What an interrupted replacement left behind.
    pub(crate) leftovers: Vec<LiveId>,
    /// What it shall be; empty if it is as it should be.
    pub(crate) wanted: Expressions,
    pub(crate) tags: Expressions,
    pub(crate) changes: Vec<AttributeChange>,
    /// Whether its first step does anything, and whether the step of its late attributes does.
    pub(crate) early: bool,
    pub(crate) late: bool,
    pub(crate) cause: Cause,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) remarks: Vec<String>,
    pub(crate) withheld: Vec<WhyNot>,
}

/// What happens to one resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is as it should be.
    #[default]
    Keep,
    Create,
    /// It is changed in place, or only its tags of ownership are written.
    Update,
    /// Another one takes its place.
    Replace {
        create_first: bool,
    },
    /// Too little is known of it: nothing is done to it, nor to what depends on it.
    Blocked,
    /// It is there and differs, and is left as it is because of what changing it would do.
    Held,
}

impl Decision {
    pub(crate) fn blocked(why: WhyNot) -> Self {
        Self { fate: Fate::Blocked, withheld: vec![why], ..Self::default() }
    }

    /// It is as it is there: what others read of it is read from there, but for what AWS never tells.
    pub(super) fn keep(&mut self, kind: &Kind) {
        let written = |name: &str| kind.attribute(name).is_some_and(|a| a.write_only);
        self.wanted.retain(|name, _| written(name));
        self.tags.clear();
    }

    /// Whether another takes its place, or has taken it in a run that was interrupted.
    pub(crate) fn is_replaced(&self) -> bool {
        matches!(self.fate, Fate::Replace { .. }) || !self.leftovers.is_empty()
    }

    pub(super) fn hold(&mut self, why: WhyNot) {
        self.fate = Fate::Held;
        (self.early, self.late) = (false, false);
        (self.wanted, self.tags) = Default::default();
        self.withheld.push(why);
    }
}
