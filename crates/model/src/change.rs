//! What a plan changes, and why, as data: every sentence that a user reads is made from this.

use serde::{Deserialize, Serialize};

use crate::address::{Address, KindName};
use crate::diagnostic::Location;
use crate::value::Value;

/// What happens to one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// A new one takes its place: the new one is made first.
    CreateThenDelete,
    /// A new one takes its place: the old one is deleted first.
    DeleteThenCreate,
    /// It is deleted.
    Delete,
    /// It exists and is taken over: tagged, and changed where it differs.
    Adopt,
    /// Its address changed: a tag is rewritten, and it is changed where it differs.
    Move,
    /// It leaves the stack and stays in AWS, without our tags.
    Forget,
    /// It is as it should be.
    Nothing,
}

impl Action {
    /// Whether it is one of the two ways to replace.
    pub fn replaces(self) -> bool {
        matches!(self, Self::CreateThenDelete | Self::DeleteThenCreate)
    }
}

/// The planned change of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The resource.
    pub address: Address,
    /// Its kind.
    pub kind: KindName,
    /// What happens to it.
    pub action: Action,
    /// Its physical id, if it exists.
    pub id: Option<String>,
    /// Which side moved.
    pub cause: Cause,
    /// Why this action and no lesser one.
    pub reasons: Vec<Reason>,
    /// What changes in it, in order of path.
    pub attributes: Vec<AttributeChange>,
    /// The worst that the change does to whoever uses the resource.
    pub disruption: Disruption,
    /// The typical time that it takes, in seconds.
    pub seconds: u32,
    /// Said, but no change: a newer AMI exists.
    pub remarks: Vec<String>,
    /// Where the resource is written; none for what left the file.
    #[serde(skip)]
    pub location: Option<Location>,
}

/// Which side of a difference moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The file changed since it was last applied.
    File,
    /// The file is as it was last applied: the world changed.
    Drift,
    /// Something that it refers to changes.
    Dependency,
    /// Nothing differs.
    #[default]
    None,
}

/// Why an action is what it is. Each reads as a sentence in the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nothing with this address exists.
    DoesNotExist,
    /// It was deleted behind our back: other things of the stack exist.
    Vanished,
    /// These attributes cannot change in place.
    CannotChangeInPlace {
        /// Their paths.
        attributes: Vec<String>,
    },
    /// The old one must go before the new one can be made.
    CannotCoexist {
        /// Why.
        because: String,
    },
    /// What it refers to is replaced, and it cannot follow in place.
    DependencyReplaced {
        /// What is replaced.
        on: Address,
    },
    /// It failed in AWS and cannot be repaired.
    Failed {
        /// AWS's state and reason.
        state: String,
    },
    /// It is being deleted already: that is waited for.
    Deleting {
        /// AWS's state.
        state: String,
    },
    /// The stack no longer names it.
    LeftTheStack,
    /// It was replaced, and the run that did so ended before the old one was deleted.
    Superseded {
        /// The physical id of the old one.
        id: String,
    },
    /// The whole stack is destroyed.
    Destroyed,
    /// The stack says `adopt`.
    AdoptRequested,
    /// The stack says `moved_from`.
    MovedFrom {
        /// The former address.
        from: Address,
    },
    /// The stack says `on_destroy: retain`.
    Retained,
    /// The stack says it in other words than when it was applied, and it is as it should be: that is
    /// noted in its tag `trueup:spec`, by which what the world changes is told from what the file does.
    Reworded,
}

/// The change of one attribute, or of one element of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttributeChange {
    /// The path: `instance_class`, `routes[0.0.0.0/0]`, `tags.project`.
    pub path: String,
    /// The value in AWS; `Null` if there is none.
    pub before: Value,
    /// The value afterwards.
    pub after: After,
    /// Whether it cannot change in place.
    pub replaces: bool,
    /// What changing it does to whoever uses the resource.
    pub disruption: Disruption,
    /// How much it matters when the world changed it.
    pub class: DriftClass,
}

/// The value of an attribute after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum After {
    /// This; `Null` when it is removed.
    Value(Value),
    /// What AWS will have made by then; the text names it: `db_instance.main.secret_arn`.
    Unknown(String),
    /// A value that cannot be compared or shown.
    Sensitive,
}

/// What a change does to whoever uses the resource; each is worse than the one before.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Disruption {
    /// Nobody notices.
    #[default]
    None,
    /// Seconds: a restart, a failover, dropped connections.
    Brief,
    /// It is away while the change lasts.
    Outage,
    /// What it holds is lost.
    DataLoss,
}

/// How much a change behind our back matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftClass {
    /// Names, descriptions, tags.
    Cosmetic,
    /// It works differently.
    Functional,
    /// It lets in or out who should not be, or weakens protection.
    Security,
}
