//! The files that a stack names, behind a trait: this crate does no input or output of its own.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

mod disk;

pub use disk::DiskFiles;

/// Reads files by paths relative to the folder of the stack file.
pub trait Files: Send + Sync {
    /// The content of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Whether the path is a file, and how large, or a folder.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;

    /// The files in a folder and its folders, by paths relative to that folder, sorted.
    ///
    /// Symbolic links are followed; what is neither a file nor a folder is left out.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metadata {
    /// A file of this many bytes.
    File(u64),
    /// A folder.
    Folder,
}

/// Files in memory, for tests.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles {
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl MemoryFiles {
    /// The same, with one more file.
    #[must_use]
    pub fn with(mut self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.into(), content.into());
        self
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        if let Some(content) = self.files.get(path) {
            return Ok(Metadata::File(content.len() as u64));
        }
        let inside = self.files.keys().any(|file| file.starts_with(path));
        if inside { Ok(Metadata::Folder) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let inside = self.files.keys().filter_map(|file| file.strip_prefix(folder).ok());
        Ok(inside.map(Path::to_owned).collect())
    }
}

/// The path `written` in a file that stands in `folder`, seen from the stack file, without `.` and
/// with `..` only at its start; none if it is absolute.
pub(crate) fn resolve(folder: &Path, written: &str) -> Option<PathBuf> {
    let mut resolved: Vec<Component<'_>> = Vec::new();
    let joined = folder.join(written);
    for component in joined.components() {
        match component {
            Component::Prefix(_) | Component::RootDir => return None,
            Component::CurDir => {}
            Component::ParentDir => match resolved.last() {
                Some(Component::Normal(_)) => {
                    resolved.pop();
                }
                _ => resolved.push(component),
            },
            Component::Normal(_) => resolved.push(component),
        }
    }
    Some(resolved.into_iter().collect())
}

/// A path as it is written in a stack, with `/` on every system.
pub(crate) fn display(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_resolved_against_the_file_that_names_it() {
        let resolved = |folder: &str, written: &str| {
            resolve(Path::new(folder), written).map(|path| display(&path))
        };
        assert_eq!(resolved("modules", "zone.yaml").as_deref(), Some("modules/zone.yaml"));
        assert_eq!(resolved("modules", "../a/./b").as_deref(), Some("a/b"));
        assert_eq!(resolved("", "../a").as_deref(), Some("../a"));
        assert_eq!(resolved("modules", "/etc/passwd"), None);
    }

    #[test]
    fn memory_files_have_folders() {
        let files = MemoryFiles::default().with("f/b.py", "b").with("f/g/a.py", "a");
        assert_eq!(files.metadata(Path::new("f")).unwrap(), Metadata::Folder);
        let listed = files.list(Path::new("f")).unwrap();
        assert_eq!(listed, [PathBuf::from("b.py"), PathBuf::from("g/a.py")]);
    }
}
