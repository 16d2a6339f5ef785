//! Decides what is to be done: a pure function of a stack and a snapshot.
//!
//! No clock, no randomness, no I/O: the same inputs give the same plan, to the byte. The planner
//! knows kinds only by their declarations, and leaves nothing for the applier to decide.

use std::collections::BTreeSet;

use trueup_model::snapshot::{Around, Expected, Wanted};
use trueup_model::stack::End;
use trueup_model::{
    Address, Catalog, Disruption, Evaluator, Kind, Plan, Resource, Snapshot, Stack, Value,
};

mod analyzers;
mod changes;
mod check;
mod decide;
mod departures;
mod diff;
pub mod drift;
mod former;
mod graph;
mod guards;
mod hash;
mod index;
mod leave_alone;
mod matching;
mod names;
mod order;
mod ownership;
mod planning;
mod readers;
mod reorder;
mod resolve;
mod secrets;
mod steps;
mod vpcs;

pub use check::{Violation, check};
pub use hash::variable_hash;
pub use reorder::reorder;
pub use secrets::seal;

use ownership::ownership;
use secrets::Secrets;

/// What a plan is made from.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// What is wanted.
    pub stack: &'a Stack,
    /// Every kind that the stack and the snapshot use.
    pub catalog: &'a Catalog,
    /// What is there.
    pub snapshot: &'a Snapshot,
    /// Evaluates templates.
    pub evaluator: &'a dyn Evaluator,
    /// What the user asked for and allowed.
    pub options: &'a Options,
}

/// What the user asked for and allowed on the command line.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether the stack is made true or destroyed.
    pub mode: Mode,
    /// What may be deleted or replaced although it holds data.
    pub allow_data_loss: BTreeSet<Address>,
    /// Whether more than 30 % of the stack may be deleted at once.
    pub allow_mass_delete: bool,
    /// The worst disruption that the plan may cause; none means any.
    pub max_disruption: Option<Disruption>,
}

/// Whether a stack is made true or destroyed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// AWS is made true to the stack.
    #[default]
    Apply,
    /// Everything that the stack owns is deleted.
    Destroy,
}

/// What must be read before a plan can be made.
pub fn wanted(stack: &Stack, catalog: &Catalog) -> Wanted {
    let secrets = Secrets::new(stack, catalog);
    let expected = stack.resources.values().filter_map(|resource| {
        let kind = catalog.get(resource.address.kind.as_str())?;
        Some(Expected {
            name: physical_name(resource, kind),
            adopt: resource.adopt.clone(),
            ownership: ownership(&secrets, resource, kind),
            address: resource.address.clone(),
        })
    });
    Wanted {
        stack: stack.name.clone(),
        expected: expected.collect(),
        existing: stack.existing.values().cloned().collect(),
        parameters: stack.parameters.iter().cloned().collect(),
        around: around(stack),
    }
}

/// What the sentences of a stack need to know of the networks around it.
fn around(stack: &Stack) -> Option<Around> {
    let ends = || stack.expect.iter().flat_map(|sentence| [&sentence.from, &sentence.to]);
    (!stack.expect.is_empty()).then(|| Around {
        endpoints: ends().any(|end| matches!(end, End::Service(_))),
        balancers: stack.expect.iter().any(|one| matches!(one.to, End::Resource(_)))
            || ends().any(|end| matches!(end, End::Existing(_))),
        everything: ends().any(|end| matches!(end, End::Cidr(_))),
    })
}

fn physical_name(resource: &Resource, kind: &Kind) -> Option<String> {
    let naming = kind.naming?;
    resource.known(naming.attribute).and_then(Value::as_str).map(str::to_owned)
}

/// Decides what is to be done.
pub fn plan(input: &Input<'_>) -> Plan {
    planning::plan(input)
}
