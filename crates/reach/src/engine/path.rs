//! A way through the network as a row of stages, each of which lets some packets through.
//!
//! Everything is in terms of the packet as its source sends it; a [`View`] says how a stage sees
//! that packet where addresses have been translated, or when the stage is about the answer.

use std::borrow::Cow;

use super::place::Site;
use crate::network::{Direction, Name, Target};
use crate::packets::{Addresses, Cube, PacketSet, Services, Traffic, View};
use crate::verdict::Change;

/// One place where packets may stop.
#[derive(Debug)]
pub(super) struct Stage<'a> {
    pub(super) check: Check<'a>,
    pub(super) view: View,
    /// What passes, as the stage sees it, turned into the direction of the request.
    pub(super) allowed: Cow<'a, PacketSet>,
    /// What becomes of the others.
    pub(super) otherwise: Otherwise,
}

/// What becomes of a packet that a stage does not allow.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Otherwise {
    /// It stops there.
    Stops,
    /// It may pass all the same: only the promise is gone (a name that does not resolve).
    MayPass,
    /// Nobody can say: the model does not look behind this gateway.
    Unseen(Name),
}

/// What is taken for granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// Only what the model says.
    Nothing,
    /// That gateways which the model does not look into let everything pass.
    Gateways,
}

/// What decides at a stage.
#[derive(Debug)]
pub(super) enum Check<'a> {
    /// The groups of an interface.
    Group { site: &'a Site<'a>, direction: Direction, peer: Option<&'a Site<'a>> },
    /// The ACL of a subnet.
    Acl { subnet: &'a str, direction: Direction },
    /// The table of a subnet; where the route should lead.
    Route { subnet: &'a str, want: Option<Target> },
    /// What a load balancer listens for.
    Listening { site: &'a Site<'a> },
    /// A fact that is so or not.
    Fact { at: String, text: String, changes: Vec<Change> },
}

/// A way for the packets of `domain`.
#[derive(Debug)]
pub(super) struct Path<'a> {
    pub(super) domain: PacketSet,
    pub(super) stages: Vec<Stage<'a>>,
    /// How the packets look where the way ends.
    pub(super) arrives: View,
}

/// All that could be sent in one address family, and the paths that share it out.
#[derive(Debug)]
pub(super) struct Way<'a> {
    /// What must pass for "reaches", services aside.
    pub(super) source: Addresses,
    pub(super) target: Addresses,
    pub(super) paths: Vec<Path<'a>>,
    /// The listener that it goes through, if any.
    pub(super) through: Option<Through>,
}

/// What a load balancer listens for, and what of it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Through {
    pub(super) sent: Traffic,
    pub(super) arrives: Traffic,
}

impl Way<'_> {
    /// What is sent so that some of these services arrive.
    pub(super) fn sent(&self, services: &Services) -> Services {
        match self.through {
            None => services.clone(),
            Some(through) if services.overlaps(&through.arrives.services()) => {
                through.sent.services()
            }
            Some(_) => Services::empty(),
        }
    }

    /// The gateways on it that the model does not look into.
    pub(super) fn gateways(&self) -> impl Iterator<Item = &Name> {
        self.paths.iter().flat_map(Path::gateways)
    }

    /// Whether it can carry all of these services.
    pub(super) fn carries(&self, services: &Services) -> bool {
        self.through.is_none_or(|through| services.is_subset(&through.arrives.services()))
    }
}

impl<'a> Path<'a> {
    /// A way on which nothing is translated.
    pub(super) fn plain(domain: PacketSet, stages: Vec<Stage<'a>>) -> Self {
        Self { domain, stages, arrives: View::default() }
    }
}

impl Stage<'_> {
    /// A fact that holds.
    pub(super) fn so(at: String, text: impl Into<String>) -> Self {
        Self::fact(true, at, text.into(), Vec::new())
    }

    /// A fact that stops everything.
    pub(super) fn not(at: String, text: impl Into<String>, changes: Vec<Change>) -> Self {
        Self::fact(false, at, text.into(), changes)
    }

    fn fact(ok: bool, at: String, text: String, changes: Vec<Change>) -> Self {
        let allowed = if ok { PacketSet::full() } else { PacketSet::empty() };
        Self {
            check: Check::Fact { at, text, changes },
            view: View::default(),
            allowed: Cow::Owned(allowed),
            otherwise: Otherwise::Stops,
        }
    }

    /// The same, taking away only the promise.
    #[must_use]
    pub(super) fn softly(self) -> Self {
        Self { otherwise: Otherwise::MayPass, ..self }
    }

    /// The same, about what is behind a gateway that the model does not look into.
    #[must_use]
    pub(super) fn beyond(self, gateway: &str) -> Self {
        Self { otherwise: Otherwise::Unseen(gateway.to_owned()), ..self }
    }

    fn is_beyond(&self) -> bool {
        matches!(self.otherwise, Otherwise::Unseen(_))
    }

    /// The packets that pass whatever AWS picks.
    pub(super) fn certain(&self) -> Cow<'_, PacketSet> {
        if self.view.is_plain() {
            return Cow::Borrowed(&self.allowed);
        }
        Cow::Owned(self.view.certain(&self.allowed))
    }

    /// What passes, as the stage sees it, when an answer is not always needed.
    fn loosely(&self) -> Cow<'_, PacketSet> {
        if self.view.reply {
            // Only TCP needs an answer to do anything.
            let tcp = crate::packets::Traffic::Tcp(crate::packets::PortRange::ALL).services();
            let others = Cube { service: tcp.complement(), ..Cube::full() };
            let mut allowed = self.allowed.clone().into_owned();
            allowed.insert(others);
            return Cow::Owned(allowed);
        }
        Cow::Borrowed(&self.allowed)
    }
}

impl Path<'_> {
    /// The gateways on it that the model does not look into.
    pub(super) fn gateways(&self) -> impl Iterator<Item = &Name> {
        self.stages.iter().filter_map(|stage| match &stage.otherwise {
            Otherwise::Unseen(gateway) => Some(gateway),
            Otherwise::Stops | Otherwise::MayPass => None,
        })
    }

    /// The packets of `domain` that pass and are answered, whatever AWS picks.
    pub(super) fn certain_within(&self, domain: PacketSet, trust: Trust) -> PacketSet {
        let mut passing = domain;
        let counts = |stage: &&Stage<'_>| trust == Trust::Nothing || !stage.is_beyond();
        for stage in self.stages.iter().filter(counts) {
            if passing.is_empty() {
                break;
            }
            passing = passing.intersection(&stage.certain());
        }
        passing
    }

    /// The packets of `domain` that pass for some choice of what AWS picks: the same choice at
    /// all stages.
    pub(super) fn possible_within(&self, domain: PacketSet) -> PacketSet {
        let mut passing = domain;
        let mut translated: Vec<(View, PacketSet)> = Vec::new();
        for stage in self.stages.iter().filter(|stage| stage.otherwise == Otherwise::Stops) {
            if passing.is_empty() {
                return passing;
            }
            let view = View { reply: false, ..stage.view.clone() };
            if view == View::default() {
                passing = passing.intersection(&stage.loosely());
                continue;
            }
            if let Some((_, all)) = translated.iter_mut().find(|(known, _)| *known == view) {
                *all = all.intersection(&stage.loosely());
            } else {
                let start = view.everything().intersection(&stage.loosely());
                translated.push((view, start));
            }
        }
        // First the addresses, which belong to one place each; then the port, which is the same
        // wherever a NAT gateway's translation is seen.
        let mut by_port: Option<(View, PacketSet)> = None;
        for (view, all) in translated {
            let addresses = View { source_port: None, ..view.clone() };
            if view.source_port.is_none() || view.is_own {
                passing = passing.intersection(&view.possible(&all));
                continue;
            }
            let all = addresses.possible(&all);
            by_port = Some(match by_port {
                Some((port, known)) => (port, known.intersection(&all)),
                None => (View { source_port: view.source_port, ..View::default() }, all),
            });
        }
        match by_port {
            Some((view, all)) => passing.intersection(&view.possible(&all)),
            None => passing,
        }
    }
}
