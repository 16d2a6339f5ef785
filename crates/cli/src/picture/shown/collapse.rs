//! What would crowd a picture, drawn as one: `instance.app[*] ×6`.

use std::collections::BTreeMap;

use super::build::family;
use super::diagram::{Band, Chip, Exposure, Item, Mark, Row, Subnet, Tone};
use super::words;
use crate::picture::known::places::Ground;
use crate::picture::known::read::Name;

/// The instances of a family that stand side by side before they become one box.
const FAMILY: usize = 3;
/// The boxes in one place before those of a kind become one.
const CROWD: usize = 8;
/// The rows of a VPC before subnets of one sort become one.
const ROWS: usize = 9;

type Placed = (Subnet, Ground);

/// Subnets of one zone and family as one, where there are many.
pub(crate) fn subnets(found: Vec<Placed>) -> Vec<Placed> {
    let by_family = |(subnet, ground): &Placed| {
        family(&subnet.item.name).map(|family| (ground.zone.clone(), format!("{family}[*]")))
    };
    let found = merge_subnets(found, FAMILY, by_family);
    let mut per_zone: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, ground) in &found {
        *per_zone.entry(&ground.zone).or_default() += 1;
    }
    if per_zone.values().all(|count| *count <= ROWS) {
        return found;
    }
    let by_exposure = |(_, ground): &Placed| {
        let sort = match ground.exposure {
            Exposure::Public => "public",
            Exposure::Private => "private",
            Exposure::Isolated => "isolated",
            Exposure::Unread => "other",
        };
        Some((ground.zone.clone(), format!("{sort} subnets")))
    };
    merge_subnets(found, 1, by_exposure)
}

fn merge_subnets(
    found: Vec<Placed>,
    most: usize,
    key: impl Fn(&Placed) -> Option<(String, String)>,
) -> Vec<Placed> {
    let mut merged: Vec<Placed> = Vec::new();
    for group in grouped(found, most, key) {
        merged.push(match group {
            Group::One(placed) => placed,
            Group::Many((zone, title), many) => {
                let ground = many[0].1.clone();
                let exposure = many[0].0.exposure;
                let count: usize = many.iter().map(|(subnet, _)| subnet.item.members.len()).sum();
                let items = many.into_iter().map(|(subnet, _)| subnet.item).collect();
                let short = title.strip_prefix("subnet.").unwrap_or(&title);
                let name = format!("{title} in {zone}");
                let mut item = Item::merged(name, format!("{short} ×{count}"), items);
                item.note = format!("{count} subnets");
                item.chips = chips(item.chips);
                (Subnet { item, exposure, items: Vec::new() }, ground)
            }
        });
    }
    merged
}

/// Subnets in rows, one a zone; those of a family stand in one row.
pub(crate) fn rows(found: Vec<Placed>, zones: &[String]) -> Vec<Row> {
    let mut rows: Vec<((Exposure, String), Row)> = Vec::new();
    for (subnet, ground) in found {
        let column = zones.iter().position(|zone| *zone == ground.zone).unwrap_or_default();
        let key = (ground.exposure, stem(&subnet.item.name));
        let free = |row: &Row| row.cells[column].is_none();
        let place = rows.iter().position(|(other, row)| *other == key && free(row));
        let place = place.unwrap_or_else(|| {
            let mut row = Row::default();
            row.cells.resize_with(zones.len(), || None);
            rows.push((key, row));
            rows.len() - 1
        });
        rows[place].1.cells[column] = Some(subnet);
    }
    rows.into_iter().map(|(_, row)| row).collect()
}

/// What the names of subnets of one tier share: `subnet.private` of `subnet.private[a]`,
/// `subnet.private_a`, `subnet.private_2` and `subnet.private[*] in us-west-2a`; of `subnet.a` the
/// kind alone, and of ids nothing else either.
fn stem(name: &str) -> String {
    let name = name.split([' ', '[']).next().unwrap_or(name);
    match name.rsplit_once(['_', '.']) {
        Some((stem, last)) if last.len() <= 2 => stem.to_owned(),
        None => String::new(),
        _ => name.to_owned(),
    }
}

/// Puts what stands in subnets into them: into one, across neighbours, or a copy into each.
pub(crate) fn furnish(rows: &mut [Row], standing: Vec<(Vec<Name>, Item)>) {
    let mut across: BTreeMap<(usize, usize, usize), Vec<Item>> = BTreeMap::new();
    for (subnets, item) in standing {
        let mut cells: Vec<(usize, usize)> =
            subnets.iter().filter_map(|subnet| cell(rows, subnet)).collect();
        cells.sort_unstable();
        cells.dedup();
        let &[(row, first), .., (last_row, last)] = cells.as_slice() else {
            if let Some(&(row, column)) = cells.first() {
                push(rows, row, column, item);
            }
            continue;
        };
        if row == last_row && last - first + 1 == cells.len() {
            across.entry((row, first, last)).or_default().push(item);
        } else {
            for (row, column) in cells {
                push(rows, row, column, item.clone());
            }
        }
    }
    for ((row, first, last), items) in across {
        let bands = crowd(items).into_iter().map(|item| Band { item, first, last });
        rows[row].bands.extend(bands);
    }
    for row in rows {
        for subnet in row.cells.iter_mut().flatten() {
            subnet.items = crowd(std::mem::take(&mut subnet.items));
        }
    }
}

fn cell(rows: &[Row], name: &Name) -> Option<(usize, usize)> {
    rows.iter().enumerate().find_map(|(index, row)| {
        let is_it = |subnet: &Option<Subnet>| {
            subnet.as_ref().is_some_and(|subnet| subnet.item.members.contains(name))
        };
        Some((index, row.cells.iter().position(is_it)?))
    })
}

fn push(rows: &mut [Row], row: usize, column: usize, item: Item) {
    if let Some(subnet) = &mut rows[row].cells[column] {
        subnet.items.push(item);
    }
}

/// What stands on the lower edge of a VPC: more than a few of a kind are one box.
pub(crate) fn doors(items: Vec<Item>) -> Vec<Item> {
    let by_kind = |item: &Item| Some((item.kind.clone(), ()));
    let doors = grouped(items, FAMILY, by_kind).into_iter().map(|group| match group {
        Group::One(item) => item,
        Group::Many((kind, ()), many) => {
            let titles: Vec<&str> = many.iter().map(|item| item.title.as_str()).collect();
            let note = titles.join(", ");
            let title = format!("{} ×{}", words::heading(&kind), many.len());
            let name = format!("{kind} ×{} with {}", many.len(), many[0].name);
            Item { note, ..Item::merged(name, title, many.clone()) }
        }
    });
    let mut doors: Vec<Item> = doors.collect();
    doors.sort_by_cached_key(|item| (item.kind.clone(), item.title.clone(), item.name.clone()));
    doors
}

/// Boxes of one place: families as one, then kinds, where there are too many.
pub(crate) fn crowd(items: Vec<Item>) -> Vec<Item> {
    let by_family = |item: &Item| family(&item.name).map(|family| (family.to_string(), ()));
    let mut items: Vec<Item> = grouped(items, FAMILY, by_family)
        .into_iter()
        .map(|group| match group {
            Group::One(item) => item,
            Group::Many((family, ()), many) => {
                let bare = family.rsplit('.').next().unwrap_or(&family).to_owned();
                let title = format!("{bare}[*] ×{}", many.len());
                let name = format!("{family}[*] with {}", many[0].name);
                Item::merged(name, title, many)
            }
        })
        .collect();
    items = by_kind(items, |item| item.foreign && item.members.len() == 1);
    if items.len() > CROWD {
        items = by_kind(items, |_| true);
    }
    items.sort_by_cached_key(|item| (words::rank(item.icon), item.name.clone()));
    items
}

/// Those of a kind as one, where there are more than a few.
fn by_kind(items: Vec<Item>, is_meant: impl Fn(&Item) -> bool) -> Vec<Item> {
    let kind = |item: &Item| is_meant(item).then(|| (item.kind.clone(), item.foreign));
    let merged = grouped(items, FAMILY, kind).into_iter().map(|group| match group {
        Group::One(item) => item,
        Group::Many((kind, _), many) => {
            let count: usize = many.iter().map(|item| item.members.len()).sum();
            let title = format!("{} ×{count}", words::heading(&kind));
            let name = format!("{kind} ×{count} with {}", many[0].name);
            Item::merged(name, title, many)
        }
    });
    merged.collect()
}

/// The most chips on one box.
const CHIPS: usize = 6;

/// The first few chips, and how many more there are.
pub(crate) fn chips(mut chips: Vec<Chip>) -> Vec<Chip> {
    chips.sort();
    chips.dedup();
    if chips.len() > CHIPS {
        let more = chips.split_off(CHIPS - 1);
        let mark = more.iter().filter_map(|chip| chip.mark).max().map(|_| Mark::Update);
        let text = format!("and {} more", more.len());
        chips.push(Chip { name: None, text, tone: Tone::Plain, mark });
    }
    chips
}

enum Group<K, T> {
    One(T),
    Many(K, Vec<T>),
}

/// Things with the same key together, where there are more than `most`; at the place of the first.
fn grouped<T, A: Ord + Clone, B: Ord + Clone>(
    things: Vec<T>,
    most: usize,
    key: impl Fn(&T) -> Option<(A, B)>,
) -> Vec<Group<(A, B), T>> {
    let mut counts: BTreeMap<(A, B), usize> = BTreeMap::new();
    for key in things.iter().filter_map(&key) {
        *counts.entry(key).or_default() += 1;
    }
    let mut groups: Vec<Group<(A, B), T>> = Vec::new();
    let mut started: BTreeMap<(A, B), usize> = BTreeMap::new();
    for thing in things {
        match key(&thing).filter(|key| counts[key] > most) {
            None => groups.push(Group::One(thing)),
            Some(key) => {
                let index = *started.entry(key.clone()).or_insert_with(|| {
                    groups.push(Group::Many(key.clone(), Vec::new()));
                    groups.len() - 1
                });
                if let Group::Many(_, many) = &mut groups[index] {
                    many.push(thing);
                }
            }
        }
    }
    groups
}
