//! Every question of the form "which one is it", answered without a search.

use std::collections::{HashMap, HashSet};

use trueup_model::kind::ReferenceType;
use trueup_model::{Address, Kind, Live, Resource, Type, Value};

use crate::Input;

/// A resource of the stack, by its place in order of address.
pub(crate) type ResourceId = usize;
/// A live resource, by its place in order of kind and physical id.
pub(crate) type LiveId = usize;

/// The stack and the snapshot, numbered and indexed.
pub(crate) struct Index<'a> {
    pub(crate) resources: Vec<&'a Resource>,
    /// The kind of each resource; none if the catalog lacks it.
    pub(crate) kinds: Vec<Option<&'a Kind>>,
    pub(crate) lives: Vec<&'a Live>,
    /// The kind of each live resource; none if the catalog lacks it.
    pub(crate) live_kinds: Vec<Option<&'a Kind>>,
    /// What each live resource refers to, found in its attributes.
    pub(crate) uses: Vec<Vec<LiveUse>>,
    /// Who refers to each live resource.
    pub(crate) users: Vec<Vec<LiveId>>,
    by_address: HashMap<&'a Address, ResourceId>,
    by_id: HashMap<(&'a str, &'a str), LiveId>,
    by_owned_address: HashMap<&'a Address, Vec<LiveId>>,
    by_name: HashMap<(&'a str, &'a str), Vec<LiveId>>,
    by_output: HashMap<(&'a str, &'a str), LiveId>,
    /// What is looked up and never changed, by kind and output.
    existing: HashMap<(&'a str, &'a str), &'a Address>,
    stack: &'a str,
}

/// That a live resource holds a reference to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LiveUse {
    pub(crate) to: LiveId,
    /// The attribute that holds it, by its place in the kind's declaration.
    pub(crate) attribute: usize,
}

impl<'a> Index<'a> {
    pub(crate) fn new(input: &Input<'a>) -> Self {
        let resources: Vec<&Resource> = input.stack.resources.values().collect();
        let kinds = resources.iter().map(|r| input.catalog.get(r.address.kind.as_str())).collect();
        let mut lives: Vec<&Live> = input.snapshot.resources.iter().collect();
        lives.sort_by(|a, b| (&a.kind, &a.id).cmp(&(&b.kind, &b.id)));
        // The same thing read twice (by tag and by name) is one thing.
        lives.dedup_by(|a, b| a.kind == b.kind && a.id == b.id);
        let live_kinds = lives.iter().map(|live| input.catalog.get(live.kind.as_str())).collect();
        let by_address = resources.iter().enumerate().map(|(id, r)| (&r.address, id)).collect();
        let mut index = Self {
            users: vec![Vec::new(); lives.len()],
            uses: Vec::new(),
            by_id: HashMap::with_capacity(lives.len()),
            by_owned_address: HashMap::with_capacity(lives.len()),
            by_name: HashMap::new(),
            by_output: HashMap::with_capacity(lives.len() * 2),
            existing: HashMap::new(),
            stack: &input.stack.name,
            resources,
            kinds,
            lives,
            live_kinds,
            by_address,
        };
        let outputs = referenced_outputs(input);
        index.add_lives(&outputs);
        for (address, live) in &input.snapshot.existing {
            let kind = address.kind.as_str();
            index.existing.insert((kind, &live.id), address);
            for output in sorted(outputs.get(kind)) {
                if let Some(text) = live.get(output).as_str() {
                    index.existing.insert((kind, text), address);
                }
            }
        }
        index.add_uses();
        index
    }

    fn add_lives(&mut self, outputs: &HashMap<&'a str, HashSet<&'static str>>) {
        for (id, live) in self.lives.iter().enumerate() {
            let kind = live.kind.as_str();
            self.by_id.insert((kind, &live.id), id);
            if let Some(address) = owned_address(live, self.stack) {
                self.by_owned_address.entry(address).or_default().push(id);
            }
            let naming = self.live_kinds[id].and_then(|kind| kind.naming);
            let name = naming.and_then(|naming| live.attributes.get(naming.attribute)?.as_str());
            if let Some(name) = name {
                self.by_name.entry((kind, name)).or_default().push(id);
            }
            self.by_output.insert((kind, &live.id), id);
            // Which of the outputs of one resource comes first makes no difference.
            for output in sorted(outputs.get(kind)) {
                if let Some(text) = live.get(output).as_str().filter(|text| !text.is_empty()) {
                    self.by_output.entry((kind, text)).or_insert(id);
                }
            }
        }
    }

    fn add_uses(&mut self) {
        let uses: Vec<Vec<LiveUse>> = (0..self.lives.len()).map(|id| self.find_uses(id)).collect();
        for (id, uses) in uses.iter().enumerate() {
            for used in uses {
                if self.users[used.to].last() != Some(&id) {
                    self.users[used.to].push(id);
                }
            }
        }
        self.uses = uses;
    }

    fn find_uses(&self, id: LiveId) -> Vec<LiveUse> {
        let Some(kind) = self.live_kinds[id] else { return Vec::new() };
        let mut found: Vec<LiveUse> = Vec::new();
        for (attribute, declared) in kind.attributes.iter().enumerate() {
            let Some(value) = self.lives[id].attributes.get(declared.name) else { continue };
            for_each_reference(&declared.ty, value, &mut |reference, text| {
                if let Some(to) = self.live_by_reference(reference, text).filter(|to| *to != id) {
                    found.push(LiveUse { to, attribute });
                }
            });
        }
        found.sort_by_key(|used| (used.to, used.attribute));
        found.dedup();
        found
    }

    /// The live resource that the value of a reference means.
    pub(crate) fn live_by_reference(&self, ty: &ReferenceType, text: &str) -> Option<LiveId> {
        ty.kinds.iter().find_map(|kind| self.by_output.get(&(*kind, text)).copied())
    }

    /// The address of what the value of a reference means.
    pub(crate) fn address_of(&self, ty: &ReferenceType, text: &str) -> Option<String> {
        let live = self.live_by_reference(ty, text).map(|id| self.lives[id]);
        let ours = live.and_then(|live| owned_address(live, self.stack)).map(Address::to_string);
        let existing = || ty.kinds.iter().find_map(|kind| self.existing.get(&(*kind, text)));
        ours.or_else(|| existing().map(|address| format!("existing.{address}")))
    }

    pub(crate) fn resource(&self, address: &Address) -> Option<ResourceId> {
        self.by_address.get(address).copied()
    }

    /// The resource of that address, or, without a key, every instance of that family.
    pub(crate) fn instances(&self, address: &Address) -> std::ops::Range<ResourceId> {
        if let Some(id) = self.resource(address) {
            return id..id + 1;
        }
        if address.key.is_some() {
            return 0..0;
        }
        // Addresses sort by module, kind, name and key, so a family stands together.
        let start = self.resources.partition_point(|r| r.address < *address);
        let family = self.resources[start..].iter();
        start..start + family.take_while(|r| r.address.is_instance_of(address)).count()
    }

    pub(crate) fn live_by_id(&self, kind: &str, id: &str) -> Option<LiveId> {
        self.by_id.get(&(kind, id)).copied()
    }

    /// What the stack owns under this address, of the address's kind.
    pub(crate) fn owned(&self, address: &Address) -> Vec<LiveId> {
        let all = self.by_owned_address.get(address).map(Vec::as_slice).unwrap_or_default();
        all.iter().copied().filter(|id| self.lives[*id].kind == address.kind).collect()
    }

    /// Every live resource of that kind and physical name.
    pub(crate) fn named(&self, kind: &str, name: &str) -> Vec<LiveId> {
        self.by_name.get(&(kind, name)).cloned().unwrap_or_default()
    }
}

fn owned_address<'a>(live: &'a Live, stack: &str) -> Option<&'a Address> {
    live.ownership.address.as_ref().filter(|_| live.is_owned_by(stack))
}

/// The outputs that references of some kind stand for, by the kind that has them.
fn referenced_outputs<'a>(input: &Input<'a>) -> HashMap<&'a str, HashSet<&'static str>> {
    let mut outputs: HashMap<&str, HashSet<&'static str>> = HashMap::new();
    for kind in input.catalog.kinds() {
        for attribute in &kind.attributes {
            for_each_reference_type(&attribute.ty, &mut |reference| {
                for kind in reference.kinds {
                    outputs.entry(kind).or_default().insert(reference.output);
                }
            });
        }
    }
    outputs
}

fn sorted(names: Option<&HashSet<&'static str>>) -> Vec<&'static str> {
    let mut names: Vec<_> = names.into_iter().flat_map(HashSet::iter).copied().collect();
    names.sort_unstable();
    names
}

/// Visits every reference type inside a type.
pub(crate) fn for_each_reference_type<'t>(ty: &'t Type, visit: &mut dyn FnMut(&'t ReferenceType)) {
    match ty {
        Type::Reference(reference) => visit(reference),
        Type::List(inner) | Type::Set(inner) | Type::Map(inner) => {
            for_each_reference_type(inner, visit);
        }
        Type::Object(fields) => {
            for field in fields {
                for_each_reference_type(&field.ty, visit);
            }
        }
        Type::OneOf(shapes) => {
            for shape in shapes {
                for_each_reference_type(shape, visit);
            }
        }
        Type::Bool
        | Type::Int { .. }
        | Type::String
        | Type::Enum(_)
        | Type::Cidr
        | Type::Policy
        | Type::Source => {}
    }
}

/// Visits every text in a value that stands where its type has a reference.
pub(crate) fn for_each_reference(
    ty: &Type,
    value: &Value,
    visit: &mut dyn FnMut(&ReferenceType, &str),
) {
    match (ty, value) {
        (Type::Reference(reference), Value::String(_) | Value::Secret(_)) => {
            visit(reference, value.as_str().unwrap_or_default());
        }
        (Type::List(inner) | Type::Set(inner), Value::List(elements)) => {
            for element in elements {
                for_each_reference(inner, element, visit);
            }
        }
        (Type::Map(inner), Value::Map(values)) => {
            for value in values.values() {
                for_each_reference(inner, value, visit);
            }
        }
        (Type::Object(fields), Value::Map(values)) => {
            for field in fields {
                if let Some(value) = values.get(field.name) {
                    for_each_reference(&field.ty, value, visit);
                }
            }
        }
        (Type::OneOf(shapes), value) => {
            for shape in shapes {
                for_each_reference(shape, value, visit);
            }
        }
        _ => {}
    }
}
