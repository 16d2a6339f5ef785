//! What surrounds a stack in its networks: ACLs, endpoints, peerings, load balancers, other people's
//! interfaces.
//!
//! Proofs need it, changes do not. So a read that fails makes an entry in
//! [`Surroundings::unreadable`] and nothing worse, and what nothing points to is not asked for.

mod acl;
pub(super) mod balancer;
pub(super) mod endpoint;
mod environment;
mod interface;
mod lookup;
pub(super) mod peering;
mod prefix_list;

use std::collections::BTreeSet;

use trueup_model::Value;
use trueup_model::snapshot::{Around, Live, Snapshot, Surroundings, around};
use trueup_provider::{Failure, FailureClass};

use super::provider::unreadable;
use super::session::Session;
use crate::services;

pub(super) use acl::all as acls;
pub(super) use interface::of_balancers as balancers;
pub(super) use lookup::find;

/// What one read gave.
type Answer = Result<Vec<Live>, Failure>;

/// What is known before it is decided what else to ask for.
pub(super) struct Seen {
    /// What was met in the discovery of the stack.
    pub(super) met: Vec<Live>,
    /// The account's ACLs.
    pub(super) acls: Answer,
    /// The account's load balancers as their interfaces show them, unless all interfaces are read.
    pub(super) balancers: Answer,
}

/// Reads what is missing, and keeps of all what is in the stack's networks or connected to them.
pub(super) async fn read(
    aws: &Session<'_>,
    how: Around,
    seen: Seen,
    snapshot: &Snapshot,
) -> Result<Surroundings, Failure> {
    let mut found = Collected::default();
    let Seen { met, acls, balancers } = seen;
    let groups = groups_of(aws, snapshot).await;
    let of_databases = groups.as_ref().map(Vec::as_slice).unwrap_or_default();
    let stack = snapshot.resources.iter().chain(snapshot.existing.values()).chain(of_databases);
    let stack: Vec<&Live> = stack.collect();
    let mut vpcs = Networks::of(&stack, &met);
    if vpcs.all.is_empty() {
        return Ok(Surroundings::default());
    }
    found.resources = met;
    found.take(around::NETWORK_ACL, acls)?;
    let missing: Vec<String> = vpcs.all.difference(&vpcs.read).cloned().collect();
    let in_vpcs: Vec<String> = vpcs.all.iter().cloned().collect();
    let leads_to = |target: &str| leads(&stack, &found.resources, &vpcs.all, target);
    let endpoints = how.endpoints || how.everything || leads_to("vpce-");
    let peerings = how.everything || leads_to("pcx-");
    let lists = lists_of(&stack, &found.resources, &vpcs.all);
    let machines = looked_up(snapshot, "instance").map(|one| one.id.clone());
    let machines: Vec<String> = machines.collect();
    let attached = !machines.is_empty() && !how.everything;
    let (others, endpoints, peerings, interfaces, attached, lists) = futures::join!(
        asked(!missing.is_empty(), vpcs_of(aws, &missing)),
        asked(endpoints, endpoint::of(aws, &in_vpcs)),
        asked(peerings, peering::of(aws, &in_vpcs)),
        asked(how.everything, interface::of(aws, &in_vpcs)),
        asked(attached, interface::attached(aws, &machines)),
        asked(!lists.is_empty(), prefix_list::of(aws, &lists)),
    );
    found.take("vpc", others)?;
    found.take(around::VPC_ENDPOINT, endpoints)?;
    if let Ok(peerings) = &peerings {
        vpcs.all.extend(peerings.iter().flat_map(peering::ends));
        found
            .resources
            .extend(peerings.iter().flat_map(|peering| peering::others(peering, &vpcs.read)));
    }
    found.take(around::VPC_PEERING, peerings)?;
    found.take(around::NETWORK_INTERFACE, interfaces)?;
    found.take(around::NETWORK_INTERFACE, attached)?;
    found.take(around::LOAD_BALANCER, balancers)?;
    found.take(around::PREFIX_LIST, lists)?;
    found.take("db_subnet_group", groups)?;
    let mut found = found.within(&vpcs.all);
    // One that shows no interface yet is there all the same.
    let is_known = |one: &&Live| found.resources.iter().any(|live| live.id == one.id);
    let hidden = looked_up(snapshot, around::LOAD_BALANCER).filter(|one| !is_known(one));
    let hidden: Vec<Live> = hidden.cloned().collect();
    found.resources.extend(hidden);
    balancer::describe(aws, &mut found, &in_vpcs).await?;
    Ok(found)
}

/// What the stack looks up of a kind.
fn looked_up<'s>(snapshot: &'s Snapshot, kind: &'static str) -> impl Iterator<Item = &'s Live> {
    snapshot.existing.values().filter(move |live| live.kind == *kind)
}

/// The subnet groups of databases that the stack looks up: a description of a database tells only the
/// name.
async fn groups_of(aws: &Session<'_>, snapshot: &Snapshot) -> Answer {
    let lives = || snapshot.resources.iter().chain(snapshot.existing.values());
    let is_read =
        |name: &&str| lives().any(|live| live.kind == *"db_subnet_group" && live.id == **name);
    let named = looked_up(snapshot, "db_instance").filter_map(|live| text(live, "subnet_group"));
    let unread: BTreeSet<String> = named.filter(|name| !is_read(name)).map(str::to_owned).collect();
    let unread: Vec<String> = unread.into_iter().collect();
    match services::calls("db_subnet_group") {
        Some(calls) if !unread.is_empty() => calls.read(aws, &unread).await,
        _ => Ok(Vec::new()),
    }
}

/// A read that is only made where it is needed.
async fn asked(needed: bool, read: impl Future<Output = Answer>) -> Answer {
    if needed { read.await } else { Ok(Vec::new()) }
}

async fn vpcs_of(aws: &Session<'_>, ids: &[String]) -> Answer {
    match services::calls("vpc") {
        Some(calls) => calls.read(aws, ids).await,
        None => Ok(Vec::new()),
    }
}

/// The networks that matter.
struct Networks {
    /// Those of the stack, and those of the subnets that its resources are in.
    all: BTreeSet<String>,
    /// Those of them that the snapshot has.
    read: BTreeSet<String>,
}

impl Networks {
    fn of(stack: &[&Live], met: &[Live]) -> Self {
        let own = stack.iter().filter(|live| live.kind == *"vpc");
        let read: BTreeSet<String> = own.map(|live| live.id.clone()).collect();
        let mut all = read.clone();
        all.extend(stack.iter().filter_map(|live| text(live, "vpc")).map(str::to_owned));
        let subnets: BTreeSet<&str> = stack.iter().flat_map(|live| subnets(live)).collect();
        let used = met.iter().filter(|live| live.kind == *"subnet");
        let used = used.filter(|subnet| subnets.contains(subnet.id.as_str()));
        all.extend(used.filter_map(|subnet| text(subnet, "vpc")).map(str::to_owned));
        Self { all, read }
    }
}

/// The subnets that something is in.
fn subnets(live: &Live) -> Vec<&str> {
    let several = live.get_attribute("subnets").as_list().unwrap_or_default().iter();
    several.chain([live.get_attribute("subnet")]).filter_map(Value::as_str).collect()
}

fn text<'l>(live: &'l Live, attribute: &str) -> Option<&'l str> {
    live.get_attribute(attribute).as_str()
}

/// Whether a route of these networks leads to such a thing.
fn leads(stack: &[&Live], met: &[Live], vpcs: &BTreeSet<String>, prefix: &str) -> bool {
    within(stack, met, vpcs).any(|live| {
        let routes = live.get_attribute("routes").as_map();
        let stated =
            routes.into_iter().flat_map(|routes| routes.values()).filter_map(Value::as_str);
        stated.chain(text(live, "target")).any(|target| target.starts_with(prefix))
    })
}

/// The prefix lists that routes and rules of these networks name.
fn lists_of(stack: &[&Live], met: &[Live], vpcs: &BTreeSet<String>) -> Vec<String> {
    let mut lists = BTreeSet::new();
    for live in within(stack, met, vpcs) {
        let routes = live.get_attribute("routes").as_map();
        lists.extend(routes.into_iter().flat_map(|routes| routes.keys().cloned()));
        lists.extend(text(live, "destination").map(str::to_owned));
        for (direction, peer) in [("ingress", "from"), ("egress", "to")] {
            let rules = live.get_attribute(direction).as_list().unwrap_or_default();
            lists.extend(rules.iter().flat_map(|rule| rule.get(peer).strings()));
        }
    }
    lists.into_iter().filter(|name| name.starts_with("pl-")).collect()
}

fn within<'l>(
    stack: &'l [&'l Live],
    met: &'l [Live],
    vpcs: &'l BTreeSet<String>,
) -> impl Iterator<Item = &'l Live> {
    let here = |live: &&Live| text(live, "vpc").is_some_and(|vpc| vpcs.contains(vpc));
    stack.iter().copied().chain(met.iter().filter(here))
}

/// Everything that was read so far.
#[derive(Default)]
struct Collected {
    resources: Vec<Live>,
    unreadable: Vec<trueup_model::snapshot::Unreadable>,
}

impl Collected {
    fn take(&mut self, kind: &str, answer: Answer) -> Result<(), Failure> {
        match answer {
            Ok(found) => self.resources.extend(found),
            Err(failure) if failure.class == FailureClass::Credentials => return Err(failure),
            Err(failure) => self.unreadable.push(unreadable(kind, &failure)),
        }
        Ok(())
    }

    /// What of it is in one of these networks, or is a prefix list.
    fn within(self, vpcs: &BTreeSet<String>) -> Surroundings {
        let Self { resources, unreadable } = self;
        let in_vpc = |live: &Live| text(live, "vpc").is_some_and(|vpc| vpcs.contains(vpc));
        let subnets: BTreeSet<String> = resources
            .iter()
            .filter(|live| live.kind == *"subnet" && in_vpc(live))
            .map(|live| live.id.clone())
            .collect();
        let here = |live: &Live| match live.kind.as_str() {
            "vpc" => vpcs.contains(&live.id),
            "nat_gateway" => text(live, "subnet").is_some_and(|subnet| subnets.contains(subnet)),
            around::PREFIX_LIST | around::VPC_PEERING | "db_subnet_group" => true,
            _ => in_vpc(live),
        };
        let mut resources: Vec<Live> = resources.into_iter().filter(|live| here(live)).collect();
        resources.sort_by(|one, other| (&one.kind, &one.id).cmp(&(&other.kind, &other.id)));
        resources.dedup_by(|one, other| one.kind == other.kind && one.id == other.id);
        Surroundings { resources, unreadable }
    }
}
