//! What a plan comes to: how many of each action, what it cost to make, how long it takes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use trueup_model::{Action, Address, Disruption, Plan};

use super::reason;
use super::words::{count, estimate};

/// What a plan comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    /// Resources to make.
    pub(crate) create: usize,
    /// Resources to change in place.
    pub(crate) update: usize,
    /// Resources to replace.
    pub(crate) replace: usize,
    /// Resources to delete.
    pub(crate) delete: usize,
    /// Resources to take over.
    pub(crate) adopt: usize,
    /// Resources whose address changes.
    #[serde(rename = "move")]
    pub(crate) moved: usize,
    /// Resources to let go.
    pub(crate) forget: usize,
    /// Resources that are as the stack says.
    pub(crate) unchanged: usize,
    /// What is not done; see `withheld`.
    pub(crate) withheld: usize,
    /// The worst disruption of all changes.
    pub(crate) disruption: Disruption,
    /// The estimated duration in seconds.
    pub(crate) seconds: u32,
}

impl Summary {
    /// Counts a plan's changes.
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut counts: BTreeMap<Action, usize> = BTreeMap::new();
        for change in &plan.changes {
            *counts.entry(change.action).or_default() += 1;
        }
        let number = |action| counts.get(&action).copied().unwrap_or(0);
        Self {
            create: number(Action::Create),
            update: number(Action::Update),
            replace: number(Action::CreateThenDelete) + number(Action::DeleteThenCreate),
            delete: number(Action::Delete),
            adopt: number(Action::Adopt),
            moved: number(Action::Move),
            forget: number(Action::Forget),
            unchanged: number(Action::Nothing),
            withheld: plan.withheld.len(),
            disruption: plan.changes.iter().map(|c| c.disruption).max().unwrap_or_default(),
            seconds: plan.seconds,
        }
    }

    /// `25 to create, 1 to replace`.
    pub(crate) fn counts(&self) -> String {
        let counts = [
            (self.create, "to create"),
            (self.update, "to update"),
            (self.replace, "to replace"),
            (self.delete, "to delete"),
            (self.adopt, "to adopt"),
            (self.moved, "to move"),
            (self.forget, "to forget"),
        ];
        let parts: Vec<String> = counts
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, what)| format!("{number} {what}"))
            .collect();
        parts.join(", ")
    }
}

/// What a plan has come to, once it is applied: `25 created, 1 replaced`.
pub(crate) fn done(plan: &Plan) -> String {
    let counts = Summary::of(plan).counts();
    let past = [
        ("to create", "created"),
        ("to update", "updated"),
        ("to replace", "replaced"),
        ("to delete", "deleted"),
        ("to adopt", "adopted"),
        ("to move", "moved"),
        ("to forget", "let go"),
    ];
    past.into_iter().fold(counts, |text, (future, past)| text.replace(future, past))
}

/// The one line for a plan that does nothing.
pub(crate) fn nothing_to_do(plan: &Plan) -> String {
    let left: BTreeSet<&Address> = plan
        .withheld
        .iter()
        .filter(|withheld| reason::is_unfinished(&withheld.why))
        .map(|withheld| &withheld.address)
        .collect();
    let there = plan.changes.iter().filter(|change| change.id.is_some());
    let as_wanted = there.filter(|change| !left.contains(&change.address)).count();
    let all = match as_wanted {
        0 if !left.is_empty() => String::new(),
        0 if plan.changes.is_empty() => " The stack has no resources.".to_owned(),
        0 => " Nothing of the stack is there.".to_owned(),
        1 => " 1 resource is as the stack says.".to_owned(),
        _ => format!(" {as_wanted} resources are as the stack says."),
    };
    let begin = if left.is_empty() { "Nothing to do." } else { "Nothing that could be done." };
    let left = match left.len() {
        0 => String::new(),
        1 => " 1 is left alone, as said above.".to_owned(),
        number => format!(" {number} are left alone, as said above."),
    };
    format!("{begin}{all}{left} {}.", calls(plan))
}

/// `22 API calls`.
pub(crate) fn calls(plan: &Plan) -> String {
    count(plan.api_calls as usize, "API call")
}

/// How long it takes, and the chain of resources that decides that.
pub(crate) fn duration(plan: &Plan) -> String {
    let mut chain: Vec<String> = Vec::new();
    for step in plan.longest_chain.iter().filter_map(|&id| plan.steps.get(id)) {
        let address = step.address.to_string();
        if chain.last() != Some(&address) {
            chain.push(address);
        }
    }
    match chain.len() {
        0 | 1 => format!("It takes {}.", estimate(plan.seconds)),
        _ => format!("It takes {}: {}.", estimate(plan.seconds), chain.join(" -> ")),
    }
}
