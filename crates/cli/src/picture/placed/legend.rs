//! Below the picture: the sentences with their verdicts, and what colours and lines mean.

use std::collections::BTreeSet;

use trueup_model::proof::Verdict;

use super::geometry::{Point, Rect};
use super::paper::{Paper, Role, Shape, Style};
use crate::picture::shown::diagram::{Diagram, Exposure, Icon, Mark, Meaning, sign};

const LINE: i32 = 20;

/// The width and height that the sentences take one below the other.
pub(crate) fn claims_size(diagram: &Diagram) -> (i32, i32) {
    let widths = texts(diagram).map(|text| Style::Claim(Verdict::Proved).width(&text));
    let lines = i32::try_from(diagram.claims.len()).unwrap_or(i32::MAX);
    (widths.max().unwrap_or_default() + 12, 44 + lines * LINE)
}

fn texts(diagram: &Diagram) -> impl Iterator<Item = String> {
    let claims = diagram.claims.iter();
    claims.map(|claim| format!("{} {}", sign(claim.verdict), claim.text))
}

/// The sentences with their verdicts; gives where they end.
pub(crate) fn claims(paper: &mut Paper, diagram: &Diagram, rect: Rect) -> i32 {
    if diagram.claims.is_empty() {
        return rect.y;
    }
    let texts: Vec<String> = texts(diagram).collect();
    let style = |verdict| Style::Claim(verdict);
    let widest = texts.iter().map(|text| style(Verdict::Proved).width(text)).max().unwrap_or(1);
    let columns = (rect.width / (widest + 24)).clamp(1, 4);
    let count = i32::try_from(texts.len()).unwrap_or(i32::MAX);
    let lines = (count + columns - 1) / columns;
    let frame = Rect::new(rect.x, rect.y, rect.width, 36 + lines * LINE + 8);
    let mut shape = Shape::new(frame, Role::Panel);
    shape.write(Point { x: frame.x, y: frame.y + 16 }, frame.right(), Style::Title, "Expected");
    let width = frame.width / columns;
    for (index, (text, claim)) in (0..).zip(texts.iter().zip(&diagram.claims)) {
        let (column, line) = (index / lines, index % lines);
        let at = Point { x: frame.x + column * width, y: frame.y + 40 + line * LINE };
        shape.write(at, at.x + width - 12, style(claim.verdict), text);
    }
    paper.put(shape);
    frame.bottom() + 12
}

/// What colours and lines mean: those that appear, each with a sample.
pub(crate) fn key(paper: &mut Paper, diagram: &Diagram, rect: Rect) {
    let mut x = rect.x;
    let mut y = rect.y;
    let undrawn = format!("{} more ways that rules let through are not drawn", diagram.undrawn);
    let undrawn = (diagram.undrawn > 0).then_some(Entry::of(Role::Panel, undrawn.as_str()));
    for Entry { role, mark, foreign, text } in entries(paper, diagram).into_iter().chain(undrawn) {
        let width = 44 + Style::Note.width(text) + 18;
        if x > rect.x && x + width > rect.x + rect.width {
            (x, y) = (rect.x, y + 24);
        }
        let mut sample = Shape::new(Rect::new(x, y + 4, 30, 16), role);
        sample.icon = Icon::None;
        sample.mark = mark;
        sample.foreign = foreign;
        paper.put(sample);
        let mut words = Shape::new(Rect::new(x + 36, y, width - 36, 24), Role::Panel);
        words.write(Point { x: x + 38, y: y + 16 }, x + width, Style::Note, text);
        paper.put(words);
        x += width;
    }
}

/// The changes that appear.
fn marked(paper: &Paper) -> BTreeSet<Mark> {
    paper.shapes.iter().filter_map(|shape| shape.mark).collect()
}

/// A sample with what it means.
struct Entry<'t> {
    role: Role,
    mark: Option<Mark>,
    foreign: bool,
    text: &'t str,
}

impl<'t> Entry<'t> {
    fn of(role: Role, text: &'t str) -> Self {
        Self { role, mark: None, foreign: false, text }
    }
}

fn entries(paper: &Paper, diagram: &Diagram) -> Vec<Entry<'static>> {
    let mut entries = Vec::new();
    let exposures = [
        (Exposure::Public, "public subnet"),
        (Exposure::Private, "private subnet, with a way out"),
        (Exposure::Isolated, "subnet without a way out"),
        (Exposure::Unread, "subnet whose routes were not read"),
    ];
    for (exposure, text) in exposures {
        let mut subnets = diagram.vpcs.iter().flat_map(|vpc| &vpc.rows).flat_map(|row| &row.cells);
        if subnets.any(|cell| cell.as_ref().is_some_and(|subnet| subnet.exposure == exposure)) {
            entries.push(Entry::of(Role::Subnet(exposure), text));
        }
    }
    let meanings = [
        (Meaning::Claim(Verdict::Proved), "expected and proved"),
        (Meaning::Claim(Verdict::Broken), "broken"),
        (Meaning::Claim(Verdict::Unknown), "nobody can say"),
        (Meaning::Open, "let through by the rules"),
        (Meaning::Stuck, "forwarded, and does not arrive"),
        (Meaning::Route, "route"),
    ];
    for (meaning, text) in meanings {
        if diagram.arrows.iter().any(|arrow| arrow.meaning == meaning) {
            entries.push(Entry::of(Role::Sample(meaning), text));
        }
    }
    if paper.shapes.iter().any(|shape| shape.foreign) {
        entries.push(Entry { foreign: true, ..Entry::of(Role::Item, "not of this stack") });
    }
    let marks = [Mark::Create, Mark::Update, Mark::Replace, Mark::Delete, Mark::Other];
    let drawn = marked(paper);
    let marks = marks.into_iter().filter(|mark| drawn.contains(mark));
    let entry = |mark: Mark| Entry { mark: Some(mark), ..Entry::of(Role::Item, mark.word()) };
    entries.extend(marks.map(entry));
    entries
}
