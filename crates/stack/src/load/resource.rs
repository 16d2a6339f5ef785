//! One resource, or one instance of a family: its attributes and the fields that every one takes.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::expression::Expressions;
use trueup_model::stack::{OnDestroy, Use};
use trueup_model::{Address, Expression, Kind, Resource, Type, Value};

use super::check::Checker;
use super::family::Keys;
use super::names::article;
use super::scope::Standpoint;
use super::secrets::NAMES_ARE_SHOWN;
use super::{Loader, Reported, path};
use crate::source::Span;
use crate::suggest;
use crate::yaml::{Entry, Node};

/// The fields that every resource takes, besides its kind's attributes.
pub(crate) const COMMON: [&str; 8] = [
    "for_each",
    "depends_on",
    "tags",
    "moved_from",
    "adopt",
    "ignore_changes",
    "on_destroy",
    "protect",
];

const ON_DESTROY: [(&str, OnDestroy); 3] = [
    ("delete", OnDestroy::Delete),
    ("retain", OnDestroy::Retain),
    ("snapshot", OnDestroy::Snapshot),
];

/// Prefixes of tags that only AWS and this program write.
const RESERVED_TAGS: [&str; 2] = ["aws:", "trueup:"];

/// A resource while it is being loaded.
pub(super) struct Draft<'l> {
    pub(super) resource: Resource,
    pub(super) kind: &'l Kind,
    pub(super) standpoint: Standpoint<'l>,
    /// Where its name is written.
    pub(super) span: Span,
    pub(super) spans: BTreeMap<String, Span>,
    pub(super) uses: BTreeSet<Use>,
    /// Whether every attribute is as it should be.
    pub(super) sound: bool,
}

/// The tags of the whole stack.
#[derive(Default)]
pub(super) struct StackTags {
    pub(super) tags: Expressions,
    pub(super) uses: BTreeSet<Use>,
}

impl<'l> Loader<'l> {
    /// Every resource of every file, in no particular order.
    pub(super) fn drafts(&'l self, stack_tags: &StackTags) -> Vec<Draft<'l>> {
        let mut drafts = Vec::new();
        for (number, unit) in self.units.iter().enumerate() {
            for (kind, families) in &unit.families {
                let Some(kind) = self.request.catalog.get(kind) else { continue };
                for (name, family) in families {
                    let entry = unit.at(family.place);
                    let address = Address {
                        modules: unit.modules.clone(),
                        kind: kind.key(),
                        name: name.clone(),
                        key: None,
                    };
                    let mut draft = |address, each| {
                        let standpoint = Standpoint { unit: number, each };
                        drafts.push(self.draft(kind, entry, address, standpoint, stack_tags));
                    };
                    match self.keys(number, kind.name, name) {
                        None => {}
                        Some(Keys::Single) => draft(address, None),
                        Some(Keys::Each(instances)) => {
                            for (key, each) in instances {
                                draft(address.clone().with_key(key), Some(each));
                            }
                        }
                    }
                }
            }
        }
        drafts
    }

    fn draft(
        &'l self,
        kind: &'l Kind,
        entry: &Entry,
        address: Address,
        standpoint: Standpoint<'l>,
        stack_tags: &StackTags,
    ) -> Draft<'l> {
        let mut checker = Checker::new(self, standpoint, address.clone());
        let mut sound = true;
        let entries = entry.value.entries().unwrap_or_default();
        if entry.value.entries().is_none() && !entry.value.is_null() {
            let message =
                format!("{address} is a map of attributes, not {}", entry.value.describe());
            self.report(self.error("wrong-type", message, entry.value.span));
            sound = false;
        }
        for field in entries {
            let name = field.key.as_str();
            if kind.attribute(name).is_none() && !COMMON.contains(&name) {
                self.unknown_attribute(kind, &address, field);
                sound = false;
            }
        }
        let (attributes, complete) = checker.fields(&kind.attributes, entries, entry.key_span);
        let node = &entry.value;
        let tags = checker.tags(kind, node, stack_tags);
        let resource = Resource {
            address,
            attributes,
            tags: tags.unwrap_or_default(),
            depends_on: checker.depends_on(node),
            moved_from: checker.moved_from(node),
            adopt: checker.known_text(node, "adopt"),
            ignore_changes: checker.ignore_changes(kind, node),
            on_destroy: checker.on_destroy(kind, node),
            protect: checker.protect(node),
            references: Vec::new(),
            unfolded: None,
            location: Some(self.sources.locate(entry.key_span)),
            locations: BTreeMap::new(),
        };
        let Checker { uses, spans, .. } = checker;
        let sound = sound && complete;
        Draft { resource, kind, standpoint, span: entry.key_span, spans, uses, sound }
    }

    fn unknown_attribute(&self, kind: &Kind, address: &Address, field: &Entry) {
        let name = field.key.as_str();
        let message = format!("{} {} has no attribute '{name}'", article(kind.name), kind.name);
        let error = self.error("unknown-attribute", message, field.key_span);
        let error = error.label(format!("in {address}"));
        let attributes = kind.attributes.iter().map(|attribute| attribute.name);
        self.report(if name == "count" {
            error.help("write `for_each: [a, b]`: a key never depends on a position")
        } else if kind.output(name).is_some() {
            error.help("AWS makes it: it can be read in expressions, not written")
        } else {
            error.help(suggest::advice(name, attributes.chain(COMMON), ""))
        });
    }
}

impl Checker<'_> {
    fn tags(
        &mut self,
        kind: &Kind,
        node: &Node,
        stack_tags: &StackTags,
    ) -> Result<Expressions, Reported> {
        let written = node.get("tags").filter(|node| !node.is_null());
        if !kind.taggable {
            let Some(written) = written else { return Ok(Expressions::new()) };
            let message = format!("{} {} takes no tags", article(kind.name), kind.name);
            return Err(self.report(self.error("unknown-attribute", message, written.span)));
        }
        let mut tags = stack_tags.tags.clone();
        self.uses.extend(stack_tags.uses.iter().cloned());
        if let Some(written) = written {
            tags.extend(self.tag_map(written)?);
        }
        Ok(tags)
    }

    /// The tags that a map holds.
    pub(super) fn tag_map(&mut self, node: &Node) -> Result<Expressions, Reported> {
        for entry in node.entries().unwrap_or_default() {
            if RESERVED_TAGS.iter().any(|prefix| entry.key.starts_with(prefix)) {
                let message = format!("the tag '{}' is reserved", entry.key);
                return Err(self.report(self.error("bad-name", message, entry.key_span)));
            }
        }
        let ty = Type::Map(Box::new(Type::String));
        let tags = self.within("tags", Some(node.span), |inner| inner.one(&ty, node))?;
        Ok(match tags {
            Expression::Map(tags) => tags,
            Expression::Value(Value::Map(tags)) => {
                tags.into_iter().map(|(key, tag)| (key, tag.into())).collect()
            }
            // A whole map that is not known yet cannot be merged with the others.
            _ => {
                let message = "the keys of tags must be known from the file alone";
                return Err(self.report(self.error("unknown-value", message, node.span)));
            }
        })
    }

    /// A text that must be known from the file.
    fn known_text(&mut self, node: &Node, field: &str) -> Option<String> {
        let node = node.get(field).filter(|node| !node.is_null())?;
        let text = self.within(field, Some(node.span), |inner| {
            let text = inner.one(&Type::String, node)?;
            inner.refuse_secret(&text, NAMES_ARE_SHOWN, node.span)?;
            Ok::<_, Reported>(text)
        });
        let text = text.ok()?;
        if let Expression::Value(value) = text {
            return value.as_str().map(str::to_owned);
        }
        let message = format!("'{field}' must be known from the file alone");
        self.report(self.error("unknown-value", message, node.span));
        None
    }

    fn depends_on(&mut self, node: &Node) -> Vec<Address> {
        let Some(node) = node.get("depends_on").filter(|node| !node.is_null()) else {
            return Vec::new();
        };
        let ty = Type::List(Box::new(Type::String));
        let list = self.within("depends_on", Some(node.span), |inner| inner.one(&ty, node));
        let Ok(Expression::Value(Value::List(words))) = list else { return Vec::new() };
        let mut found = Vec::new();
        for (index, word) in words.iter().enumerate() {
            let span =
                node.elements().and_then(|nodes| nodes.get(index)).map_or(node.span, |n| n.span);
            let unit = self.standpoint.unit;
            if word.holds_secret() {
                self.loader.secret_shown("depends_on", NAMES_ARE_SHOWN, span);
                continue;
            }
            let word = word.as_str().unwrap_or_default();
            found.extend(self.loader.addresses(unit, word, span).unwrap_or_default());
        }
        found
    }

    /// Its former address: relative to the module that it stands in, or from the stack itself as
    /// `root.KIND.NAME`. A family that moves takes its keys along; in a map each key says for itself.
    fn moved_from(&mut self, node: &Node) -> Option<Address> {
        let written = node.get("moved_from").filter(|node| !node.is_null())?;
        let by_key = written.entries().is_some();
        let (text, span) = if by_key {
            self.moved_by_key(written)?
        } else {
            (self.known_text(node, "moved_from")?, written.span)
        };
        let (path, is_absolute) = match text.strip_prefix("root.") {
            Some(path) => (path, true),
            None => (text.as_str(), false),
        };
        let Ok(mut from) = path.parse::<Address>() else {
            let message = format!("'{text}' is not an address");
            let error = self.error("bad-address", message, span);
            self.report(error.help(
                "write KIND.NAME, as it was before: `subnet.old`, or `root.subnet.old` from within \
                 a module",
            ));
            return None;
        };
        if !is_absolute {
            let modules = &self.loader.units[self.standpoint.unit].modules;
            from.modules.splice(0..0, modules.iter().cloned());
        }
        if from.key.is_none() && !by_key {
            from.key.clone_from(&self.address.key);
        }
        if from.kind != self.address.kind {
            let message = format!("{} cannot have been {from}: the kinds differ", self.address);
            self.report(self.error("wrong-kind", message, span));
            return None;
        }
        if self.is_in_stack(&from) {
            let message = format!("{from} is still in the stack");
            let error = self.error("bad-address", message, span);
            self.report(error.help("`moved_from` names the address that it no longer has"));
            return None;
        }
        Some(from)
    }

    /// What the map says of this instance's key.
    fn moved_by_key(&mut self, written: &Node) -> Option<(String, Span)> {
        let Some(key) = self.address.key.clone() else {
            let message = format!("{} has no keys to say a former address for", self.address);
            let error = self.error("wrong-type", message, written.span);
            self.report(error.help("write the one address: `moved_from: subnet.old`"));
            return None;
        };
        self.refuse_strange_keys(written, &key);
        let span = written.get(&key).filter(|node| !node.is_null())?.span;
        let text =
            self.within("moved_from", Some(written.span), |inner| inner.known_text(written, &key))?;
        Some((text, span))
    }

    /// Tells keys that no instance has, once for the whole family.
    fn refuse_strange_keys(&self, written: &Node, key: &str) {
        let Address { kind, name, .. } = &self.address;
        let keys = self.loader.keys(self.standpoint.unit, kind.as_str(), name);
        let Some(Keys::Each(instances)) = keys else { return };
        if instances.keys().next().is_none_or(|first| first != key) {
            return;
        }
        for entry in written.entries().unwrap_or_default() {
            if !instances.contains_key(&entry.key) {
                let message = format!("{} has no key '{}'", self.address.family(), entry.key);
                let error = self.error("bad-address", message, entry.key_span);
                let known = instances.keys().map(String::as_str);
                self.report(error.help(suggest::advice(&entry.key, known, "")));
            }
        }
    }

    fn is_in_stack(&self, address: &Address) -> bool {
        let mut units = self.loader.units.iter();
        let Some(unit) = units.position(|unit| unit.modules == address.modules) else {
            return false;
        };
        let kind = address.kind.as_str();
        if !self.loader.units[unit].families.contains_key(kind) {
            return false;
        }
        match (self.loader.keys(unit, kind, &address.name), &address.key) {
            (Some(Keys::Single), None) => true,
            (Some(Keys::Each(instances)), Some(key)) => instances.contains_key(key),
            _ => false,
        }
    }

    fn ignore_changes(&mut self, kind: &Kind, node: &Node) -> BTreeMap<String, String> {
        let Some(node) = node.get("ignore_changes").filter(|node| !node.is_null()) else {
            return BTreeMap::new();
        };
        let Some(entries) = node.entries() else {
            let message = "'ignore_changes' is a map from attribute to reason";
            let error = self.error("wrong-type", message, node.span);
            self.report(error.help("write `ignore_changes: { engine_version: upgraded by hand }`"));
            return BTreeMap::new();
        };
        let mut ignored = BTreeMap::new();
        for entry in entries {
            let path = path::canonical(kind, &entry.key).unwrap_or_else(|fault| {
                let error = self.error("unknown-attribute", fault.message, entry.key_span);
                self.report(error.help(fault.help));
                entry.key.clone()
            });
            if let Some(reason) = entry.value.text().filter(|reason| !reason.is_empty()) {
                ignored.insert(path, reason.to_owned());
            } else {
                let message = format!("say why changes of '{}' are ignored", entry.key);
                self.report(self.error("missing-attribute", message, entry.value.span));
            }
        }
        ignored
    }

    fn on_destroy(&mut self, kind: &Kind, node: &Node) -> OnDestroy {
        let words = ON_DESTROY.map(|(word, _)| word);
        let Some(node) = node.get("on_destroy").filter(|node| !node.is_null()) else {
            return OnDestroy::Default;
        };
        let word = node.text().unwrap_or_default();
        match ON_DESTROY.iter().find(|(known, _)| *known == word) {
            Some((_, OnDestroy::Snapshot)) if !kind.holds_data => {
                let message = format!("{} {} holds no data to keep", article(kind.name), kind.name);
                self.report(self.error("unknown-word", message, node.span));
                OnDestroy::Default
            }
            Some((_, on_destroy)) => *on_destroy,
            None => {
                let message = format!("'on_destroy' takes {}", suggest::choice(&words));
                let error = self.error("unknown-word", message, node.span);
                self.report(match suggest::nearest(word, words) {
                    Some(meant) => error.help(format!("did you mean '{meant}'?")),
                    None => error,
                });
                OnDestroy::Default
            }
        }
    }

    fn protect(&mut self, node: &Node) -> bool {
        let Some(node) = node.get("protect").filter(|node| !node.is_null()) else { return false };
        let protect = self.within("protect", Some(node.span), |inner| inner.one(&Type::Bool, node));
        protect.ok().and_then(|e| e.known().and_then(Value::as_bool)).unwrap_or_default()
    }
}

impl Loader<'_> {
    /// The resources that an address names in a file: all instances of a family.
    pub(super) fn addresses(
        &self,
        unit: usize,
        word: &str,
        span: Span,
    ) -> Result<Vec<Address>, Reported> {
        let Ok(address) = word.parse::<Address>() else {
            let message = format!("'{word}' is not an address");
            let error = self.error("bad-address", message, span);
            return Err(self.report(error.help("write KIND.NAME, as in `subnet.private`")));
        };
        let unit = self.module_unit(unit, &address.modules, span)?;
        let kind = address.kind.as_str();
        let Some(kind) = self.request.catalog.get(kind) else {
            if self.units[unit].unknown_sections.contains(kind) {
                return Err(Reported);
            }
            let kinds: Vec<&str> = self.request.catalog.kinds().map(|kind| kind.name).collect();
            let help = suggest::kind_advice(kind, kinds.iter().copied());
            let message = format!("there is no kind '{kind}'");
            return Err(self.report(self.error("unknown-kind", message, span).help(help)));
        };
        self.check_instance(unit, kind, &address.name, address.key.as_deref(), span)?;
        let address = Address { modules: self.units[unit].modules.clone(), ..address };
        Ok(match self.keys(unit, kind.name, &address.name) {
            Some(Keys::Each(instances)) if address.key.is_none() => {
                instances.keys().map(|key| address.clone().with_key(key)).collect()
            }
            _ => vec![address],
        })
    }
}
