//! The ends of sentences as ends of questions about a network.

use std::collections::BTreeSet;

use trueup_model::Address;
use trueup_model::stack::{End, Sentence};
use trueup_reach::{End as Place, PortRange, Query, Traffic};

use super::scene::{Scene, Scope};
use super::world::Name;

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
        End::Resource(address) => {
            let names = resources(scene, address)?;
            names.into_iter().map(Place::Resource).collect()
        }
    })
}

/// The elements at an address that can send or receive.
pub(super) fn resources(scene: &Scene<'_>, address: &Address) -> Result<Vec<Name>, String> {
    let names = scene.world.at(address);
    if names.is_empty() {
        return Err(format!("{address} does not exist there"));
    }
    match names.iter().find(|name| !scene.network.resources.contains_key(*name)) {
        None => Ok(names),
        Some(_) => Err(format!(
            "{address} is no end of a connection that trueup knows: instances, databases and \
             functions are"
        )),
    }
}

/// What is not known and may let more through to these ends, if something is.
pub(super) fn openings<'s>(scene: &'s Scene<'_>, queries: &[Query]) -> Vec<&'s str> {
    let mut vpcs: BTreeSet<&str> = BTreeSet::new();
    for query in queries {
        let Place::Resource(name) = &query.to else { continue };
        let resource = scene.network.resources.get(name);
        for interface in resource.into_iter().flat_map(|resource| &resource.interfaces) {
            let subnet = scene.network.subnets.get(&interface.subnet);
            vpcs.extend(subnet.map(|subnet| subnet.vpc.as_str()));
        }
    }
    let leading = scene.openings.iter().filter(|opening| vpcs.contains(opening.vpc.as_str()));
    leading.map(|opening| opening.why.as_str()).collect()
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
