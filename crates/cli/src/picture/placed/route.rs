//! Ways for arrows between boxes: at right angles, around boxes and texts, apart from each other.
//!
//! The paper is a grid of places halfway between the multiples that boxes stand on, so that a line
//! never runs on a border. The cheapest way is found with A*; bends, crossings and strangers'
//! subnets cost extra.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::geometry::{Point, Rect, STEP};
use super::paper::{Line, Paper, Role};
use crate::picture::shown::diagram::{Arrow, Meaning};

const STEP_COST: u32 = 10;
const BEND: u32 = 36;
/// A bend right before the arrow's head, which wants a straight piece.
const LATE_BEND: u32 = 120;
const CROSSING: u32 = 45;
/// Running on another arrow: only where there is no other way at all.
const SHARED: u32 = 900;
/// For each step through a subnet that neither end is in.
const STRANGER: u32 = 9;
/// For each step that an arrow leaves a side away from its middle.
const OFF_CENTRE: u32 = 3;

/// Draws arrows between boxes that are on paper.
pub(crate) fn route(paper: &mut Paper, arrows: &[Arrow]) {
    let mut grid = Grid::of(paper);
    let mut bundles: BTreeMap<(&str, &str, Meaning), u16> = BTreeMap::new();
    let mut planned: Vec<(usize, usize, &Arrow)> = arrows
        .iter()
        .filter_map(|arrow| Some((paper.find(&arrow.from)?, paper.find(&arrow.to)?, arrow)))
        .filter(|(from, to, _)| !paper.is_within(*from, *to) && !paper.is_within(*to, *from))
        .collect();
    planned.sort_by_key(|(from, to, arrow)| {
        (arrow.meaning == Meaning::Route, distance(paper, *from, *to))
    });
    for (index, (from, to, arrow)) in planned.into_iter().enumerate() {
        let own = u16::try_from(2 * index + 2).unwrap_or(u16::MAX);
        // What says the same of the same box runs together, like roads.
        let bundle = *bundles.entry((&arrow.to, &arrow.label, arrow.meaning)).or_insert(own);
        let (points, joins) = grid.way(paper, from, to, bundle);
        let (meaning, tooltip) = (arrow.meaning, arrow.tooltip.clone());
        let label =
            (!joins && !arrow.label.is_empty()).then(|| (Rect::default(), arrow.label.clone()));
        paper.lines.push(Line { points, meaning, tooltip, label, ends: (from, to) });
    }
}

fn distance(paper: &Paper, from: usize, to: usize) -> i32 {
    let (from, to) = (paper.shapes[from].rect.centre(), paper.shapes[to].rect.centre());
    (from.x - to.x).abs() + (from.y - to.y).abs()
}

/// Right, down, left, up.
const WAYS: [(i32, i32); 4] = [(1, 0), (0, 1), (-1, 0), (0, -1)];

const fn opposite(way: usize) -> usize {
    (way + 2) % 4
}

const fn is_level(way: usize) -> bool {
    way == 0 || way == 2
}

/// A place and the direction in which it was entered.
type State = usize;

/// Before the first state.
const START: State = usize::MAX;

/// Places next to the goal with the way that leads out of it, and what it costs to end there.
type Goals = BTreeMap<(usize, usize), u32>;

/// What a search has found so far.
struct Found {
    best: Vec<u32>,
    before: Vec<State>,
    open: BinaryHeap<Reverse<(u32, State)>>,
}

impl Found {
    fn reach(&mut self, from: State, to: State, cost: u32, rest: u32) {
        if cost < self.best[to] {
            self.best[to] = cost;
            self.before[to] = from;
            self.open.push(Reverse((cost + rest, to)));
        }
    }

    fn path(&self, last: State) -> Vec<State> {
        let before = |state: &State| Some(self.before[*state]).filter(|before| *before != START);
        let mut path: Vec<State> = std::iter::successors(Some(last), before).collect();
        path.reverse();
        path
    }
}

struct Grid {
    columns: i32,
    rows: i32,
    /// Whether a box or a text is there.
    taken: Vec<bool>,
    /// The subnet that is there, by its index on paper plus one.
    subnet: Vec<usize>,
    /// The bundle that runs there along and across; 0 is none.
    along: Vec<u16>,
    across: Vec<u16>,
}

impl Grid {
    fn of(paper: &Paper) -> Self {
        let (columns, rows) = (paper.width / STEP + 1, paper.height / STEP + 1);
        let size = usize::try_from(columns * rows).unwrap_or_default();
        let mut grid = Self {
            columns,
            rows,
            taken: vec![false; size],
            subnet: vec![0; size],
            along: vec![0; size],
            across: vec![0; size],
        };
        for (index, shape) in paper.shapes.iter().enumerate() {
            match shape.role {
                Role::Subnet(_) => grid.each(shape.rect, |grid, at| grid.subnet[at] = index + 1),
                Role::Item | Role::Band | Role::Edge | Role::Chip(_) | Role::Sample(_) => {
                    grid.each(shape.rect, |grid, at| grid.taken[at] = true);
                }
                Role::Vpc | Role::Zone | Role::Panel => {}
            }
            for text in &shape.texts {
                let rect = text.rect();
                let rect = Rect::new(rect.x - 3, rect.y - 2, rect.width + 6, rect.height + 4);
                grid.each(rect, |grid, at| grid.taken[at] = true);
            }
        }
        grid
    }

    /// Every place in a rectangle.
    fn each(&mut self, rect: Rect, mut act: impl FnMut(&mut Self, usize)) {
        let first = |low: i32| (low - STEP / 2 + STEP - 1).div_euclid(STEP).max(0);
        let last = |high: i32| (high - STEP / 2).div_euclid(STEP);
        for row in first(rect.y)..=last(rect.bottom()).min(self.rows - 1) {
            for column in first(rect.x)..=last(rect.right()).min(self.columns - 1) {
                let at = self.index(column, row);
                act(self, at);
            }
        }
    }

    fn index(&self, column: i32, row: i32) -> usize {
        usize::try_from(row * self.columns + column).unwrap_or_default()
    }

    fn place(&self, at: usize) -> (i32, i32) {
        let at = i32::try_from(at).unwrap_or_default();
        (at % self.columns, at / self.columns)
    }

    fn point(&self, at: usize) -> Point {
        let (column, row) = self.place(at);
        Point { x: column * STEP + STEP / 2, y: row * STEP + STEP / 2 }
    }

    fn step(&self, at: usize, way: usize) -> Option<usize> {
        let (column, row) = self.place(at);
        let (column, row) = (column + WAYS[way].0, row + WAYS[way].1);
        let inside = column >= 0 && row >= 0 && column < self.columns && row < self.rows;
        inside.then(|| self.index(column, row))
    }

    /// The free places around a box, each with the way that leads out to it and what it costs to
    /// leave there and not in the middle.
    fn ports(&self, rect: Rect) -> Vec<(usize, usize, u32)> {
        let (left, right) = (rect.x.div_euclid(STEP), rect.right().div_euclid(STEP) - 1);
        let (top, bottom) = (rect.y.div_euclid(STEP), rect.bottom().div_euclid(STEP) - 1);
        let mut ports = Vec::new();
        let mut add = |column: i32, row: i32, way: usize, off: i32| {
            if column >= 0 && row >= 0 && column < self.columns && row < self.rows {
                let at = self.index(column, row);
                if !self.taken[at] {
                    ports.push((at, way, off.unsigned_abs() * OFF_CENTRE));
                }
            }
        };
        for column in left..=right {
            let off = column - i32::midpoint(left, right);
            add(column, top - 1, 3, off);
            add(column, bottom + 1, 1, off);
        }
        for row in top..=bottom {
            let off = row - i32::midpoint(top, bottom);
            add(left - 1, row, 2, off);
            add(right + 1, row, 0, off);
        }
        ports
    }

    /// The cheapest way from one box to another, from border to border; it is marked as used. And
    /// whether it joins another of its bundle.
    fn way(&mut self, paper: &Paper, from: usize, to: usize, bundle: u16) -> (Vec<Point>, bool) {
        let (start, goal) = (paper.shapes[from].rect, paper.shapes[to].rect);
        let at_home = |subnet: usize| {
            subnet == 0
                || [from, to].iter().any(|end| {
                    *end == subnet - 1
                        || paper.is_within(*end, subnet - 1)
                        || paper.shapes[*end].rect.overlaps(&paper.shapes[subnet - 1].rect)
                })
        };
        let Some(path) = self.search(start, goal, bundle, &at_home) else {
            return (straight(start, goal), false);
        };
        let joins = path
            .iter()
            .any(|state| self.along[state / 4] == bundle || self.across[state / 4] == bundle);
        self.mark(&path, bundle);
        (self.points(&path, start, goal), joins)
    }

    /// A*; gives states from first to last.
    fn search(
        &self,
        start: Rect,
        goal: Rect,
        bundle: u16,
        at_home: &dyn Fn(usize) -> bool,
    ) -> Option<Vec<State>> {
        let ports = self.ports(goal).into_iter();
        let goals: Goals = ports.map(|(at, way, off)| ((at, way), off)).collect();
        let mut found = Found {
            best: vec![u32::MAX; self.taken.len() * 4],
            before: vec![START; self.taken.len() * 4],
            open: BinaryHeap::new(),
        };
        for (at, way, off) in self.ports(start) {
            let cost = off + self.cost(at, (way, way), bundle, at_home);
            found.reach(START, at * 4 + way, cost, self.rest(at, goal));
        }
        let mut end: Option<(u32, State)> = None;
        while let Some(Reverse((estimate, state))) = found.open.pop() {
            if end.is_some_and(|(cost, _)| cost <= estimate) {
                break;
            }
            let (at, way, cost) = (state / 4, state % 4, found.best[state]);
            if cost + self.rest(at, goal) < estimate {
                continue;
            }
            if let Some(more) = self.arrival(at, way, &goals, bundle)
                && end.is_none_or(|(known, _)| cost + more < known)
            {
                end = Some((cost + more, state));
            }
            for next_way in (0..4).filter(|next| *next != opposite(way)) {
                let next = self.step(at, next_way).filter(|next| !self.taken[*next]);
                let Some(next) = next else { continue };
                let turn = if next_way == way { 0 } else { self.sharing(at, next_way, bundle) };
                let cost = cost + turn + self.cost(next, (way, next_way), bundle, at_home);
                found.reach(state, next * 4 + next_way, cost, self.rest(next, goal));
            }
        }
        end.map(|(_, last)| found.path(last))
    }

    /// What it costs to enter the goal from a place, if that is next to it. What leads into a box
    /// is opposite to what leads out of it there.
    fn arrival(&self, at: usize, way: usize, goals: &Goals, bundle: u16) -> Option<u32> {
        let entries = (0..4).filter(|inward| opposite(*inward) != way).filter_map(|inward| {
            let off = goals.get(&(at, opposite(inward)))?;
            let turn = if inward == way { 0 } else { LATE_BEND };
            Some(off + turn + self.sharing(at, inward, bundle))
        });
        entries.min()
    }

    /// The least that is still to pay.
    fn rest(&self, at: usize, goal: Rect) -> u32 {
        let point = self.point(at);
        let away = |value: i32, low: i32, high: i32| (low - value).max(value - high).max(0);
        let away = away(point.x, goal.x, goal.right()) + away(point.y, goal.y, goal.bottom());
        (away / STEP).unsigned_abs() * STEP_COST
    }

    /// What it costs to enter a place and go on, perhaps another way.
    fn cost(
        &self,
        at: usize,
        (way, next): (usize, usize),
        bundle: u16,
        at_home: &dyn Fn(usize) -> bool,
    ) -> u32 {
        let bend = if way == next { 0 } else { BEND };
        let stranger = if at_home(self.subnet[at]) { 0 } else { STRANGER };
        STEP_COST + bend + stranger + self.sharing(at, next, bundle)
    }

    /// What others that run there cost.
    fn sharing(&self, at: usize, way: usize, bundle: u16) -> u32 {
        let (same, other) = if is_level(way) {
            (self.along[at], self.across[at])
        } else {
            (self.across[at], self.along[at])
        };
        let mut cost = 0;
        if same != 0 && same != bundle {
            cost += SHARED;
        }
        if other != 0 && other != bundle {
            cost += CROSSING;
        }
        cost
    }

    fn mark(&mut self, path: &[State], bundle: u16) {
        for (index, state) in path.iter().enumerate() {
            let ways = [Some(state % 4), path.get(index + 1).map(|next| next % 4)];
            for way in ways.into_iter().flatten() {
                let lane = if is_level(way) { &mut self.along } else { &mut self.across };
                lane[state / 4] = bundle;
            }
        }
    }

    /// The corners of a path, its ends on the borders of the boxes.
    fn points(&self, path: &[State], start: Rect, goal: Rect) -> Vec<Point> {
        let places: Vec<Point> = path.iter().map(|state| self.point(state / 4)).collect();
        let (Some(first), Some(last)) = (places.first(), places.last()) else {
            return straight(start, goal);
        };
        let mut points = vec![onto(start, *first)];
        points.extend(&places);
        points.push(onto(goal, *last));
        let mut corners: Vec<Point> = Vec::new();
        for point in points {
            if let [.., before, between] = corners.as_slice() {
                let upright = before.x == between.x && between.x == point.x;
                let level = before.y == between.y && between.y == point.y;
                if upright || level {
                    corners.pop();
                }
            }
            corners.push(point);
        }
        corners
    }
}

/// The place on the border of a box that is next to a place outside it.
fn onto(rect: Rect, point: Point) -> Point {
    Point { x: point.x.clamp(rect.x, rect.right()), y: point.y.clamp(rect.y, rect.bottom()) }
}

/// Where there is no way at all.
fn straight(start: Rect, goal: Rect) -> Vec<Point> {
    vec![onto(start, goal.centre()), onto(goal, start.centre())]
}
