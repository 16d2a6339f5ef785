//! What a load balancer listens for: whatever else gets to it nobody answers.

use std::borrow::Cow;

use super::path::{Check, Otherwise, Stage, Way};
use super::place::Site;
use crate::network::{Layer, Listener, ResourceKind};
use crate::packets::{Cube, PacketSet, PortRange, Services, Traffic};

/// Adds to ways that end at a load balancer that it listens, where that is known.
pub(super) fn add<'a>(to: &'a Site<'a>, ways: &mut [Way<'a>]) {
    let Some((layer, listeners)) = listeners(to) else { return };
    let allowed = accepted(layer, listeners);
    for path in ways.iter_mut().flat_map(|way| &mut way.paths) {
        let stage = Stage {
            check: Check::Listening { site: to },
            view: path.arrives.clone(),
            allowed: Cow::Owned(allowed.clone()),
            otherwise: Otherwise::Stops,
        };
        // It is told where the packet arrives, before its answer leaves.
        let first_back = path.stages.iter().position(|stage| stage.view.reply);
        path.stages.insert(first_back.unwrap_or(path.stages.len()), stage);
    }
}

fn listeners<'a>(site: &Site<'a>) -> Option<(Layer, &'a [Listener])> {
    match &site.resource?.kind {
        ResourceKind::LoadBalancer { layer, listeners: Some(listeners), .. } => {
            Some((*layer, listeners))
        }
        _ => None,
    }
}

/// What a node takes. One that passes connections on drops all that no listener is for; one that ends
/// them answers pings too, if its groups let them in.
fn accepted(layer: Layer, listeners: &[Listener]) -> PacketSet {
    let own = listeners.iter().map(|listener| listener.traffic().services());
    let own = own.fold(Services::empty(), |all, services| all.union(&services));
    let service = match layer {
        Layer::Network => own,
        Layer::Application => {
            let tcp = Traffic::Tcp(PortRange::ALL).services();
            own.union(&tcp.union(&Traffic::Udp(PortRange::ALL).services()).complement())
        }
    };
    PacketSet::from_cubes([Cube { service, ..Cube::full() }])
}

/// Why a packet is not taken.
pub(super) fn not_words(site: &Site<'_>, traffic: Traffic) -> String {
    let listeners = listeners(site).map(|(_, listeners)| listeners).unwrap_or_default();
    let others: Vec<String> =
        listeners.iter().map(|listener| listener.traffic().to_string()).collect();
    if others.is_empty() {
        return "it has no listener".to_owned();
    }
    format!("it does not listen for {traffic}, only for {}", others.join(", "))
}
