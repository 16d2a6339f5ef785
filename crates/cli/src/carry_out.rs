//! From a plan to its end: shown, allowed, confirmed, applied, and told how it went.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use trueup_applier::{Ended, Events, Failed, Interrupt, Left, Report, Run, Stop, WIDTH};
use trueup_model::event::{Event, Stamped};
use trueup_model::plan::WhyNot;
use trueup_model::{Diagnostic, Plan};
use trueup_stack::CelEvaluator;

use crate::arguments::LogFormat;
use crate::audit;
use crate::context::Context;
use crate::engine;
use crate::error::{self, Error};
use crate::exit;
use crate::lease;
use crate::network;
use crate::progress::{JsonLines, Lines, Live, Progress};
use crate::render::look::Tone;
use crate::render::outputs::{self, Revealed};
use crate::render::summary::{self, Summary};
use crate::render::{json, words};
use crate::sandbox::Sandbox;
use crate::situation::Situation;

/// Shows a plan that is about to be applied.
pub(crate) fn show(plan: &Plan, situation: &Situation, context: &Context) -> Result<(), Error> {
    if context.global.json {
        let mut line = json!({ "format": trueup_model::plan::FORMAT, "event": "planned" });
        line["plan"] = json!(json::plan(plan, &situation.catalog));
        return context.terminal.print(&json::line(&line));
    }
    context.terminal.print(&situation.text(plan, context.terminal.look()))
}

/// The end of an apply that has nothing to do.
pub(crate) fn nothing(plan: &Plan, situation: &Situation, context: &Context) -> Result<u8, Error> {
    if network::is_broken(plan) {
        refuse_forbidden(plan)?;
    }
    let code = if situation.is_partial() { exit::ERROR } else { engine::unfinished(plan) };
    if context.global.json {
        context.terminal.print(&json::line(&json!({
            "format": trueup_model::plan::FORMAT,
            "event": "ended",
            "exit_code": code,
            "outputs": outputs::json(&plan.outputs, &Revealed::new()),
        })))?;
    }
    Ok(code)
}

/// Refuses a plan that an analyzer, a policy or a proof forbids.
pub(crate) fn refuse_forbidden(plan: &Plan) -> Result<(), Error> {
    let help: Vec<String> =
        engine::forbidding(plan).flat_map(|finding| finding.help.clone()).collect();
    match engine::forbidding(plan).count() {
        0 => Ok(()),
        1 => Err(Error::Forbidden {
            message: "the finding above forbids this plan".to_owned(),
            help,
        }),
        several => Err(Error::Forbidden {
            message: format!("{several} findings above forbid this plan"),
            help,
        }),
    }
}

/// Refuses a plan that leaves something alone because it is protected.
pub(crate) fn refuse_protected(plan: &Plan) -> Result<(), Error> {
    let mut protected = Vec::new();
    let mut help = Vec::new();
    for withheld in engine::protected(plan) {
        if let WhyNot::Protected { allow, .. } = &withheld.why {
            protected.push(withheld.address.to_string());
            help.push(allow.clone());
        }
    }
    help.dedup();
    if protected.is_empty() {
        return Ok(());
    }
    let message =
        format!("{} would be deleted and must be named for that", words::list(&protected));
    Err(Error::Forbidden { message, help })
}

/// Waits for a yes.
pub(crate) async fn confirm(yes: bool, plan: &Plan, context: &mut Context) -> Result<(), Error> {
    let Plan { stack, account, region, .. } = plan;
    let question =
        format!("\nDo this to {stack} in {region}, account {account}? Only 'yes' is a yes: ");
    agree(yes, &question, context).await
}

/// Waits for a yes to a question, unless it was said before.
pub(crate) async fn agree(yes: bool, question: &str, context: &mut Context) -> Result<(), Error> {
    if yes {
        return Ok(());
    }
    let answer = ask(question, context).await?;
    if answer == "yes" { Ok(()) } else { Err(not_confirmed(&answer)) }
}

/// Waits for the stack's name.
pub(crate) async fn confirm_destroy(
    yes: bool,
    plan: &Plan,
    context: &mut Context,
) -> Result<(), Error> {
    if yes {
        return Ok(());
    }
    let Plan { stack, account, region, .. } = plan;
    let number = Summary::of(plan).delete;
    let question = format!(
        "\nThis deletes {} in {region}, account {account}. Type the stack's name, {stack}, to go on: ",
        words::count(number, "resource")
    );
    let answer = ask(&question, context).await?;
    if answer == *stack { Ok(()) } else { Err(not_confirmed(&answer)) }
}

async fn ask(question: &str, context: &mut Context) -> Result<String, Error> {
    if !context.terminal.has_person() || context.global.json {
        return Err(Error::NotConfirmed {
            message: "nothing was changed: nobody is there to say yes".to_owned(),
            help: Some("say it on the command line: --yes".to_owned()),
        });
    }
    context.terminal.ask(question, &mut context.interrupts).await
}

fn not_confirmed(answer: &str) -> Error {
    let message = if answer.is_empty() {
        "nothing was changed".to_owned()
    } else {
        format!("nothing was changed: the answer was '{answer}'")
    };
    Error::NotConfirmed { message, help: None }
}

/// Applies a plan, and tells how it went.
pub(crate) async fn run(
    plan: Plan,
    situation: Situation,
    context: &mut Context,
) -> Result<u8, Error> {
    if !context.leased.is_sure() {
        let message = "the lease of the stack was lost before anything was changed".to_owned();
        return Err(Error::Locked { message, help: vec!["run the command again".to_owned()] });
    }
    if let Some((path, why)) = context.audit.fault() {
        return Err(Error::Unlogged { path, source: std::io::Error::other(why) });
    }
    let plan = Arc::new(plan);
    context.audit.begin(&json::id(&plan, &situation.catalog));
    let (events, stream) = Events::journaled(context.audit.journal());
    let interrupt = Interrupt::new();
    let run = Run {
        plan: Arc::clone(&plan),
        snapshot: Arc::new(situation.snapshot.clone()),
        provider: Arc::clone(&situation.provider),
        catalog: Arc::clone(&situation.catalog),
        evaluator: Arc::new(CelEvaluator),
        events,
        interrupt: interrupt.clone(),
        wait_for_tail: context.wait_for_tail,
        seed: context.seed(),
        width: WIDTH,
    };
    if !context.global.json {
        context.terminal.print("\n")?;
    }
    let mut progress = progress(&plan, context);
    let (mut report, lost) =
        follow(trueup_applier::apply(run), stream, &interrupt, &mut *progress, context).await;
    progress.end();
    context.leased.note_left(Left::after(&report, !situation.is_partial()));
    report.calls += context.let_go().await;
    let saved = context.sandbox.as_ref().map_or(Ok(()), Sandbox::save);
    let code = end(&plan, &situation, &report, lost, context)?;
    saved.map(|()| code)
}

fn progress(plan: &Plan, context: &Context) -> Box<dyn Progress> {
    let (out, look) = (context.terminal.out.clone(), context.terminal.look());
    if context.global.json {
        Box::new(JsonLines::new(out))
    } else if out.is_terminal() {
        Box::new(Live::new(out, look, plan))
    } else {
        Box::new(Lines::new(out, look, plan))
    }
}

/// Runs the apply while its events are shown and interrupts are passed on.
async fn follow(
    apply: impl Future<Output = Report>,
    mut stream: tokio::sync::mpsc::UnboundedReceiver<Stamped>,
    interrupt: &Interrupt,
    progress: &mut dyn Progress,
    context: &mut Context,
) -> (Report, Option<Diagnostic>) {
    let mut lost = None;
    let mut apply = std::pin::pin!(apply);
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    let report = loop {
        tokio::select! {
            biased;
            () = context.interrupts.next() => interrupt.raise(),
            to = context.leased.lost(), if lost.is_none() => {
                lost = Some(lease::lost(to.as_ref()));
                interrupt.stop(Stop::LeaseLost);
            }
            Some(stamped) = stream.recv() => {
                show_event(&stamped, progress, context);
                if context.audit.is_broken() {
                    interrupt.stop(Stop::LogBroken);
                }
            }
            report = &mut apply => break report,
            _ = seconds.tick() => progress.tick(),
        }
    };
    while let Ok(stamped) = stream.try_recv() {
        show_event(&stamped, progress, context);
    }
    (report, lost)
}

fn show_event(stamped: &Stamped, progress: &mut dyn Progress, context: &Context) {
    if let Event::Call(call) = &stamped.event {
        context.log_call(stamped.at, call);
    }
    progress.read(stamped);
}

fn end(
    plan: &Plan,
    situation: &Situation,
    report: &Report,
    lost: Option<Diagnostic>,
    context: &Context,
) -> Result<u8, Error> {
    let code = engine::exit_code(plan, report, !situation.is_partial());
    let step = |failed: &Failed| error::step(failed, plan);
    let unwritten = context.audit.fault().as_ref().map(audit::unwritten);
    let others: Vec<Diagnostic> = lost.into_iter().chain(unwritten).collect();
    let faults: Vec<Diagnostic> =
        report.failed.iter().map(step).chain(others.iter().cloned()).collect();
    // The last steps may be done before it is seen that nothing more was to be begun.
    let code = if code == exit::DONE && !faults.is_empty() { exit::PARTLY } else { code };
    if context.global.json {
        context.terminal.print(&json::line(&json!({
            "format": trueup_model::plan::FORMAT,
            "event": "ended",
            "exit_code": code,
            "errors": faults,
            "outputs": outputs::json(&report.outputs, &Revealed::new()),
        })))?;
    } else {
        context.terminal.print(&text(plan, report, situation, context))?;
    }
    let shown = match context.global.log_format {
        LogFormat::Json => faults,
        LogFormat::Text => {
            let (left, failed): (Vec<&Failed>, Vec<&Failed>) =
                report.failed.iter().partition(|failed| failed.is_left_to_aws());
            let failed = failed.into_iter().map(step).chain(others);
            failed.chain(error::left_to_aws(&left)).collect()
        }
    };
    context.report(&shown, &situation.sources);
    Ok(code)
}

/// The last lines: what was done, what is left, the outputs.
fn text(plan: &Plan, report: &Report, situation: &Situation, context: &Context) -> String {
    let look = context.terminal.look();
    let mut text = "\n".to_owned();
    let calls = words::count(report.calls as usize, "API call");
    let took = words::took(report.took);
    if report.ended == Ended::Done {
        let done = look.paint(Tone::Strong, format!("Done: {}.", summary::done(plan)));
        text += &format!("{done} {calls}, {took}.\n");
        if situation.is_partial() {
            text += "What could not be read may be left: the plan above names it.\n";
        }
    } else {
        let left = report.failed.iter().filter(|failed| failed.is_left_to_aws()).count();
        let parts = [
            (report.done.len(), "done"),
            (left, "still going on in AWS"),
            (report.failed.len() - left, "failed"),
            (
                report.skipped.len(),
                if report.ended == Ended::Draining { "left" } else { "not begun" },
            ),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, what)| format!("{number} {what}"))
            .collect();
        let heading = match report.ended {
            Ended::Interrupted => "Interrupted",
            Ended::Draining => "Done but for what AWS still removes",
            Ended::Credentials | Ended::Partly | Ended::Done => "Not all done",
        };
        let tone = if report.ended == Ended::Draining { Tone::Warning } else { Tone::Error };
        let heading = look.paint(tone, format!("{heading}: {}.", parts.join(", ")));
        text += &format!("{heading} {calls}, {took}. {}\n", onwards(report, context));
    }
    let shown = outputs::text(&report.outputs, &Revealed::new(), &look);
    if report.ended == Ended::Done && !shown.is_empty() && !report.lives.is_empty() {
        text += &format!("\n{shown}");
    }
    text
}

/// How to go on from an apply that did not do all.
fn onwards(report: &Report, context: &Context) -> String {
    if report.ended != Ended::Draining {
        return "Run it again to go on from here.".to_owned();
    }
    let lingers = context.catalog.kinds().filter_map(|kind| kind.lingers);
    let most = lingers.map(|lingers| lingers.seconds[2]).max().unwrap_or_default();
    let most = words::duration(most.into());
    format!("AWS takes up to {most} for that; run it again then to finish.")
}
