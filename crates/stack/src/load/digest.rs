//! One hash of everything that a stack was made from.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};
use trueup_model::Value;

use crate::files::display;
use crate::package::hexadecimal;

/// Notes the hash of a file.
pub(crate) fn note(read: &mut BTreeMap<String, [u8; 32]>, path: &Path, bytes: &[u8]) {
    read.insert(format!("file {}", display(path)), Sha256::digest(bytes).into());
}

/// Notes the hash of a packaged folder.
pub(crate) fn note_package(read: &mut BTreeMap<String, [u8; 32]>, path: &Path, sha256: &str) {
    read.insert(format!("package {}", display(path)), Sha256::digest(sha256).into());
}

/// The hash of what was read and of the variables; what is secret is left out, because a hash of
/// a short secret can be guessed.
pub(crate) fn of(read: &BTreeMap<String, [u8; 32]>, variables: &BTreeMap<String, Value>) -> String {
    let mut digest = Sha256::new();
    for (what, hash) in read {
        digest.update(what.as_bytes());
        digest.update([0]);
        digest.update(hash);
    }
    // A secret serializes as the same word whatever it is.
    digest.update(serde_json::to_vec(variables).unwrap_or_default());
    hexadecimal(&digest.finalize())
}
