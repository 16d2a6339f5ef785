//! The narrow waist: what the engine asks of AWS, and what it lends in return.
//!
//! [`Provider`] is implemented twice: by `trueup-aws` (over the official SDK) and by `trueup-sim`
//! (in memory). [`Host`] is implemented once, by the applier: rate limits, retries, waiting and the
//! event stream are its business, so that a kind's code is straight-line calls.

mod call;
mod failure;
mod host;
mod lease;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use trueup_model::expression::Expressions;
use trueup_model::snapshot::{Live, Ownership, Snapshot, Wanted};
use trueup_model::value::Values;
use trueup_model::{Address, KindName};

pub use call::{Call, Safety, call};
pub use failure::{Failure, FailureClass};
pub use host::{Bucket, CallOutcome, Host, Limits, Until, Verdict};
pub use lease::{LeaseEntry, LeaseStore, Leases};

/// After how long what was made shows in AWS's lists with its tags, in all but name certain: EC2 is
/// consistent only after a while, and making a second one is worse than waiting. Who cannot know what
/// was made just before looks only then.
pub const VISIBLE_AFTER: Duration = Duration::from_secs(8);

/// Reads and changes an account in one Region.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Whose account it is; the cheapest call there is, and the one that finds bad credentials.
    async fn identity(&self, host: &dyn Host) -> Result<Identity, Failure>;

    /// Reads everything that the stack owns or names, in few rounds of batched calls.
    ///
    /// One unreadable kind does not hide the others: it is listed in [`Snapshot::unreadable`].
    /// `Err` is for what makes the whole answer worthless (no credentials, no network).
    async fn observe(&self, host: &dyn Host, wanted: &Wanted) -> Result<Snapshot, Failure>;

    /// Reads some resources of one kind by physical id, in as few calls as the service allows.
    /// What does not exist is missing in the answer. The applier waits with it.
    async fn poll(
        &self,
        host: &dyn Host,
        kind: &KindName,
        ids: &[String],
    ) -> Result<BTreeMap<String, Live>, Failure>;

    /// Makes a resource and waits until it can be used.
    ///
    /// Idempotent: called again after a failure or a crash it finds what the first call made, by
    /// token, name or ownership tags, and goes on from there.
    async fn create(&self, host: &dyn Host, request: &Create) -> Result<Live, Failure>;

    /// Changes a resource in place and waits until AWS reports what was asked for.
    async fn update(&self, host: &dyn Host, request: &Update) -> Result<Live, Failure>;

    /// Deletes a resource and waits until it is gone. What is gone already is success.
    async fn delete(&self, host: &dyn Host, request: &Delete) -> Result<(), Failure>;

    /// Takes our tags off a resource and leaves it alone.
    async fn forget(&self, host: &dyn Host, before: &Live) -> Result<(), Failure>;

    /// The rates that the applier keeps to.
    fn limits(&self) -> Limits;

    /// Where leases are kept, if that is possible here.
    fn leases(&self) -> Option<&dyn LeaseStore> {
        None
    }
}

/// Whose account it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The twelve digits of the account.
    pub account: String,
    /// Who calls, as an ARN.
    pub arn: String,
    /// The Region that calls go to.
    pub region: String,
}

/// A resource to make; everything in it is known.
#[derive(Debug, Clone)]
pub struct Create {
    /// Its address.
    pub address: Address,
    /// Its kind.
    pub kind: KindName,
    /// What it shall be; attributes of a later step are missing.
    pub attributes: Values,
    /// All its tags but ours.
    pub tags: BTreeMap<String, String>,
    /// Who owns it: written as tags in the create call itself.
    pub ownership: Ownership,
    /// For the client token, at most 64 ASCII characters.
    pub token: String,
}

/// A resource to change in place; everything in it is known.
#[derive(Debug, Clone)]
pub struct Update {
    /// Its address.
    pub address: Address,
    /// Its kind.
    pub kind: KindName,
    /// Its physical id.
    pub id: String,
    /// All its attributes as they shall be.
    pub attributes: Values,
    /// All its tags but ours, as they shall be.
    pub tags: BTreeMap<String, String>,
    /// Who owns it, afterwards.
    pub ownership: Ownership,
    /// The top-level names of the attributes that differ (`tags` among them).
    pub changed: Vec<String>,
    /// How it was when the plan was made, or just after an earlier step made it.
    pub before: Live,
}

/// A resource to delete.
#[derive(Debug, Clone)]
pub struct Delete {
    /// Its address.
    pub address: Address,
    /// How it was when the plan was made.
    pub before: Live,
    /// Whether a final snapshot is taken first.
    pub final_snapshot: bool,
}

impl Create {
    /// Our tags and the others, as they stand on the resource.
    pub fn all_tags(&self) -> BTreeMap<String, String> {
        all_tags(&self.tags, &self.ownership)
    }
}

impl Update {
    /// Our tags and the others, as they shall stand on the resource.
    pub fn all_tags(&self) -> BTreeMap<String, String> {
        all_tags(&self.tags, &self.ownership)
    }

    /// Whether this attribute is one of those that differ.
    pub fn changes(&self, attribute: &str) -> bool {
        self.changed.iter().any(|changed| changed == attribute)
    }
}

fn all_tags(tags: &BTreeMap<String, String>, ownership: &Ownership) -> BTreeMap<String, String> {
    let mut all = tags.clone();
    all.extend(ownership.to_tags());
    all
}

/// The values of expressions, all of which are known by now.
///
/// The name of the first that is not known is the error: it is a fault of the plan.
pub fn values(expressions: &Expressions) -> Result<Values, String> {
    let known = expressions.iter().map(|(name, expression)| {
        expression.to_value().map(|value| (name.clone(), value)).ok_or_else(|| name.clone())
    });
    known.collect()
}
