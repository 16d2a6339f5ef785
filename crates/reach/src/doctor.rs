//! The usual list for a thing that cannot connect, each point ticked or crossed.

mod services;
mod subnet;

use serde::Serialize;

use crate::engine::Engine;
use crate::network::{Name, Resource, ResourceKind};
use crate::verdict::{Change, End, Query, QueryError, Verdict};

/// The list for one resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checklist {
    /// The resource in the words of the stack.
    pub about: String,
    /// The points, in the order in which people look.
    pub items: Vec<Item>,
}

/// One point of the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// How it stands.
    pub mark: Mark,
    /// What was looked at.
    pub what: String,
    /// What was found.
    pub evidence: String,
    /// What would turn a cross into a tick.
    pub changes: Vec<Change>,
}

/// How a point stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// As it should be.
    Good,
    /// In the way of something.
    Bad,
    /// Not as it could be, and not needed here.
    Unneeded,
    /// Nobody looked, or can.
    Unknown,
}

impl Item {
    fn new(mark: Mark, what: impl Into<String>, evidence: impl Into<String>) -> Self {
        Self { mark, what: what.into(), evidence: evidence.into(), changes: Vec::new() }
    }

    /// A point that a verdict decides.
    fn of(what: impl Into<String>, verdict: &Verdict) -> Self {
        let mark = match verdict.holds(false) {
            Some(true) => Mark::Good,
            Some(false) => Mark::Bad,
            None => Mark::Unknown,
        };
        let stop = verdict.stops().first();
        let evidence = match (stop, verdict.passages().first()) {
            (Some(stop), _) => format!("stops at {}: {}", stop.at, stop.reason),
            (None, Some(passage)) => {
                let hops: Vec<&str> = passage.hops.iter().map(|hop| hop.at.as_str()).collect();
                format!("for example {}, by {}", passage.packet, hops.join(", "))
            }
            (None, None) => String::new(),
        };
        let changes = stop.map(|stop| stop.changes.clone()).unwrap_or_default();
        Self { mark, what: what.into(), evidence, changes }
    }
}

impl std::fmt::Display for Checklist {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.about)?;
        for Item { mark, what, evidence, changes } in &self.items {
            let mark = match mark {
                Mark::Good => "✓",
                Mark::Bad => "✗",
                Mark::Unneeded => "-",
                Mark::Unknown => "?",
            };
            write!(f, "\n  {mark} {what}: {evidence}")?;
            for change in changes {
                write!(f, "\n      to mend it: {change}")?;
            }
        }
        Ok(())
    }
}

impl Engine<'_> {
    /// Goes through the usual list for a resource that cannot connect, or cannot be connected to.
    ///
    /// What is `expected` to get through tells who is to reach it, as rules that are gone tell nothing
    /// of whom they let in; and whether Session Manager is wanted where there is no role.
    pub fn doctor(&self, name: &Name, expected: &[Query]) -> Result<Checklist, QueryError> {
        let network = self.network();
        let resource =
            network.resources.get(name).ok_or_else(|| QueryError::UnknownResource(name.clone()))?;
        let mut items = Vec::new();
        let publics = self.public_addresses(name);
        let mut seen = Vec::new();
        for (interface, public) in resource.interfaces.iter().zip(publics) {
            if !seen.contains(&&interface.subnet) {
                seen.push(&interface.subnet);
                subnet::look(self, resource, interface, public, &mut items);
            }
        }
        items.extend(self.internet_item(name, resource)?);
        match &resource.kind {
            ResourceKind::Instance { role } => {
                services::session_manager(self, name, *role, expected, &mut items)?;
            }
            ResourceKind::Function { .. } => services::function(self, name, resource, &mut items)?,
            ResourceKind::Database { .. }
            | ResourceKind::LoadBalancer { .. }
            | ResourceKind::Other => {}
        }
        services::clients(self, name, resource, expected, &mut items)?;
        Ok(Checklist { about: resource.origin.words(name), items })
    }

    /// Whether it reaches the internet; databases and load balancers have no need to.
    fn internet_item(&self, name: &Name, resource: &Resource) -> Result<Option<Item>, QueryError> {
        if matches!(
            resource.kind,
            ResourceKind::Database { .. } | ResourceKind::LoadBalancer { .. }
        ) {
            return Ok(None);
        }
        let query = Query::tcp(End::Resource(name.clone()), End::Internet, 443);
        let item = Item::of("reaches the internet on tcp 443", &self.reach(&query)?);
        Ok(Some(item))
    }
}
