//! A stack as people draw it on a whiteboard: VPCs, zones and subnets as boxes, what stands in
//! them, arrows for what reaches what, changes in colour; what others have beside it, dashed.
//!
//! It is made in four steps, a folder each, each a function of values; the same stack gives the same
//! bytes. What comes next has its place by the step that it is about:
//!
//! | folder | asks | the next thing there |
//! |---|---|---|
//! | [`known`] | what is there, and where does it stand? | where a new kind stands (`places`); what others have that is worth drawing (`others`) |
//! | [`shown`] | which boxes, chips and arrows? | words and icon of a kind (`words`); a new sort of arrow (`arrows`), the boxes that it passes (`ways`); what becomes one box where there are many (`collapse`) |
//! | [`placed`] | where on the paper? | another place in a VPC (`vpc`) or beside it (`layout`); how arrows run (`route`) and where their words stand (`labels`); a line of the legend (`legend`) |
//! | [`written`] | how does it look? | a colour, for light and dark (`picture.css`), a drawing (`icons`), what the panel tells (`facts`, `page.js`) |
//!
//! `tests` draws small, hostile, large and random stacks, and holds what must be true of every
//! picture (`tests/sound.rs`).

mod known;
mod placed;
mod shown;
#[cfg(test)]
mod tests;
mod written;

use trueup_model::{Catalog, Plan, Snapshot, Stack};

use crate::network::Question;
use known::places::Places;
use placed::paper::Paper;
use placed::{labels, layout, route};
use shown::build;
use written::{facts, html, svg};

/// What a picture is made of.
pub(crate) struct Subject<'a> {
    pub(crate) stack: &'a Stack,
    /// What was read; nothing if nobody asked AWS.
    pub(crate) snapshot: &'a Snapshot,
    /// The plan with its proofs; of an empty account if nobody asked AWS.
    pub(crate) plan: &'a Plan,
    pub(crate) catalog: &'a Catalog,
    /// Whether the plan is one for what AWS has, so that its changes mean something.
    pub(crate) is_planned: bool,
}

impl Subject<'_> {
    /// The picture as SVG, a file of its own.
    pub(crate) fn svg(&self) -> String {
        svg::document(&self.paper(&Places::of(self)), &self.stack.name)
    }

    /// The picture as a page with what is behind each box.
    pub(crate) fn html(&self) -> String {
        let places = Places::of(self);
        let paper = self.paper(&places);
        let picture = svg::embedded(&paper, &self.stack.name);
        html::page(&self.stack.name, &picture, &facts::Facts::of(self, &places, &paper))
    }

    fn paper(&self, places: &Places<'_>) -> Paper {
        let diagram = build::diagram(self, places);
        let mut paper = layout::lay_out(&diagram);
        route::route(&mut paper, &diagram.arrows);
        labels::place(&mut paper);
        paper
    }

    /// The network that is drawn, to ask of it.
    fn question(&self) -> Question<'_> {
        let (stack, snapshot, plan) = (self.stack, self.snapshot, self.plan);
        Question { stack, snapshot, plan, planned: true }
    }
}
