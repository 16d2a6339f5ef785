//! A subnet that is called private and is not.

use super::{Check, Found, Severity};
use crate::engine::Engine;
use crate::network::Target;

pub(super) const CHECK: Check = Check {
    code: "N002",
    name: "private-subnet-exposed",
    severity: Severity::Security,
    explanation: "A subnet with `private` in its name has a route to an internet gateway, so that \
        whatever gets a public address in it is on the internet. Route it to a NAT gateway, or do \
        not call it private.",
    find,
};

fn find(engine: &Engine<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (name, subnet) in &engine.network().subnets {
        let label = if subnet.origin.label.is_empty() { name } else { &subnet.origin.label };
        let mut words = label.split(|c: char| !c.is_alphanumeric());
        if !words.any(|word| word.eq_ignore_ascii_case("private")) {
            continue;
        }
        let targets = engine.internet_targets(name).into_iter();
        for target in targets.filter(|target| matches!(target, Target::InternetGateway(_))) {
            let (table, _) = engine.table_of(name);
            let message =
                format!("it is called private, but {table} routes the internet to {target}");
            found.push(Found { element: name.clone(), at: subnet.origin.words(name), message });
        }
    }
    found
}
