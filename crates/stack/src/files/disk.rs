//! Files on the disk: the one place of this crate that touches it.

use std::io;
use std::path::{Path, PathBuf};

use super::{Files, Metadata};

/// The most files that a folder may hold: a stack that names `/` by mistake is refused early.
const MOST_FILES: usize = 20_000;

/// The files beside a stack file.
#[derive(Debug, Clone)]
pub struct DiskFiles {
    folder: PathBuf,
}

impl DiskFiles {
    /// Files relative to this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }
}

impl Files for DiskFiles {
    #[expect(clippy::disallowed_methods, reason = "this is the implementation of `Files`")]
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(self.folder.join(path))
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let metadata = std::fs::metadata(self.folder.join(path))?;
        Ok(if metadata.is_dir() { Metadata::Folder } else { Metadata::File(metadata.len()) })
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let root = self.folder.join(folder);
        let mut found = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder)? {
                let path = entry?.path();
                let metadata = std::fs::metadata(&path)?;
                if metadata.is_dir() {
                    folders.push(path);
                } else if metadata.is_file() {
                    let relative = path.strip_prefix(&root).map_err(io::Error::other)?;
                    found.push(relative.to_owned());
                }
                if found.len() + folders.len() > MOST_FILES {
                    return Err(io::Error::other(format!("more than {MOST_FILES} files")));
                }
            }
        }
        found.sort();
        Ok(found)
    }
}
