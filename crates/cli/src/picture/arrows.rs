//! What reaches what, as arrows between boxes: sentences, rules that let through, and routes.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::Stack;
use trueup_model::proof::Verdict;
use trueup_model::stack::{End, Sentence};

use super::Subject;
use super::diagram::{Arrow, Chip, Diagram, Icon, Item, Meaning, Tone, sign, word};
use super::places::{Place, Places};
use super::read::{Name, Thing};
use super::rules;

/// The box of everything outside.
const INTERNET: &str = "internet";
/// Arrows that nobody claimed, beyond which they hide more than they show.
const OPEN: usize = 16;

/// Adds the arrows, what stands outside, and the signs of what does not reach.
pub(super) fn add(subject: &Subject<'_>, places: &Places<'_>, diagram: &mut Diagram) {
    let boxes = boxes(diagram);
    let mut drawing = Drawing { places, boxes, arrows: BTreeSet::new(), shields: Vec::new() };
    for (sentence, proof) in subject.plan.expect.iter().zip(&subject.plan.proofs) {
        drawing.claim(subject.stack, sentence, proof.verdict);
    }
    for sentence in rules::open(subject, places) {
        drawing.connect(subject.stack, &sentence, Meaning::Open);
    }
    drawing.routes();
    let Drawing { arrows, shields, .. } = drawing;
    diagram.outside = outside(&arrows, diagram);
    let known: BTreeSet<Name> = all_items(diagram).map(|item| item.name.clone()).collect();
    let is_drawn = |arrow: &Arrow| known.contains(&arrow.from) && known.contains(&arrow.to);
    diagram.arrows = thinned(arrows).into_iter().filter(is_drawn).collect();
    let open = diagram.arrows.iter().filter(|arrow| arrow.meaning == Meaning::Open).count();
    if open > OPEN {
        diagram.arrows.retain(|arrow| arrow.meaning != Meaning::Open);
        diagram.undrawn = open;
    }
    for (name, chip) in shields {
        if let Some(item) = items_mut(diagram).find(|item| item.name == name)
            && !item.chips.contains(&chip)
        {
            item.chips.push(chip);
        }
    }
}

struct Drawing<'a> {
    places: &'a Places<'a>,
    /// The box that shows a thing.
    boxes: BTreeMap<Name, Name>,
    arrows: BTreeSet<Arrow>,
    shields: Vec<(Name, Chip)>,
}

impl Drawing<'_> {
    fn claim(&mut self, stack: &Stack, sentence: &Sentence, verdict: Verdict) {
        match (sentence.negated, verdict) {
            (false, _) | (true, Verdict::Broken) => {
                self.connect(stack, sentence, Meaning::Claim(verdict));
            }
            (true, _) => self.shield(stack, sentence, verdict),
        }
    }

    /// An arrow for each pair of ends that the sentence speaks of.
    fn connect(&mut self, stack: &Stack, sentence: &Sentence, meaning: Meaning) {
        let from = self.ends(stack, &sentence.from);
        let to = self.ends(stack, &sentence.to);
        for (from, to) in pairs(&from, &to) {
            for (from, to, label) in self.ways(sentence, from, to, meaning) {
                if from != to {
                    let tooltip = tooltip(sentence, meaning);
                    self.arrows.insert(Arrow { from, to, label, meaning, tooltip });
                }
            }
        }
    }

    /// From which box to which: what goes to the internet, or comes from it, goes by the gateway.
    fn ways(
        &self,
        sentence: &Sentence,
        from: &Name,
        to: &Name,
        meaning: Meaning,
    ) -> Vec<(Name, Name, String)> {
        let port = sentence.port.map(|port| port.to_string()).unwrap_or_default();
        let sign = match meaning {
            Meaning::Claim(verdict) => sign(verdict),
            Meaning::Open | Meaning::Route => "",
        };
        let not = if sentence.negated { "must not" } else { "" };
        let label = |what: &str| {
            let words = [sign, not, what, &port];
            words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        };
        let is_away = |end: &End| matches!(end, End::Internet | End::Service(_));
        if is_away(&sentence.to) {
            let gateways = self.gateways(from, false);
            let what = to.strip_prefix("service ").unwrap_or(to);
            if !gateways.is_empty() {
                let way = |gateway| (from.clone(), gateway, label(what));
                return gateways.into_iter().map(way).collect();
            }
        }
        if sentence.from == End::Internet {
            let gateways = self.gateways(to, true);
            if !gateways.is_empty() {
                let way = |gateway| (gateway, to.clone(), label(""));
                return gateways.into_iter().map(way).collect();
            }
        }
        vec![(from.clone(), to.clone(), label(""))]
    }

    /// The gateways between a box and the internet; for what comes in, those that let in.
    fn gateways(&self, name: &Name, inward: bool) -> BTreeSet<Name> {
        let members = self.boxes.iter().filter(|(_, shown)| *shown == name);
        let subnets = members.flat_map(|(member, _)| self.subnets(member));
        let grounds = subnets.filter_map(|subnet| self.places.subnets.get(&subnet).cloned());
        let ways = grounds.filter_map(|ground| {
            let edge = || self.edge(&ground.vpc);
            if inward { edge() } else { ground.way_out.clone().or_else(edge) }
        });
        ways.filter_map(|way| self.boxes.get(&way).cloned()).collect()
    }

    /// The internet gateway of a VPC.
    fn edge(&self, vpc: &Name) -> Option<Name> {
        let on = |thing: &&Thing<'_>| self.places.place(thing) == Place::Edge(vpc.clone());
        self.places.things.values().find(on).map(Thing::name)
    }

    fn subnets(&self, member: &Name) -> Vec<Name> {
        match self.places.things.get(member).map(|thing| self.places.place(thing)) {
            Some(Place::In(subnets)) => subnets,
            _ => Vec::new(),
        }
    }

    /// The boxes of an end.
    fn ends(&self, stack: &Stack, end: &End) -> Vec<Name> {
        match end {
            End::Internet => vec![INTERNET.to_owned()],
            End::Cidr(cidr) => vec![cidr.clone()],
            End::Service(service) => vec![format!("service {service}")],
            End::Resource(address) => {
                let members = stack.instances(address);
                let shown = members.filter_map(|one| self.boxes.get(&one.address.to_string()));
                let shown: BTreeSet<Name> = shown.cloned().collect();
                shown.into_iter().collect()
            }
        }
    }

    /// What does not reach is a sign on the box that is kept apart.
    fn shield(&mut self, stack: &Stack, sentence: &Sentence, verdict: Verdict) {
        let outward = matches!(sentence.to, End::Internet | End::Cidr(_) | End::Service(_));
        let (kept, from) = if outward {
            (self.ends(stack, &sentence.from), format!("to {}", short(&sentence.to)))
        } else {
            (self.ends(stack, &sentence.to), format!("from {}", short(&sentence.from)))
        };
        let port = sentence.port.map(|port| format!(" {port}")).unwrap_or_default();
        let text = format!("{} not {from}{port}", sign(verdict));
        let chip = Chip { name: None, text, tone: Tone::Shield(verdict), mark: None };
        self.shields.extend(kept.into_iter().map(|name| (name, chip.clone())));
    }

    /// Where packets of each subnet go, and from NAT gateways on.
    fn routes(&mut self) {
        let mut used = BTreeSet::new();
        let mut routes = Vec::new();
        for thing in self.places.things.values() {
            if let ("nat_gateway", Place::In(subnets)) = (thing.kind(), self.places.place(thing)) {
                for subnet in subnets {
                    let way = self.places.subnets.get(&subnet);
                    if let Some(way) = way.and_then(|ground| ground.way_out.clone()) {
                        used.insert(subnet);
                        routes.push((thing.name(), way));
                    }
                }
            }
        }
        for (subnet, ground) in &self.places.subnets {
            if let Some(way) = ground.way_out.clone().filter(|_| !used.contains(subnet)) {
                routes.push((subnet.clone(), way));
            }
        }
        for thing in self.places.things.values() {
            if let Place::Edge(_) = self.places.place(thing) {
                routes.push((thing.name(), INTERNET.to_owned()));
            }
        }
        for (from, to) in routes {
            let shown = |name: Name| self.boxes.get(&name).cloned().unwrap_or(name);
            let tooltip = format!("{from} routes what leaves to {to}");
            let (from, to) = (shown(from), shown(to));
            let label = String::new();
            self.arrows.insert(Arrow { from, to, label, meaning: Meaning::Route, tooltip });
        }
    }
}

/// The boxes of two families as people pair them: by instance where both have the same ones, else
/// every source with the first target and the first source with every target.
fn pairs<'n>(from: &'n [Name], to: &'n [Name]) -> Vec<(&'n Name, &'n Name)> {
    let key = |name: &'n Name| name.split_once('[').map(|(_, key)| key);
    let mut pairs: Vec<(&Name, &Name)> = Vec::new();
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for from in from {
        match to.iter().find(|to| key(from).is_some() && key(to) == key(from)) {
            Some(to) => pairs.push((from, to)),
            None => left.push(from),
        }
    }
    right.extend(to.iter().filter(|to| !pairs.iter().any(|(_, paired)| paired == to)));
    pairs.extend(left.into_iter().filter_map(|from| Some((from, to.first()?))));
    for to in right {
        let (Some(first), false) = (from.first(), pairs.iter().any(|(_, paired)| *paired == to))
        else {
            continue;
        };
        pairs.push((first, to));
    }
    pairs
}

/// Arrows without those that say less than another between the same boxes.
fn thinned(arrows: BTreeSet<Arrow>) -> Vec<Arrow> {
    let claimed: BTreeSet<(Name, Name, String)> = arrows
        .iter()
        .filter(|arrow| matches!(arrow.meaning, Meaning::Claim(_)))
        .map(|arrow| (arrow.from.clone(), arrow.to.clone(), bare(&arrow.label)))
        .collect();
    let says_more = |arrow: &Arrow| {
        let same = (arrow.from.clone(), arrow.to.clone(), bare(&arrow.label));
        arrow.meaning != Meaning::Open || !claimed.contains(&same)
    };
    let mut kept: Vec<Arrow> = arrows.into_iter().filter(says_more).collect();
    kept.sort_by_key(|arrow| arrow.meaning == Meaning::Route);
    kept
}

/// A label without its sign.
fn bare(label: &str) -> String {
    label.trim_start_matches(['✓', '✗', '?', ' ']).to_owned()
}

/// An end in few words.
pub(super) fn short(end: &End) -> String {
    match end {
        End::Internet => INTERNET.to_owned(),
        End::Cidr(cidr) => cidr.clone(),
        End::Service(service) => service.clone(),
        End::Resource(address) => super::words::title(address),
    }
}

fn tooltip(sentence: &Sentence, meaning: Meaning) -> String {
    match meaning {
        Meaning::Claim(verdict) => format!("{}: {}", sentence.text, word(verdict)),
        Meaning::Open | Meaning::Route => format!("{}, by the rules", sentence.text),
    }
}

/// What is outside every network and has an arrow.
fn outside(arrows: &BTreeSet<Arrow>, diagram: &Diagram) -> Vec<Item> {
    let known: BTreeSet<&Name> = all_items(diagram).map(|item| &item.name).collect();
    let ends = arrows.iter().flat_map(|arrow| [&arrow.from, &arrow.to]);
    let missing: BTreeSet<&Name> = ends.filter(|name| !known.contains(name)).collect();
    let items = missing.into_iter().filter_map(|name| {
        let (title, note, icon) = if name == INTERNET {
            ("Internet".to_owned(), "everybody else", Icon::Internet)
        } else if let Some(service) = name.strip_prefix("service ") {
            (service.to_owned(), "AWS service", Icon::Service)
        } else if name.parse::<ipnet::IpNet>().is_ok() {
            (name.clone(), "a network", Icon::Internet)
        } else {
            return None;
        };
        let (note, name) = (note.to_owned(), name.clone());
        Some(Item { members: Vec::new(), name, title, note, icon, mark: None, chips: Vec::new() })
    });
    let mut items: Vec<Item> = items.collect();
    items.sort_by_cached_key(|item| (item.name != INTERNET, item.name.clone()));
    items
}

/// Which box shows each thing.
fn boxes(diagram: &Diagram) -> BTreeMap<Name, Name> {
    let mut boxes = BTreeMap::new();
    for item in all_items(diagram) {
        for member in &item.members {
            boxes.entry(member.clone()).or_insert_with(|| item.name.clone());
        }
    }
    boxes
}

/// Every box, subnets and VPCs among them.
pub(super) fn all_items(diagram: &Diagram) -> impl Iterator<Item = &Item> {
    let vpcs = diagram.vpcs.iter().flat_map(|vpc| {
        let rows = vpc.rows.iter().flat_map(|row| {
            let cells = row.cells.iter().flatten();
            let cells = cells.flat_map(|subnet| std::iter::once(&subnet.item).chain(&subnet.items));
            cells.chain(row.bands.iter().map(|band| &band.item))
        });
        std::iter::once(&vpc.item).chain(&vpc.gateways).chain(rows)
    });
    let side = diagram.side.iter().flat_map(|section| &section.items);
    diagram.outside.iter().chain(vpcs).chain(side)
}

fn items_mut(diagram: &mut Diagram) -> impl Iterator<Item = &mut Item> {
    let vpcs = diagram.vpcs.iter_mut().flat_map(|vpc| {
        vpc.rows.iter_mut().flat_map(|row| {
            let cells = row.cells.iter_mut().flatten().flat_map(|subnet| &mut subnet.items);
            cells.chain(row.bands.iter_mut().map(|band| &mut band.item))
        })
    });
    vpcs.chain(diagram.side.iter_mut().flat_map(|section| &mut section.items))
}
