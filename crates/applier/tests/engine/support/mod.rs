//! A scripted account in memory, plans in short words, and the laws that every run obeys.

mod account;
mod laws;
mod lines;
mod plan;
mod script;

pub(crate) use account::Account;
pub(crate) use laws::{applied, drain, lawful, obey_the_laws, usual};
pub(crate) use lines::lines;
pub(crate) use plan::{Planned, address, catalog, live, owned};
pub(crate) use script::{Answer, Script, failure};
