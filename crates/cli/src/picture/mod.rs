//! A stack as people draw it on a whiteboard: VPCs, zones and subnets as boxes, what stands in
//! them, arrows for what reaches what, changes in colour.
//!
//! It is made in four steps, each a function of values: what is shown ([`build`]), where the boxes
//! stand ([`layout`]), how arrows run between them ([`route`], [`labels`]), and how it is written
//! ([`svg`], [`html`]). The same stack gives the same bytes.

mod arrows;
mod build;
mod collapse;
mod diagram;
mod facts;
mod geometry;
mod html;
mod icons;
mod item;
mod labels;
mod layout;
mod legend;
mod others;
mod paper;
mod places;
mod read;
mod route;
mod rules;
mod svg;
#[cfg(test)]
mod tests;
mod text;
mod vpc;
mod words;

use trueup_model::{Catalog, Plan, Snapshot, Stack};

use crate::network::Question;
use paper::Paper;
use places::Places;

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
