//! The half that calls AWS, through the official SDK.
//!
//! Only this folder and the `live` half of kind files name an SDK type.

mod advice;
mod around;
pub(crate) mod blockers;
mod classify;
mod connect;
pub(crate) mod describe;
mod lease;
pub(crate) mod owned;
mod pages;
mod provider;
pub(crate) mod session;
#[cfg(test)]
pub(crate) mod stage;
mod strangers;
pub(crate) mod tagging;
pub(crate) mod tags;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use trueup_model::snapshot::{Expected, Live, Ownership, Snapshot};
use trueup_model::stack::By;
use trueup_provider::{Create, Delete, Failure, Update};

pub use connect::{ConnectOptions, connect};
pub(crate) use session::Session;

/// How a kind is read. A kind of EC2 says it with [`describe::Described`].
#[async_trait]
pub(crate) trait Reads: Send + Sync {
    /// Every resource of this kind that the stack owns, and those of the names that it expects, in
    /// as few calls as the service allows.
    async fn discover(&self, aws: &Session<'_>, search: &Search<'_>) -> Result<Vec<Live>, Failure>;

    /// The resources with these physical ids that exist, in as few calls as the service allows.
    async fn read(&self, aws: &Session<'_>, ids: &[String]) -> Result<Vec<Live>, Failure>;

    /// Something that is not ours, as `existing` names it.
    async fn find(&self, aws: &Session<'_>, by: &By) -> Result<Option<Live>, Failure>;
}

/// The calls of one kind, behind its declaration in the same file.
///
/// Every call goes through [`Session::call`], which keeps rates, tries again by error class and
/// records; waiting goes through [`Session::ready`] and its siblings, which poll for all resources
/// of the kind at once. So the code here is straight-line.
#[async_trait]
pub(crate) trait Calls: Reads {
    /// Corrects what the kind's own reads cannot tell, from all that an observation found.
    fn reconcile(&self, found: &mut Snapshot) {
        let _ = found;
    }

    /// Makes it, waits until it can be used, and gives it as it then is.
    async fn create(&self, aws: &Session<'_>, request: &Create) -> Result<Live, Failure>;

    /// Makes the attributes named in `changed` as wanted, and waits until AWS reports them so.
    /// Tags are not its business: see [`Calls::retag`].
    async fn update(&self, aws: &Session<'_>, request: &Update) -> Result<(), Failure>;

    /// Deletes it and waits until it is gone.
    async fn delete(&self, aws: &Session<'_>, request: &Delete) -> Result<(), Failure>;

    /// Makes its tags these; as EC2 does it, unless the kind says otherwise.
    async fn retag(
        &self,
        aws: &Session<'_>,
        live: &Live,
        change: &tags::TagChange,
    ) -> Result<(), Failure> {
        aws.retag_ec2(&live.id, change).await
    }
}

/// What is looked for while a stack is discovered.
pub(crate) struct Search<'a> {
    /// The stack.
    pub(crate) stack: &'a str,
    /// What it expects of this kind.
    pub(crate) expected: Vec<&'a Expected>,
    /// Where what is met of others' networks goes, if it is wanted.
    pub(crate) around: Option<&'a Met>,
}

/// What was met of others' networks while a stack was discovered.
#[derive(Default)]
pub(crate) struct Met(Mutex<Vec<Live>>);

impl Met {
    pub(crate) fn add(&self, more: impl IntoIterator<Item = Live>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(more);
    }

    fn into_all(self) -> Vec<Live> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Search<'_> {
    /// What the stack expects by name and asks to adopt, of kinds whose id is their name.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let expected = self.expected.iter().filter_map(|expected| expected.name.clone());
        expected.chain(self.adopted()).collect()
    }

    /// Whether the tagging API, which lags behind, tells of something what the stack expects of its
    /// name, last applied as it is now: that spares a call for each. What it tells otherwise may have
    /// been so before, and the plan after a change would change it again.
    pub(crate) fn expects(&self, name: &str, tags: &BTreeMap<String, String>) -> bool {
        let (told, _) = Ownership::split(tags.clone());
        let mut named = self.expected.iter().filter(|e| e.name.as_deref() == Some(name));
        named.any(|expected| expected.ownership == told)
    }

    /// The physical ids that the stack asks to adopt.
    pub(crate) fn adopted(&self) -> Vec<String> {
        self.expected.iter().filter_map(|expected| expected.adopt.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use trueup_model::snapshot::{ADDRESS_TAG, KEEP_TAG, SPEC_TAG, STACK_TAG};

    use super::*;

    #[test]
    fn what_is_told_of_another_wish_is_not_believed() {
        let expected = Expected {
            address: "log_group.api".parse().unwrap(),
            name: Some("/shop/api".to_owned()),
            adopt: None,
            ownership: Ownership {
                stack: Some("shop".to_owned()),
                address: "log_group.api".parse().ok(),
                spec: Some("new".to_owned()),
                ..Ownership::default()
            },
        };
        let search = Search { stack: "shop", expected: vec![&expected], around: None };
        let tags = |stack: &str, address: &str, spec: &str| {
            let tags = [(STACK_TAG, stack), (ADDRESS_TAG, address), (SPEC_TAG, spec)];
            BTreeMap::from(tags.map(|(tag, value)| (tag.to_owned(), value.to_owned())))
        };
        let is_believed = |stack: &str, address: &str, spec: &str| {
            search.expects("/shop/api", &tags(stack, address, spec))
        };
        let address = expected.address.to_tag();
        assert!(is_believed("shop", &address, "new"));
        assert!(!is_believed("shop", &address, "old"), "it was changed since");
        assert!(!is_believed("shop", "log_group.web", "new"));
        assert!(!is_believed("other", &address, "new"));
        let mut kept = tags("shop", &address, "new");
        kept.insert(KEEP_TAG.to_owned(), "retain".to_owned());
        assert!(!search.expects("/shop/api", &kept), "what keeps it may have been taken off");
    }
}
