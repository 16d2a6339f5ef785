//! What exists at one moment: what AWS has, and what steps of a plan have made of it.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::expression::{Expressions, Reference};
use trueup_model::snapshot::around;
use trueup_model::{Address, KindName, Live, Operation, Plan, Resource, Snapshot, Stack, Step};
use trueup_model::{StepId, Target, Value};

use super::piece::Piece;

/// The name of an element: its address, `existing.vpc.main`, or its physical id where the stack
/// does not know it. What is being replaced has both.
pub(super) type Name = String;

/// What exists at one moment.
pub(super) struct World<'a> {
    elements: BTreeMap<Name, Element<'a>>,
    /// Names by kind and anything that AWS calls the element by.
    physical: BTreeMap<&'a str, BTreeMap<&'a str, Name>>,
    /// Everything at an address: during a replacement there are two.
    at: BTreeMap<Address, Vec<Name>>,
    /// What is looked up, by its address in `existing`: under that name, or the one that it has here.
    looked_up: BTreeMap<Address, Name>,
    /// Whether what surrounds the stack in its networks was read.
    pub(super) is_whole: bool,
}

/// One thing that exists.
#[derive(Clone)]
pub(super) struct Element<'a> {
    pub(super) kind: &'a KindName,
    /// What the stack says of it, if it is of the stack.
    pub(super) resource: Option<&'a Resource>,
    /// How AWS has it; none if a step makes it.
    pub(super) live: Option<&'a Live>,
    /// Whether it is looked up and not of this stack.
    existing: bool,
    /// Whether it only surrounds the stack in its networks.
    pub(super) around: bool,
    /// What a step makes of it.
    wish: Option<&'a Expressions>,
    address: Option<Address>,
    /// The step that makes it.
    step: Option<StepId>,
    /// The last step that made or changed it.
    last: Option<StepId>,
}

impl<'a> World<'a> {
    /// What AWS has after the steps that are `done`.
    pub(super) fn after(
        stack: &'a Stack,
        snapshot: &'a Snapshot,
        plan: &'a Plan,
        done: &dyn Fn(&Step) -> bool,
    ) -> Self {
        let mut elements = live(stack, snapshot, plan);
        for step in plan.steps.iter().filter(|step| done(step)) {
            carry_out(step, stack, &mut elements);
        }
        let mut world = Self {
            elements: BTreeMap::new(),
            physical: BTreeMap::new(),
            at: BTreeMap::new(),
            looked_up: BTreeMap::new(),
            is_whole: snapshot.around.is_some(),
        };
        // What was made last has the address alone; what it replaces is named with its id until it is gone.
        elements.sort_by_key(|element| std::cmp::Reverse(element.step));
        for element in elements {
            world.add(element);
        }
        let around = snapshot.around.iter().flat_map(|around| &around.resources);
        let mut around: Vec<&Live> = around.collect();
        for (address, live) in &snapshot.existing {
            // More is read of what surrounds the stack than finding it takes.
            let is_it = |other: &&Live| other.kind == live.kind && other.id == live.id;
            let is_only_found = around::LOOKED_UP.contains(&live.kind.as_str());
            let known = around.iter().copied().filter(|_| is_only_found).find(is_it);
            world.add_existing(address, known.unwrap_or(live));
        }
        // What others are in comes first.
        let order = |live: &&Live| match live.kind.as_str() {
            "vpc" => 0,
            "subnet" => 1,
            _ => 2,
        };
        around.sort_by_key(order);
        for live in around {
            world.add_around(live);
        }
        world
    }

    /// What surrounds the stack, as long as the network that it is in is there.
    fn add_around(&mut self, live: &'a Live) {
        if self.physical(live.kind.as_str(), &live.id).is_some() {
            return;
        }
        let within = |kind: &str, attribute: &str| {
            let named = live.get_attribute(attribute).as_str();
            named.is_none_or(|id| self.physical(kind, id).is_some())
        };
        if within("vpc", "vpc") && within("subnet", "subnet") {
            self.add(Element {
                kind: &live.kind,
                resource: None,
                live: Some(live),
                existing: false,
                around: true,
                wish: None,
                address: None,
                step: None,
                last: None,
            });
        }
    }

    fn add(&mut self, element: Element<'a>) {
        let id = element.live.map(|live| live.id.as_str());
        let id = id.unwrap_or("?");
        let name = match &element.address {
            Some(address) if !self.at.contains_key(address) => address.to_string(),
            Some(address) => format!("{address} ({id})"),
            // A database and its subnet group may have the same name.
            None if self.elements.contains_key(id) => format!("{} {id}", element.kind),
            None => id.to_owned(),
        };
        if let Some(address) = &element.address {
            self.at.entry(address.clone()).or_default().push(name.clone());
        }
        self.insert(name, element);
    }

    fn add_existing(&mut self, address: &Address, live: &'a Live) {
        if let Some(name) = self.physical(live.kind.as_str(), &live.id).cloned() {
            self.looked_up.insert(address.clone(), name);
            return;
        }
        let name = existing_name(address);
        self.looked_up.insert(address.clone(), name.clone());
        let element = Element {
            kind: &live.kind,
            resource: None,
            live: Some(live),
            existing: true,
            around: false,
            wish: None,
            address: None,
            step: None,
            last: None,
        };
        self.insert(name, element);
    }

    fn insert(&mut self, name: Name, element: Element<'a>) {
        let kind = element.kind.as_str();
        let made = element.live.into_iter().flat_map(|live| {
            let outputs = live.outputs.values().filter_map(Value::as_str);
            outputs.chain([live.id.as_str()])
        });
        // A name that is known before the thing is made, where AWS calls it by that.
        let wished = element.wish.and_then(|wish| wish.get("name")?.known()?.as_str());
        for text in made.chain(wished) {
            let named = self.physical.entry(kind).or_default();
            named.entry(text).or_insert_with(|| name.clone());
        }
        self.elements.insert(name, element);
    }

    /// Everything of a kind, in order of name.
    pub(super) fn of_kind<'w>(
        &'w self,
        kind: &'w str,
    ) -> impl Iterator<Item = (&'w Name, &'w Element<'a>)> {
        self.elements.iter().filter(move |(_, element)| *element.kind == *kind)
    }

    /// How many elements there are.
    pub(super) fn len(&self) -> usize {
        self.elements.len()
    }

    /// The element of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Element<'a>> {
        self.elements.get(name)
    }

    /// Everything at an address, or of a family.
    pub(super) fn at(&self, address: &Address) -> Vec<Name> {
        let here = |found: &Address| {
            found == address || (address.key.is_none() && found.is_instance_of(address))
        };
        let found = self.at.iter().filter(|(found, _)| here(found));
        found.flat_map(|(_, names)| names.iter().cloned()).collect()
    }

    /// What is looked up under an address, if it was found.
    pub(super) fn existing(&self, address: &Address) -> Option<&Name> {
        self.looked_up.get(address)
    }

    /// What a reference means: the newest at its address, or each of a family.
    pub(super) fn referred(&self, reference: &Reference) -> Vec<Name> {
        if reference.existing {
            return self.existing(&reference.to).cloned().into_iter().collect();
        }
        if let Some(names) = self.at.get(&reference.to) {
            return names.first().cloned().into_iter().collect();
        }
        if reference.to.key.is_some() {
            return Vec::new();
        }
        let family = self.at.iter().filter(|(found, _)| found.is_instance_of(&reference.to));
        family.filter_map(|(_, names)| names.first().cloned()).collect()
    }

    /// The element of a kind that AWS calls by this text.
    pub(super) fn physical(&self, kind: &str, text: &str) -> Option<&Name> {
        self.physical.get(kind)?.get(text)
    }
}

impl<'a> Element<'a> {
    /// An attribute, as a step makes it or else as AWS has it.
    pub(super) fn get(&self, name: &str) -> Piece<'a> {
        let wished = self.wish.and_then(|wish| wish.get(name)).map(Piece::of);
        let live = || self.live.and_then(|live| live.attributes.get(name)).map(Piece::Value);
        wished.or_else(live).unwrap_or(Piece::Value(&Value::Null))
    }

    /// Whether a step makes or changes it, and ends when it is ready.
    pub(super) fn has_step(&self) -> bool {
        self.wish.is_some()
    }

    /// The last step that made or changed it; none if it is as it was read.
    pub(super) fn last_step(&self) -> Option<StepId> {
        self.last
    }

    /// Whether others furnished it before the stack knew it: what belongs to it was not all read.
    pub(super) fn is_furnished(&self) -> bool {
        self.existing || self.resource.is_some_and(|resource| resource.adopt.is_some())
    }

    /// What AWS made, where that is known.
    pub(super) fn output(&self, name: &str) -> Option<&'a str> {
        self.live.and_then(|live| live.outputs.get(name)).and_then(Value::as_str)
    }
}

/// What something that is looked up is called.
pub(super) fn existing_name(address: &Address) -> Name {
    format!("existing.{address}")
}

/// Everything that was read and that is or was of the stack, or stands in its way.
fn live<'a>(stack: &'a Stack, snapshot: &'a Snapshot, plan: &Plan) -> Vec<Element<'a>> {
    let changes = plan.changes.iter();
    let planned: BTreeMap<(&KindName, &str), &Address> = changes
        .filter_map(|change| Some(((&change.kind, change.id.as_deref()?), &change.address)))
        .collect();
    let mut taken: BTreeSet<&Address> = planned.values().copied().collect();
    let mut elements = Vec::new();
    for live in &snapshot.resources {
        let address = planned.get(&(&live.kind, live.id.as_str())).copied().or_else(|| {
            let own = live.ownership.address.as_ref().filter(|_| live.is_owned_by(&stack.name));
            own.filter(|address| taken.insert(address))
        });
        elements.push(Element {
            kind: &live.kind,
            resource: address.and_then(|address| stack.resources.get(address)),
            live: Some(live),
            existing: false,
            around: false,
            wish: None,
            address: address.cloned(),
            step: None,
            last: None,
        });
    }
    elements
}

fn carry_out<'a>(step: &'a Step, stack: &'a Stack, elements: &mut Vec<Element<'a>>) {
    let is = |element: &Element<'_>, id: &str| {
        *element.kind == step.kind && element.live.is_some_and(|live| live.id == id)
    };
    match &step.operation {
        Operation::Create { attributes, .. } => elements.push(Element {
            kind: &step.kind,
            resource: stack.resources.get(&step.address),
            live: None,
            existing: false,
            around: false,
            wish: Some(attributes),
            address: Some(step.address.clone()),
            step: Some(step.id),
            last: Some(step.id),
        }),
        Operation::Update { target, attributes, .. } => {
            let target = elements.iter_mut().find(|element| match target {
                Target::Id(id) => is(element, id),
                Target::Step(made) => element.step == Some(*made),
            });
            if let Some(element) = target {
                element.wish = Some(attributes);
                element.last = Some(step.id);
            }
        }
        Operation::Delete { before, .. } => elements.retain(|element| !is(element, &before.id)),
        Operation::Forget { .. } => {}
    }
}
