//! What others have in the networks of a stack, as far as it says something about the stack.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::snapshot::{Live, Surroundings, around};
use trueup_model::{Proof, Value};

use super::places::{Place, Places, is_table};
use super::read::{Name, Thing};
use crate::network::Forward;
use crate::picture::Subject;

/// What others have around a stack.
#[derive(Default)]
pub(crate) struct Others {
    /// What load balancers forward to things of the stack.
    pub(crate) forwards: Vec<Forward>,
    /// How many load balancers a VPC has that are of no concern.
    pub(crate) balancers: BTreeMap<Name, usize>,
    /// Whether everybody's route tables were read.
    pub(crate) tables_are_known: bool,
}

/// Adds what is drawn of the surroundings: what decides for something of the stack, or what a
/// proof speaks of. Others may have hundreds of things in the same network.
pub(crate) fn add<'a>(places: &mut Places<'a>, subject: &Subject<'a>, around: &'a Surroundings) {
    let unread = around.unreadable.iter().any(|unread| unread.kind == *"route_table");
    places.others.tables_are_known = !unread;
    places.others.forwards = subject.question().forwards();
    let choice = Choice { words: words_of(&subject.plan.proofs), places };
    let (mut chosen, mut balancers) = (Vec::new(), BTreeMap::new());
    for live in &around.resources {
        if choice.is_drawn(live) {
            chosen.push(live);
        } else if let Some(vpc) = choice.vpc(live).filter(|_| live.kind == *around::LOAD_BALANCER) {
            *balancers.entry(vpc).or_insert(0) += 1;
        }
    }
    places.others.balancers = balancers;
    put(places, chosen);
    // What stands somewhere draws its subnets, these their tables and gateways, and so on.
    while put(places, needed(places, around)) {}
}

/// Puts things down; whether there were any.
fn put<'a>(places: &mut Places<'a>, chosen: Vec<&'a Live>) -> bool {
    let is_some = !chosen.is_empty();
    for live in chosen {
        let thing = Thing::of_others(live);
        places.things.entry(thing.name()).or_insert(thing);
    }
    places.survey();
    is_some
}

/// What belongs to what is drawn and is not there yet: subnets, their tables and ways out, groups.
fn needed<'a>(places: &Places<'a>, around: &'a Surroundings) -> Vec<&'a Live> {
    let mut names: BTreeSet<Name> = places.subnets.keys().chain(&places.vpcs).cloned().collect();
    names.extend(places.subnets.values().filter_map(|ground| ground.way_out.clone()));
    for thing in places.things.values() {
        names.extend(thing.names("security_groups", &places.meanings));
    }
    let is_known = |live: &Live| {
        places.things.contains_key(&live.id) || places.meanings.ids.contains_key(&live.id)
    };
    let missing = around.resources.iter().filter(|live| !is_known(live));
    let is_needed = |live: &Live| names.contains(&live.id) || decides(places, live);
    missing.filter(|live| is_needed(live)).collect()
}

/// Whether a table or an ACL changes anything for a subnet that is drawn.
fn decides(places: &Places<'_>, live: &Live) -> bool {
    if !is_table(live.kind.as_str()) {
        return false;
    }
    let thing = Thing::of_others(live);
    let is_changed = match live.kind.as_str() {
        around::NETWORK_ACL => !allows_everything(live),
        _ => live.get_attribute("routes").as_map().is_some_and(|routes| !routes.is_empty()),
    };
    let Place::Of(subnets) = places.place(&thing) else { return false };
    (is_changed || !is_default(&thing))
        && subnets.iter().any(|subnet| places.subnets.contains_key(subnet))
}

/// The subnets that AWS's default ACL or main table is left to decide for.
pub(crate) fn left_to_defaults(places: &Places<'_>, table: &Thing<'_>) -> Vec<Name> {
    let vpc = table.names("vpc", &places.meanings).pop();
    let same = places.things.values().filter(|thing| thing.kind() == table.kind());
    let same: Vec<&Thing<'_>> = same.collect();
    let replaces = |other: &&Thing<'_>| {
        let is_main = other.text("main", &places.meanings).as_deref() == Some("true");
        is_main && !other.is_around() && other.names("vpc", &places.meanings).pop() == vpc
    };
    if same.iter().any(replaces) {
        return Vec::new();
    }
    let named = same.iter().flat_map(|thing| thing.names("subnets", &places.meanings));
    let taken: BTreeSet<Name> = named.collect();
    let grounds = places.subnets.iter().filter(|(_, ground)| vpc.as_ref() == Some(&ground.vpc));
    grounds.map(|(name, _)| name.clone()).filter(|name| !taken.contains(name)).collect()
}

struct Choice<'p, 'a> {
    places: &'p Places<'a>,
    /// The words of all proofs.
    words: BTreeSet<String>,
}

impl Choice<'_, '_> {
    fn is_drawn(&self, live: &Live) -> bool {
        // What the stack has or looks up is there already.
        if self.places.meanings.ids.contains_key(&live.id) {
            return false;
        }
        match live.kind.as_str() {
            around::VPC_PEERING => ["requester", "accepter"]
                .iter()
                .any(|end| self.is_here(live.get_attribute(end).as_str())),
            around::VPC_ENDPOINT | "internet_gateway" => self.vpc(live).is_some(),
            around::LOAD_BALANCER => self.vpc(live).is_some() && self.concerns_us(live),
            around::NETWORK_INTERFACE => self.is_spoken_of(live) && !self.is_ours(live),
            _ => false,
        }
    }

    /// The VPC that it is in, if that is drawn.
    fn vpc(&self, live: &Live) -> Option<Name> {
        let vpc = live.get_attribute("vpc").as_str();
        self.is_here(vpc).then(|| self.name(vpc.unwrap_or_default()))
    }

    fn is_here(&self, vpc: Option<&str>) -> bool {
        vpc.is_some_and(|id| self.places.vpcs.contains(&self.name(id)))
    }

    fn name(&self, id: &str) -> Name {
        self.places.meanings.ids.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    /// Whether it forwards to something of the stack, may do so, or takes part in a proof.
    fn concerns_us(&self, live: &Live) -> bool {
        let forwards = &self.places.others.forwards;
        let unread = live.get_attribute("listeners").is_null();
        let to_us = || forwards.iter().any(|forward| forward.balancer == live.id);
        unread || self.is_spoken_of(live) || to_us()
    }

    fn is_spoken_of(&self, live: &Live) -> bool {
        self.words.contains(&live.id)
    }

    /// Whether it is an interface of something that is drawn itself.
    fn is_ours(&self, live: &Live) -> bool {
        let owner = live.get_attribute("instance").as_str();
        owner.is_some_and(|id| self.places.meanings.ids.contains_key(id))
    }
}

/// Whether AWS made it with its VPC: the default ACL, the main table.
pub(crate) fn is_default(thing: &Thing<'_>) -> bool {
    let is_so = |mark: &&str| {
        let live = thing.live.map(|live| live.get_attribute(mark));
        live.and_then(Value::as_bool) == Some(true)
    };
    ["default", "main"].iter().any(is_so)
}

/// Whether an ACL is as AWS makes it.
fn allows_everything(acl: &Live) -> bool {
    ["ingress", "egress"].iter().all(|direction| {
        let rules = acl.get_attribute(direction).as_list().unwrap_or_default();
        let field =
            |rule: &Value, name: &str| rule.as_map().and_then(|rule| rule.get(name).cloned());
        let allows = |rule: &Value| field(rule, "allow").and_then(|allow| allow.as_bool());
        let is_whole = |rule: &Value| {
            let text = |name| field(rule, name).and_then(|value| value.as_str().map(str::to_owned));
            text("cidr").as_deref() == Some("0.0.0.0/0")
                && text("protocol").as_deref() == Some("-1")
        };
        rules.iter().all(|rule| allows(rule) == Some(true)) && rules.iter().any(is_whole)
    })
}

/// Every word of the evidence of proofs: names of what decides are among them.
fn words_of(proofs: &[Proof]) -> BTreeSet<String> {
    let lines = proofs.iter().flat_map(|proof| &proof.evidence);
    lines.flat_map(|line| words(line)).map(str::to_owned).collect()
}

/// The words of a line of evidence, without what stands around them.
pub(crate) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split([' ', ',', '(', ')']).map(|word| word.trim_end_matches([':', '.', ';']))
}
