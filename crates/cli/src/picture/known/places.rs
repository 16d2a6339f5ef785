//! Where everything stands: in which VPC, zone and subnets, on what, or in none.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::snapshot::around;
use trueup_model::{Live, Operation, Plan, Snapshot, Stack};

use super::others::{self, Others};
use super::read::{Meanings, Name, Part, Thing, Whose};
use crate::picture::Subject;
use crate::picture::shown::diagram::Exposure;

/// The words for a zone that the file does not name.
const ANY_ZONE: &str = "a zone that AWS chooses";

/// Everything that is drawn, and where it stands.
pub(crate) struct Places<'a> {
    pub(crate) meanings: Meanings<'a>,
    pub(crate) things: BTreeMap<Name, Thing<'a>>,
    pub(crate) vpcs: BTreeSet<Name>,
    pub(crate) subnets: BTreeMap<Name, Ground>,
    /// What others have there.
    pub(crate) others: Others,
}

/// What is known of a subnet.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    pub(crate) vpc: Name,
    pub(crate) zone: String,
    pub(crate) exposure: Exposure,
    /// Where packets to the internet go: a gateway.
    pub(crate) way_out: Option<Name>,
}

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is itself a place.
    Ground,
    /// On the edge of a VPC, to the internet.
    Edge(Name),
    /// On the edge of a VPC, to a service or another network.
    Door(Name),
    /// In these subnets, or in whichever of them AWS picks.
    In(Vec<Name>),
    /// It belongs to these subnets, as a table does.
    Of(Vec<Name>),
    /// On something else.
    On(Name),
    /// In a VPC, nobody knows where.
    Somewhere(Name),
    /// It belongs to a VPC and stands nowhere in it.
    Rest(Name),
    /// In no VPC.
    Outside,
    /// It is known, and not drawn.
    Nowhere,
}

impl<'a> Places<'a> {
    pub(crate) fn of(subject: &Subject<'a>) -> Self {
        let mut places = Self::of_stack(subject.stack, subject.snapshot, subject.plan);
        places.survey();
        if let Some(around) = &subject.snapshot.around {
            others::add(&mut places, subject, around);
        }
        places
    }

    /// What the stack has, looks up, and lets go.
    fn of_stack(stack: &'a Stack, snapshot: &'a Snapshot, plan: &'a Plan) -> Self {
        let mut ids = BTreeMap::new();
        for change in &plan.changes {
            if let Some(id) = &change.id {
                ids.insert(id.clone(), change.address.to_string());
            }
        }
        let mut things = BTreeMap::new();
        let mut add = |thing: Thing<'a>| {
            if let Some(live) = thing.live {
                ids.entry(live.id.clone()).or_insert_with(|| thing.name());
            }
            things.entry(thing.name()).or_insert(thing);
        };
        for resource in stack.resources.values() {
            add(Thing::wanted(resource));
        }
        for address in stack.existing.keys() {
            let live = snapshot.existing.get(address).map(|found| fullest(found, snapshot));
            add(Thing { whose: Whose::LookedUp(address), resource: None, live });
        }
        for step in &plan.steps {
            if let Operation::Delete { before, .. } | Operation::Forget { before } = &step.operation
            {
                let (whose, live) = (Whose::Stack(&step.address), Some(&**before));
                add(Thing { whose, resource: None, live });
            }
        }
        let meanings = Meanings { stack, ids };
        Self {
            meanings,
            things,
            vpcs: BTreeSet::new(),
            subnets: BTreeMap::new(),
            others: Others::default(),
        }
    }

    /// Finds the VPCs and subnets, also those that are only named.
    pub(crate) fn survey(&mut self) {
        let of_kind = |kind: &str| {
            let found = self.things.iter().filter(|(_, thing)| thing.kind() == kind);
            found.map(|(name, _)| name.clone()).collect::<Vec<Name>>()
        };
        self.vpcs.extend(of_kind("vpc"));
        let mut subnets: BTreeSet<Name> = of_kind("subnet").into_iter().collect();
        for thing in self.things.values().filter(|thing| stands(thing)) {
            subnets.extend(self.named_subnets(thing));
        }
        let ways = self.ways_out();
        for name in subnets {
            let thing = self.things.get(&name);
            let text = |attribute| thing.and_then(|thing| thing.text(attribute, &self.meanings));
            let vpc = thing.and_then(|thing| thing.names("vpc", &self.meanings).pop());
            let vpc = vpc.unwrap_or_else(|| "a VPC that was not read".to_owned());
            let way_out = ways.get(&name).or_else(|| ways.get(&vpc)).cloned().flatten();
            let exposure = match way_out.as_deref().map(|way| self.kind_of(way)) {
                Some("internet_gateway") => Exposure::Public,
                Some(_) => Exposure::Private,
                None if self.is_known(&vpc) => Exposure::Isolated,
                None => Exposure::Unread,
            };
            self.vpcs.insert(vpc.clone());
            let zone = text("availability_zone").unwrap_or_else(|| ANY_ZONE.to_owned());
            self.subnets.insert(name, Ground { vpc, zone, exposure, way_out });
        }
        let owners: Vec<Name> = self.things.values().filter_map(|thing| self.vpc(thing)).collect();
        self.vpcs.extend(owners);
    }

    /// Whether what belongs to it is known: the stack makes it, or its surroundings were read.
    fn is_known(&self, name: &str) -> bool {
        let thing = self.things.get(name);
        thing.is_some_and(|thing| thing.resource.is_some() || self.others.tables_are_known)
    }

    /// The gateway behind the default route of each subnet that has a table, and of each VPC's main
    /// table; nothing where that has no such route.
    fn ways_out(&self) -> BTreeMap<Name, Option<Name>> {
        let mut ways = BTreeMap::new();
        let tables = self.things.values().filter(|thing| thing.kind() == "route_table");
        // The plan associates the stack's tables, whatever others did.
        let (theirs, ours): (Vec<&Thing<'_>>, Vec<&Thing<'_>>) =
            tables.partition(|table| table.is_around());
        for table in theirs.into_iter().chain(ours) {
            let routes = table.get("routes", &self.meanings);
            let default = |to: &str| routes.field(to).names().pop();
            let way = default("0.0.0.0/0").or_else(|| default("::/0"));
            for subnet in table.names("subnets", &self.meanings) {
                ways.insert(subnet, way.clone());
            }
            if table.text("main", &self.meanings).as_deref() == Some("true") {
                for vpc in table.names("vpc", &self.meanings) {
                    ways.insert(vpc, way.clone());
                }
            }
        }
        ways
    }

    pub(crate) fn named_subnets(&self, thing: &Thing<'_>) -> Vec<Name> {
        let mut found = thing.names("subnet", &self.meanings);
        found.extend(thing.names("subnets", &self.meanings));
        for group in thing.names("subnet_group", &self.meanings) {
            if let Some(group) = self.things.get(&group) {
                found.extend(group.names("subnets", &self.meanings));
            }
        }
        found
    }

    /// The VPC that something says it is in, or that its groups are in.
    fn vpc(&self, thing: &Thing<'_>) -> Option<Name> {
        let said = thing.names("vpc", &self.meanings).pop();
        said.or_else(|| {
            let groups = thing.names("security_groups", &self.meanings);
            let mut groups = groups.iter().filter_map(|group| self.things.get(group));
            groups.find_map(|group| group.names("vpc", &self.meanings).pop())
        })
    }

    /// The kind of something by its name; an id tells it too.
    pub(crate) fn kind_of<'n>(&'n self, name: &'n str) -> &'n str {
        match self.things.get(name) {
            Some(thing) => thing.kind(),
            None if name.starts_with("igw-") => "internet_gateway",
            None if name.starts_with("nat-") => "nat_gateway",
            None => name,
        }
    }

    /// Where something stands.
    pub(crate) fn place(&self, thing: &Thing<'_>) -> Place {
        let kind = thing.kind();
        let one = |attribute| thing.names(attribute, &self.meanings).into_iter().next();
        if kind == "vpc" || kind == "subnet" {
            return Place::Ground;
        }
        if kind.ends_with("internet_gateway") {
            return one("vpc").map_or(Place::Outside, Place::Edge);
        }
        if kind == around::VPC_ENDPOINT {
            return one("vpc").map_or(Place::Outside, Place::Door);
        }
        if kind == around::VPC_PEERING {
            let ends = ["requester", "accepter"].map(one).into_iter().flatten();
            let here = ends.into_iter().find(|end| self.vpcs.contains(end));
            return here.map_or(Place::Outside, Place::Door);
        }
        if thing.is_around() && is_table(kind) {
            let mut subnets = thing.names("subnets", &self.meanings);
            if others::is_default(thing) {
                subnets.extend(others::left_to_defaults(self, thing));
            }
            return Place::Of(subnets);
        }
        if kind == "elastic_ip" || kind == "listener" {
            return self.bearer(thing).map_or(Place::Outside, Place::On);
        }
        let subnets = self.named_subnets(thing);
        let vpc = subnets.first().and_then(|subnet| self.subnets.get(subnet));
        let vpc = vpc.map(|ground| ground.vpc.clone()).or_else(|| self.vpc(thing));
        let is_table = is_table(kind);
        let interfaces = thing.get("security_groups", &self.meanings) != Part::Nothing;
        match vpc {
            _ if is_table && !subnets.is_empty() => Place::Of(subnets),
            Some(vpc) if is_table || kind.ends_with("subnet_group") => Place::Rest(vpc),
            _ if !subnets.is_empty() => Place::In(subnets),
            _ if thing.is_around() => Place::Nowhere,
            Some(vpc) if interfaces => Place::Somewhere(vpc),
            Some(vpc) => Place::Rest(vpc),
            None => Place::Outside,
        }
    }

    /// What carries an address or a listener.
    fn bearer(&self, thing: &Thing<'_>) -> Option<Name> {
        for attribute in ["instance", "load_balancer"] {
            let mut names = thing.names(attribute, &self.meanings).into_iter();
            // An address of a NAT gateway shows the gateway's interface there, which nothing draws.
            if let Some(name) = names.find(|name| self.things.contains_key(name)) {
                return Some(name);
            }
        }
        let name = thing.name();
        let bears = |other: &Thing<'_>| other.names("elastic_ip", &self.meanings).contains(&name);
        self.things.values().find(|other| bears(other)).map(Thing::name)
    }
}

/// What is looked up, as it was read with the surroundings if it was: more is known there.
fn fullest<'a>(found: &'a Live, snapshot: &'a Snapshot) -> &'a Live {
    let around = snapshot.around.iter().flat_map(|around| &around.resources);
    let is_it = |other: &&Live| other.kind == found.kind && other.id == found.id;
    around.into_iter().find(is_it).unwrap_or(found)
}

pub(crate) fn is_table(kind: &str) -> bool {
    kind == "route_table" || kind == around::NETWORK_ACL
}

/// Whether the subnets that it names are drawn for its sake.
fn stands(thing: &Thing<'_>) -> bool {
    let is_border = thing.kind() == around::VPC_ENDPOINT;
    let is_ground = thing.kind() == "vpc" || thing.kind() == "subnet";
    let belongs = is_table(thing.kind()) && thing.is_around();
    !is_border && !is_ground && !belongs
}
