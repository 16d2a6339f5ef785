//! Which side of a difference moved: the file, the world, or something that it refers to.

use trueup_model::change::{After, AttributeChange, Cause};
use trueup_model::{Address, Kind, Live};

use super::assess::Assessment;
use super::{Context, Walk};
use crate::hash::spec_hash;
use crate::index::ResourceId;
use crate::leave_alone::top_level;
use crate::matching::How;

impl Context<'_, '_> {
    pub(super) fn cause(
        self,
        walk: &Walk,
        id: ResourceId,
        kind: &Kind,
        live: &Live,
        how: &How,
        assessed: &Assessment,
    ) -> Cause {
        if *how != How::Owned {
            return Cause::File;
        }
        if assessed.changes.is_empty() && assessed.fits() {
            return Cause::None;
        }
        let spec = spec_hash(self.secrets, self.index.resources[id], kind);
        if assessed.rewritten || live.ownership.spec != Some(spec) {
            return Cause::File;
        }
        let follows = |change: &AttributeChange| self.follows(walk, id, change);
        let is_dying = assessed.is_failed || assessed.is_deleting;
        if !is_dying && assessed.changes.iter().all(follows) {
            return Cause::Dependency;
        }
        Cause::Drift
    }

    /// Whether an attribute changes because something else does.
    pub(super) fn follows(self, walk: &Walk, id: ResourceId, change: &AttributeChange) -> bool {
        matches!(change.after, After::Unknown(_))
            || self.replaced_need(walk, id, top_level(&change.path)).is_some()
    }

    /// What is replaced, now or by a run that was interrupted, of what an attribute reads.
    pub(super) fn replaced_need(
        self,
        walk: &Walk,
        id: ResourceId,
        attribute: &str,
    ) -> Option<Address> {
        let uses = self.index.resources[id].references.iter();
        let read = uses.filter(|used| used.attribute == attribute && !used.to.existing);
        let mut needs = read.flat_map(|used| self.index.instances(&used.to.to));
        let replaced = needs.find(|need| match &walk.decisions[*need] {
            Some(decision) => decision.is_replaced(),
            None => self.readers.replaces(*need),
        })?;
        Some(self.index.resources[replaced].address.clone())
    }
}
