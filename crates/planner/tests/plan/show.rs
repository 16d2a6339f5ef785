//! A plan as a reviewer reads it.

use std::fmt::Write as _;

use trueup_model::change::{After, Cause};
use trueup_model::plan::{Operation, WhyNot};
use trueup_model::{Action, Diagnostic, Plan, Reason, Value};

/// The changes, the steps, what is withheld, and the findings.
pub(crate) fn show(plan: &Plan) -> String {
    let mut text = String::new();
    for change in plan.changes.iter().filter(|change| {
        let happens = change.action != Action::Nothing || change.cause != Cause::None;
        happens || !change.remarks.is_empty()
    }) {
        let sign = match change.action {
            Action::Create => "+",
            Action::Update => "~",
            Action::CreateThenDelete => "+-",
            Action::DeleteThenCreate => "-+",
            Action::Delete => "-",
            Action::Adopt => "adopt",
            Action::Move => "move",
            Action::Forget => "forget",
            Action::Nothing => "=",
        };
        let cause = format!("{:?}", change.cause).to_lowercase();
        let _ = write!(text, "{sign} {} ({cause})", change.address);
        let reasons: Vec<String> = change.reasons.iter().filter_map(reason).collect();
        if !reasons.is_empty() {
            let _ = write!(text, ": {}", reasons.join("; "));
        }
        text.push('\n');
        for remark in &change.remarks {
            let _ = writeln!(text, "    # {remark}");
        }
        for attribute in change.attributes.iter().filter(|_| change.action != Action::Create) {
            let after = match &attribute.after {
                After::Value(value) => json(value),
                After::Unknown(source) => format!("<{source}>"),
                After::Sensitive => "(sensitive)".to_owned(),
            };
            let mark = if attribute.replaces { " !" } else { "" };
            let _ = writeln!(
                text,
                "    {}: {} -> {after}{mark}",
                attribute.path,
                json(&attribute.before)
            );
        }
    }
    for step in &plan.steps {
        let what = match &step.operation {
            Operation::Update { changed, .. } => format!(" [{}]", changed.join(", ")),
            Operation::Delete { final_snapshot: true, .. } => " with a snapshot".to_owned(),
            _ => String::new(),
        };
        let _ = write!(text, "{:>2} {} {}{what}", step.id, step.operation.verb(), step.address);
        if !step.after.is_empty() {
            let after: Vec<String> = step.after.iter().map(ToString::to_string).collect();
            let _ = write!(text, " < {}", after.join(" "));
        }
        text.push('\n');
    }
    for withheld in &plan.withheld {
        let _ = writeln!(text, "withheld {}: {}", withheld.address, why_not(&withheld.why));
    }
    for Diagnostic { severity, code, message, help, .. } in &plan.findings {
        let severity = format!("{severity:?}").to_lowercase();
        let _ = writeln!(text, "{severity} {code}: {message} ({})", help.join("; "));
    }
    if text.is_empty() { "nothing\n".to_owned() } else { text }
}

fn json(value: &Value) -> String {
    serde_json::to_string(value).unwrap()
}

fn reason(reason: &Reason) -> Option<String> {
    Some(match reason {
        Reason::DoesNotExist => return None,
        Reason::Vanished => "vanished".to_owned(),
        Reason::CannotChangeInPlace { attributes } => format!("immutable {}", attributes.join(" ")),
        Reason::CannotCoexist { because } => format!("not both: {because}"),
        Reason::DependencyReplaced { on } => format!("{on} is replaced"),
        Reason::Failed { state } => format!("failed: {state}"),
        Reason::Deleting { state } => format!("{state} already"),
        Reason::LeftTheStack => "left".to_owned(),
        Reason::Superseded { id } => format!("superseded {}", shape(id)),
        Reason::Destroyed => "destroyed".to_owned(),
        Reason::AdoptRequested => "adopt".to_owned(),
        Reason::MovedFrom { from } => format!("was {from}"),
        Reason::Retained => "retained".to_owned(),
        Reason::Reworded => "reworded".to_owned(),
    })
}

/// An id without what the order of creation gave it.
fn shape(id: &str) -> &str {
    id.split_once('-').map_or(id, |(prefix, _)| prefix)
}

fn why_not(why: &WhyNot) -> String {
    match why {
        WhyNot::Unreadable { message } => format!("unreadable: {message}"),
        WhyNot::DependsOn { on } => format!("depends on {on}"),
        WhyNot::NeededBy { by } => format!("needed by {by}"),
        WhyNot::NotLookedUp { on, because } => format!("reads existing.{on}, which {because}"),
        WhyNot::NotOurs { id, owner } => format!("{id} is not ours but {owner:?}'s"),
        WhyNot::Faulty { message } => format!("faulty: {message}"),
        WhyNot::Ignored { attribute, reason } => format!("ignored {attribute}: {reason}"),
        WhyNot::Scheduled { attribute } => format!("scheduled {attribute}"),
        WhyNot::Protected { wanted, allow } => {
            format!("protected from [{}]: {allow}", reason(wanted).unwrap_or_default())
        }
    }
}
