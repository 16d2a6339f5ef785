//! Reads what a stack owns, names, adopts and looks up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::join_all;
use trueup_model::kind::{Kind, Unique};
use trueup_model::snapshot::{Facts, Live, Snapshot, Unreadable, Wanted};
use trueup_model::stack::{By, Existing};
use trueup_model::{Address, KindName, Value};
use trueup_provider::{Call, Failure, FailureClass, Host};

use super::{Sim, Sort, action, text};
use crate::chance::hex;
use crate::service::Service;

/// How many parameters `ssm:GetParameters` takes.
const PARAMETERS_A_CALL: usize = 10;

/// What one read of a kind gave.
type Answer = Result<Vec<Found>, Failure>;

/// A resource, and whether it is the account's default one.
#[derive(Clone)]
struct Found {
    live: Live,
    default: bool,
}

impl Sim {
    pub(super) async fn observe_all(
        &self,
        host: &dyn Host,
        wanted: &Wanted,
    ) -> Result<Snapshot, Failure> {
        let calls = AtomicU32::new(0);
        let kinds: Vec<&Kind> = self.catalog.kinds().collect();
        let reads = kinds.iter().map(|kind| self.read_kind(host, kind, &calls));
        let (answers, facts) =
            futures::join!(join_all(reads), self.read_parameters(host, wanted, &calls));
        let mut snapshot = Snapshot { facts: facts?, ..Snapshot::default() };
        let mut found = Vec::new();
        for (kind, answer) in kinds.into_iter().zip(answers) {
            match answer {
                Ok(resources) => found.extend(resources),
                Err(failure) if is_hopeless(&failure) => return Err(failure),
                Err(failure) => snapshot.unreadable.push(unreadable(kind, None, &failure)),
            }
        }
        for existing in &wanted.existing {
            self.look_up(existing, &found, &mut snapshot);
        }
        snapshot.resources = self.relevant(wanted, &found);
        if let Some(how) = wanted.around {
            let others = self.others(&found, &snapshot);
            let around = self.read_around(host, how, &snapshot, others, &calls).await?;
            snapshot.around = Some(around);
        }
        {
            let state = self.lock();
            snapshot.account.clone_from(&state.world.account);
            snapshot.region.clone_from(&state.world.region);
        }
        snapshot.calls = calls.into_inner();
        Ok(snapshot)
    }

    /// Everything of a kind, page by page.
    async fn read_kind(&self, host: &dyn Host, kind: &Kind, calls: &AtomicU32) -> Answer {
        let call = Call::read(action(kind, Sort::Read));
        let size = self.options.page_size.max(1);
        let mut found: Vec<Found> = Vec::new();
        // Pages go by the last id, so that what comes and goes between them hides nothing else.
        let mut last: Option<String> = None;
        loop {
            let page = self.call(host, call, |service| {
                calls.fetch_add(1, Ordering::Relaxed);
                read_page(service, kind, last.as_deref(), size)
            });
            let (page, next) = page.await?;
            found.extend(page);
            match next {
                Some(next) => last = Some(next),
                None => return Ok(found),
            }
        }
    }

    async fn read_parameters(
        &self,
        host: &dyn Host,
        wanted: &Wanted,
        calls: &AtomicU32,
    ) -> Result<Facts, Failure> {
        let mut facts = Facts::default();
        for names in wanted.parameters.chunks(PARAMETERS_A_CALL) {
            let read = self.call(host, Call::read("ssm:GetParameters"), |service| {
                calls.fetch_add(1, Ordering::Relaxed);
                let known =
                    names.iter().filter_map(|name| Some((name.clone(), parameter(service, name)?)));
                Ok(known.collect::<BTreeMap<_, _>>())
            });
            facts.parameters.extend(read.await?);
        }
        Ok(facts)
    }

    /// What the stack owns, what stands under a name that it wants, and what it adopts.
    fn relevant(&self, wanted: &Wanted, found: &[Found]) -> Vec<Live> {
        let is_ours = |live: &Live| live.is_owned_by(&wanted.stack);
        let vpcs: Vec<&str> = found
            .iter()
            .filter(|found| found.live.kind == *"vpc" && is_ours(&found.live))
            .map(|found| found.live.id.as_str())
            .collect();
        let is_expected = |live: &Live| {
            let Some(kind) = self.catalog.get(live.kind.as_str()) else { return false };
            let name = kind.naming.and_then(|naming| text(&live.attributes, naming.attribute));
            let here = kind.naming.is_some_and(|naming| naming.unique != Unique::Vpc)
                || text(&live.attributes, "vpc").is_some_and(|vpc| vpcs.contains(&vpc));
            wanted.expected.iter().filter(|expected| expected.address.kind == live.kind).any(
                |expected| {
                    expected.adopt.as_deref() == Some(live.id.as_str())
                        || (here && name.is_some() && expected.name.as_deref() == name)
                },
            )
        };
        let relevant =
            found.iter().filter(|found| is_ours(&found.live) || is_expected(&found.live));
        relevant.map(|found| found.live.clone()).collect()
    }

    /// What decides in networks and is not in the snapshot yet.
    fn others(&self, found: &[Found], snapshot: &Snapshot) -> Vec<Live> {
        let known: BTreeSet<(&str, &str)> = snapshot
            .resources
            .iter()
            .chain(snapshot.existing.values())
            .map(|live| (live.kind.as_str(), live.id.as_str()))
            .collect();
        let databases = snapshot.existing.values().filter(|live| live.kind == *"db_instance");
        let groups: Vec<&Value> =
            databases.map(|live| live.get_attribute("subnet_group")).collect();
        let decides = |live: &&Live| match live.kind.as_str() {
            "db_subnet_group" => groups.iter().any(|group| group.as_str() == Some(&live.id)),
            kind => self.catalog.get(kind).is_some_and(Self::is_around),
        };
        let others = found.iter().map(|found| &found.live).filter(decides);
        let others = others.filter(|live| !known.contains(&(live.kind.as_str(), live.id.as_str())));
        others.cloned().collect()
    }

    fn look_up(&self, existing: &Existing, found: &[Found], snapshot: &mut Snapshot) {
        let Some(kind) = self.catalog.get(existing.address.kind.as_str()) else {
            return self.look_up_around(existing, snapshot);
        };
        let fits = |candidate: &&Found| {
            candidate.live.kind == existing.address.kind && is_meant(kind, &existing.by, candidate)
        };
        let matches: Vec<&Found> = found.iter().filter(fits).collect();
        match matches.as_slice() {
            [] => {}
            [one] => {
                snapshot.existing.insert(existing.address.clone(), one.live.clone());
            }
            several => {
                let message = format!("{} resources match, not one", several.len());
                let failure = Failure::new(FailureClass::Invalid, message);
                let address = Some(existing.address.clone());
                snapshot.unreadable.push(unreadable(kind, address, &failure));
            }
        }
    }
}

fn read_page(
    service: &mut Service<'_>,
    kind: &Kind,
    after: Option<&str>,
    size: usize,
) -> Result<(Vec<Found>, Option<String>), Failure> {
    let rest = service
        .world
        .of_kind(kind.name)
        .filter(|item| after.is_none_or(|after| item.id.as_str() > after));
    let rest: Vec<(String, bool)> =
        rest.take(size + 1).map(|item| (item.id.clone(), item.default)).collect();
    let next = (rest.len() > size).then(|| rest[size - 1].0.clone());
    let mut page = Vec::new();
    for (id, default) in rest.into_iter().take(size) {
        page.extend(service.read(kind.name, &id)?.map(|live| Found { live, default }));
    }
    Ok((page, next))
}

fn is_meant(kind: &Kind, by: &By, candidate: &Found) -> bool {
    let Found { live, default } = candidate;
    match by {
        By::Id(id) => {
            live.id == *id || live.outputs.values().any(|value| value.as_str() == Some(id.as_str()))
        }
        By::Name(name) => {
            let attribute = kind.naming.and_then(|naming| text(&live.attributes, naming.attribute));
            attribute == Some(name.as_str()) || live.tags.get("Name") == Some(name)
        }
        By::Tags(tags) => tags.iter().all(|(key, value)| live.tags.get(key) == Some(value)),
        By::Default => *default,
        By::Stack { stack, address } => {
            live.is_owned_by(stack) && live.ownership.address.as_ref() == Some(address)
        }
    }
}

/// The value of a public parameter: made up from its name, unless the world has another.
fn parameter(service: &Service<'_>, name: &str) -> Option<String> {
    let world = &service.world;
    if let Some(value) = world.parameters.get(name) {
        return Some(value.clone());
    }
    let public = name.starts_with("/aws/service/");
    public.then(|| format!("ami-{}", hex(world.seed, &["parameter", name], 17)))
}

/// Whether a failure makes all other answers worthless too.
pub(super) fn is_hopeless(failure: &Failure) -> bool {
    matches!(failure.class, FailureClass::Credentials | FailureClass::Interrupted)
}

fn unreadable(kind: &Kind, address: Option<Address>, failure: &Failure) -> Unreadable {
    Unreadable { address, ..unreadable_of(kind.name, action(kind, Sort::Read), failure) }
}

/// Everything of a kind as something that could not be read.
pub(super) fn unreadable_of(kind: &str, action: &str, failure: &Failure) -> Unreadable {
    let action = if failure.action.is_empty() { action } else { &failure.action };
    let code = failure.code.as_deref().map(|code| format!("{code}: ")).unwrap_or_default();
    Unreadable {
        kind: KindName::from(kind.to_owned()),
        address: None,
        action: action.to_owned(),
        message: format!("{code}{}", failure.message),
    }
}
