//! Changes that disturb more than the user wants.

use trueup_model::{Diagnostic, Disruption};

use super::Subject;

pub(super) fn analyze(subject: &Subject<'_, '_>) -> Vec<Diagnostic> {
    let Some(most) = subject.input.options.max_disruption else { return Vec::new() };
    let worse = subject.plan.changes.iter().filter(|change| change.disruption > most);
    let finding = |change: &trueup_model::Change| {
        let message = format!(
            "{} would mean {}, and at most {} is allowed",
            change.address,
            words(change.disruption),
            words(most)
        );
        let flag = flag(change.disruption);
        Diagnostic::error("disruption", message)
            .at(change.location.clone())
            .help(format!("if that is meant, allow it with --max-disruption {flag}"))
    };
    worse.map(finding).collect()
}

fn words(disruption: Disruption) -> &'static str {
    match disruption {
        Disruption::None => "no disruption",
        Disruption::Brief => "a brief interruption",
        Disruption::Outage => "an outage",
        Disruption::DataLoss => "loss of data",
    }
}

fn flag(disruption: Disruption) -> &'static str {
    match disruption {
        Disruption::None => "none",
        Disruption::Brief => "brief",
        Disruption::Outage => "outage",
        Disruption::DataLoss => "data-loss",
    }
}
