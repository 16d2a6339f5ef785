//! From a stack file to a stack, with every fault that can be found on the way.
//!
//! First all files are read into trees and the names in them are noted ([`unit`]). Then variables
//! get their values ([`variables`]), families their instances ([`family`]), attributes their types
//! ([`check`], [`reference`]); what refers to configured attributes of other resources is folded in
//! order of dependency ([`fold`]). One fault never hides another: each attribute is read on its
//! own, and only what depends on a faulty one is passed over in silence.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use trueup_model::{Catalog, Diagnostic, Severity, Stack, Value};

use crate::files::Files;
use crate::source::{Sources, Span};
use unit::Unit;

mod check;
mod cycle;
mod digest;
mod existing;
mod expect;
mod family;
mod fold;
mod module;
mod names;
mod path;
mod policy;
mod reference;
mod resource;
mod scope;
mod secrets;
mod silence;
mod stack;
mod tags;
mod unit;
mod variables;

pub use expect::SERVICES;

/// What is to be loaded.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The name of the stack file, as the user wrote it.
    pub file: &'a str,
    /// Its content.
    pub bytes: &'a [u8],
    /// The files beside it.
    pub files: &'a dyn Files,
    /// The kinds.
    pub catalog: &'a Catalog,
    /// Values of variables.
    pub variables: &'a Variables,
    /// The Region where the file says none.
    pub region: Option<&'a str>,
    /// The account, where it is known.
    pub account: Option<&'a str>,
}

/// Values of variables, by where they come from; the first that has a value wins.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    /// `--var name=value`
    pub flags: BTreeMap<String, String>,
    /// `--var-file`: names and texts of files, of which a later one wins.
    pub files: Vec<(String, String)>,
    /// The process's environment: `TRUEUP_VAR_NAME`, and what `from_env` names.
    pub environment: BTreeMap<String, String>,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The stack; none when a diagnostic is an error.
    pub stack: Option<Stack>,
    /// Everything that was found, in order of place.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that places refer to, by file name.
    pub sources: BTreeMap<String, Arc<str>>,
}

/// Loads a stack and reports all faults in it at once.
pub fn load(request: &Request<'_>) -> Loaded {
    let mut opening = unit::Opening::new(request);
    let units = opening.open();
    let unit::Opening { sources, diagnostics, read, variable_files, .. } = opening;
    let loader = Loader {
        request: *request,
        sources,
        diagnostics: RefCell::new(diagnostics),
        units,
        read: RefCell::new(read),
        variable_files,
        variables: BTreeMap::new(),
        region: None,
        account: None,
        name: String::new(),
        packages: RefCell::default(),
        parameters: RefCell::default(),
    };
    loader.load()
}

/// A fault that is in the diagnostics already.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reported;

/// The state of one load.
pub(crate) struct Loader<'a> {
    request: Request<'a>,
    sources: Sources,
    diagnostics: RefCell<Vec<Diagnostic>>,
    /// The stack file first, then every instance of a module.
    units: Vec<Unit>,
    /// The SHA-256 of everything that was read, by what it is.
    read: RefCell<BTreeMap<String, [u8; 32]>>,
    variable_files: Vec<crate::yaml::Node>,
    /// The variables that have values.
    variables: BTreeMap<String, Value>,
    region: Option<String>,
    account: Option<String>,
    name: String,
    /// Packages that were made, by path.
    packages: RefCell<BTreeMap<PathBuf, Option<Value>>>,
    /// Names of SSM parameters that attributes look up.
    parameters: RefCell<BTreeSet<String>>,
}

impl Loader<'_> {
    fn load(mut self) -> Loaded {
        let stack = if self.units.is_empty() { None } else { Some(self.stack()) };
        let mut diagnostics = self.diagnostics.into_inner();
        // What a module or a family says wrongly is found in each of its instances.
        diagnostics.sort_by(|a, b| {
            (&a.location, a.code, &a.message).cmp(&(&b.location, b.code, &b.message))
        });
        diagnostics.dedup();
        let failed = diagnostics.iter().any(|d| d.severity == Severity::Error);
        let stack = stack.filter(|_| !failed);
        Loaded { stack, diagnostics, sources: self.sources.into_texts() }
    }

    /// Reports an error at a place.
    fn error(&self, code: &'static str, message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic::error(code, message).at(self.sources.locate(span))
    }

    fn report(&self, diagnostic: Diagnostic) -> Reported {
        self.diagnostics.borrow_mut().push(diagnostic);
        Reported
    }

    /// Reads a file that is named in `folder`, and notes its hash.
    fn read_file(&self, folder: &Path, written: &str) -> Result<String, String> {
        let path = crate::files::resolve(folder, written)
            .ok_or_else(|| "a path must be relative to the file that names it".to_owned())?;
        let bytes =
            self.request.files.read(&path).map_err(|error| {
                format!("cannot read '{}': {error}", crate::files::display(&path))
            })?;
        digest::note(&mut self.read.borrow_mut(), &path, &bytes);
        String::from_utf8(bytes)
            .map_err(|_| format!("'{}' is not text in UTF-8", crate::files::display(&path)))
    }
}
