//! Events as text.

use trueup_model::event::{Event, Skipped, Stamped};

/// Events as short lines: seconds, what, which.
pub(crate) fn lines(events: &[Stamped]) -> String {
    let line = |stamped: &Stamped| {
        let text = match &stamped.event {
            Event::Started { steps, .. } => format!("started {steps}"),
            Event::StepStarted(step) => format!("{} {}", step.verb, step.address),
            Event::StepWaiting { step, state } => format!("  {} waits: {state}", step.address),
            Event::StepDraining { step, what, usually, .. } => {
                format!("  {} waits: {what}, usually until {}", step.address, usually / 1000)
            }
            Event::StepDone { step, .. } => format!("  {} done", step.address),
            Event::StepFailed { step, message, .. } => {
                format!("  {} failed: {message}", step.address)
            }
            Event::StepSkipped { step, because } => {
                let because = match because {
                    Skipped::DependencyFailed { on } => format!("{on} failed"),
                    Skipped::Interrupted => "interrupted".to_owned(),
                    Skipped::LeaseLost => "lease lost".to_owned(),
                    Skipped::LogBroken => "log broken".to_owned(),
                    Skipped::CredentialsFailed => "credentials".to_owned(),
                    Skipped::Drains { what } => what.clone(),
                    Skipped::DependencyDrains { on } => format!("{on} drains"),
                };
                format!("  {} skipped: {because}", step.address)
            }
            Event::Interrupted => "interrupted".to_owned(),
            Event::LeaseLost => "lease lost".to_owned(),
            Event::Settling { .. } => "settling".to_owned(),
            Event::LogBroken => "log broken".to_owned(),
            Event::Finished { done, failed, skipped, .. } => {
                format!("finished: {done} done, {failed} failed, {skipped} skipped")
            }
            Event::Call(_) => return None,
        };
        #[expect(clippy::cast_precision_loss, reason = "for reading")]
        let seconds = stamped.at as f64 / 1000.0;
        Some(format!("{seconds:>7.2} {text}"))
    };
    events.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}
