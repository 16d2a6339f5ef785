//! A stack and what exists of it: what every plan is made from.

use std::path::PathBuf;
use std::sync::Arc;

use trueup_model::{Catalog, Plan, Snapshot, Stack};
use trueup_planner::{Mode, Options};
use trueup_provider::Provider;

use crate::arguments::Permissions;
use crate::engine;
use crate::error::Error;
use crate::render::diagnostics::Sources;
use crate::render::look::Look;
use crate::render::plan::View;

/// A stack and what exists of it.
pub(crate) struct Situation {
    /// The stack.
    pub(crate) stack: Stack,
    /// Its file, as the user named it.
    pub(crate) file: PathBuf,
    /// The texts of all files that were read.
    pub(crate) sources: Sources,
    /// What exists, sealed: no text in it that is not a secret needs to be hidden.
    pub(crate) snapshot: Snapshot,
    /// Who read it.
    pub(crate) provider: Arc<dyn Provider>,
    /// The kinds.
    pub(crate) catalog: Arc<Catalog>,
}

/// What a plan is made for.
#[derive(Debug, Clone)]
pub(crate) struct Intent {
    /// Whether the stack is to be destroyed.
    pub(crate) destroy: bool,
    /// What the plan may do that it does not do by itself.
    pub(crate) permissions: Permissions,
}

impl Situation {
    /// Decides what is to be done.
    pub(crate) fn plan(&self, intent: &Intent) -> Result<Plan, Error> {
        let decided = engine::decide(&self.stack, &self.catalog, &self.snapshot, &intent.options());
        decided.map_err(|violations| {
            let violations: Vec<String> = violations.iter().map(ToString::to_string).collect();
            Error::Inconsistent(violations.join("; "))
        })
    }

    /// The plan as text.
    pub(crate) fn text(&self, plan: &Plan, look: Look) -> String {
        let (catalog, sources) = (&self.catalog, &self.sources);
        View { plan, catalog, sources, look }.text()
    }

    /// Whether something could not be read, so that the answer is not the whole truth.
    pub(crate) fn is_partial(&self) -> bool {
        !self.snapshot.unreadable.is_empty()
    }
}

impl Intent {
    fn options(&self) -> Options {
        let Permissions { allow_data_loss, allow_mass_delete, max_disruption } = &self.permissions;
        Options {
            mode: if self.destroy { Mode::Destroy } else { Mode::Apply },
            allow_data_loss: allow_data_loss.iter().cloned().collect(),
            allow_mass_delete: *allow_mass_delete,
            max_disruption: max_disruption.map(Into::into),
        }
    }
}
