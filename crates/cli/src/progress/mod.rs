//! What happens while a plan is applied, as it happens: readers of the one stream of events.

mod jsonl;
mod lines;
mod live;
mod remaining;

pub(crate) use jsonl::{JsonLines, json_line};
pub(crate) use lines::{Lines, call};
pub(crate) use live::Live;

use trueup_model::event::Stamped;

/// Shows events as they come.
pub(crate) trait Progress {
    /// One event.
    fn read(&mut self, stamped: &Stamped);

    /// A second has passed, perhaps without an event.
    fn tick(&mut self) {}

    /// No event comes any more.
    fn end(&mut self) {}
}
