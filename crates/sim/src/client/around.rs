//! Reads what surrounds a stack in its networks.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use trueup_model::Value;
use trueup_model::kind::Kind;
use trueup_model::snapshot::{Around, Live, Snapshot, Surroundings, Unreadable, around};
use trueup_model::stack::{By, Existing};
use trueup_provider::{Call, Failure, FailureClass, Host};

use super::Sim;
use super::observe::{is_hopeless, unreadable_of};
use crate::around::{KINDS, text, within};

/// What is asked for besides what the discovery of the stack meets, each with its action.
const READS: [(&str, &str); 5] = [
    (around::NETWORK_ACL, "ec2:DescribeNetworkAcls"),
    (around::VPC_ENDPOINT, "ec2:DescribeVpcEndpoints"),
    (around::VPC_PEERING, "ec2:DescribeVpcPeeringConnections"),
    (around::NETWORK_INTERFACE, "ec2:DescribeNetworkInterfaces"),
    (around::LOAD_BALANCER, "elasticloadbalancing:DescribeLoadBalancers"),
];

impl Sim {
    /// `others` is what was met of other owners in the discovery of the stack.
    pub(super) async fn read_around(
        &self,
        host: &dyn Host,
        how: Around,
        snapshot: &Snapshot,
        others: Vec<Live>,
        calls: &AtomicU32,
    ) -> Result<Surroundings, Failure> {
        let mut unreadable: Vec<Unreadable> = Vec::new();
        let mut all = self.lock().world.all_around();
        let groups: Vec<Live> =
            others.iter().filter(|live| live.kind == *"db_subnet_group").cloned().collect();
        let stack = snapshot.resources.iter().chain(snapshot.existing.values()).chain(&groups);
        let stack: Vec<&Live> = stack.collect();
        for (kind, action) in READS {
            let leads = |prefix| leads_to(stack.iter().copied().chain(&all), prefix);
            let asked = match kind {
                around::NETWORK_ACL => true,
                around::VPC_ENDPOINT => how.endpoints || how.everything || leads("vpce-"),
                around::VPC_PEERING => how.everything || leads("pcx-"),
                around::LOAD_BALANCER => {
                    let any = all.iter().any(|live| live.kind == *around::LOAD_BALANCER);
                    any && (how.balancers || how.everything)
                }
                _ => how.everything,
            };
            if asked {
                let read = self.call(host, Call::read(action), |_| {
                    calls.fetch_add(1, Ordering::Relaxed);
                    Ok(())
                });
                match read.await {
                    Ok(()) => continue,
                    Err(failure) if is_hopeless(&failure) => return Err(failure),
                    Err(failure) => unreadable.push(unreadable_of(kind, action, &failure)),
                }
            }
            // An instance is described with its interfaces.
            all.retain(|live| live.kind != *kind || is_of(live, &stack));
        }
        all.extend(others);
        let mut vpcs = networks(&stack, &all);
        let peers = all.iter().filter(|live| live.kind == *around::VPC_PEERING);
        let ends = |peer: &Live| -> Vec<String> {
            ["requester", "accepter"]
                .iter()
                .filter_map(|end| text(peer, end).map(str::to_owned))
                .collect()
        };
        let more: Vec<String> = peers
            .map(ends)
            .filter(|ends| ends.iter().any(|end| vpcs.contains(end)))
            .flatten()
            .collect();
        vpcs.extend(more);
        Ok(Surroundings { resources: within(all, &vpcs), unreadable })
    }

    /// Something that no stack declares, as `existing` names it.
    pub(super) fn look_up_around(&self, existing: &Existing, snapshot: &mut Snapshot) {
        let all = self.lock().world.all_around();
        let kind = &existing.address.kind;
        let fits = |live: &Live| match &existing.by {
            By::Id(id) => live.id == *id || live.get("arn").as_str() == Some(id),
            // `app/web/0123`, `web`.
            By::Name(name) => live.id.split('/').nth(1).unwrap_or(&live.id) == name,
            By::Tags(tags) => tags.iter().all(|(key, value)| live.tags.get(key) == Some(value)),
            By::Default | By::Stack { .. } => false,
        };
        let mut found = all.into_iter().filter(|live| live.kind == *kind && fits(live));
        match (found.next(), found.next()) {
            (Some(one), None) => {
                snapshot.existing.insert(existing.address.clone(), one);
            }
            (Some(_), Some(_)) => {
                let failure = Failure::new(FailureClass::Invalid, "several match, not one");
                let unreadable = unreadable_of(kind.as_str(), "", &failure);
                let address = Some(existing.address.clone());
                snapshot.unreadable.push(Unreadable { address, ..unreadable });
            }
            (None, _) => {}
        }
    }

    /// Whether a kind of the catalog decides in a network whoever has it.
    pub(super) fn is_around(kind: &Kind) -> bool {
        KINDS.contains(&kind.name) || kind.name == "vpc"
    }
}

fn is_of(live: &Live, stack: &[&Live]) -> bool {
    let instance = text(live, "instance");
    instance.is_some_and(|id| stack.iter().any(|live| live.kind == *"instance" && live.id == id))
}

/// The networks that the stack has or is in.
fn networks(stack: &[&Live], all: &[Live]) -> BTreeSet<String> {
    let own = stack.iter().filter(|live| live.kind == *"vpc").map(|live| live.id.clone());
    let named = stack.iter().filter_map(|live| text(live, "vpc")).map(str::to_owned);
    let used: BTreeSet<&str> = stack
        .iter()
        .flat_map(|live| {
            let several = live.get_attribute("subnets").as_list().unwrap_or_default().iter();
            several.chain([live.get_attribute("subnet")]).filter_map(Value::as_str)
        })
        .collect();
    let subnets = all.iter().filter(|live| live.kind == *"subnet");
    let subnets = subnets.filter(|subnet| used.contains(subnet.id.as_str()));
    let subnets = subnets.filter_map(|subnet| text(subnet, "vpc")).map(str::to_owned);
    own.chain(named).chain(subnets).collect()
}

fn leads_to<'l>(mut all: impl Iterator<Item = &'l Live>, prefix: &str) -> bool {
    all.any(|live| {
        let routes = live.get_attribute("routes").as_map();
        let stated =
            routes.into_iter().flat_map(|routes| routes.values()).filter_map(Value::as_str);
        stated.chain(text(live, "target")).any(|target| target.starts_with(prefix))
    })
}
