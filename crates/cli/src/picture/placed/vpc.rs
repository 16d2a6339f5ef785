//! A VPC on paper: gateways on its upper edge, endpoints and peerings on its lower one, zones as
//! columns, tiers of subnets as rows.

use super::geometry::{Point, Rect, STEP, up};
use super::item;
use super::paper::{Paper, Role, Shape, Style};
use crate::picture::shown::diagram::{Item, Row, Subnet, Vpc};

/// From a VPC's edge to its zones; room for arrows.
const PADDING: i32 = 36;
/// A VPC's heading, and the lower half of a gateway.
const HEAD: i32 = 72;
/// Between zones, and between rows: three arrows side by side.
const GAP: i32 = 36;
/// The name of a zone.
const ZONE_HEAD: i32 = 24;
/// Between a zone's edge and its subnets.
const ZONE_PADDING: i32 = 12;
/// Within a subnet, and between boxes in it: two arrows side by side.
const INSIDE: i32 = 24;
/// Between boxes one above the other: room for the words of an arrow.
const BETWEEN: i32 = 36;
/// A subnet's name and network.
const SUBNET_HEAD: i32 = 48;
/// A subnet without anything in it is no narrower.
const LEAST: i32 = 180;

/// Draws it with its upper left corner there, and says where it ends to the right.
pub(crate) fn draw(paper: &mut Paper, vpc: &Vpc, at: Point) -> i32 {
    let columns = columns(vpc);
    let heights: Vec<i32> = vpc.rows.iter().map(|row| row_height(row, &columns)).collect();
    let zones = columns.iter().map(|width| width + 2 * ZONE_PADDING + GAP).sum::<i32>() - GAP;
    let gateways = edge_width(&vpc.gateways);
    let doors = edge_width(&vpc.doors);
    let heading = Style::Title.width(&vpc.item.title).max(Style::Note.width(&vpc.item.note)) + 48;
    let width = up((zones + 2 * PADDING).max(2 * heading + gateways).max(doors + PADDING).max(240));
    let spare = (width - 2 * PADDING - zones).max(0);
    let columns = widened(columns, spare);
    let rows: i32 = heights.iter().map(|height| height + GAP).sum::<i32>() - GAP;
    let zone_height = ZONE_HEAD + rows.max(0) + ZONE_PADDING;
    let inner = if vpc.rows.is_empty() { 0 } else { zone_height + INSIDE };
    let below = item::chip_rows(&vpc.rest, width - 2 * PADDING) * 24;
    // The upper half of what is on the lower edge, and an arrow above it.
    let threshold = if vpc.doors.is_empty() { 0 } else { 48 };
    let height = up(HEAD + inner + below + STEP + threshold);
    let rect = Rect::new(at.x, at.y, width, height);
    let drawn = frame(paper, &vpc.item, rect, Role::Vpc, None);
    let ground = Point { x: at.x + PADDING, y: at.y + HEAD };
    let lefts = zones_of(paper, vpc, &columns, ground, zone_height, drawn);
    let mut y = ground.y + ZONE_HEAD;
    for (row, height) in vpc.rows.iter().zip(&heights) {
        draw_row(paper, row, &columns, &lefts, Rect::new(0, y, 0, *height));
        y += height + GAP;
    }
    let below = Point { x: at.x + PADDING, y: at.y + HEAD + inner };
    item::chips(paper, &vpc.rest, below, width - 2 * PADDING, drawn);
    edge(paper, &vpc.gateways, rect.centre().x, rect.y, drawn);
    edge(paper, &vpc.doors, rect.centre().x, rect.bottom(), drawn);
    rect.right()
}

fn edge_width(items: &[Item]) -> i32 {
    items.iter().map(|one| item::width(one) + INSIDE).sum()
}

fn frame(paper: &mut Paper, item: &Item, rect: Rect, role: Role, parent: Option<usize>) -> usize {
    item::draw(paper, &Item { chips: Vec::new(), ..item.clone() }, rect, role, parent)
}

/// What stands on an edge, half outside, around a middle.
fn edge(paper: &mut Paper, items: &[Item], middle: i32, y: i32, parent: usize) {
    let mut x = up(middle - (edge_width(items) - INSIDE) / 2);
    for one in items {
        let width = item::width(one);
        let place = Rect::new(x, y - 24, width, 48);
        let bare = Item { chips: Vec::new(), ..one.clone() };
        item::draw(paper, &bare, place, Role::Edge, Some(parent));
        x += width + INSIDE;
    }
}

/// Frames of the zones; the paper's index and left edge of each.
fn zones_of(
    paper: &mut Paper,
    vpc: &Vpc,
    columns: &[i32],
    at: Point,
    height: i32,
    parent: usize,
) -> Vec<(usize, i32)> {
    let mut x = at.x;
    let mut lefts = Vec::new();
    for (zone, column) in vpc.zones.iter().zip(columns) {
        let rect = Rect::new(x, at.y, column + 2 * ZONE_PADDING, height);
        let mut shape = Shape::new(rect, Role::Zone);
        shape.parent = Some(parent);
        shape.tooltip.clone_from(zone);
        let at = Point { x: rect.x + ZONE_PADDING, y: rect.y + 16 };
        shape.write(at, rect.right() - STEP, Style::Note, zone);
        lefts.push((paper.put(shape), rect.x + ZONE_PADDING));
        x = rect.right() + GAP;
    }
    lefts
}

fn draw_row(paper: &mut Paper, row: &Row, columns: &[i32], lefts: &[(usize, i32)], span: Rect) {
    for (column, cell) in row.cells.iter().enumerate() {
        let Some(subnet) = cell else { continue };
        let (zone, x) = lefts[column];
        let rect = Rect::new(x, span.y, columns[column], span.height);
        draw_subnet(paper, subnet, rect, zone);
    }
    let mut y = span.y + head(row, columns) + items_height(row, columns);
    for band in &row.bands {
        let left = lefts[band.first].1 + INSIDE;
        let right = lefts[band.last].1 + columns[band.last] - INSIDE;
        let height = item::height(&band.item, right - left);
        let parent = lefts[band.first].0;
        let parent = paper.shapes[parent].parent;
        item::draw(paper, &band.item, Rect::new(left, y, right - left, height), Role::Band, parent);
        y += height + BETWEEN;
    }
}

fn draw_subnet(paper: &mut Paper, subnet: &Subnet, rect: Rect, zone: usize) {
    let drawn = frame(paper, &subnet.item, rect, Role::Subnet(subnet.exposure), Some(zone));
    let room = rect.width - INSIDE;
    let below = Point { x: rect.x + STEP, y: rect.y + SUBNET_HEAD - 6 };
    item::chips(paper, &subnet.item.chips, below, room, drawn);
    let chips = item::chip_rows(&subnet.item.chips, room) * 24;
    let (count, width) = grid(&subnet.items);
    let used = width * to_i32(count) + INSIDE * (to_i32(count) - 1).max(0);
    // Boxes stand in the middle, so that arrows have room on both sides.
    let left = rect.x + ((rect.width - used) / 2 / STEP * STEP).max(INSIDE);
    let mut y = rect.y + SUBNET_HEAD + chips;
    for line in subnet.items.chunks(count.max(1)) {
        let height = line.iter().map(|one| item::height(one, width)).max().unwrap_or_default();
        for (index, one) in line.iter().enumerate() {
            let x = left + to_i32(index) * (width + INSIDE);
            item::draw(paper, one, Rect::new(x, y, width, height), Role::Item, Some(drawn));
        }
        y += height + BETWEEN;
    }
}

/// How many boxes stand side by side, and how wide each is.
fn grid(items: &[Item]) -> (usize, i32) {
    let width = items.iter().map(item::width).max().unwrap_or_default();
    let count = match items.len() {
        0..=3 => 1,
        4..=8 => 2,
        9..=15 => 3,
        _ => 4,
    };
    (count.min(items.len().max(1)), width)
}

/// What each zone's column needs.
fn columns(vpc: &Vpc) -> Vec<i32> {
    let mut columns = vec![LEAST; vpc.zones.len()];
    for row in &vpc.rows {
        for (column, cell) in row.cells.iter().enumerate() {
            let Some(subnet) = cell else { continue };
            columns[column] = columns[column].max(subnet_width(subnet));
        }
    }
    for band in vpc.rows.iter().flat_map(|row| &row.bands) {
        let between = to_i32(band.last - band.first) * (GAP + 2 * ZONE_PADDING);
        let there: i32 = columns[band.first..=band.last].iter().sum::<i32>() + between;
        let missing = item::width(&band.item) + 2 * INSIDE - there;
        if missing > 0 {
            columns[band.first] += up(missing);
        }
    }
    columns
}

fn widened(mut columns: Vec<i32>, spare: i32) -> Vec<i32> {
    let count = to_i32(columns.len()).max(1);
    for column in &mut columns {
        *column += spare / count / STEP * STEP;
    }
    columns
}

fn subnet_width(subnet: &Subnet) -> i32 {
    let (count, width) = grid(&subnet.items);
    let items = to_i32(count) * (width + INSIDE) + INSIDE;
    let heading = item::width(&Item { chips: Vec::new(), ..subnet.item.clone() });
    let chips = subnet.item.chips.iter().map(item::chip_width).max().unwrap_or_default() + INSIDE;
    up(items.max(heading).max(chips.min(300)))
}

/// The headings of a row's subnets, tables' chips included, as high as the highest.
fn head(row: &Row, columns: &[i32]) -> i32 {
    let chips = row.cells.iter().zip(columns).filter_map(|(cell, width)| {
        let subnet = cell.as_ref()?;
        Some(item::chip_rows(&subnet.item.chips, width - INSIDE) * 24)
    });
    SUBNET_HEAD + chips.max().unwrap_or_default()
}

/// The boxes that stand in single subnets of a row, with the gap below.
fn items_height(row: &Row, columns: &[i32]) -> i32 {
    let highest = head(row, columns);
    let heights = row.cells.iter().zip(columns).filter_map(|(cell, column)| {
        let subnet = cell.as_ref()?;
        let (count, width) = grid(&subnet.items);
        let lines = subnet.items.chunks(count);
        let height = |line: &[Item]| line.iter().map(|one| item::height(one, width)).max();
        let lines: i32 = lines.map(|line| height(line).unwrap_or_default() + BETWEEN).sum();
        let own = SUBNET_HEAD + item::chip_rows(&subnet.item.chips, column - INSIDE) * 24;
        Some(own + lines - highest)
    });
    heights.max().unwrap_or_default().max(0)
}

fn row_height(row: &Row, columns: &[i32]) -> i32 {
    let bands = row.bands.iter().map(|band| {
        let least = columns[band.first].min(columns[band.last]);
        let between = to_i32(band.last - band.first) * (GAP + 2 * ZONE_PADDING);
        let width: i32 = columns[band.first..=band.last].iter().sum::<i32>() + between - 2 * INSIDE;
        item::height(&band.item, width.max(least)) + BETWEEN
    });
    let inside = items_height(row, columns) + bands.sum::<i32>();
    // Below the last box there is room for two arrows.
    up(head(row, columns) + (inside - STEP).max(STEP))
}

/// Counts here are of boxes on a page.
fn to_i32(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
