//! A world in a file, which one process at a time may use.

use std::error::Error as _;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use trueup_model::Catalog;

use crate::client::Sim;
use crate::options::{OnChange, SimOptions};
use crate::world::{FORMAT, World};

/// The file of a world, held by this process until it is dropped.
///
/// The lock is the operating system's: it goes with the process, however that ends, so there is
/// never one to break by hand.
#[derive(Debug)]
pub struct WorldFile {
    path: PathBuf,
    /// Kept open, since closing it gives the lock up.
    _lock: File,
}

/// Why a world cannot be loaded or saved.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file, or its folder, cannot be read or written.
    #[error("cannot use the sandbox '{path}'", path = path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process has it.
    #[error("the sandbox '{path}' is in use by another process: wait until it ends", path = path.display())]
    InUse {
        /// Which file.
        path: PathBuf,
    },
    /// It is not a world.
    #[error("the sandbox '{path}' is damaged: mend it, or delete it to begin anew", path = path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// Another version of the program wrote it.
    #[error(
        "the sandbox '{path}' has format {found}, this program reads {FORMAT}: \
         use the version that wrote it, or delete it to begin anew", path = path.display()
    )]
    Format {
        /// Which file.
        path: PathBuf,
        /// The format that it has.
        found: u64,
    },
}

/// Milliseconds of the world's time that pass between two commands: enough for all that was still
/// going on to end, as it would have by the time that somebody looks again.
const BETWEEN_COMMANDS: u64 = 3_600_000;

/// An account whose world is in the file at `path`, new if there is none yet, and saved after every
/// change. The file is held until the account is dropped.
pub fn open(
    path: impl Into<PathBuf>,
    catalog: Arc<Catalog>,
    options: SimOptions,
) -> Result<Sim, FileError> {
    let file = WorldFile::open(path)?;
    let world = match file.load()? {
        Some(world) => World { clock: world.clock + BETWEEN_COMMANDS, ..world },
        None => World::fresh(&catalog, &options),
    };
    let save = move |world: &World| {
        file.save(world).map_err(|error| match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        })
    };
    Ok(Sim::new(catalog, world, SimOptions { on_change: Some(OnChange::new(save)), ..options }))
}

impl WorldFile {
    /// Takes the file at `path` for this process; it need not exist yet.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, FileError> {
        let path = path.into();
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|source| failed(&path, source))?;
        }
        let beside = beside(&path, "lock");
        let lock = OpenOptions::new().create(true).append(true).open(&beside);
        let lock = lock.map_err(|source| failed(&beside, source))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(FileError::InUse { path }),
            Err(TryLockError::Error(source)) => Err(failed(&beside, source)),
        }
    }

    /// The world in the file; none, if there is no file yet.
    pub fn load(&self) -> Result<Option<World>, FileError> {
        #[expect(clippy::disallowed_methods, reason = "a world is no part of a stack's files")]
        let text = match std::fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|source| failed(&self.path, source))?,
        };
        let damaged = |source| FileError::Damaged { path: self.path.clone(), source };
        let json: serde_json::Value = serde_json::from_str(&text).map_err(damaged)?;
        let found = json.get("format").and_then(serde_json::Value::as_u64).unwrap_or(0);
        if found != u64::from(FORMAT) {
            return Err(FileError::Format { path: self.path.clone(), found });
        }
        serde_json::from_str(&text).map(Some).map_err(damaged)
    }

    /// Puts a world into the file: wholly or, if the process dies meanwhile, not at all.
    pub fn save(&self, world: &World) -> Result<(), FileError> {
        let text = serde_json::to_string_pretty(world)
            .map_err(|source| FileError::Damaged { path: self.path.clone(), source })?;
        let new = beside(&self.path, "new");
        let written = private(&new).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|source| failed(&new, source))?;
        std::fs::rename(&new, &self.path).map_err(|source| failed(&self.path, source))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A new file that only its owner may read: a world knows the secrets that it was given.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

fn failed(path: &Path, source: io::Error) -> FileError {
    FileError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_is_saved_and_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let file = WorldFile::open(folder.path().join("deep/world.json")).unwrap();
        assert_eq!(file.load().unwrap(), None);
        let mut world = World::new(9);
        world.account = "123456789012".to_owned();
        file.save(&world).unwrap();
        assert_eq!(file.load().unwrap(), Some(world));
    }

    #[test]
    fn only_one_may_have_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("world.json");
        let first = WorldFile::open(&path).unwrap();
        assert!(matches!(WorldFile::open(&path), Err(FileError::InUse { .. })));
        drop(first);
        assert!(WorldFile::open(&path).is_ok());
    }

    #[test]
    fn another_format_and_damage_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let file = WorldFile::open(folder.path().join("world.json")).unwrap();
        std::fs::write(file.path(), r#"{"format": 99}"#).unwrap();
        assert!(matches!(file.load(), Err(FileError::Format { found: 99, .. })));
        std::fs::write(file.path(), r#"{"format": 1"#).unwrap();
        assert!(matches!(file.load(), Err(FileError::Damaged { .. })));
    }

    #[test]
    fn an_account_saves_every_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("world.json");
        let catalog = Arc::new(crate::testing::kinds::catalog());
        let sim = open(&path, catalog.clone(), SimOptions::default()).unwrap();
        sim.edit(|world| world.parameters.insert("/a".to_owned(), "b".to_owned())).unwrap();
        let world = sim.world();
        drop(sim);
        let later = World { clock: world.clock + BETWEEN_COMMANDS, ..world };
        assert_eq!(open(&path, catalog, SimOptions::default()).unwrap().world(), later);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = WorldFile::open(folder.path().join("world.json")).unwrap();
        file.save(&World::new(1)).unwrap();
        let mode = std::fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}
