//! The stack file and each instance of a module, with the names that they declare.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use trueup_model::Diagnostic;
use trueup_model::address::is_name;
use trueup_model::snapshot::around::LOOKED_UP;

use super::family::Keys;
use super::module::Memo;
use super::variables::Declaration;
use super::{Request, digest};
use crate::files::{display, resolve};
use crate::source::{Sources, Span};
use crate::suggest;
use crate::yaml::{self, Entry, Node};

/// The deepest nesting of modules, and the most instances of them in a stack.
const MOST_LEVELS: usize = 8;
const MOST_MODULES: usize = 200;

/// Sections of a stack that hold no resources.
pub(crate) const STACK_SECTIONS: [&str; 12] = [
    "stack",
    "region",
    "account",
    "description",
    "tags",
    "variables",
    "existing",
    "module",
    "expect",
    "policy",
    "silence",
    "outputs",
];

/// Sections of a module that hold no resources.
pub(crate) const MODULE_SECTIONS: [&str; 5] =
    ["description", "inputs", "existing", "module", "outputs"];

/// One file in one place of the stack.
#[derive(Debug)]
pub(crate) struct Unit {
    /// The modules on the way to it; empty for the stack file.
    pub(crate) modules: Vec<String>,
    /// The unit that instantiates it.
    pub(crate) parent: Option<usize>,
    /// What the parent says about it: the name of the module, and its inputs.
    pub(crate) entry: Option<Entry>,
    /// The whole file.
    pub(crate) root: Arc<Node>,
    /// The folder of the file, seen from the stack file.
    pub(crate) folder: PathBuf,
    /// The units of its modules, by name.
    pub(crate) children: BTreeMap<String, usize>,
    /// Resources by kind and name.
    pub(crate) families: BTreeMap<String, BTreeMap<String, Family>>,
    /// What is looked up, by kind and name.
    pub(crate) existing: BTreeMap<String, BTreeSet<String>>,
    /// Variables of the stack or inputs of a module.
    pub(crate) declarations: BTreeMap<String, Declaration>,
    /// Values of inputs and outputs, as far as they were asked for.
    pub(crate) inputs: Memo,
    pub(crate) outputs: Memo,
    /// Sections that no kind has: reported once, names in them are not reported again.
    pub(crate) unknown_sections: BTreeSet<String>,
}

/// A resource, or a family of them, as written.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) place: Place,
    /// The instances, once they are asked for; none if `for_each` is faulty.
    pub(crate) keys: OnceCell<Option<Keys>>,
}

/// Where in a file's tree something is written: the section and the entry in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    section: usize,
    entry: usize,
}

impl Unit {
    /// The entry that stands at a place.
    pub(crate) fn at(&self, place: Place) -> &Entry {
        let section = &self.root.entries().unwrap_or_default()[place.section];
        &section.value.entries().unwrap_or_default()[place.entry]
    }

    /// The entry of a section.
    pub(crate) fn section(&self, name: &str) -> Option<&Entry> {
        self.root.entries()?.iter().find(|entry| entry.key == name)
    }

    /// How the unit is called in messages.
    pub(crate) fn is_module(&self) -> bool {
        self.parent.is_some()
    }

    /// The start of the addresses in it: `module.network.`, or nothing.
    pub(crate) fn prefix(&self) -> String {
        self.modules.iter().flat_map(|module| ["module.", module, "."]).collect()
    }

    /// Whether a resource, or something looked up, has that name.
    pub(crate) fn declares(&self, kind: &str, name: &str) -> bool {
        self.families.get(kind).is_some_and(|names| names.contains_key(name))
            || self.existing.get(kind).is_some_and(|names| names.contains(name))
    }
}

/// Reads all files of a stack.
pub(crate) struct Opening<'a> {
    request: &'a Request<'a>,
    pub(crate) sources: Sources,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) read: BTreeMap<String, [u8; 32]>,
    pub(crate) variable_files: Vec<Node>,
    units: Vec<Unit>,
    trees: BTreeMap<PathBuf, Option<Arc<Node>>>,
}

impl<'a> Opening<'a> {
    pub(crate) fn new(request: &'a Request<'a>) -> Self {
        Self {
            request,
            sources: Sources::default(),
            diagnostics: Vec::new(),
            read: BTreeMap::new(),
            variable_files: Vec::new(),
            units: Vec::new(),
            trees: BTreeMap::new(),
        }
    }

    /// The units; none if the stack file cannot be read at all.
    pub(crate) fn open(&mut self) -> Vec<Unit> {
        let request = self.request;
        digest::note(&mut self.read, Path::new(""), request.bytes);
        for (name, text) in &request.variables.files {
            digest::note(&mut self.read, Path::new(name), text.as_bytes());
            let tree = self.tree(name, text.as_bytes());
            self.variable_files.extend(tree);
        }
        if let Some(root) = self.tree(request.file, request.bytes) {
            self.unit(&Arc::new(root), PathBuf::new(), None, &mut Vec::new());
        }
        std::mem::take(&mut self.units)
    }

    fn fault(&mut self, code: &'static str, message: String, span: Span) -> &mut Diagnostic {
        let location = self.sources.locate(span);
        self.diagnostics.push(Diagnostic::error(code, message).at(location));
        let last = self.diagnostics.len() - 1;
        &mut self.diagnostics[last]
    }

    fn tree(&mut self, name: &str, bytes: &[u8]) -> Option<Node> {
        if bytes.len() > yaml::MOST_BYTES {
            let (size, most) = (bytes.len() / 1024 / 1024, yaml::MOST_BYTES / 1024 / 1024);
            let message = format!("'{name}' has {size} MiB; at most {most} MiB are read");
            self.diagnostics.push(Diagnostic::error("too-large", message));
            return None;
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
            Err(error) => {
                let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
                let message = format!("'{name}' is not text in UTF-8: see line {line}");
                let fault = Diagnostic::error("not-utf8", message);
                self.diagnostics.push(fault.help("save the file as UTF-8"));
                return None;
            }
        };
        let file = self.sources.add(name, text.into());
        let root = yaml::read(&self.sources, file, &mut self.diagnostics)?;
        if root.entries().is_none() {
            let what = root.describe();
            let message = format!("a file of trueup is a map of sections, not {what}");
            self.fault("wrong-type", message, root.span);
            return None;
        }
        Some(root)
    }

    /// Notes what a file declares, then does the same for its modules; `chain` are the paths of the
    /// files around it.
    fn unit(
        &mut self,
        root: &Arc<Node>,
        path: PathBuf,
        parent: Option<(usize, &Entry)>,
        chain: &mut Vec<PathBuf>,
    ) -> usize {
        let number = self.units.len();
        let modules = parent.map_or_else(Vec::new, |(parent, entry)| {
            let mut modules = self.units[parent].modules.clone();
            modules.push(entry.key.clone());
            modules
        });
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        self.units.push(Unit {
            modules,
            parent: parent.map(|(parent, _)| parent),
            entry: parent.map(|(_, entry)| entry.clone()),
            root: Arc::clone(root),
            folder,
            children: BTreeMap::new(),
            families: BTreeMap::new(),
            existing: BTreeMap::new(),
            declarations: BTreeMap::new(),
            inputs: Memo::default(),
            outputs: Memo::default(),
            unknown_sections: BTreeSet::new(),
        });
        for (at, section) in root.entries().unwrap_or_default().iter().enumerate() {
            self.section(number, at, section);
        }
        chain.push(path);
        let modules = root.get("module").and_then(Node::entries).unwrap_or_default();
        for entry in modules {
            if let Some(child) = self.module(number, entry, chain) {
                self.units[number].children.insert(entry.key.clone(), child);
            }
        }
        chain.pop();
        number
    }

    fn section(&mut self, unit: usize, at: usize, section: &Entry) {
        let module = self.units[unit].is_module();
        let known: &[&str] = if module { &MODULE_SECTIONS } else { &STACK_SECTIONS };
        match section.key.as_str() {
            "existing" => self.existing(unit, section),
            "module" => {
                self.names(section, "a module");
            }
            key if known.contains(&key) => {}
            key if self.request.catalog.get(key).is_some() => {
                let names = self.names(section, "a resource");
                let families = names.into_iter().map(|(entry, name)| {
                    let place = Place { section: at, entry };
                    (name, Family { place, keys: OnceCell::new() })
                });
                self.units[unit].families.insert(key.to_owned(), families.collect());
            }
            _ => self.unknown_section(unit, section, known),
        }
    }

    fn unknown_section(&mut self, unit: usize, section: &Entry, known: &[&str]) {
        let key = section.key.as_str();
        self.units[unit].unknown_sections.insert(key.to_owned());
        let kinds: Vec<&str> = self.request.catalog.kinds().map(|kind| kind.name).collect();
        let elsewhere = STACK_SECTIONS.contains(&key) || MODULE_SECTIONS.contains(&key);
        let (message, help) = if elsewhere && self.units[unit].is_module() {
            (format!("a module has no section '{key}'"), "write it in the stack file".to_owned())
        } else if elsewhere {
            let help = "a stack has `variables`; a module has `inputs`".to_owned();
            (format!("a stack has no section '{key}'"), help)
        } else {
            let all = kinds.iter().chain(known).copied();
            let help = match suggest::kind(key, all) {
                Some(word) => format!("did you mean '{word}'?"),
                None => format!("the kinds are {}", suggest::list(&kinds)),
            };
            (format!("there is no kind or section '{key}'"), help)
        };
        let fault = self.fault("unknown-section", message, section.key_span);
        fault.help.push(help);
    }

    /// The entries of a section that have good names.
    fn names(&mut self, section: &Entry, what: &str) -> Vec<(usize, String)> {
        if section.value.is_null() {
            return Vec::new();
        }
        let Some(entries) = section.value.entries() else {
            let found = section.value.describe();
            let message = format!("the section '{}' is a map by name, not {found}", section.key);
            let fault = self.fault("wrong-type", message, section.value.span);
            fault.help.push(format!("write each under its name: `{}: {{ main: … }}`", section.key));
            return Vec::new();
        };
        let mut names = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            if is_name(&entry.key) && entry.key.len() <= 64 {
                names.push((at, entry.key.clone()));
            } else {
                let message = format!("'{}' cannot be the name of {what}", entry.key);
                let fault = self.fault("bad-name", message, entry.key_span);
                let rule = "a name is a lower-case letter, then lower-case letters, digits and _, \
                            at most 64 characters";
                fault.help.push(rule.to_owned());
            }
        }
        names
    }

    fn existing(&mut self, unit: usize, section: &Entry) {
        let mut existing = BTreeMap::new();
        for (entry, kind) in self.names(section, "a kind") {
            let kinds = &section.value.entries().unwrap_or_default()[entry];
            let is_only_found = LOOKED_UP.contains(&kind.as_str());
            if !is_only_found && self.request.catalog.get(&kind).is_none() {
                let names = self.request.catalog.kinds().map(|kind| kind.name);
                let names: Vec<&str> = names.chain(LOOKED_UP).collect();
                let help = suggest::kind_advice(&kind, names.iter().copied());
                let message = format!("there is no kind '{kind}'");
                self.fault("unknown-kind", message, kinds.key_span).help.push(help);
                continue;
            }
            let names = self.names(kinds, "something that exists");
            existing.insert(kind, names.into_iter().map(|(_, name)| name).collect());
        }
        self.units[unit].existing = existing;
    }

    fn module(&mut self, parent: usize, entry: &Entry, chain: &mut Vec<PathBuf>) -> Option<usize> {
        let Some(source) = entry.value.get("source") else {
            let message = format!("module '{}' lacks its source", entry.key);
            let fault = self.fault("missing-attribute", message, entry.key_span);
            fault.help.push("write `source: modules/network.yaml`, a file beside this one".into());
            return None;
        };
        let path = source.text().and_then(|text| resolve(&self.units[parent].folder, text));
        let Some(path) = path else {
            let message = "a module's source is a path relative to this file".to_owned();
            self.fault("wrong-type", message, source.span);
            return None;
        };
        if chain.contains(&path) {
            let message = format!("'{}' contains itself", display(&path));
            self.fault("module-cycle", message, source.span);
            return None;
        }
        if chain.len() > MOST_LEVELS || self.units.len() > MOST_MODULES {
            let message = format!(
                "modules nest at most {MOST_LEVELS} levels deep, and a stack has at most {MOST_MODULES}"
            );
            self.fault("too-deep", message, source.span);
            return None;
        }
        let root = self.module_tree(&path, source.span)?;
        Some(self.unit(&root, path, Some((parent, entry)), chain))
    }

    fn module_tree(&mut self, path: &Path, span: Span) -> Option<Arc<Node>> {
        if let Some(tree) = self.trees.get(path) {
            return tree.clone();
        }
        let name = display(path);
        let tree = match self.request.files.read(path) {
            Ok(bytes) => {
                digest::note(&mut self.read, path, &bytes);
                let shown = beside(self.request.file, &name);
                self.tree(&shown, &bytes).map(Arc::new)
            }
            Err(error) => {
                let message = format!("cannot read the module '{name}': {error}");
                self.fault("unreadable-file", message, span);
                None
            }
        };
        self.trees.insert(path.to_owned(), tree.clone());
        tree
    }
}

/// A path beside the stack file, as the user would name it from where they are.
fn beside(file: &str, path: &str) -> String {
    match file.rfind('/') {
        Some(slash) => format!("{}{path}", &file[..=slash]),
        None => path.to_owned(),
    }
}
