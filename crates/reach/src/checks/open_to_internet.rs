//! A database or SSH that the internet reaches.

use super::{Check, Found, Severity};
use crate::engine::Engine;
use crate::network::ResourceKind;
use crate::packets::{Addresses, PortRange, Services, Traffic, all_v4, size, to_prefixes};

pub(super) const CHECK: Check = Check {
    code: "N001",
    name: "open-to-internet",
    severity: Severity::Security,
    explanation: "A database on any port, or SSH (22) or Remote Desktop (3389) of anything, is \
        reachable from a large part of the internet, with all of routes, public addresses, ACLs and \
        groups taken into account. Both are scanned within minutes. Allow only known addresses, or \
        use Session Manager.",
    find,
};

/// More than a /8 of IPv4 is nobody's own network.
const LARGE_V4: f64 = 16_777_216.0;

/// More than a /20 of IPv6, what the largest providers hold.
const LARGE_V6: f64 = 3.3e32;

fn find(engine: &Engine<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (name, resource) in &engine.network().resources {
        let database = matches!(resource.kind, ResourceKind::Database { .. });
        let wanted = if database {
            vec![("a database port", Traffic::Tcp(PortRange::ALL).services())]
        } else {
            vec![("SSH", ssh(22)), ("Remote Desktop", ssh(3389))]
        };
        for (what, services) in wanted {
            let exposed = engine.exposure(name, &services);
            if is_large(&exposed) {
                let nets: Vec<String> =
                    to_prefixes(&exposed).iter().take(3).map(ToString::to_string).collect();
                let message =
                    format!("{what} is open to the internet (from {}, …)", nets.join(", "));
                found.push(Found {
                    element: name.clone(),
                    at: resource.origin.words(name),
                    message,
                });
            }
        }
    }
    found
}

fn ssh(port: u16) -> Services {
    Traffic::tcp(port).services()
}

fn is_large(addresses: &Addresses) -> bool {
    let v4 = size(&addresses.intersection(&all_v4()));
    let v6 = size(&addresses.difference(&all_v4()));
    v4 > LARGE_V4 || v6 > LARGE_V6
}
