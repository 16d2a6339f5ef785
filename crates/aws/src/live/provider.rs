//! The provider over the official SDK: spreads work over the kinds.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::{OptionFuture, join_all};
use tokio::sync::OnceCell;
use trueup_model::KindName;
use trueup_model::snapshot::around::LOOKED_UP;
use trueup_model::snapshot::{Facts, Live, Snapshot, Unreadable, Wanted};
use trueup_provider::{
    Call, Create, Delete, Failure, FailureClass, Host, Identity, LeaseStore, Limits, Provider,
    Until, Update,
};

use super::session::{Clients, ReadSource, Session};
use super::strangers::{Known, Strangers};
use super::tagging::Tagged;
use super::tags::{self, TagChange};
use super::{Calls, Met, Search, around};
use crate::services;

mod limits;

/// An account in one Region.
pub(crate) struct Aws {
    clients: Clients,
    region: String,
    account: OnceCell<Identity>,
    read_source: Arc<ReadSource>,
    known: Known,
    /// Every kind's name.
    kinds: Vec<&'static str>,
}

impl Aws {
    pub(crate) fn new(clients: Clients, region: String, read_source: Arc<ReadSource>) -> Self {
        let kinds = services::kinds().iter().map(|kind| kind.name).collect();
        Self {
            clients,
            region,
            account: OnceCell::new(),
            read_source,
            known: Known::default(),
            kinds,
        }
    }

    async fn who(&self, host: &dyn Host) -> Result<&Identity, Failure> {
        self.account
            .get_or_try_init(|| async {
                let tagged = Tagged::default();
                let session = self.session(host, "", &tagged);
                let answer = session
                    .call(Call::read("sts:GetCallerIdentity"), || {
                        self.clients.sts.get_caller_identity().send()
                    })
                    .await?;
                Ok(Identity {
                    account: answer.account().unwrap_or_default().to_owned(),
                    arn: answer.arn().unwrap_or_default().to_owned(),
                    region: self.region.clone(),
                })
            })
            .await
    }

    pub(super) fn session<'a>(
        &'a self,
        host: &'a dyn Host,
        account: &'a str,
        tagged: &'a Tagged,
    ) -> Session<'a> {
        Session {
            clients: &self.clients,
            host,
            region: &self.region,
            account,
            tagged,
            strangers: Strangers::default(),
            read_source: &self.read_source,
        }
    }

    async fn parameters(&self, aws: &Session<'_>, names: &[String]) -> Result<Facts, Failure> {
        /// The most names that `GetParameters` takes.
        const NAMES: usize = 10;
        let mut facts = Facts::default();
        for names in names.chunks(NAMES) {
            let answer = aws
                .call(Call::read("ssm:GetParameters"), || {
                    self.clients.ssm.get_parameters().set_names(Some(names.to_vec())).send()
                })
                .await?;
            for parameter in answer.parameters() {
                if let (Some(name), Some(value)) = (parameter.name(), parameter.value()) {
                    facts.parameters.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        Ok(facts)
    }
}

fn calls(kind: &KindName) -> Result<&'static dyn Calls, Failure> {
    services::calls(kind.as_str())
        .ok_or_else(|| Failure::new(FailureClass::Internal, format!("no calls for kind {kind}")))
}

#[async_trait]
impl Provider for Aws {
    async fn identity(&self, host: &dyn Host) -> Result<Identity, Failure> {
        self.who(host).await.cloned()
    }

    async fn observe(&self, host: &dyn Host, wanted: &Wanted) -> Result<Snapshot, Failure> {
        let tagged = Tagged::of(&wanted.stack);
        let unnamed = self.session(host, "", &tagged);
        let met = wanted.around.map(|_| Met::default());
        let searches = self.kinds.iter().map(|kind| discover(&unnamed, kind, wanted, met.as_ref()));
        let session = &unnamed;
        // What only sentences name is looked up where there are any.
        let is_wanted = |kind: &str| wanted.around.is_some() || !LOOKED_UP.contains(&kind);
        let wanted_of = wanted.existing.iter().filter(|one| is_wanted(one.address.kind.as_str()));
        let lookups = wanted_of
            .map(|existing| async move { (existing, around::find(session, existing).await) });
        let balancers = wanted.around.filter(|how| how.balancers && !how.everything);
        let (found, existing, facts, acls, balancers) = futures::join!(
            join_all(searches),
            join_all(lookups),
            self.parameters(&unnamed, &wanted.parameters),
            OptionFuture::from(wanted.around.map(|_| around::acls(&unnamed))),
            OptionFuture::from(balancers.map(|_| around::balancers(&unnamed))),
        );
        let mut snapshot =
            Snapshot { region: self.region.clone(), facts: facts?, ..Snapshot::default() };
        for (kind, found) in found {
            match found {
                Ok(resources) => snapshot.resources.extend(resources),
                Err(failure) if failure.class == FailureClass::Credentials => return Err(failure),
                Err(failure) => snapshot.unreadable.push(unreadable(kind, &failure)),
            }
        }
        for (existing, found) in existing {
            match found {
                Ok(Some(live)) => {
                    snapshot.existing.insert(existing.address.clone(), live);
                }
                Ok(None) => {}
                Err(failure) => {
                    let mut entry = unreadable(existing.address.kind.as_str(), &failure);
                    entry.address = Some(existing.address.clone());
                    snapshot.unreadable.push(entry);
                }
            }
        }
        // Only what the stack owns tells: what it looks up may be another account's, shared.
        let told = snapshot.resources.iter().find_map(account_of);
        snapshot.account = match (self.account.get(), told) {
            (Some(who), _) => who.account.clone(),
            (None, Some(account)) => account.to_owned(),
            (None, None) => self.who(host).await?.account.clone(),
        };
        if let (Some(how), Some(met), Some(acls)) = (wanted.around, met, acls) {
            let balancers = balancers.unwrap_or_else(|| Ok(Vec::new()));
            let seen = around::Seen { met: met.into_all(), acls, balancers };
            snapshot.around = Some(around::read(&unnamed, how, seen, &snapshot).await?);
        }
        for live in snapshot.resources.iter_mut().chain(snapshot.existing.values_mut()) {
            name_account(live, &snapshot.account);
        }
        self.known.note(snapshot.resources.iter().chain(snapshot.existing.values()));
        for calls in self.kinds.iter().filter_map(|kind| services::calls(kind)) {
            calls.reconcile(&mut snapshot);
        }
        Ok(snapshot)
    }

    async fn poll(
        &self,
        host: &dyn Host,
        kind: &KindName,
        ids: &[String],
    ) -> Result<BTreeMap<String, Live>, Failure> {
        let who = self.who(host).await?;
        let tagged = Tagged::default();
        let session = self.session(host, &who.account, &tagged);
        let found = calls(kind)?.read(&session, ids).await?;
        self.known.note(&found);
        Ok(found.into_iter().map(|live| (live.id.clone(), live)).collect())
    }

    async fn create(&self, host: &dyn Host, request: &Create) -> Result<Live, Failure> {
        let who = self.who(host).await?;
        let tagged = Tagged::default();
        let mut session = self.session(host, &who.account, &tagged);
        session.strangers = self.known.strangers(&request.attributes);
        let live = calls(&request.kind)?.create(&session, request).await?;
        self.known.note([&live]);
        Ok(live)
    }

    async fn update(&self, host: &dyn Host, request: &Update) -> Result<Live, Failure> {
        let who = self.who(host).await?;
        let tagged = Tagged::default();
        let mut session = self.session(host, &who.account, &tagged);
        session.strangers = self.known.strangers(&request.attributes);
        let calls = calls(&request.kind)?;
        if request.changed.iter().any(|attribute| attribute != "tags") {
            calls.update(&session, request).await?;
        }
        // The tags come last: the hash in them says that all the rest was applied.
        let change = TagChange::between(&tags::all_of(&request.before), &request.all_tags());
        if !change.is_empty() {
            calls.retag(&session, &request.before, &change).await?;
        }
        // What changes nothing is a wait for something half made; and what a change of tags alone meets
        // may be half made, too. Later steps read what is there then.
        let live = host.wait(&request.kind, &request.id, Until::Ready).await?;
        live.ok_or_else(|| {
            let (kind, id) = (&request.kind, &request.id);
            Failure::new(
                FailureClass::Missing,
                format!("{kind} {id} vanished while it was changed"),
            )
        })
    }

    async fn delete(&self, host: &dyn Host, request: &Delete) -> Result<(), Failure> {
        let Live { kind, id, .. } = &request.before;
        if request.before.is_deleting() {
            // Somebody asked for it before: a run that was interrupted, or a person.
            return host.wait(kind, id, Until::Gone).await.map(|_| ());
        }
        let who = self.who(host).await?;
        let tagged = Tagged::default();
        let session = self.session(host, &who.account, &tagged);
        calls(kind)?.delete(&session, request).await
    }

    async fn forget(&self, host: &dyn Host, before: &Live) -> Result<(), Failure> {
        let who = self.who(host).await?;
        let tagged = Tagged::default();
        let session = self.session(host, &who.account, &tagged);
        let change = TagChange::between(&tags::all_of(before), &before.tags);
        calls(&before.kind)?.retag(&session, before, &change).await
    }

    fn limits(&self) -> Limits {
        limits::all()
    }

    fn leases(&self) -> Option<&dyn LeaseStore> {
        Some(self)
    }
}

async fn discover<'k>(
    aws: &Session<'_>,
    kind: &'k str,
    wanted: &Wanted,
    around: Option<&Met>,
) -> (&'k str, Result<Vec<Live>, Failure>) {
    let expected =
        wanted.expected.iter().filter(|expected| expected.address.kind == kind).collect();
    let search = Search { stack: &wanted.stack, expected, around };
    let found = match services::calls(kind) {
        Some(calls) => calls.discover(aws, &search).await,
        None => Ok(Vec::new()),
    };
    (kind, found)
}

pub(super) fn unreadable(kind: &str, failure: &Failure) -> Unreadable {
    let code = failure.code.as_deref().map(|code| format!("{code}: ")).unwrap_or_default();
    Unreadable {
        kind: KindName::from(kind.to_owned()),
        address: None,
        action: failure.action.clone(),
        message: format!("{code}{}", failure.message),
    }
}

/// The account in an ARN that AWS itself reports, as all services but EC2 do.
fn account_of(live: &Live) -> Option<&str> {
    let account = live.outputs.get("arn")?.as_str()?.split(':').nth(4)?;
    // What AWS provides belongs to the account `aws`.
    Some(account).filter(|account| account.parse::<u64>().is_ok())
}

/// Fills the account into ARNs that were put together before it was known.
fn name_account(live: &mut Live, account: &str) {
    if let Some(trueup_model::Value::String(arn)) = live.outputs.get_mut("arn") {
        let mut parts: Vec<&str> = arn.splitn(6, ':').collect();
        if parts.len() == 6 && parts[4].is_empty() && parts[2] == "ec2" {
            parts[4] = account;
            *arn = parts.join(":");
        }
    }
}
