//! A kind that could not be read and that the stack does not name: what it left there is not seen.

use std::collections::BTreeSet;

use trueup_model::Diagnostic;

use super::Subject;

pub(super) fn analyze(subject: &Subject<'_, '_>) -> Vec<Diagnostic> {
    let named: BTreeSet<&str> =
        subject.input.stack.resources.keys().map(|address| address.kind.as_str()).collect();
    let failed = subject.input.snapshot.unreadable.iter();
    let unseen = failed.filter(|f| f.address.is_none() && !named.contains(f.kind.as_str()));
    let finding = |failed: &trueup_model::snapshot::Unreadable| {
        let message = format!(
            "no {} could be read, so what this stack no longer names of them stays: {}: {}",
            failed.kind, failed.action, failed.message
        );
        Diagnostic::warning("unread", message).help(format!("allow {}", failed.action))
    };
    unseen.map(finding).collect()
}
