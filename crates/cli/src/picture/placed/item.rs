//! The size of a box with a name, and what is written where on it.

use super::geometry::{Point, Rect, up};
use super::paper::{Paper, Role, Shape, Style};
use crate::picture::shown::diagram::{Chip, Icon, Item};

/// The least and the greatest width of a box.
const LEAST: i32 = 132;
const MOST: i32 = 276;
/// The height of a box without chips.
const BARE: i32 = 48;
/// From one row of chips to the next.
const ROW: i32 = 24;
/// The height of a chip.
const CHIP: i32 = 18;
/// Where texts begin beside an icon.
const BESIDE_ICON: i32 = 42;
const MARGIN: i32 = 12;

/// The width that it would like.
pub(crate) fn width(item: &Item) -> i32 {
    let mark = if item.mark.is_some() { 18 } else { 0 };
    let title = indent(item) + Style::Title.width(&item.title) + MARGIN + mark;
    let note = indent(item) + Style::Note.width(&item.note) + MARGIN;
    let chips = item.chips.iter().map(|chip| chip_width(chip) + 2 * MARGIN);
    up(chips.chain([title, note]).max().unwrap_or(LEAST)).clamp(LEAST, MOST)
}

/// The height that it needs in that width.
pub(crate) fn height(item: &Item, width: i32) -> i32 {
    BARE + ROW * chip_rows(&item.chips, width - 2 * MARGIN)
}

fn indent(item: &Item) -> i32 {
    if item.icon == Icon::None { MARGIN } else { BESIDE_ICON }
}

pub(crate) fn chip_width(chip: &Chip) -> i32 {
    let sign = if chip.mark.is_some() { 14 } else { 0 };
    Style::Small.width(&chip.text) + 16 + sign
}

/// The rows that chips take in that width.
pub(crate) fn chip_rows(chips: &[Chip], room: i32) -> i32 {
    let (mut rows, mut used) = (0, i32::MAX);
    for chip in chips {
        let width = chip_width(chip).min(room);
        if used.saturating_add(6 + width) > room {
            rows += 1;
            used = width;
        } else {
            used += 6 + width;
        }
    }
    rows
}

/// Draws it into a rectangle of at least its height.
pub(crate) fn draw(
    paper: &mut Paper,
    item: &Item,
    rect: Rect,
    role: Role,
    parent: Option<usize>,
) -> usize {
    let mut shape = Shape::new(rect, role);
    let mark = if item.mark.is_some() { 18 } else { 0 };
    let (x, right) = (rect.x + indent(item), rect.right() - MARGIN);
    shape.write(Point { x, y: rect.y + 21 }, right - mark, Style::Title, &item.title);
    shape.write(Point { x, y: rect.y + 37 }, right, Style::Note, &item.note);
    shape.name = Some(item.name.clone());
    shape.members.clone_from(&item.members);
    shape.parent = parent;
    shape.icon = item.icon;
    shape.mark = item.mark;
    shape.foreign = item.foreign;
    shape.tooltip = tooltip(item);
    let drawn = paper.put(shape);
    let below = Point { x: rect.x + MARGIN, y: rect.y + BARE };
    chips(paper, &item.chips, below, rect.width - 2 * MARGIN, drawn);
    drawn
}

fn tooltip(item: &Item) -> String {
    let named = if item.members.len() == 1 { &item.members[0] } else { &item.title };
    let change = item.mark.map(|mark| format!(", {}", mark.word())).unwrap_or_default();
    match item.note.as_str() {
        "" => format!("{named}{change}"),
        note => format!("{named}: {note}{change}"),
    }
}

/// Draws chips in rows.
pub(crate) fn chips(paper: &mut Paper, chips: &[Chip], at: Point, room: i32, parent: usize) {
    let (mut x, mut y) = (at.x, at.y);
    for chip in chips {
        let width = chip_width(chip).min(room);
        if x > at.x && x + width > at.x + room {
            x = at.x;
            y += ROW;
        }
        let rect = Rect::new(x, y, width, CHIP);
        let mut shape = Shape::new(rect, Role::Chip(chip.tone));
        let sign = if chip.mark.is_some() { 14 } else { 0 };
        let text = Point { x: x + 8 + sign, y: y + 13 };
        shape.write(text, rect.right() - 6, Style::Small, &chip.text);
        shape.name.clone_from(&chip.name);
        shape.members.extend(chip.name.clone());
        shape.parent = Some(parent);
        shape.mark = chip.mark;
        shape.tooltip = chip.name.clone().unwrap_or_else(|| chip.text.clone());
        paper.put(shape);
        x += width + 6;
    }
}
