//! `--sandbox`: a simulated AWS, kept in a file beside the stack, in which time is not waited for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use trueup_model::Catalog;
use trueup_provider::Provider;
use trueup_sim::{Sim, SimOptions};

use crate::error::Error;

/// Where a stack's sandbox is kept, unless the command line says otherwise.
pub(crate) fn default_file(stack_file: &Path, stack: &str) -> PathBuf {
    let folder = stack_file.parent().unwrap_or(Path::new(""));
    folder.join(".trueup").join(format!("sandbox-{stack}.json"))
}

/// A simulated AWS in use.
pub(crate) struct Sandbox {
    sim: Arc<Sim>,
    _time: VirtualTime,
}

impl Sandbox {
    /// The world in a file, which is written back after every change.
    pub(crate) fn open(
        path: &Path,
        region: Option<&str>,
        catalog: Arc<Catalog>,
    ) -> Result<Self, Error> {
        let mut options = SimOptions::usual();
        if let Some(region) = region {
            region.clone_into(&mut options.region);
        }
        let sim = trueup_sim::file::open(path, catalog, options).map_err(Error::Sandbox)?;
        let sim = Arc::new(sim);
        Ok(Self { sim, _time: VirtualTime::begin() })
    }

    /// The provider.
    pub(crate) fn provider(&self) -> Arc<dyn Provider> {
        Arc::clone(&self.sim) as Arc<dyn Provider>
    }

    /// Writes the time that has passed, too: waiting changes nothing, but it is what makes things
    /// ready.
    pub(crate) fn save(&self) -> Result<(), Error> {
        let saved = self.sim.edit(|_| ());
        saved.map_err(|failure| Error::Aws { doing: "save the sandbox".to_owned(), failure })
    }
}

/// Makes tokio's clock virtual for as long as it lives: whoever sleeps wakes at once, and the
/// clock shows the time when they would have.
struct VirtualTime;

impl VirtualTime {
    /// From now on.
    fn begin() -> Self {
        tokio::time::pause();
        Self
    }
}

impl Drop for VirtualTime {
    fn drop(&mut self) {
        tokio::time::resume();
    }
}
