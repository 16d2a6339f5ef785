//! The ends of sentences as ends of questions about a network.

use std::collections::BTreeSet;

use trueup_model::stack::{End, Sentence};
use trueup_reach::{End as Place, PortRange, Query, ResourceKind, Traffic};

use super::scene::{Opening, Scene, Scope};
use super::world::{Name, existing_name};

/// What can be an end besides networks and services.
pub(crate) const KINDS_OF_ENDS: &str =
    "instances, databases, functions, load balancers and Elastic Beanstalk environments";

/// Every pair of ends that a sentence speaks of, or why there is none to ask about.
pub(super) fn queries(scene: &Scene<'_>, sentence: &Sentence) -> Result<Vec<Query>, String> {
    let traffic = match (sentence.port, sentence.protocol.as_deref()) {
        (Some(port), Some("udp")) => Some(Traffic::Udp(PortRange::one(port))),
        (Some(port), _) => Some(Traffic::tcp(port)),
        (None, _) => None,
    };
    let (from, to) = (places(scene, &sentence.from)?, places(scene, &sentence.to)?);
    let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (from.clone(), to.clone())));
    Ok(pairs.map(|(from, to)| Query { from, to, traffic }).collect())
}

fn places(scene: &Scene<'_>, end: &End) -> Result<Vec<Place>, String> {
    Ok(match end {
        End::Internet => vec![Place::Internet],
        End::Service(service) => vec![Place::Service(service.clone())],
        End::Cidr(text) => {
            let net = text.parse().map_err(|_| format!("{text} is not a network"))?;
            vec![Place::Cidr(net)]
        }
        End::Resource(_) | End::Existing(_) => {
            let names = resources(scene, end)?;
            names.into_iter().map(Place::Resource).collect()
        }
    })
}

/// The elements at an address that can send or receive.
pub(super) fn resources(scene: &Scene<'_>, end: &End) -> Result<Vec<Name>, String> {
    let (names, text) = match end {
        End::Resource(address) => (scene.world.at(address), address.to_string()),
        End::Existing(address) => {
            let found = scene.world.existing(address).cloned();
            (found.into_iter().collect(), existing_name(address))
        }
        End::Internet | End::Cidr(_) | End::Service(_) => return Ok(Vec::new()),
    };
    if names.is_empty() {
        return Err(scene.missing(end).unwrap_or_else(|| format!("{text} does not exist there")));
    }
    match names.iter().find(|name| !scene.network.resources.contains_key(*name)) {
        None => Ok(names),
        Some(_) => {
            Err(format!("{text} is no end of a connection that trueup knows: {KINDS_OF_ENDS} are"))
        }
    }
}

/// What is not known and may let more through to these ends, if something is.
pub(super) fn openings<'s>(scene: &'s Scene<'_>, queries: &[Query]) -> Vec<&'s str> {
    let mut ends: BTreeSet<(&str, bool)> = BTreeSet::new();
    for query in queries {
        let Place::Resource(name) = &query.to else { continue };
        let Some(resource) = scene.network.resources.get(name) else { continue };
        let is_instance = matches!(resource.kind, ResourceKind::Instance { .. });
        for interface in &resource.interfaces {
            let subnet = scene.network.subnets.get(&interface.subnet);
            ends.extend(subnet.map(|subnet| (subnet.vpc.as_str(), is_instance)));
        }
    }
    let leads = |opening: &&Opening| {
        let is_there = |(vpc, is_instance): &(&str, bool)| {
            *vpc == opening.vpc && (*is_instance || !opening.to_instances)
        };
        ends.iter().any(is_there)
    };
    let leading = scene.openings.iter().filter(leads);
    leading.map(|opening| opening.why.as_str()).collect()
}

/// What is not known and may shut what leads to these ends, if something is.
pub(super) fn closings<'s>(scene: &'s Scene<'_>, queries: &[Query]) -> Vec<&'s str> {
    let to: BTreeSet<&Name> = queries
        .iter()
        .filter_map(|query| match &query.to {
            Place::Resource(name) => Some(name),
            Place::Internet | Place::Cidr(_) | Place::Service(_) => None,
        })
        .collect();
    let unread = scene.closings.iter().filter(|(name, _)| to.contains(name));
    unread.map(|(_, why)| why.as_str()).collect()
}

/// Why nothing can be proved of these ends, if so.
pub(super) fn doubts<'s>(scene: &'s Scene<'_>, queries: &[Query]) -> Vec<&'s str> {
    let mut elements: BTreeSet<&str> = BTreeSet::new();
    let mut vpcs: BTreeSet<&str> = BTreeSet::new();
    let mut anywhere = false;
    for place in queries.iter().flat_map(|query| [&query.from, &query.to]) {
        match place {
            Place::Resource(name) => {
                elements.insert(name);
                let resource = scene.network.resources.get(name);
                for interface in resource.into_iter().flat_map(|resource| &resource.interfaces) {
                    let subnet = scene.network.subnets.get(&interface.subnet);
                    vpcs.extend(subnet.map(|subnet| subnet.vpc.as_str()));
                }
            }
            // Its addresses may be those of any VPC.
            Place::Cidr(_) => anywhere = true,
            Place::Internet | Place::Service(_) => {}
        }
    }
    let touches = |scope: &Scope| match scope {
        Scope::Everything => true,
        Scope::Vpc(name) => anywhere || vpcs.contains(name.as_str()),
        Scope::Element(name) => elements.contains(name.as_str()),
    };
    let touching = scene.doubts.iter().filter(|doubt| touches(&doubt.scope));
    let mut whys: Vec<&str> = touching.map(|doubt| doubt.why.as_str()).collect();
    whys.dedup();
    whys
}
