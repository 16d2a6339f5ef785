//! What is wrong with a network without being asked: one file for each opinion.

mod answers_blocked;
mod function_in_public_subnet;
mod nat_in_private_subnet;
mod nat_of_another_zone;
mod open_to_internet;
mod private_subnet_exposed;
mod unused_group;

use serde::Serialize;

use crate::engine::Engine;
use crate::network::Name;

/// An opinion about networks. Code and name never change once published: people silence by them.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// `N001`.
    pub code: &'static str,
    /// `open-to-internet`.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it finds, why that is a mistake, and what to do instead.
    pub explanation: &'static str,
    find: fn(&Engine<'_>) -> Vec<Found>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Somebody may come in who should not.
    Security,
    /// Something does not work, or stops working when a zone fails.
    Functional,
    /// Something is of no use.
    Cosmetic,
}

/// Something that a check has found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The check's code.
    pub code: &'static str,
    /// The check's name.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The element, by its name in the network.
    pub element: Name,
    /// The element in the words of the stack.
    pub at: String,
    /// What is wrong with it, with the evidence.
    pub message: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}: {}", self.code, self.name, self.at, self.message)
    }
}

/// A finding as its check makes it.
struct Found {
    element: Name,
    at: String,
    message: String,
}

/// All checks, in the order of their codes.
pub const ALL: [Check; 7] = [
    open_to_internet::CHECK,
    private_subnet_exposed::CHECK,
    nat_in_private_subnet::CHECK,
    function_in_public_subnet::CHECK,
    nat_of_another_zone::CHECK,
    answers_blocked::CHECK,
    unused_group::CHECK,
];

/// Runs all checks.
pub fn run(engine: &Engine<'_>) -> Vec<Finding> {
    ALL.iter().flat_map(|check| check.run(engine)).collect()
}

impl Check {
    /// Runs this check.
    pub fn run(&self, engine: &Engine<'_>) -> Vec<Finding> {
        let Self { code, name, severity, explanation: _, find } = *self;
        let finding =
            |Found { element, at, message }| Finding { code, name, severity, element, at, message };
        find(engine).into_iter().map(finding).collect()
    }
}
