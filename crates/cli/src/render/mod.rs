//! What users read: every sentence, table and JSON document is made here.

pub(crate) mod change;
pub(crate) mod diagnostics;
pub(crate) mod drift;
#[cfg(test)]
pub(crate) mod fixtures;
pub(crate) mod graph;
pub(crate) mod json;
pub(crate) mod look;
pub(crate) mod markdown;
pub(crate) mod outputs;
pub(crate) mod plan;
pub(crate) mod proofs;
pub(crate) mod question;
pub(crate) mod reason;
pub(crate) mod show;
pub(crate) mod summary;
pub(crate) mod value;
pub(crate) mod visible;
pub(crate) mod words;
