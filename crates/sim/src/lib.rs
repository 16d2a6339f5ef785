//! A provider in memory, stricter than AWS.
//!
//! What it does follows from the declared kinds ([`trueup_model::kind::Kind`]); what a declaration
//! does not say but AWS does (quotas, rates, interfaces that outlive their function) stands in the
//! tables of [`tables`]. Two halves meet in [`Sim`]: `service` is AWS's side, with its rules and
//! its refusals; `client` is ours, which calls it through the host as it would call AWS.

mod around;
mod chance;
mod client;
mod edit;
mod faults;
pub mod file;
mod fresh;

mod options;
mod rates;
mod secrets;
mod service;
pub mod tables;
pub mod testing;
mod world;

pub use around::acl_rule;
pub use client::{Counts, Parameter, Parameters, Sim};
pub use faults::{At, Fault, FaultPlan, Rates, Scripted};
pub use options::{Latency, OnChange, SimOptions};
pub use world::{DataSnapshot, FORMAT, Interface, Item, Phase, World};
