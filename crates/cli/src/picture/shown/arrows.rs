//! What reaches what, as arrows between boxes: sentences, rules that let through, and routes.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::proof::Verdict;
use trueup_model::snapshot::around;
use trueup_model::stack::{End, Sentence};
use trueup_model::{Proof, Stack};

use super::diagram::{Arrow, Chip, Diagram, Icon, Item, Meaning, Tone, Vpc, sign, word};
use super::rules;
use super::ways::Said;
use crate::network::Forward;
use crate::picture::Subject;
use crate::picture::known::places::{Place, Places};
use crate::picture::known::read::{Name, existing};

/// The box of everything outside.
const INTERNET: &str = "internet";
/// Arrows that nobody claimed, beyond which they hide more than they show.
const OPEN: usize = 16;

/// Adds the arrows, what stands outside, and the signs of what does not reach.
pub(crate) fn add(subject: &Subject<'_>, places: &Places<'_>, diagram: &mut Diagram) {
    let boxes = boxes(diagram);
    let mut drawing = Drawing { places, boxes, arrows: BTreeSet::new(), shields: Vec::new() };
    for (sentence, proof) in subject.plan.expect.iter().zip(&subject.plan.proofs) {
        drawing.claim(subject.stack, sentence, proof);
    }
    for (sentence, way) in rules::open(subject, places) {
        drawing.connect(subject.stack, &sentence, Meaning::Open, &way);
    }
    drawing.forwards();
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

/// Arrows in the making.
pub(crate) struct Drawing<'a> {
    pub(crate) places: &'a Places<'a>,
    /// The box that shows a thing.
    pub(crate) boxes: BTreeMap<Name, Name>,
    arrows: BTreeSet<Arrow>,
    shields: Vec<(Name, Chip)>,
}

impl Drawing<'_> {
    fn claim(&mut self, stack: &Stack, sentence: &Sentence, proof: &Proof) {
        let verdict = proof.verdict;
        // Only what passes has a way.
        let passes = sentence.negated == (verdict == Verdict::Broken);
        let way: &[String] = if passes { &proof.evidence } else { &[] };
        match (sentence.negated, verdict) {
            (false, _) | (true, Verdict::Broken) => {
                self.connect(stack, sentence, Meaning::Claim(verdict), way);
            }
            (true, _) => self.shield(stack, sentence, verdict),
        }
    }

    /// An arrow for each pair of ends that the sentence speaks of, by the boxes on the way.
    fn connect(&mut self, stack: &Stack, sentence: &Sentence, meaning: Meaning, way: &[String]) {
        let from = self.ends(stack, &sentence.from);
        let to = self.ends(stack, &sentence.to);
        let via = self.via(way);
        // Of a network, the interface in it that a proof names.
        let is_network = |end: &End| matches!(end, End::Cidr(_));
        let named = |end: &End, found: &Option<Name>, all: Vec<Name>| {
            found.clone().filter(|_| is_network(end)).map_or(all, |one| vec![one])
        };
        let from = named(&sentence.from, &via.from, from);
        let to = named(&sentence.to, &via.to, to);
        for (from, to) in pairs(&from, &to) {
            let said = Said { sentence, meaning };
            for (from, to, label) in self.ways(&said, from, to, &via) {
                if from != to {
                    let tooltip = tooltip(sentence, meaning);
                    self.arrows.insert(Arrow { from, to, label, meaning, tooltip });
                }
            }
        }
    }

    /// What load balancers send to things that are drawn.
    fn forwards(&mut self) {
        for forward in &self.places.others.forwards {
            let Forward { balancer, listener, target, port, is_public, arrives } = forward;
            let boxes = (self.boxes.get(balancer), self.boxes.get(target));
            let (Some(from), Some(to)) = boxes else { continue };
            let meaning = if *arrives { Meaning::Open } else { Meaning::Stuck };
            let label =
                if listener == port { port.to_string() } else { format!("{listener} → {port}") };
            let tooltip = format!("{balancer} forwards {listener} to {port} of {target}");
            let arrow = Arrow { from: from.clone(), to: to.clone(), label, meaning, tooltip };
            let gateways = self.gateways(from, true).into_iter().filter(|_| *is_public);
            let come = gateways.map(|gateway| Arrow {
                from: gateway,
                to: from.clone(),
                label: listener.to_string(),
                meaning: Meaning::Open,
                tooltip: format!("the internet reaches {balancer} on {listener}"),
            });
            let claimed = |arrow: &Arrow| {
                let same = |other: &Arrow| other.from == arrow.from && other.to == arrow.to;
                self.arrows.iter().any(|other| same(other) && other.meaning != Meaning::Open)
            };
            let arrows = come.chain([arrow]).filter(|arrow| !claimed(arrow));
            let arrows: Vec<Arrow> = arrows.collect();
            self.arrows.extend(arrows);
        }
    }

    /// The boxes of an end.
    fn ends(&self, stack: &Stack, end: &End) -> Vec<Name> {
        match end {
            End::Internet => vec![INTERNET.to_owned()],
            End::Cidr(cidr) => vec![cidr.clone()],
            End::Service(service) => vec![format!("service {service}")],
            End::Existing(address) => {
                self.boxes.get(&existing(address)).cloned().into_iter().collect()
            }
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
            if thing.kind() == around::VPC_PEERING {
                let ends = ["requester", "accepter"];
                let ends = ends.map(|end| thing.names(end, &self.places.meanings)).concat();
                let drawn = ends.into_iter().filter(|end| self.places.vpcs.contains(end));
                routes.extend(drawn.skip(1).map(|far| (thing.name(), far)));
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
pub(crate) fn short(end: &End) -> String {
    match end {
        End::Internet => INTERNET.to_owned(),
        End::Cidr(cidr) => cidr.clone(),
        End::Service(service) => service.clone(),
        End::Resource(address) | End::Existing(address) => super::words::title(address),
    }
}

fn tooltip(sentence: &Sentence, meaning: Meaning) -> String {
    match meaning {
        Meaning::Claim(verdict) => format!("{}: {}", sentence.text, word(verdict)),
        Meaning::Open | Meaning::Stuck | Meaning::Route => {
            format!("{}, by the rules", sentence.text)
        }
    }
}

/// What is outside every network and has an arrow.
fn outside(arrows: &BTreeSet<Arrow>, diagram: &Diagram) -> Vec<Item> {
    let known: BTreeSet<&Name> = all_items(diagram).map(|item| &item.name).collect();
    let ends = arrows.iter().flat_map(|arrow| [&arrow.from, &arrow.to]);
    let missing: BTreeSet<&Name> = ends.filter(|name| !known.contains(name)).collect();
    let items = missing.into_iter().filter_map(|name| {
        let (title, note, icon) = if name == INTERNET {
            ("Internet".to_owned(), "everybody else".to_owned(), Icon::Internet)
        } else if let Some(service) = name.strip_prefix("service ") {
            (service.to_owned(), "AWS service".to_owned(), Icon::Service)
        } else if name.parse::<ipnet::IpNet>().is_ok() {
            (name.clone(), within(name, diagram), Icon::Internet)
        } else {
            return None;
        };
        let name = name.clone();
        let (members, chips, kind) = (Vec::new(), Vec::new(), "outside".to_owned());
        Some(Item { members, name, kind, title, note, icon, mark: None, chips, foreign: false })
    });
    let mut items: Vec<Item> = items.collect();
    items.sort_by_cached_key(|item| (item.name != INTERNET, item.name.clone()));
    items
}

/// What a network is: part of a VPC that is drawn, or elsewhere.
fn within(network: &str, diagram: &Diagram) -> String {
    let network: Option<ipnet::IpNet> = network.parse().ok();
    let holds = |vpc: &&Vpc| {
        let own =
            vpc.item.note.split(' ').next().and_then(|cidr| cidr.parse::<ipnet::IpNet>().ok());
        own.zip(network).is_some_and(|(own, network)| own.contains(&network))
    };
    let vpc = diagram.vpcs.iter().find(holds);
    vpc.map_or_else(|| "a network".to_owned(), |vpc| format!("within {}", vpc.item.title))
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
pub(crate) fn all_items(diagram: &Diagram) -> impl Iterator<Item = &Item> {
    let vpcs = diagram.vpcs.iter().flat_map(|vpc| {
        let rows = vpc.rows.iter().flat_map(|row| {
            let cells = row.cells.iter().flatten();
            let cells = cells.flat_map(|subnet| std::iter::once(&subnet.item).chain(&subnet.items));
            cells.chain(row.bands.iter().map(|band| &band.item))
        });
        std::iter::once(&vpc.item).chain(&vpc.gateways).chain(&vpc.doors).chain(rows)
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
