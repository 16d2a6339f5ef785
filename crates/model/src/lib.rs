//! The words that every other crate speaks: addresses, values, kinds, snapshots, plans, events.
//!
//! There is no I/O here, no async, no clock and no AWS: only values and the few functions on them
//! that must mean the same thing everywhere.

pub mod address;
pub mod change;
pub mod diagnostic;
pub mod event;
pub mod expression;
pub mod kind;
pub mod plan;
pub mod proof;
pub mod seal;
pub mod snapshot;
pub mod stack;
pub mod value;

pub use address::{Address, KindName};
pub use change::{Action, AttributeChange, Cause, Change, Disruption, Reason};
pub use diagnostic::{Diagnostic, Location, Severity};
pub use event::Event;
pub use expression::{Evaluator, Expression, Reference, Scope, Template};
pub use kind::{Attribute, Catalog, Kind, Type};
pub use plan::{Operation, Plan, Step, StepId, Target};
pub use proof::Proof;
pub use snapshot::{Condition, Live, Ownership, Snapshot};
pub use stack::{Resource, Stack};
pub use value::{Secret, Value};
