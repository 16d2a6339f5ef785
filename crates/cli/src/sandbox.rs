//! `--sandbox`: a simulated AWS, kept in a file beside the stack, in which time is not waited for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use trueup_model::Catalog;
use trueup_provider::Provider;
use trueup_sim::file::WorldFile;
use trueup_sim::{OnChange, Sim, SimOptions, World};

use crate::error::Error;

/// Where a stack's sandbox is kept, unless the command line says otherwise.
pub(crate) fn default_file(stack_file: &Path, stack: &str) -> PathBuf {
    let folder = stack_file.parent().unwrap_or(Path::new(""));
    folder.join(".trueup").join(format!("sandbox-{stack}.json"))
}

/// A provider whose world is read from a file, and written back after every change.
pub(crate) fn open(
    path: &Path,
    region: Option<&str>,
    catalog: Arc<Catalog>,
) -> Result<Arc<dyn Provider>, Error> {
    let file = WorldFile::open(path).map_err(Error::Sandbox)?;
    let world = file.load().map_err(Error::Sandbox)?.unwrap_or_else(|| World::new(1));
    let save = move |world: &World| file.save(world).map_err(|error| error.to_string());
    let mut options = SimOptions { on_change: Some(OnChange::new(save)), ..SimOptions::usual() };
    if let Some(region) = region {
        region.clone_into(&mut options.region);
    }
    Ok(Arc::new(Sim::new(catalog, world, options)))
}

/// Makes tokio's clock virtual for as long as it lives: whoever sleeps wakes at once, and the
/// clock shows the time when they would have.
pub(crate) struct VirtualTime;

impl VirtualTime {
    /// From now on.
    pub(crate) fn begin() -> Self {
        tokio::time::pause();
        Self
    }
}

impl Drop for VirtualTime {
    fn drop(&mut self) {
        tokio::time::resume();
    }
}
