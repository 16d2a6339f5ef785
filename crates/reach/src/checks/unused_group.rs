//! A group without members.

use super::{Check, Found, Severity};
use crate::engine::Engine;

pub(super) const CHECK: Check = Check {
    code: "N007",
    name: "unused-group",
    severity: Severity::Cosmetic,
    explanation: "Nothing is in a security group, so its rules do nothing, and rules of other groups \
        that name it let nobody in. Remove it, or attach it. A VPC's default group cannot be removed \
        and is not reported.",
    find,
};

fn find(engine: &Engine<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (name, group) in &engine.network().security_groups {
        if !group.default && engine.members(name).is_empty() {
            let message = "no interface is in it".to_owned();
            found.push(Found { element: name.clone(), at: group.origin.words(name), message });
        }
    }
    found
}
