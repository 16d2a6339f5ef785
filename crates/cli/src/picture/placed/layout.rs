//! Puts a diagram on paper: the outside above, VPCs with zones as columns and tiers as rows, the
//! rest in a lane beside them, sentences and legend below.

use super::geometry::{Point, Rect, STEP, up};
use super::item;
use super::legend;
use super::paper::{Paper, Role, Shape, Style};
use super::vpc;
use crate::picture::shown::diagram::{Diagram, Item, Section};

/// Around everything.
const MARGIN: i32 = 24;
/// The title's line.
const TITLE: i32 = 48;
/// Between what is outside and the VPCs; room for arrows.
const SKY: i32 = 60;
/// Between neighbours that arrows pass through.
const GAP: i32 = 48;
/// Wider sentences stand below.
const WIDEST: i32 = 480;

/// All boxes at their places; arrows are drawn between them later.
pub(crate) fn lay_out(diagram: &Diagram) -> Paper {
    let mut paper = Paper::default();
    let above = if diagram.outside.is_empty() { 0 } else { 48 + SKY };
    let edge = if diagram.vpcs.iter().any(|vpc| !vpc.gateways.is_empty()) { 24 } else { 0 };
    let top = MARGIN + TITLE + above + edge;
    let mut right = MARGIN;
    for one in &diagram.vpcs {
        right = vpc::draw(&mut paper, one, Point { x: right, y: top }) + GAP;
    }
    outside(&mut paper, &diagram.outside, Point { x: MARGIN, y: MARGIN + TITLE });
    let side =
        Point { x: right, y: if diagram.vpcs.is_empty() { MARGIN + TITLE + above } else { top } };
    let below = lane(&mut paper, &diagram.side, side, diagram.vpcs.is_empty());
    let beside = claims_beside(&mut paper, diagram, below);
    let (width, bottom) = extent(&paper);
    title(&mut paper, diagram, width.max(480));
    let (width, _) = extent(&paper);
    let mut rest = Rect::new(MARGIN, up(bottom) + 36, width - MARGIN, 0);
    if !beside {
        rest.y = legend::claims(&mut paper, diagram, rest);
    }
    legend::key(&mut paper, diagram, rest);
    let (width, height) = extent(&paper);
    paper.width = width + MARGIN;
    paper.height = height + MARGIN;
    paper
}

/// How far to the right and down boxes reach.
fn extent(paper: &Paper) -> (i32, i32) {
    let rects = paper.shapes.iter().map(|shape| shape.rect);
    rects.fold((MARGIN, MARGIN), |(right, bottom), rect| {
        (right.max(rect.right()), bottom.max(rect.bottom()))
    })
}

fn title(paper: &mut Paper, diagram: &Diagram, width: i32) {
    let rect = Rect::new(MARGIN, MARGIN - STEP, width - MARGIN, TITLE - STEP);
    let mut shape = Shape::new(rect, Role::Panel);
    shape.write(Point { x: rect.x, y: rect.y + 24 }, rect.right(), Style::Heading, &diagram.title);
    let x = rect.x + Style::Heading.width(&diagram.title) + STEP;
    shape.write(Point { x, y: rect.y + 24 }, rect.right(), Style::Note, &diagram.note);
    paper.put(shape);
}

/// The internet over the gateways, everything else beside it.
fn outside(paper: &mut Paper, items: &[Item], at: Point) {
    let edges = paper.shapes.iter().filter(|shape| shape.role == Role::Edge);
    let centres: Vec<i32> = edges.map(|edge| edge.rect.centre().x).collect();
    let middle = match centres.as_slice() {
        [] => at.x + 240,
        centres => {
            i32::try_from(centres.len()).map_or(0, |count| centres.iter().sum::<i32>() / count)
        }
    };
    let mut x = at.x;
    for (index, item) in items.iter().enumerate() {
        let width = item::width(item);
        if index == 0 {
            x = x.max((middle - width / 2) / STEP * STEP);
        }
        let rect = Rect::new(x, at.y, width, item::height(item, width));
        item::draw(paper, item, rect, Role::Item, None);
        x = rect.right() + GAP;
    }
}

/// The sentences below what is beside the VPCs, if there is room; whether there was.
fn claims_beside(paper: &mut Paper, diagram: &Diagram, at: Point) -> bool {
    let (width, height) = legend::claims_size(diagram);
    let (_, bottom) = extent(paper);
    let room = at.y + height <= bottom && width <= WIDEST && !diagram.vpcs.is_empty();
    if room {
        legend::claims(paper, diagram, Rect::new(at.x, at.y, width, height));
    }
    room
}

/// What is in no VPC, by kind, in as many columns as keep it about as high as the VPCs.
/// Gives where the last column ends.
fn lane(paper: &mut Paper, sections: &[Section], at: Point, alone: bool) -> Point {
    let floor = paper.shapes.iter().map(|shape| shape.rect.bottom()).max().unwrap_or_default();
    let floor = if alone { at.y + 480 } else { floor.max(at.y + 360) };
    let widths = sections.iter().flat_map(|section| section.items.iter().map(item::width));
    let width = widths.max().unwrap_or_default();
    let Point { mut x, mut y } = at;
    for section in sections {
        let first = section.items.first().map_or(0, |item| item::height(item, width));
        if y > at.y && y + 24 + first > floor {
            (x, y) = (x + width + 24, at.y);
        }
        let mut heading = Shape::new(Rect::new(x, y, width, 24), Role::Panel);
        heading.write(Point { x, y: y + 16 }, x + width, Style::Note, &section.title);
        paper.put(heading);
        y += 24;
        for item in &section.items {
            let height = item::height(item, width);
            if y > at.y + 24 && y + height > floor {
                (x, y) = (x + width + 24, at.y + 24);
            }
            item::draw(paper, item, Rect::new(x, y, width, height), Role::Item, None);
            y += height + STEP;
        }
        y += STEP;
    }
    Point { x, y: if sections.is_empty() { y } else { y + STEP } }
}
