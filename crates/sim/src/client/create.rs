//! Makes a resource, once, whatever is lost on the way.

use std::collections::BTreeMap;

use trueup_model::kind::{Idempotency, Kind, Mutability};
use trueup_model::snapshot::{ADDRESS_TAG, Live, Ownership, STACK_TAG};
use trueup_model::value::Values;
use trueup_provider::{Call, Create, Failure, FailureClass, Host, Until, VISIBLE_AFTER};

use super::change::when;
use super::{Sim, Sort, action, text};
use crate::service::{Service, same};

/// How often a create whose answer was lost is looked for and tried again.
const ATTEMPTS: u32 = 5;
/// How many client tokens are tried when earlier ones made something that is gone.
const GENERATIONS: u32 = 20;

impl Sim {
    pub(super) async fn create_one(
        &self,
        host: &dyn Host,
        request: &Create,
    ) -> Result<Live, Failure> {
        let kind = self.kind(&request.kind)?;
        let id = match kind.idempotency {
            Idempotency::Token => self.create_by_token(host, kind, request).await?,
            Idempotency::Name => self.create_by_name(host, kind, request).await?,
            Idempotency::Tags => self.create_by_tags(host, kind, request).await?,
        };
        // Tags may lag; whoever reads what this gives must see whose it is.
        let is_ours = |live: &Live| {
            let Ownership { stack, address, .. } = &live.ownership;
            !kind.taggable
                || (*stack == request.ownership.stack && *address == request.ownership.address)
        };
        let ready = host.wait(&request.kind, &id, Until::Shows(&is_ours)).await?;
        let live = ready.ok_or_else(|| vanished(kind, &id))?;
        self.complete(host, kind, request, live).await
    }

    async fn call_create(
        &self,
        host: &dyn Host,
        kind: &Kind,
        request: &Create,
        token: Option<&str>,
    ) -> Result<(String, bool), Failure> {
        let tags = if kind.taggable { request.all_tags() } else { BTreeMap::new() };
        let action = action(kind, Sort::Create);
        let call = if token.is_some() { Call::repeatable(action) } else { Call::once(action) };
        let made = |service: &mut Service<'_>| {
            let made = service.create(kind.name, &request.attributes, &tags, token)?;
            Ok((made.id, made.dead))
        };
        self.call(host, call, made).await
    }

    /// A token that answers with something that is gone, or that was used for something else, is
    /// spent: the next generation of it is tried.
    async fn create_by_token(
        &self,
        host: &dyn Host,
        kind: &Kind,
        request: &Create,
    ) -> Result<String, Failure> {
        for generation in 0..GENERATIONS {
            let token = match generation {
                0 => request.token.clone(),
                _ => format!("{:.60}-{generation}", request.token),
            };
            match self.call_create(host, kind, request, Some(&token)).await {
                Ok((id, false)) => return Ok(id),
                Ok((_, true)) => {}
                Err(failure) if failure.is("IdempotentParameterMismatch") => {}
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::new(FailureClass::Internal, "every generation of the client token is spent"))
    }

    async fn create_by_name(
        &self,
        host: &dyn Host,
        kind: &Kind,
        request: &Create,
    ) -> Result<String, Failure> {
        for _ in 0..ATTEMPTS {
            match self.call_create(host, kind, request, None).await {
                Ok((id, _)) => return Ok(id),
                Err(failure) if failure.class == FailureClass::Exists => {
                    return self.find(host, kind, request).await?.ok_or(failure);
                }
                // The name keeps a second one from being made.
                Err(failure) if failure.may_have_happened() => outlast(host, failure).await?,
                Err(failure) => return Err(failure),
            }
        }
        Err(lost(kind))
    }

    async fn create_by_tags(
        &self,
        host: &dyn Host,
        kind: &Kind,
        request: &Create,
    ) -> Result<String, Failure> {
        for _ in 0..ATTEMPTS {
            if let Some(id) = self.find(host, kind, request).await? {
                return Ok(id);
            }
            match self.call_create(host, kind, request, None).await {
                Ok((id, _)) => return Ok(id),
                Err(failure) if failure.may_have_happened() => outlast(host, failure).await?,
                Err(failure) if failure.class == FailureClass::Exists => {
                    return self.find(host, kind, request).await?.ok_or(failure);
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(lost(kind))
    }

    /// What an earlier call of this very create made: of our address, and alike in all that can
    /// never change, which the one that it shall replace is not.
    async fn find(
        &self,
        host: &dyn Host,
        kind: &Kind,
        request: &Create,
    ) -> Result<Option<String>, Failure> {
        let tags = request.ownership.to_tags();
        let call = Call::read(action(kind, Sort::Read));
        let found = self.call(host, call, |service| {
            let ours = service.world.of_kind(kind.name).filter(|item| {
                let tagged = |key: &str| item.tags.get(key) == tags.get(key);
                let named = !kind.taggable && is_named(kind, &item.attributes, &request.attributes);
                let owned = named || (tagged(STACK_TAG) && tagged(ADDRESS_TAG));
                owned && !item.is_deleting() && is_alike(kind, &item.attributes, request)
            });
            let ids: Vec<String> = ours.map(|item| item.id.clone()).collect();
            for id in ids {
                if let Some(live) = service.read(kind.name, &id)?
                    && (!kind.taggable || live.ownership.stack == request.ownership.stack)
                {
                    return Ok(Some(id));
                }
            }
            Ok(None)
        });
        found.await
    }

    /// Finishes what an interrupted create left half done.
    async fn complete(
        &self,
        host: &dyn Host,
        kind: &Kind,
        request: &Create,
        live: Live,
    ) -> Result<Live, Failure> {
        let lacking = kind.attributes.iter().filter(|attribute| {
            let wanted = request.attributes.get(attribute.name);
            let shown = live.attributes.get(attribute.name);
            matches!(attribute.mutability, Mutability::InPlace | Mutability::Overlapping)
                && !attribute.late
                && !attribute.write_only
                && wanted.is_some_and(|value| !value.is_null())
                && wanted.zip(shown).is_some_and(|(wanted, shown)| !same(attribute, wanted, shown))
        });
        let lacking: Values = lacking
            .filter_map(|attribute| {
                let value = request.attributes.get(attribute.name)?.clone();
                Some((attribute.name.to_owned(), value))
            })
            .filter(|(name, _)| !is_settled(kind, name))
            .collect();
        if lacking.is_empty() {
            return Ok(live);
        }
        let when = when(kind, &request.attributes);
        self.change(host, kind, &live.id, &lacking, when).await?;
        let ready = host.wait(&request.kind, &live.id, Until::Ready).await?;
        ready.ok_or_else(|| vanished(kind, &live.id))
    }
}

/// Attributes that are reported in another form than asked for cannot be told from unfinished ones.
fn is_settled(kind: &Kind, attribute: &str) -> bool {
    crate::tables::SETTLED.iter().any(|row| row.kind == kind.name && row.attribute == attribute)
}

/// Waits until what a call may have made shows.
async fn outlast(host: &dyn Host, failure: Failure) -> Result<(), Failure> {
    if host.rest(VISIBLE_AFTER).await { Ok(()) } else { Err(failure.interrupted()) }
}

fn is_named(kind: &Kind, there: &Values, wanted: &Values) -> bool {
    kind.naming.is_some_and(|naming| {
        let name = text(wanted, naming.attribute);
        name.is_some() && text(there, naming.attribute) == name
    })
}

fn is_alike(kind: &Kind, there: &Values, request: &Create) -> bool {
    let fixed = kind.attributes.iter().filter(|a| a.mutability == Mutability::Replace);
    fixed.filter(|attribute| !attribute.write_only && !is_settled(kind, attribute.name)).all(
        |attribute| match request.attributes.get(attribute.name) {
            None | Some(trueup_model::Value::Null) => true,
            Some(wanted) => {
                there.get(attribute.name).is_some_and(|shown| same(attribute, wanted, shown))
            }
        },
    )
}

pub(super) fn vanished(kind: &Kind, id: &str) -> Failure {
    let message = format!("the {} {id} was deleted while it was being made", kind.name);
    Failure::new(FailureClass::Broken, message)
}

fn lost(kind: &Kind) -> Failure {
    let message = format!("the answers of all attempts to make the {} were lost", kind.name);
    Failure::new(FailureClass::Ambiguous, message)
}
