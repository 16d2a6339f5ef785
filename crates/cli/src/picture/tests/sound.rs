//! What must hold of every picture.

use crate::picture::placed::geometry::{Point, Rect};
use crate::picture::placed::labels::crosses;
use crate::picture::placed::paper::{Paper, Role, Shape};

/// Boxes within their boxes and apart from others, texts within boxes, arrows around boxes.
#[track_caller]
pub(super) fn check(paper: &Paper) {
    let whole = Rect::new(0, 0, paper.width, paper.height);
    for (index, shape) in paper.shapes.iter().enumerate() {
        assert!(whole.contains(&shape.rect), "outside the paper: {shape:?}");
        if let Some(parent) = shape.parent.filter(|_| shape.role != Role::Edge) {
            assert!(paper.shapes[parent].rect.contains(&shape.rect), "outside its box: {shape:?}");
        }
        for text in &shape.texts {
            assert!(shape.rect.contains(&text.rect()), "{text:?} does not fit {shape:?}");
        }
        for (other_index, other) in paper.shapes.iter().enumerate().skip(index + 1) {
            apart(paper, (index, shape), (other_index, other));
        }
    }
    for line in &paper.lines {
        let (from, to) = (&paper.shapes[line.ends.0], &paper.shapes[line.ends.1]);
        let (first, last) = (line.points[0], line.points[line.points.len() - 1]);
        assert!(on_border(&from.rect, first) && on_border(&to.rect, last), "{line:?}");
        assert!(line.points.iter().all(|point| whole.holds(*point)), "{line:?}");
        for (index, shape) in paper.shapes.iter().enumerate() {
            let is_box = matches!(shape.role, Role::Item | Role::Band | Role::Edge);
            if is_box && index != line.ends.0 && index != line.ends.1 {
                assert!(!crosses(&line.points, &shape.rect), "{line:?} runs through {shape:?}");
            }
        }
        if let Some((rect, _)) = &line.label {
            assert!(whole.contains(rect), "{line:?}");
        }
    }
}

fn on_border(rect: &Rect, point: Point) -> bool {
    let inside =
        rect.x < point.x && point.x < rect.right() && rect.y < point.y && point.y < rect.bottom();
    rect.holds(point) && !inside
}

/// Boxes are apart or one is in the other; a gateway stands on an edge, a band across subnets.
#[track_caller]
fn apart(paper: &Paper, (one, first): (usize, &Shape), (two, second): (usize, &Shape)) {
    let ground = |shape: &Shape| matches!(shape.role, Role::Zone | Role::Subnet(_));
    let across = |band: &Shape, other: &Shape| band.role == Role::Band && ground(other);
    let on_band = |chip: &Shape, other: &Shape| {
        let parent = chip.parent.map(|parent| &paper.shapes[parent]);
        parent.is_some_and(|parent| across(parent, other))
    };
    let behind = |outer: (usize, &Shape), inner: (usize, &Shape)| {
        paper.is_within(inner.0, outer.0) || across(inner.1, outer.1) || on_band(inner.1, outer.1)
    };
    let in_first = behind((one, first), (two, second));
    let related = in_first || behind((two, second), (one, first));
    assert!(related || !first.rect.overlaps(&second.rect), "{first:?}\noverlaps {second:?}");
    // A heading is not covered by what is in its box.
    let (outer, inner) = if in_first { (first, second) } else { (second, first) };
    for text in outer.texts.iter().filter(|_| related) {
        assert!(!text.rect().overlaps(&inner.rect), "{text:?} is covered by {inner:?}");
    }
}
