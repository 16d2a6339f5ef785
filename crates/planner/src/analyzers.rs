//! Opinions about a finished plan, one file each. They change nothing in it.

use trueup_model::{Diagnostic, Plan};

use crate::Input;
use crate::index::Index;

mod data_loss;
mod disruption;
mod held_meanwhile;
mod mass_delete;
mod not_kept_yet;
mod renamed;
mod unread;
mod used_by_others;

/// What an analyzer looks at.
pub(crate) struct Subject<'s, 'a> {
    pub(crate) input: &'s Input<'a>,
    pub(crate) index: &'s Index<'a>,
    pub(crate) plan: &'s Plan,
}

/// An opinion about a plan.
type Analyzer = fn(&Subject<'_, '_>) -> Vec<Diagnostic>;

const ANALYZERS: [Analyzer; 8] = [
    data_loss::analyze,
    mass_delete::analyze,
    not_kept_yet::analyze,
    disruption::analyze,
    used_by_others::analyze,
    held_meanwhile::analyze,
    renamed::analyze,
    unread::analyze,
];

pub(crate) fn analyze(subject: &Subject<'_, '_>) -> Vec<Diagnostic> {
    ANALYZERS.iter().flat_map(|analyze| analyze(subject)).collect()
}
