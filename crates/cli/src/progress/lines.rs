//! Events as plain lines, for logs that are read later.

use std::collections::BTreeMap;

use trueup_model::event::{CallEvent, Event, Skipped, Stamped, StepEvent};
use trueup_model::{Plan, StepId};

use super::Progress;
use crate::invocation::Output;
use crate::render::look::{Look, Tone};
use crate::render::{visible, words};

/// What takes longer than this is announced when it begins, not only when it is done.
const WORTH_ANNOUNCING: u32 = 10;

/// Events as plain lines.
pub(crate) struct Lines {
    out: Output,
    style: Style,
}

/// How events become lines; the live view uses it for what is done.
pub(crate) struct Style {
    look: Look,
    usual: Vec<u32>,
    states: BTreeMap<StepId, String>,
}

impl Lines {
    /// Lines go to `out`.
    pub(crate) fn new(out: Output, look: Look, plan: &Plan) -> Self {
        Self { out, style: Style::new(look, plan) }
    }
}

impl Progress for Lines {
    fn read(&mut self, stamped: &Stamped) {
        if let Some(line) = self.style.line_for(stamped) {
            // A log that cannot be written is no reason to stop in the middle of an apply.
            let _ = self.out.write(&(visible::lines(&line).into_owned() + "\n"));
        }
    }
}

impl Style {
    /// How the events of a plan become lines.
    pub(crate) fn new(look: Look, plan: &Plan) -> Self {
        let usual = plan.steps.iter().map(|step| step.seconds).collect();
        Self { look, usual, states: BTreeMap::new() }
    }

    /// The usual duration of a step in seconds.
    pub(crate) fn usual(&self, step: &StepEvent) -> u32 {
        self.usual.get(step.step).copied().unwrap_or(0)
    }

    fn line_for(&mut self, stamped: &Stamped) -> Option<String> {
        match &stamped.event {
            Event::StepStarted(step) => self.begun(stamped.at, step),
            Event::StepWaiting { step, state } => self.waiting(stamped.at, step, state),
            Event::StepDraining { step, what, usually, at_most } => {
                Some(self.draining(stamped.at, step, what, (*usually, *at_most)))
            }
            _ => self.ended(stamped),
        }
    }

    /// The line for what has ended; none for what goes on.
    pub(crate) fn ended(&self, stamped: &Stamped) -> Option<String> {
        let at = stamped.at;
        Some(match &stamped.event {
            Event::StepDone { step, id, took } => {
                let id = id.as_ref().map(|id| self.look.paint(Tone::Faint, format!(" ({id})")));
                let how_long = if *took < 1000 {
                    String::new()
                } else {
                    format!(" in {}", words::took(*took))
                };
                let text =
                    format!("{}{how_long}{}", words::done(step.verb), id.unwrap_or_default());
                self.line(at, tone(step.verb), mark(step.verb), step, &text)
            }
            Event::StepFailed { step, message, .. } => {
                let text = format!("failed: {message}");
                self.line(at, Tone::Error, "!", step, &self.look.paint(Tone::Error, text))
            }
            Event::StepSkipped { step, because } => {
                let why = match because {
                    Skipped::DependencyFailed { on } => format!("not begun: {on} failed"),
                    Skipped::Interrupted => "not begun: interrupted".to_owned(),
                    Skipped::CredentialsFailed => "not begun: the credentials failed".to_owned(),
                    Skipped::LeaseLost => "not begun: the lease is lost".to_owned(),
                    Skipped::LogBroken => "not begun: the audit log is broken".to_owned(),
                    Skipped::Drains { what } => format!("left: {what}"),
                    Skipped::DependencyDrains { on } => format!("not begun: {on} is left"),
                };
                self.line(at, Tone::Warning, ".", step, &self.look.paint(Tone::Warning, why))
            }
            Event::Interrupted => {
                let text = "Interrupted: ending what is under way, without waiting for AWS; once more stops at once";
                format!("{}  {}", self.time(at), self.look.paint(Tone::Warning, text))
            }
            Event::LeaseLost => self.alarm(at, "The lease is lost"),
            Event::LogBroken => self.alarm(at, "The audit log cannot be written"),
            Event::Started { .. }
            | Event::StepStarted(_)
            | Event::StepWaiting { .. }
            | Event::StepDraining { .. }
            | Event::Call(_)
            | Event::Settling { .. }
            | Event::Finished { .. } => return None,
        })
    }

    fn begun(&self, at: u64, step: &StepEvent) -> Option<String> {
        let usual = self.usual(step);
        (usual >= WORTH_ANNOUNCING).then(|| {
            let text =
                format!("{}, usually {}", words::ongoing(step.verb), words::duration(usual.into()));
            self.line(at, Tone::Faint, " ", step, &self.look.paint(Tone::Faint, text))
        })
    }

    /// A state is said once, and only of what takes a while.
    fn waiting(&mut self, at: u64, step: &StepEvent, state: &str) -> Option<String> {
        if self.usual(step) < WORTH_ANNOUNCING
            || self.states.get(&step.step).is_some_and(|last| last == state)
        {
            return None;
        }
        self.states.insert(step.step, state.to_owned());
        let text = self.look.paint(Tone::Faint, format!("is {state}"));
        Some(self.line(at, Tone::Faint, " ", step, &text))
    }

    /// What AWS takes away in its own time is always said, with the end that is to be expected.
    fn draining(&self, at: u64, step: &StepEvent, what: &str, ends: (u64, u64)) -> String {
        let (usually, at_most) = (clock(ends.0), clock(ends.1));
        let text = format!("waits: {what}; usually until {usually}, at most until {at_most}");
        self.line(at, Tone::Faint, " ", step, &self.look.paint(Tone::Faint, text))
    }

    fn line(&self, at: u64, tone: Tone, mark: &str, step: &StepEvent, text: &str) -> String {
        let (time, mark) = (self.time(at), self.look.paint(tone, mark));
        format!("{time}  {mark} {}  {text}", self.look.paint(Tone::Strong, &step.address))
    }

    fn alarm(&self, at: u64, what: &str) -> String {
        let text = format!("{what}: finishing what is under way");
        format!("{}  {}", self.time(at), self.look.paint(Tone::Error, text))
    }

    fn time(&self, at: u64) -> String {
        self.look.paint(Tone::Faint, format!("{:>6}", clock(at)))
    }
}

/// A call as a log line.
pub(crate) fn call(at: u64, call: &CallEvent, look: &Look) -> String {
    let mut text = format!("{:>6}  {} {}", clock(at), call.action, words::took(call.took));
    if let Some(address) = &call.address {
        text += &format!("  {address}");
    }
    if call.attempt > 1 {
        text += &format!("  attempt {}", call.attempt);
    }
    if let Some(error) = &call.error {
        text += &format!("  {error}");
    }
    if let Some(id) = &call.request_id {
        text += &format!("  request {id}");
    }
    look.paint(Tone::Faint, text)
}

/// The mark of what a step does.
fn mark(verb: &str) -> &'static str {
    match verb {
        "create" => "+",
        "update" => "~",
        "delete" => "-",
        _ => "x",
    }
}

fn tone(verb: &str) -> Tone {
    match verb {
        "create" => Tone::Add,
        "update" => Tone::Change,
        "delete" => Tone::Remove,
        _ => Tone::Faint,
    }
}

/// Milliseconds as `m:ss`, or `h:mm:ss`.
pub(crate) fn clock(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds / 3600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds % 3600 / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixtures;

    fn step(id: StepId) -> StepEvent {
        let step = fixtures::plan().steps.remove(id);
        StepEvent { step: id, address: step.address, kind: step.kind, verb: "create" }
    }

    fn lines(events: Vec<(u64, Event)>) -> String {
        let look = Look { colour: false, width: 80, verbose: false };
        let mut style = Style::new(look, &fixtures::plan());
        let lines =
            events.into_iter().filter_map(|(at, event)| style.line_for(&Stamped { at, event }));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn each_event_is_a_line_that_says_what_matters() {
        let waiting = |state: &str| Event::StepWaiting { step: step(0), state: state.to_owned() };
        let shown = lines(vec![
            (0, Event::StepStarted(step(0))),
            (3000, waiting("creating")),
            (9000, waiting("creating")),
            (301_000, waiting("backing-up")),
            (
                453_000,
                Event::StepDone { step: step(0), id: Some("shop-main".to_owned()), took: 453_000 },
            ),
            (
                454_000,
                Event::StepFailed {
                    step: step(1),
                    message: "lambda:CreateFunction: the role cannot be assumed".to_owned(),
                    code: None,
                    request_id: None,
                },
            ),
            (454_000, Event::Interrupted),
            (
                3_700_000,
                Event::StepSkipped {
                    step: step(1),
                    because: Skipped::DependencyFailed { on: step(0).address },
                },
            ),
        ]);
        insta::assert_snapshot!(shown);
    }
}
