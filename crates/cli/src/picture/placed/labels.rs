//! Where the words of an arrow stand: on it, and on nothing else.

use super::geometry::{Point, Rect};
use super::paper::{Paper, Role, Style};

const HEIGHT: i32 = 16;
/// From one place that is tried to the next.
const TRIES: usize = 24;

/// Finds a place on each arrow for its label.
pub(crate) fn place(paper: &mut Paper) {
    let obstacles = obstacles(paper);
    let mut placed: Vec<Rect> = Vec::new();
    for index in 0..paper.lines.len() {
        let Some((_, text)) = &paper.lines[index].label else { continue };
        let size = (Style::Small.width(text) + 12, HEIGHT);
        let candidates = candidates(&paper.lines[index].points, size);
        let score = |rect: &Rect| {
            let on_boxes = obstacles.iter().filter(|other| other.overlaps(rect)).count();
            let on_labels = placed.iter().filter(|other| other.overlaps(rect)).count();
            let lines = paper.lines.iter().enumerate().filter(|(other, _)| *other != index);
            let on_lines = lines.filter(|(_, line)| crosses(&line.points, rect)).count();
            let outside = !Rect::new(0, 0, paper.width, paper.height).contains(rect);
            on_boxes * 100 + on_labels * 60 + on_lines * 20 + usize::from(outside) * 500
        };
        let best = candidates.into_iter().min_by_key(|(rect, wish)| score(rect) + wish);
        let Some((rect, _)) = best else { continue };
        placed.push(rect);
        if let Some((place, _)) = &mut paper.lines[index].label {
            *place = rect;
        }
    }
}

fn obstacles(paper: &Paper) -> Vec<Rect> {
    let mut found = Vec::new();
    for shape in &paper.shapes {
        if matches!(shape.role, Role::Item | Role::Band | Role::Edge | Role::Chip(_)) {
            found.push(shape.rect);
        } else {
            found.extend(shape.texts.iter().map(super::paper::Text::rect));
        }
    }
    found
}

/// Places on a line, each with how little it is wished for.
fn candidates(points: &[Point], (width, height): (i32, i32)) -> Vec<(Rect, usize)> {
    let mut found = Vec::new();
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let length = (from.x - to.x).abs() + (from.y - to.y).abs();
        let is_level = from.y == to.y;
        let fits = length >= if is_level { width + 24 } else { height + 20 };
        let steps = usize::try_from(length / 6).unwrap_or_default().clamp(2, TRIES);
        for step in 1..steps {
            let (part, whole) = (to_i32(step), to_i32(steps));
            let x = from.x + (to.x - from.x) * part / whole;
            let y = from.y + (to.y - from.y) * part / whole;
            let rect = Rect::new(x - width / 2, y - height / 2, width, height);
            let off_centre = step.abs_diff(steps / 2) / 2;
            found.push((rect, off_centre + if fits { 0 } else { 12 }));
        }
    }
    found
}

/// Whether a line runs through a rectangle.
pub(crate) fn crosses(points: &[Point], rect: &Rect) -> bool {
    points.windows(2).any(|pair| {
        let (from, to) = (pair[0], pair[1]);
        let segment = Rect::new(
            from.x.min(to.x) - 1,
            from.y.min(to.y) - 1,
            (from.x - to.x).abs() + 2,
            (from.y - to.y).abs() + 2,
        );
        segment.overlaps(rect)
    })
}

fn to_i32(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
