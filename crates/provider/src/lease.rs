//! Where the lease of a stack is kept: one small text for each generation, made but once.

use async_trait::async_trait;

use crate::failure::Failure;
use crate::host::Host;

/// Texts by stack and generation. What is in them, and what follows from it, is the applier's.
///
/// Reads may lag some seconds behind. [`LeaseStore::create`] must not: of all who create the same
/// generation exactly one succeeds.
#[async_trait]
pub trait LeaseStore: Send + Sync {
    /// Every generation of a stack, in order.
    async fn list(&self, host: &dyn Host, stack: &str) -> Result<Leases, Failure>;

    /// Makes a generation. Fails with [`crate::FailureClass::Exists`] if there is one, or was one
    /// a moment ago; after a failure that [`Failure::may_have_happened`] the caller looks.
    async fn create(
        &self,
        host: &dyn Host,
        stack: &str,
        generation: u64,
        text: &str,
    ) -> Result<(), Failure>;

    /// Writes a generation anew, whether it is there or not.
    async fn write(
        &self,
        host: &dyn Host,
        stack: &str,
        generation: u64,
        text: &str,
    ) -> Result<(), Failure>;

    /// Deletes a generation. What is gone already is success.
    async fn delete(&self, host: &dyn Host, stack: &str, generation: u64) -> Result<(), Failure>;
}

/// What a store holds of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leases {
    /// The generations, in order.
    pub entries: Vec<LeaseEntry>,
    /// Milliseconds by the store's own clock when it answered, if it said so.
    pub now: Option<u64>,
}

/// One generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseEntry {
    /// Its number, from 1.
    pub generation: u64,
    /// What was last written.
    pub text: String,
    /// Milliseconds by the store's own clock when that was.
    pub modified: u64,
}
