//! Events as a live view on a terminal: what is done scrolls by, what goes on stands below it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use trueup_model::event::{Event, Stamped, StepEvent};
use trueup_model::{Plan, StepId};

use super::Progress;
use super::lines::{Style, clock};
use super::remaining::Remaining;
use crate::invocation::Output;
use crate::render::look::{Look, Tone};
use crate::render::{visible, words};

/// A live view.
pub(crate) struct Live {
    out: Output,
    look: Look,
    style: Style,
    bars: MultiProgress,
    footer: ProgressBar,
    running: BTreeMap<StepId, Running>,
    remaining: Remaining,
    now: u64,
}

struct Running {
    bar: ProgressBar,
    begun: u64,
    usual: u32,
    state: String,
}

impl Live {
    /// The view is drawn on `out`, a terminal.
    pub(crate) fn new(out: Output, look: Look, plan: &Plan) -> Self {
        let screen = Screen { out: out.clone(), width: out.width().unwrap_or(80) };
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::term_like(Box::new(screen)));
        let footer = bars.add(ProgressBar::new(plan.steps.len() as u64));
        footer.set_style(style("        {bar:24} {pos}/{len}  {msg}").progress_chars("##-"));
        Self {
            out,
            look,
            style: Style::new(look, plan),
            bars,
            footer,
            running: BTreeMap::new(),
            remaining: Remaining::new(plan),
            now: 0,
        }
    }

    fn begin(&mut self, at: u64, step: &StepEvent) {
        let bar = self.bars.insert_before(&self.footer, ProgressBar::new_spinner());
        let template = if self.look.colour {
            "      {spinner:.cyan} {prefix:.bold}  {wide_msg:.dim}"
        } else {
            "      {spinner} {prefix}  {wide_msg}"
        };
        bar.set_style(style(template));
        bar.set_prefix(step.address.to_string());
        bar.enable_steady_tick(Duration::from_millis(120));
        let state = words::ongoing(step.verb).to_owned();
        let running = Running { bar, begun: at, usual: self.style.usual(step), state };
        running.show(at);
        self.running.insert(step.step, running);
    }

    fn end_step(&mut self, step: StepId) {
        if let Some(running) = self.running.remove(&step) {
            running.bar.finish_and_clear();
            self.bars.remove(&running.bar);
        }
    }

    /// A line above what goes on.
    fn above(&self, line: &str) {
        // The view is an aid: what it cannot show must not stop the apply.
        let _ = self.bars.println(visible::lines(line));
    }

    fn refresh(&mut self) {
        for running in self.running.values() {
            running.show(self.now);
        }
        let (ended, _) = self.remaining.count();
        self.footer.set_position(ended as u64);
        let left = self.remaining.seconds(self.now);
        let left =
            if left == 0 { String::new() } else { format!("{} left", words::estimate(left)) };
        self.footer.set_message(self.look.paint(Tone::Faint, left));
    }
}

impl Progress for Live {
    fn read(&mut self, stamped: &Stamped) {
        self.now = self.now.max(stamped.at);
        self.remaining.read(stamped);
        match &stamped.event {
            Event::StepStarted(step) => self.begin(stamped.at, step),
            Event::StepWaiting { step, state } => {
                if let Some(running) = self.running.get_mut(&step.step) {
                    running.state.clone_from(state);
                }
            }
            Event::StepDraining { step, what, usually, .. } => {
                if let Some(running) = self.running.get_mut(&step.step) {
                    running.state = format!("{what}; usually until {}", clock(*usually));
                }
            }
            Event::StepDone { step, .. }
            | Event::StepFailed { step, .. }
            | Event::StepSkipped { step, .. } => self.end_step(step.step),
            Event::Started { .. }
            | Event::Call(_)
            | Event::Interrupted
            | Event::LeaseLost
            | Event::Settling { .. }
            | Event::LogBroken
            | Event::Finished { .. } => {}
        }
        if let Some(line) = self.style.ended(stamped) {
            self.above(&line);
        }
        self.refresh();
    }

    fn tick(&mut self) {
        self.now += 1000;
        self.refresh();
    }

    fn end(&mut self) {
        for step in self.running.keys().copied().collect::<Vec<_>>() {
            self.end_step(step);
        }
        self.footer.finish_and_clear();
        let _ = self.out.write("");
    }
}

impl Running {
    fn show(&self, now: u64) {
        let passed = clock(now.saturating_sub(self.begun));
        let usual = match self.usual {
            0..2 => String::new(),
            usual => format!(" of usually {}", clock(u64::from(usual) * 1000)),
        };
        self.bar.set_message(format!("{}  {passed}{usual}", visible::one_line(&self.state)));
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates of this file are well formed")
}

/// An output as the terminal that it is.
struct Screen {
    out: Output,
    width: u16,
}

impl Screen {
    fn cursor(&self, by: usize, direction: char) -> io::Result<()> {
        if by == 0 { Ok(()) } else { self.out.write(&format!("\u{1b}[{by}{direction}")) }
    }
}

impl fmt::Debug for Screen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Screen").field("width", &self.width).finish_non_exhaustive()
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.width
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.cursor(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.cursor(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.cursor(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.cursor(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.out.write(&format!("{text}\r\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.out.write(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.out.write("\r\u{1b}[2K")
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}
