//! What the workspace's own tests share: the generated files, and where the repository is.

pub mod kind_page;
pub mod picture;

use std::path::{Path, PathBuf};

/// The top of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// Compares a committed file with what it is generated from; with `TRUEUP_BLESS` set, writes it.
///
/// Gives the fault, if there is one.
#[expect(clippy::disallowed_methods, reason = "generated files are read and written here")]
pub fn generated(path: &str, content: &str) -> Result<(), String> {
    let file = repository().join(path);
    if std::env::var("TRUEUP_BLESS").is_ok() {
        let folder = file.parent().unwrap_or(&file);
        std::fs::create_dir_all(folder).map_err(|error| format!("{path}: {error}"))?;
        return std::fs::write(&file, content).map_err(|error| format!("{path}: {error}"));
    }
    match std::fs::read_to_string(&file) {
        Ok(there) if there == content => Ok(()),
        Ok(_) => Err(format!("{path} is stale: run `make docs`")),
        Err(error) => Err(format!("{path}: {error}: run `make docs`")),
    }
}
