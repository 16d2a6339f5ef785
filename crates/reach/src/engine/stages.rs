//! The stages that ways are made of.

use std::borrow::Cow;

use super::Engine;
use super::filters;
use super::inside::between;
use super::path::{Check, Otherwise, Stage};
use super::place::Site;
use super::routing::Piece;
use crate::network::{Direction, Endpoint, Origin, State, Target};
use crate::packets::{Addresses, PacketSet, View};
use crate::verdict::Change;

impl Engine<'_> {
    /// The groups of an interface. `peer` is the other side where its groups count.
    pub(super) fn group_stage<'a>(
        &'a self,
        site: &'a Site<'a>,
        direction: Direction,
        peer: Option<&'a Site<'a>>,
        view: View,
    ) -> Stage<'a> {
        let allowed = filters::allowed(&self.groups, site, direction, peer);
        Stage {
            check: Check::Group { site, direction, peer },
            view,
            allowed,
            otherwise: Otherwise::Stops,
        }
    }

    /// The ACL of a subnet.
    pub(super) fn acl_stage<'a>(
        &'a self,
        subnet: &'a str,
        direction: Direction,
        view: View,
    ) -> Stage<'a> {
        let sets = self.index.acl_of.get(subnet).and_then(|acl| self.acls.get(acl));
        let allowed = match sets {
            Some(sets) => Cow::Borrowed(sets.allowed(direction, view.reply)),
            None => Cow::Owned(PacketSet::full()),
        };
        Stage {
            check: Check::Acl { subnet, direction },
            view,
            allowed,
            otherwise: Otherwise::Stops,
        }
    }

    /// The route of the answers, which must lead to `target` as well.
    pub(super) fn route_back_stage<'a>(
        &'a self,
        subnet: &'a str,
        target: Target,
        view: &View,
    ) -> Stage<'a> {
        let good = self.routing(subnet).toward(|other| *other == target);
        let allowed = Cow::Owned(between(good, Addresses::full()));
        let check = Check::Route { subnet, want: Some(target) };
        Stage { check, view: view.replied(), allowed, otherwise: Otherwise::Stops }
    }

    /// Whether the internet gateway `name` is attached to the VPC.
    pub(super) fn attachment<'a>(&self, vpc: &str, name: &str) -> Stage<'a> {
        let gateway = self.network.internet_gateways.get(name);
        let words = gateway.map(|gateway| gateway.origin.words(name));
        let vpc_words = self.network.vpcs[vpc].origin.words(vpc);
        if gateway.is_some_and(|gateway| gateway.vpc.as_deref() == Some(vpc)) {
            return Stage::so(words.unwrap_or_default(), format!("it is attached to {vpc_words}"));
        }
        let free = self.network.internet_gateways.iter().find(|(_, gateway)| gateway.vpc.is_none());
        let gateway = gateway.map(|_| name.to_owned()).or(free.map(|(name, _)| name.clone()));
        let at = words.unwrap_or_else(|| vpc_words.clone());
        let changes = vec![Change::AttachInternetGateway { gateway, vpc: vpc.to_owned() }];
        Stage::not(at, format!("no internet gateway is attached to {vpc_words}"), changes)
    }

    /// A subnet's route table, in the words of the stack.
    pub(super) fn table_words(&self, subnet: &str) -> String {
        let table = self.routing(subnet).table;
        let words = table.map(|name| self.network.route_tables[name].origin.words(name));
        words.unwrap_or_else(|| {
            let vpc = &self.network.subnets[subnet].vpc;
            format!("the main route table of {}", self.network.vpcs[vpc].origin.words(vpc))
        })
    }
}

/// A route that is known to lead on.
pub(super) fn route_stage(subnet: &str) -> Stage<'_> {
    let check = Check::Route { subnet, want: None };
    let allowed = Cow::Owned(PacketSet::full());
    Stage { check, view: View::default(), allowed, otherwise: Otherwise::Stops }
}

/// Whether something works.
pub(super) fn state_stage<'a>(name: &str, origin: &Origin, state: &State) -> Stage<'a> {
    let at = origin.words(name);
    match state {
        State::Available => Stage::so(at, "it is available"),
        State::Not(word) => {
            let changes = vec![Change::Restore { name: name.to_owned() }];
            Stage::not(at, format!("it is {word}"), changes)
        }
    }
}

/// Whether an endpoint works; its policy is named, not judged.
pub(super) fn endpoint_state<'a>(name: &str, endpoint: &Endpoint) -> Stage<'a> {
    match &endpoint.policy {
        Some(policy) if endpoint.state.is_available() => {
            let text =
                format!("it is available; what its policy {policy} refuses is not looked at");
            Stage::so(endpoint.origin.words(name), text)
        }
        _ => state_stage(name, &endpoint.origin, &endpoint.state),
    }
}

/// A route, in words.
pub(super) fn piece_words(piece: &Piece<'_>) -> String {
    let text = format!("route {} to {}", piece.destination, piece.target);
    match piece.origin {
        Some(origin) => super::explain::rule_words(&text, origin),
        None => text,
    }
}
