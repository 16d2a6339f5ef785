//! The kinds that a program knows.

use std::collections::BTreeMap;

use super::{Kind, StackCheck};
use crate::address::KindName;

/// All kinds by name, and the checks over whole stacks. `trueup_aws::catalog()` makes it.
#[derive(Default)]
pub struct Catalog {
    kinds: BTreeMap<&'static str, Kind>,
    checks: Vec<StackCheck>,
}

impl Catalog {
    /// A catalog of these kinds and checks.
    pub fn new(kinds: impl IntoIterator<Item = Kind>, checks: Vec<StackCheck>) -> Self {
        Self { kinds: kinds.into_iter().map(|kind| (kind.name, kind)).collect(), checks }
    }

    /// The kind of that name.
    pub fn get(&self, name: &str) -> Option<&Kind> {
        self.kinds.get(name)
    }

    /// The kind of a resource whose kind was checked at load.
    ///
    /// # Panics
    ///
    /// When the catalog lacks it, which is a fault of the program: stacks and snapshots are only
    /// made from the catalog's kinds.
    pub fn kind(&self, name: &KindName) -> &Kind {
        self.get(name.as_str()).expect("resources are only made of kinds in the catalog")
    }

    /// All kinds in order of their names.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.values()
    }

    /// The checks over whole stacks.
    pub fn checks(&self) -> &[StackCheck] {
        &self.checks
    }
}
