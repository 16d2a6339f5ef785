//! Code beside the stack: packaged once, known by its hash.

use std::collections::BTreeMap;
use std::path::PathBuf;

use trueup_model::{Expression, Value};

use super::{Checker, Reported, scalar};
use crate::files::{display, resolve};
use crate::load::digest;
use crate::package::package;
use crate::yaml::Node;

impl Checker<'_> {
    pub(super) fn source(&self, node: &Node) -> Result<Expression, Reported> {
        let Some(written) = scalar(node) else {
            return Err(self.wrong_type("the path of a file or folder", node));
        };
        let folder = &self.loader.units[self.standpoint.unit].folder;
        let Some(path) = resolve(folder, written.as_str().unwrap_or_default()) else {
            let message = "a source is a path relative to this file";
            return Err(self.report(self.error("wrong-type", message, node.span)));
        };
        let known = self.loader.packages.borrow().get(&path).cloned();
        match known {
            Some(Some(value)) => Ok(value.into()),
            Some(None) => Err(Reported),
            None => self.packaged(path, node),
        }
    }

    fn packaged(&self, path: PathBuf, node: &Node) -> Result<Expression, Reported> {
        let packaged = package(self.loader.request.files, &path);
        let value = match &packaged {
            Ok(package) => {
                let mut read = self.loader.read.borrow_mut();
                digest::note_package(&mut read, &path, &package.sha256);
                let fields = [
                    ("path".to_owned(), Value::from(display(&path))),
                    ("sha256".to_owned(), Value::from(package.sha256.as_str())),
                ];
                Some(Value::Map(BTreeMap::from(fields)))
            }
            Err(_) => None,
        };
        self.loader.packages.borrow_mut().insert(path, value.clone());
        match (value, packaged) {
            (Some(value), _) => Ok(value.into()),
            (None, Err(error)) => {
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
                let message = format!("{error}{}", cause.unwrap_or_default());
                let fault = self.error("unreadable-file", message, node.span);
                Err(self.report(fault.help("a source is a path relative to this file")))
            }
            (None, Ok(_)) => Err(Reported),
        }
    }
}
