//! Every kind that trueup manages: one folder a service, one file a kind, everything about it in it.
//!
//! Without the feature `live` this crate is data and pure functions, and no AWS SDK crate is in its
//! tree; with it, each kind file also holds the calls to AWS.

mod checks;
#[cfg(feature = "live")]
pub mod live;
pub mod network;
pub mod partition;
pub mod services;

use trueup_model::Catalog;

/// Every kind, and the checks over whole stacks.
pub fn catalog() -> Catalog {
    Catalog::new(services::kinds(), checks::all())
}
