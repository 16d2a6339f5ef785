//! Which live resource is which resource of the stack: by its ownership tags, by its former
//! address, by the id to adopt, and by nothing else.

use std::collections::{BTreeMap, HashMap};

use trueup_model::expression::Expression;
use trueup_model::kind::Unique;
use trueup_model::plan::WhyNot;
use trueup_model::{Address, Diagnostic, Live, Resource, Value};

use crate::departures::known_as;
use crate::former::moved_from;
use crate::index::{Index, LiveId, ResourceId};
use crate::{Input, Mode};

/// What was found for every resource, and what no resource claims.
pub(crate) struct Matching {
    pub(crate) of: Vec<Match>,
    /// What the stack owns and no longer names, or all that it owns when it is destroyed.
    pub(crate) leaving: Vec<LiveId>,
    /// The resource that each live one was found for.
    pub(crate) claimants: Vec<Option<ResourceId>>,
    pub(crate) findings: Vec<Diagnostic>,
}

/// What was found for one resource.
#[derive(Debug)]
pub(crate) enum Match {
    /// It was looked for and is not there.
    Absent,
    /// It is there; more than once when a replacement was interrupted.
    Present { candidates: Vec<LiveId>, how: How },
    /// It cannot be planned, and so nothing that depends on it.
    Blocked(WhyNot),
}

/// By what a resource was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum How {
    Owned,
    Moved(Address),
    Adopted,
}

impl Matching {
    pub(crate) fn new(input: &Input<'_>, index: &Index<'_>) -> Self {
        let unreadable = Unreadable::new(input);
        let mut findings = Vec::new();
        let mut claimants = vec![None; index.lives.len()];
        let mut of = Vec::with_capacity(index.resources.len());
        for id in 0..index.resources.len() {
            let found = unreadable
                .blocks(index.resources[id])
                .unwrap_or_else(|| find(input, index, id, &mut findings));
            if let Match::Present { candidates, .. } = &found {
                for live in candidates {
                    claimants[*live] = Some(id);
                }
            }
            // Whatever it is, somebody wants it to stay.
            let adopted = index.resources[id].adopt.as_ref().filter(|_| !is_destroyed(input));
            let kind = index.resources[id].address.kind.as_str();
            if let Some(live) = adopted.and_then(|adopted| index.live_by_id(kind, adopted)) {
                claimants[live].get_or_insert(id);
            }
            of.push(found);
        }
        if !is_destroyed(input) {
            block_rivals(index, &mut of, &mut findings);
        }
        let leaving = leaving(input, index, &claimants, &mut findings);
        Self { of, leaving, claimants, findings }
    }
}

/// What the snapshot could not read, by address and by kind.
struct Unreadable<'a> {
    addresses: HashMap<&'a Address, String>,
    kinds: HashMap<&'a str, String>,
}

impl<'a> Unreadable<'a> {
    fn new(input: &Input<'a>) -> Self {
        let mut unreadable = Self { addresses: HashMap::new(), kinds: HashMap::new() };
        for failed in &input.snapshot.unreadable {
            let message = format!("{}: {}", failed.action, failed.message);
            match &failed.address {
                Some(address) => unreadable.addresses.insert(address, message),
                None => unreadable.kinds.insert(failed.kind.as_str(), message),
            };
        }
        unreadable
    }

    fn blocks(&self, resource: &Resource) -> Option<Match> {
        let addresses = [Some(&resource.address), resource.moved_from.as_ref()];
        let by_address = addresses.into_iter().flatten().find_map(|a| self.addresses.get(a));
        let message = by_address.or_else(|| self.kinds.get(resource.address.kind.as_str()))?;
        Some(Match::Blocked(WhyNot::Unreadable { message: message.clone() }))
    }
}

fn find(
    input: &Input<'_>,
    index: &Index<'_>,
    id: ResourceId,
    findings: &mut Vec<Diagnostic>,
) -> Match {
    let resource = index.resources[id];
    if index.kinds[id].is_none() {
        let message = format!("the kind '{}' is not known", resource.address.kind);
        findings.push(Diagnostic::error("unknown-kind", &message).at(resource.location.clone()));
        return Match::Blocked(WhyNot::Faulty { message });
    }
    let owned = index.owned(&resource.address);
    if !owned.is_empty() {
        return ours(index, owned, How::Owned);
    }
    let former = resource.moved_from.as_ref().filter(|from| index.resource(from).is_none());
    if let Some(from) = former {
        let owned = index.owned(from);
        if !owned.is_empty() {
            return ours(index, owned, How::Moved(from.clone()));
        }
    }
    match &resource.adopt {
        // What was adopted carries our tags; what does not is no business of a destroy.
        Some(_) if is_destroyed(input) => Match::Absent,
        Some(physical) => adopt(input, index, resource, physical, findings),
        None => in_its_place(input, index, id, findings).unwrap_or_else(|| {
            findings.extend(was_nothing(input, index, resource));
            Match::Absent
        }),
    }
}

/// That a resource is made although the stack says that it was something else before. In an account
/// where the stack has nothing yet, everything is made.
fn was_nothing(input: &Input<'_>, index: &Index<'_>, resource: &Resource) -> Option<Diagnostic> {
    let from = resource.moved_from.as_ref().filter(|_| !is_destroyed(input))?;
    index.lives.iter().find(|live| live.is_owned_by(&input.stack.name))?;
    let message = format!("{} is created: nothing of this stack is at {from}", resource.address);
    let finding = Diagnostic::warning("moved-from-nothing", message);
    Some(
        finding.at(resource.place("moved_from")).help(
            "'trueup show' lists the addresses there are; leave 'moved_from' out of what is new",
        ),
    )
}

/// One thing can only be one resource: of those that want the same one, none gets it.
fn block_rivals(index: &Index<'_>, of: &mut [Match], findings: &mut Vec<Diagnostic>) {
    let mut claims: BTreeMap<LiveId, Vec<ResourceId>> = BTreeMap::new();
    for (id, found) in of.iter().enumerate() {
        if let Match::Present { candidates, .. } = found {
            for live in candidates {
                claims.entry(*live).or_default().push(id);
            }
        }
    }
    for (live, rivals) in claims.into_iter().filter(|(_, rivals)| rivals.len() > 1) {
        let names: Vec<String> =
            rivals.iter().map(|id| index.resources[*id].address.to_string()).collect();
        let known = known_as(index.lives[live]);
        let message = format!("{} claim the same: {known}", names.join(" and "));
        for id in &rivals {
            let resource = index.resources[*id];
            let field = match &of[*id] {
                Match::Present { how: How::Adopted, .. } => "adopt",
                _ => "moved_from",
            };
            let help = format!("leave '{field}' with one of them, and take it out of the rest");
            findings.push(
                Diagnostic::error("claimed-by-several", message.as_str())
                    .at(resource.place(field))
                    .help(help),
            );
            of[*id] = Match::Blocked(WhyNot::Faulty { message: message.clone() });
        }
    }
}

/// What carries our tags, unless another tool owns it too: then nobody should fight over it.
fn ours(index: &Index<'_>, candidates: Vec<LiveId>, how: How) -> Match {
    let mut contested = candidates.iter().map(|id| index.lives[*id]);
    match contested.find(|live| live.ownership.other.is_some()) {
        Some(live) => not_ours(live),
        None => Match::Present { candidates, how },
    }
}

fn adopt(
    input: &Input<'_>,
    index: &Index<'_>,
    resource: &Resource,
    physical: &str,
    findings: &mut Vec<Diagnostic>,
) -> Match {
    let Some(id) = index.live_by_id(resource.address.kind.as_str(), physical) else {
        let message = format!("'{physical}', which it should adopt, does not exist");
        let fault = Diagnostic::error("adopt-missing", format!("{}: {message}", resource.address));
        findings.push(
            fault
                .at(resource.place("adopt"))
                .help("write the id of something that exists")
                .help("or leave 'adopt' out, and it is created"),
        );
        return Match::Blocked(WhyNot::Faulty { message });
    };
    let live = index.lives[id];
    if live.ownership.other.is_some() || live.ownership.stack.is_some() {
        let owner = owner(live).unwrap_or_default();
        let message = format!("{} cannot adopt '{physical}': {owner} owns it", resource.address);
        let mut fault = Diagnostic::error("adopt-owned", message).at(resource.place("adopt"));
        if let Some(former) =
            live.ownership.address.as_ref().filter(|_| live.is_owned_by(&input.stack.name))
        {
            let instead = moved_from(&resource.address, former);
            fault = fault.help(format!("it is {former} of this stack: write '{instead}'"));
        }
        findings.push(fault);
        return not_ours(live);
    }
    Match::Present { candidates: vec![id], how: How::Adopted }
}

/// Something that is not ours and has the physical name that ours should have.
fn in_its_place(
    input: &Input<'_>,
    index: &Index<'_>,
    id: ResourceId,
    findings: &mut Vec<Diagnostic>,
) -> Option<Match> {
    let resource = index.resources[id];
    let naming = index.kinds[id]?.naming?;
    let name = resource.known(naming.attribute)?.as_str()?;
    let named = index.named(resource.address.kind.as_str(), name);
    let live = named.iter().map(|id| index.lives[*id]).find(|live| {
        let ours = live.is_owned_by(&input.stack.name) && live.ownership.address.is_some();
        !ours && (naming.unique != Unique::Vpc || same_vpc(input, index, resource, live))
    })?;
    let message =
        format!("{}: '{name}' exists and was not made under this address", resource.address);
    let mut finding = Diagnostic::warning("not-ours", message).at(resource.location.clone());
    finding = match owner(live) {
        _ if live.is_owned_by(&input.stack.name) => {
            finding.help("it carries this stack's tag, but its 'trueup:address' cannot be read")
        }
        Some(owner) => finding.help(format!("it belongs to {owner}: choose another name")),
        None => finding.help(format!("if it should be of this stack, write 'adopt: {}'", live.id)),
    };
    findings.push(finding);
    Some(not_ours(live))
}

/// Whether something stands in the VPC that the resource names. A VPC that does not exist yet
/// holds nothing.
fn same_vpc(input: &Input<'_>, index: &Index<'_>, resource: &Resource, live: &Live) -> bool {
    let theirs = live.attributes.get("vpc").and_then(Value::as_str);
    match resource.attributes.get("vpc") {
        Some(Expression::Value(ours)) => ours.as_str() == theirs,
        Some(Expression::Reference(vpc)) if vpc.existing => {
            let existing = input.snapshot.existing.get(&vpc.to);
            existing.is_some_and(|existing| existing.get(&vpc.attribute).as_str() == theirs)
        }
        Some(Expression::Reference(vpc)) => {
            let owned = index.owned(&vpc.to);
            owned.iter().any(|id| index.lives[*id].get(&vpc.attribute).as_str() == theirs)
        }
        _ => false,
    }
}

fn not_ours(live: &Live) -> Match {
    Match::Blocked(WhyNot::NotOurs { id: live.id.clone(), owner: owner(live) })
}

fn owner(live: &Live) -> Option<String> {
    let stack = live.ownership.stack.as_ref().map(|stack| format!("the trueup stack {stack}"));
    live.ownership.other.clone().or(stack)
}

fn leaving(
    input: &Input<'_>,
    index: &Index<'_>,
    claimants: &[Option<ResourceId>],
    findings: &mut Vec<Diagnostic>,
) -> Vec<LiveId> {
    let mut leaving = Vec::new();
    for (id, live) in index.lives.iter().enumerate() {
        let spoken_for = claimants[id].is_some() && input.options.mode == Mode::Apply;
        if !live.is_owned_by(&input.stack.name) || spoken_for {
            continue;
        }
        match &live.ownership.address {
            None => {
                findings.push(unclear(live, "its tag 'trueup:address' is missing or unreadable"));
            }
            Some(address) if address.kind != live.kind => {
                let why = format!("its tag 'trueup:address' says {address}, which is another kind");
                findings.push(unclear(live, &why));
            }
            Some(_) if index.live_kinds[id].is_none() => {
                findings.push(unclear(live, "this version does not know its kind"));
            }
            // It is ours and blocked for another reason, which is told there.
            Some(address) if index.resource(address).is_some() && !is_destroyed(input) => {}
            Some(_) if live.ownership.other.is_some() => {
                findings.push(unclear(live, "another tool owns it too"));
            }
            Some(_) => leaving.push(id),
        }
    }
    leaving
}

fn is_destroyed(input: &Input<'_>) -> bool {
    input.options.mode == Mode::Destroy
}

fn unclear(live: &Live, why: &str) -> Diagnostic {
    let message =
        format!("{} '{}' carries this stack's tag and is left alone: {why}", live.kind, live.id);
    Diagnostic::warning("unclear-ownership", message)
        .help("delete it by hand, or take its 'trueup:' tags off")
}
