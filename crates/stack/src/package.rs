//! Code as it is uploaded: a zip whose bytes depend on the files' names and contents alone.

use std::fmt::Write as _;
use std::io::{self, Cursor, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::files::{Files, Metadata, display};

/// What Lambda accepts in a direct upload; larger packages go through S3.
const MOST_BYTES: u64 = 250 * 1024 * 1024;

/// Folders and files that are not part of the code, by name.
const LEFT_OUT: [&str; 4] = [".git", "__pycache__", ".DS_Store", ".pytest_cache"];

/// A package of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The zip.
    pub bytes: Vec<u8>,
    /// Its SHA-256 in base64, as Lambda reports it in `CodeSha256`.
    pub sha256: String,
}

/// Why code cannot be packaged.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// There is nothing at the path.
    #[error("there is no file or folder '{0}'")]
    Missing(String),
    /// The folder has no file in it.
    #[error("the folder '{0}' holds no files")]
    Empty(String),
    /// It is larger than AWS accepts.
    #[error("'{0}' is larger than 250 MiB, which is the most that AWS accepts")]
    TooLarge(String),
    /// It cannot be read.
    #[error("cannot read '{path}'")]
    Unreadable {
        /// What cannot be read.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It cannot be compressed.
    #[error("cannot make a zip of '{path}'")]
    Zip {
        /// What was being packaged.
        path: String,
        /// Why.
        #[source]
        source: zip::result::ZipError,
    },
}

/// Packages a folder or a file; a `.zip` file is taken as it is.
///
/// Files are sorted, their times and modes are fixed, so that the same tree gives the same bytes on
/// every machine. Version control, caches and compiled Python are left out.
pub fn package(files: &dyn Files, path: &Path) -> Result<Package, PackageError> {
    let metadata = files.metadata(path).map_err(|error| unreadable(path, error))?;
    if let Metadata::File(size) = metadata {
        if size > MOST_BYTES {
            return Err(PackageError::TooLarge(display(path)));
        }
        let content = files.read(path).map_err(|error| unreadable(path, error))?;
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip")) {
            return Ok(Package::new(content));
        }
        let name = path.file_name().map(PathBuf::from).unwrap_or_default();
        return archive(path, [(name, content)].map(Ok));
    }
    let listed = files.list(path).map_err(|error| unreadable(path, error))?;
    let mut listed: Vec<PathBuf> = listed.into_iter().filter(|file| belongs(file)).collect();
    listed.sort_by_key(|file| display(file));
    if listed.is_empty() {
        return Err(PackageError::Empty(display(path)));
    }
    archive(
        path,
        listed.into_iter().map(|file| {
            let whole = path.join(&file);
            let content = files.read(&whole).map_err(|error| unreadable(&whole, error))?;
            Ok((file, content))
        }),
    )
}

impl Package {
    fn new(bytes: Vec<u8>) -> Self {
        let sha256 = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&bytes));
        Self { bytes, sha256 }
    }
}

/// Bytes as they are read aloud.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn belongs(file: &Path) -> bool {
    let named = |part: std::path::Component<'_>| {
        LEFT_OUT.iter().any(|left_out| part.as_os_str() == *left_out)
    };
    !file.components().any(named) && file.extension().is_none_or(|extension| extension != "pyc")
}

fn archive(
    path: &Path,
    files: impl IntoIterator<Item = Result<(PathBuf, Vec<u8>), PackageError>>,
) -> Result<Package, PackageError> {
    let failed = |source| PackageError::Zip { path: display(path), source };
    // Readable by all and executable, as Lambda needs it for custom runtimes; the creating system
    // is Unix whatever this one is, because the mode says so.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        // Validating a stack packages its code, and must stay quick.
        .compression_level(Some(3))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o755);
    let mut total = 0;
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        let (name, content) = file?;
        total += content.len() as u64;
        if total > MOST_BYTES {
            return Err(PackageError::TooLarge(display(path)));
        }
        zip.start_file(display(&name), options).map_err(failed)?;
        zip.write_all(&content).map_err(|error| failed(error.into()))?;
    }
    Ok(Package::new(zip.finish().map_err(failed)?.into_inner()))
}

fn unreadable(path: &Path, source: io::Error) -> PackageError {
    if source.kind() == io::ErrorKind::NotFound {
        return PackageError::Missing(display(path));
    }
    PackageError::Unreadable { path: display(path), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::MemoryFiles;

    fn tree() -> MemoryFiles {
        MemoryFiles::default()
            .with("f/app.py", "print()")
            .with("f/lib/a.py", "a = 1")
            .with("f/lib/__pycache__/a.pyc", "junk")
            .with("f/.git/HEAD", "ref")
    }

    #[test]
    fn the_same_tree_gives_the_same_bytes_and_junk_does_not_count() {
        let package_of = |files: &MemoryFiles| package(files, Path::new("f")).unwrap();
        let clean = MemoryFiles::default().with("f/lib/a.py", "a = 1").with("f/app.py", "print()");
        assert_eq!(package_of(&tree()), package_of(&clean));
        let changed = tree().with("f/app.py", "print(1)");
        assert_ne!(package_of(&tree()).sha256, package_of(&changed).sha256);
    }

    #[test]
    fn the_hash_is_the_same_on_every_machine() {
        let hash = package(&tree(), Path::new("f")).unwrap().sha256;
        insta::assert_snapshot!(hash, @"JboJ73oP7pWkliW0aREZb5Sow+xsXNrVSdkjj3FMwXM=");
    }

    #[test]
    fn a_zip_is_taken_as_it_is() {
        let files = MemoryFiles::default().with("a.zip", "PK");
        assert_eq!(package(&files, Path::new("a.zip")).unwrap().bytes, b"PK");
    }

    #[test]
    fn what_cannot_be_packaged_is_said() {
        let files = MemoryFiles::default().with("empty/.git/HEAD", "");
        let error = |path: &str| package(&files, Path::new(path)).unwrap_err().to_string();
        assert_eq!(error("none"), "there is no file or folder 'none'");
        assert_eq!(error("empty"), "the folder 'empty' holds no files");
    }
}
