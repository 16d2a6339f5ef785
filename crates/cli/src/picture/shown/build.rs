//! From a stack and its plan to what a picture shows.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::snapshot::around;
use trueup_model::{Action, Address};

use super::arrows;
use super::collapse;
use super::diagram::{
    Chip, Claim, Diagram, Exposure, Icon, Item, Mark, Row, Section, Subnet, Tone, Vpc,
};
use super::words;
use crate::picture::Subject;
use crate::picture::known::others;
use crate::picture::known::places::{Ground, Place, Places};
use crate::picture::known::read::{Name, Thing, Whose};

/// The colours that security groups are told apart by.
const GROUP_COLOURS: usize = 6;

/// What a picture of the subject shows.
pub(crate) fn diagram(subject: &Subject<'_>, places: &Places<'_>) -> Diagram {
    let mut builder = Builder::new(subject, places);
    builder.sort();
    let vpcs = builder.vpcs();
    let side = builder.side();
    let mut diagram = Diagram {
        title: subject.stack.name.clone(),
        note: subject.note(),
        outside: Vec::new(),
        vpcs,
        side,
        arrows: Vec::new(),
        undrawn: 0,
        claims: subject
            .plan
            .proofs
            .iter()
            .map(|proof| Claim { text: proof.text.clone(), verdict: proof.verdict })
            .collect(),
    };
    arrows::add(subject, places, &mut diagram);
    diagram
}

struct Builder<'a> {
    places: &'a Places<'a>,
    marks: BTreeMap<Name, Mark>,
    colours: BTreeMap<Name, usize>,
    /// What stands in each VPC's subnets, with which subnets.
    standing: BTreeMap<Name, Vec<(Vec<Name>, Item)>>,
    edges: BTreeMap<Name, Vec<Item>>,
    doors: BTreeMap<Name, Vec<Item>>,
    somewhere: BTreeMap<Name, Vec<Item>>,
    rest: BTreeMap<Name, Vec<Chip>>,
    /// Tables and ACLs by subnet.
    tables: BTreeMap<Name, Vec<Chip>>,
    outside: BTreeMap<String, Vec<Item>>,
    /// Chips by what carries them.
    carried: BTreeMap<Name, Vec<Chip>>,
}

impl<'a> Builder<'a> {
    fn new(subject: &'a Subject<'a>, places: &'a Places<'a>) -> Self {
        let marks = subject.plan.changes.iter().filter(|_| subject.is_planned);
        let marks =
            marks.filter_map(|change| Some((change.address.to_string(), Mark::of(change.action)?)));
        let groups = places.things.values().filter(|thing| thing.kind() == "security_group");
        let groups = groups.filter(|group| !group.is_around());
        let colours =
            groups.enumerate().map(|(index, group)| (group.name(), index % GROUP_COLOURS));
        Self {
            places,
            marks: marks.collect(),
            colours: colours.collect(),
            standing: BTreeMap::new(),
            edges: BTreeMap::new(),
            doors: BTreeMap::new(),
            somewhere: BTreeMap::new(),
            rest: BTreeMap::new(),
            tables: BTreeMap::new(),
            outside: BTreeMap::new(),
            carried: BTreeMap::new(),
        }
    }

    /// Gives everything its place.
    fn sort(&mut self) {
        let mut worn = BTreeSet::new();
        let things: Vec<(Thing<'a>, Place)> =
            self.places.things.values().map(|thing| (*thing, self.places.place(thing))).collect();
        for (thing, place) in &things {
            if let Place::On(bearer) = place {
                let chip = self.chip(thing, words::kind_words(thing.kind()));
                self.carried.entry(bearer.clone()).or_default().push(chip);
            }
            worn.extend(thing.names("security_groups", &self.places.meanings));
        }
        for (thing, place) in things {
            let kind = thing.kind().to_owned();
            match place {
                Place::Ground | Place::On(_) | Place::Nowhere => {}
                Place::Edge(vpc) => {
                    let item = self.item(&thing);
                    self.edges.entry(vpc).or_default().push(item);
                }
                Place::Door(vpc) => {
                    let item = self.door(&thing, &vpc);
                    self.doors.entry(vpc).or_default().push(item);
                }
                Place::In(subnets) => self.stand(&thing, subnets),
                Place::Of(subnets) => {
                    let chip = self.chip(&thing, self.table_words(&thing));
                    for subnet in subnets {
                        self.tables.entry(subnet).or_default().push(chip.clone());
                    }
                }
                Place::Somewhere(vpc) => {
                    let item = self.item(&thing);
                    self.somewhere.entry(vpc).or_default().push(item);
                }
                Place::Rest(_) if worn.contains(&thing.name()) => {}
                Place::Rest(vpc) => {
                    let text = format!("{} {}", words::kind_words(&kind), self.title(&thing));
                    let chip = self.chip(&thing, text);
                    self.rest.entry(vpc).or_default().push(chip);
                }
                Place::Outside => {
                    let item = self.item(&thing);
                    self.outside.entry(kind).or_default().push(item);
                }
            }
        }
    }

    fn stand(&mut self, thing: &Thing<'_>, subnets: Vec<Name>) {
        let Some(ground) = subnets.first().and_then(|subnet| self.places.subnets.get(subnet))
        else {
            return;
        };
        let item = self.item(thing);
        self.standing.entry(ground.vpc.clone()).or_default().push((subnets, item));
    }

    fn item(&self, thing: &Thing<'_>) -> Item {
        let name = thing.name();
        let groups = thing.names("security_groups", &self.places.meanings);
        let mut chips: Vec<Chip> = groups.into_iter().map(|group| self.group(group)).collect();
        chips.extend(self.carried.get(&name).cloned().unwrap_or_default());
        Item {
            title: self.title(thing),
            note: words::note(thing, &self.places.meanings),
            icon: words::icon(thing.kind()),
            mark: self.marks.get(&name).copied(),
            members: vec![name.clone()],
            kind: thing.kind().to_owned(),
            foreign: thing.is_foreign(),
            name,
            chips,
        }
    }

    /// An endpoint, or what a peering connection leads to.
    fn door(&self, thing: &Thing<'_>, vpc: &Name) -> Item {
        let item = Item { chips: Vec::new(), ..self.item(thing) };
        if thing.kind() != around::VPC_PEERING {
            return item;
        }
        let (far, note) = words::far_side(thing, &self.places.meanings, vpc);
        let title = self.places.things.get(&far).map_or(far.clone(), |vpc| self.title(vpc));
        Item { title, note, ..item }
    }

    fn title(&self, thing: &Thing<'_>) -> String {
        words::heading_of(thing, &self.places.meanings)
    }

    fn table_words(&self, thing: &Thing<'_>) -> String {
        let title = self.title(thing);
        match (thing.kind(), thing.is_around() && others::is_default(thing)) {
            (around::NETWORK_ACL, true) => "default ACL, changed".to_owned(),
            (around::NETWORK_ACL, false) => format!("ACL {title}"),
            (_, true) => "AWS's main routes".to_owned(),
            (_, false) => format!("routes {title}"),
        }
    }

    /// The chip of a security group on what is in it.
    fn group(&self, name: Name) -> Chip {
        let thing = self.places.things.get(&name);
        let text = thing.map_or_else(|| name.clone(), |group| self.title(group));
        let tone = self.tone(&name);
        Chip { text, tone, mark: self.marks.get(&name).copied(), name: Some(name) }
    }

    fn chip(&self, thing: &Thing<'_>, text: String) -> Chip {
        let name = thing.name();
        let tone = self.tone(&name);
        Chip { text, tone, mark: self.marks.get(&name).copied(), name: Some(name) }
    }

    fn tone(&self, name: &Name) -> Tone {
        match (self.colours.get(name), self.places.things.get(name)) {
            (Some(colour), _) => Tone::Group(*colour),
            (None, Some(thing)) if !thing.is_foreign() => Tone::Plain,
            (None, _) => Tone::Foreign,
        }
    }

    /// The boxes of VPCs and subnets, filled.
    fn vpcs(&mut self) -> Vec<Vpc> {
        let places = self.places;
        places.vpcs.iter().map(|name| self.vpc(name)).collect()
    }

    fn vpc(&mut self, name: &Name) -> Vpc {
        let grounds = self.places.subnets.iter().filter(|(_, ground)| ground.vpc == *name);
        let subnets = grounds.map(|(subnet, ground)| (self.subnet(subnet, ground), ground));
        let mut subnets: Vec<(Subnet, Ground)> =
            subnets.map(|(subnet, ground)| (subnet, ground.clone())).collect();
        let order = |name: &Name| self.file_order(name);
        subnets.sort_by_cached_key(|(subnet, ground)| (ground.exposure, order(&subnet.item.name)));
        let subnets = collapse::subnets(subnets);
        let mut zones: Vec<String> =
            subnets.iter().map(|(_, ground)| ground.zone.clone()).collect();
        zones.sort();
        zones.dedup();
        let mut rows = collapse::rows(subnets, &zones);
        let standing = self.standing.remove(name).unwrap_or_default();
        collapse::furnish(&mut rows, standing);
        let somewhere = self.somewhere.remove(name).unwrap_or_default();
        if !somewhere.is_empty() {
            let row = unknown_ground(name, collapse::crowd(somewhere), zones.len().max(1));
            rows.push(row);
            if zones.is_empty() {
                zones.push("any zone".to_owned());
            }
        }
        let mut gateways = self.edges.remove(name).unwrap_or_default();
        gateways.sort_by_cached_key(|gateway| gateway.name.clone());
        let doors = collapse::doors(self.doors.remove(name).unwrap_or_default());
        let mut rest = collapse::chips(self.rest.remove(name).unwrap_or_default());
        rest.extend(self.places.others.balancers.get(name).map(|count| unconcerned(*count)));
        Vpc { item: self.ground(name, "VPC"), gateways, doors, zones, rows, rest }
    }

    fn subnet(&self, name: &Name, ground: &Ground) -> Subnet {
        let mut item = self.ground(name, "subnet");
        item.chips = self.tables.get(name).cloned().unwrap_or_default();
        item.chips.sort();
        Subnet { item, exposure: ground.exposure, items: Vec::new() }
    }

    /// The heading of a VPC or a subnet; one that is only named has no more than its name.
    fn ground(&self, name: &Name, what: &str) -> Item {
        let thing = self.places.things.get(name);
        let cidr = thing.and_then(|thing| thing.text("cidr_block", &self.places.meanings));
        let mut note: Vec<String> = cidr.into_iter().collect();
        note.extend(match thing.map(|thing| thing.whose) {
            Some(Whose::Stack(_)) => None,
            Some(Whose::LookedUp(_)) => Some("looked up".to_owned()),
            Some(Whose::Others(_)) | None => Some("not of this stack".to_owned()),
        });
        let note = note.join(" · ");
        let title = thing.map_or_else(|| name.clone(), |thing| self.title(thing));
        Item {
            name: name.clone(),
            members: vec![name.clone()],
            kind: what.to_lowercase(),
            foreign: thing.is_none_or(Thing::is_foreign),
            title: if what == "VPC" { format!("VPC {title}") } else { title },
            note,
            icon: Icon::None,
            mark: self.marks.get(name).copied(),
            chips: Vec::new(),
        }
    }

    /// Where something stands in the file; what does not comes last.
    fn file_order(&self, name: &Name) -> (u32, Name) {
        let resource = self.places.things.get(name).and_then(|thing| thing.resource);
        let line = resource.and_then(|resource| resource.location.as_ref());
        (line.map_or(u32::MAX, |location| location.line), name.clone())
    }

    /// What is in no VPC, by kind.
    fn side(&mut self) -> Vec<Section> {
        let outside = std::mem::take(&mut self.outside);
        let sections = outside.into_iter().map(|(kind, items)| Section {
            title: words::heading(&kind),
            items: collapse::crowd(items),
        });
        let mut sections: Vec<Section> = sections.collect();
        let rank = |section: &Section| section.items.first().map(|item| words::rank(item.icon));
        sections.sort_by_key(rank);
        sections
    }
}

/// Load balancers that forward to nothing of the stack, as far as was read.
fn unconcerned(count: usize) -> Chip {
    let text = match count {
        1 => "1 load balancer of others".to_owned(),
        count => format!("{count} load balancers of others"),
    };
    Chip { name: None, text, tone: Tone::Foreign, mark: None }
}

/// A row for what is in a VPC whose subnets nobody read.
fn unknown_ground(vpc: &Name, items: Vec<Item>, zones: usize) -> Row {
    let item = Item {
        name: format!("subnets of {vpc}"),
        members: Vec::new(),
        kind: "subnet".to_owned(),
        foreign: false,
        title: "some subnet".to_owned(),
        note: "which one was not read".to_owned(),
        icon: Icon::None,
        mark: None,
        chips: Vec::new(),
    };
    let mut cells: Vec<Option<Subnet>> =
        vec![Some(Subnet { item, exposure: Exposure::Unread, items })];
    cells.resize_with(zones, || None);
    Row { cells, bands: Vec::new() }
}

impl Subject<'_> {
    /// What stands beside the title.
    fn note(&self) -> String {
        let region = self.stack.region.clone().unwrap_or_default();
        if !self.is_planned {
            return region;
        }
        let count = |mark: Mark| {
            let of = |action: Action| Mark::of(action) == Some(mark);
            self.plan.changes.iter().filter(|change| of(change.action)).count()
        };
        let marks = [Mark::Create, Mark::Update, Mark::Replace, Mark::Delete, Mark::Other];
        let counts = marks.map(|mark| (count(mark), mark.word()));
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> =
            counts.map(|(count, word)| format!("{count} to {}", word.replace('-', " "))).collect();
        let counts = if counts.is_empty() { "no changes".to_owned() } else { counts.join(", ") };
        format!("{region} · {counts}")
    }
}

/// The family that a name belongs to, if it is an instance of one.
pub(crate) fn family(name: &str) -> Option<Address> {
    let address: Address = name.parse().ok()?;
    address.key.as_ref()?;
    Some(address.family())
}
