//! Which VPC a resource leads to, over any number of references.

use std::collections::{BTreeSet, HashMap};

use trueup_model::kind::Which;
use trueup_model::{Kind, Type, Value};

use crate::Input;
use crate::graph::is_late;
use crate::index::{Index, LiveId, ResourceId, for_each_reference_type};

/// The one kind that the planner knows by name: [`Which::SameVpc`] does.
const VPC: &str = "vpc";

/// The VPCs of the resources whose kinds have an order within a VPC.
pub(crate) struct Vpcs<'a> {
    of: HashMap<ResourceId, BTreeSet<String>>,
    in_vpc: HashMap<(&'a str, String), Vec<ResourceId>>,
}

impl<'a> Vpcs<'a> {
    pub(crate) fn new(input: &Input<'a>, index: &Index<'a>) -> Self {
        let mut vpcs = Self { of: HashMap::new(), in_vpc: HashMap::new() };
        let concerned = concerned_kinds(index.kinds.iter().copied());
        for (id, resource) in index.resources.iter().enumerate() {
            if !concerned.contains(resource.address.kind.as_str()) {
                continue;
            }
            let found = of_resource(input, index, id);
            for vpc in &found {
                let kind = resource.address.kind.as_str();
                vpcs.in_vpc.entry((kind, vpc.clone())).or_default().push(id);
            }
            vpcs.of.insert(id, found);
        }
        vpcs
    }

    /// The resources of a kind that share a VPC with a resource.
    pub(crate) fn together(&self, kind: &'a str, id: ResourceId) -> Vec<ResourceId> {
        let vpcs = self.of.get(&id).into_iter().flatten();
        let together = vpcs.filter_map(|vpc| self.in_vpc.get(&(kind, vpc.clone()))).flatten();
        together.copied().collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// The kinds that an order within a VPC names on either side.
pub(crate) fn concerned_kinds<'a>(
    kinds: impl Iterator<Item = Option<&'a Kind>>,
) -> BTreeSet<&'a str> {
    let mut concerned = BTreeSet::new();
    for kind in kinds.flatten() {
        for after in kind.after.iter().filter(|after| after.which == Which::SameVpc) {
            concerned.insert(kind.name);
            concerned.insert(after.kind);
        }
    }
    concerned
}

/// The VPCs that a resource of the stack leads to, by physical id where it exists, else by
/// address.
fn of_resource(input: &Input<'_>, index: &Index<'_>, id: ResourceId) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::from([id]);
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        let resource = index.resources[id];
        let Some(kind) = index.kinds[id] else { continue };
        found.extend(written_ids(kind, &|name| resource.known(name)));
        let uses = resource.references.iter().map(|used| (used.attribute.as_str(), &used.to));
        let unfolded = resource.attributes.iter();
        let unfolded =
            unfolded.flat_map(|(n, e)| e.references().into_iter().map(move |r| (n.as_str(), r)));
        for (_, reference) in uses.chain(unfolded).filter(|(name, _)| !is_late(kind, name)) {
            if reference.existing {
                let existing = input.snapshot.existing.get(&reference.to);
                found.extend(existing.filter(|live| live.kind == VPC).map(|live| live.id.clone()));
                found.extend(
                    existing.and_then(|live| Some(live.attributes.get(VPC)?.as_str()?.to_owned())),
                );
                continue;
            }
            for other in index.instances(&reference.to) {
                if index.resources[other].address.kind == VPC {
                    found.insert(vpc_of_stack(index, other));
                } else if seen.insert(other) {
                    open.push(other);
                }
            }
        }
    }
    found
}

fn vpc_of_stack(index: &Index<'_>, id: ResourceId) -> String {
    let address = &index.resources[id].address;
    match index.owned(address).as_slice() {
        [live, ..] => index.lives[*live].id.clone(),
        [] => address.to_string(),
    }
}

/// The VPCs that a live resource leads to.
pub(crate) fn of_live(index: &Index<'_>, id: LiveId) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::from([id]);
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        let live = index.lives[id];
        let Some(kind) = index.live_kinds[id] else { continue };
        found.extend(written_ids(kind, &|name| live.attributes.get(name)));
        for used in index.uses[id].iter().filter(|used| !kind.attributes[used.attribute].late) {
            if index.lives[used.to].kind != VPC && seen.insert(used.to) {
                open.push(used.to);
            }
        }
    }
    found
}

/// The VPCs that attributes name by their physical ids.
fn written_ids<'v>(kind: &Kind, value: &dyn Fn(&str) -> Option<&'v Value>) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in kind.attributes.iter().filter(|attribute| names_vpc(&attribute.ty)) {
        found.extend(value(attribute.name).and_then(Value::as_str).map(str::to_owned));
    }
    found
}

fn names_vpc(ty: &Type) -> bool {
    let mut found = false;
    for_each_reference_type(ty, &mut |reference| found |= reference.kinds.contains(&VPC));
    found
}
