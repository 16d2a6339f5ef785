//! The commands: one file each, with its options and what it does.

#![expect(clippy::doc_markdown, reason = "these comments are the help that users read")]

pub(crate) mod apply;
pub(crate) mod completions;
pub(crate) mod destroy;
pub(crate) mod doctor;
pub(crate) mod drift;
pub(crate) mod graph;
pub(crate) mod init;
pub(crate) mod output;
pub(crate) mod plan;
pub(crate) mod reach;
pub(crate) mod schema;
pub(crate) mod show;
pub(crate) mod unlock;
pub(crate) mod validate;
