//! Evidence in the words of the stack.

use trueup_reach::{Change, Network, Origin, Passage, Relay, Stop};

/// A way that packets take, a place a line.
pub(super) fn passage(passage: &Passage) -> Vec<String> {
    let Passage { from, to, packet, hops, except } = passage;
    let mut lines = vec![format!("{from} -> {to}, for example {packet}")];
    for hop in hops {
        let way = if hop.reply { "back" } else { "there" };
        lines.push(format!("{way}: {}: {}", hop.at, hop.rule));
    }
    if !except.is_empty() {
        let nets: Vec<String> = except.iter().map(ToString::to_string).collect();
        lines.push(format!("except {}", nets.join(", ")));
    }
    lines
}

/// Where packets stop, a place a line.
pub(super) fn stop(stop: &Stop) -> Vec<String> {
    let Stop { from, to, packet, at, reason, then, changes: _ } = stop;
    let example = packet.map(|packet| format!(", for example {packet}")).unwrap_or_default();
    let mut lines = vec![format!("{from} -> {to}{example}"), format!("stops at {at}: {reason}")];
    lines.extend(then.iter().map(|hop| format!("would stop at {} too: {}", hop.at, hop.rule)));
    lines
}

/// A way through a load balancer that ends connections: what it sends is its own, and does not count.
pub(super) fn relay(relay: &Relay) -> Vec<String> {
    let Relay { through, listener, port, first, second } = relay;
    let part = if relay.is_open() { "" } else { "in part " };
    let mut lines = vec![format!(
        "load balancer {through} ends what reaches it {part}on port {listener}, and sends requests of \
         its own to port {port}:"
    )];
    for leg in [first, second] {
        lines.extend(leg.passages().first().map(passage).unwrap_or_default());
    }
    lines
}

/// The changes that would open the way, each with the place of what it changes.
pub(super) fn changes(stop: &Stop, network: &Network) -> Vec<String> {
    stop.changes.iter().map(|change| placed(change, network)).collect()
}

/// A change, with the place of what it changes.
pub(super) fn placed(change: &Change, network: &Network) -> String {
    match origin(change, network).and_then(|origin| origin.location.as_deref()) {
        Some(location) => format!("{change} ({location})"),
        None => change.to_string(),
    }
}

fn origin<'n>(change: &Change, network: &'n Network) -> Option<&'n Origin> {
    let resource = |name: &str| network.resources.get(name).map(|one| &one.origin);
    let vpc = |name: &str| network.vpcs.get(name).map(|one| &one.origin);
    let nat = |name: &str| network.nat_gateways.get(name).map(|one| &one.origin);
    match change {
        Change::AllowInGroup { group, .. } => {
            network.security_groups.get(group).map(|one| &one.origin)
        }
        Change::SetRoute { table: Some(table), .. } => {
            network.route_tables.get(table).map(|one| &one.origin)
        }
        Change::SetRoute { vpc: name, .. }
        | Change::AttachInternetGateway { gateway: None, vpc: name }
        | Change::EnableDns { vpc: name }
        | Change::CreateNatGateway { vpc: name } => vpc(name),
        Change::AttachInternetGateway { gateway: Some(name), .. } => {
            network.internet_gateways.get(name).map(|one| &one.origin)
        }
        Change::GivePublicAddress { resource: name }
        | Change::MakePubliclyAccessible { resource: name }
        | Change::MakeInternetFacing { resource: name }
        | Change::MoveBehindNat { resource: name }
        | Change::Listen { balancer: name, .. } => resource(name),
        Change::GiveNatAddress { nat: name }
        | Change::MoveNatGateway { nat: name }
        | Change::Restore { name } => nat(name),
        Change::AllowInAcl { .. }
        | Change::RemoveFromAcl { .. }
        | Change::EnablePrivateDns { .. }
        | Change::EnablePeeringDns { .. }
        | Change::CreatePeering { .. } => None,
    }
}
