//! Changes and deletes a resource, and waits until AWS shows it.

use std::time::Duration;

use trueup_model::kind::Kind;
use trueup_model::snapshot::{Condition, Live};
use trueup_model::value::{Value, Values};
use trueup_provider::{Call, Delete, Failure, FailureClass, Host, Until, Update};

use super::create::vanished;
use super::{Sim, Sort, action};
use crate::service::{Blocker, When, same};
use crate::tables;

/// How often a change is begun again because something else was going on with the resource.
const ATTEMPTS: u32 = 5;
/// How often it is looked whether something that passes has passed.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How long something that passes is waited for.
const PASSES_WITHIN: Duration = Duration::from_mins(45);

impl Sim {
    pub(super) async fn update_one(
        &self,
        host: &dyn Host,
        request: &Update,
    ) -> Result<Live, Failure> {
        let kind = self.kind(&request.kind)?;
        let names = request.changed.iter().filter(|name| *name != "tags");
        let changes: Values = names
            .filter_map(|name| Some((name.clone(), request.attributes.get(name)?.clone())))
            .collect();
        let when = when(kind, &request.attributes);
        let changes = self.take_back(host, kind, request, changes, when).await?;
        if !changes.is_empty() {
            self.change(host, kind, &request.id, &changes, when).await?;
        }
        if kind.taggable {
            let tags = request.all_tags();
            let call = Call::repeatable(action(kind, Sort::Tag));
            self.call(host, call, |service| service.tag(kind.name, &request.id, &tags)).await?;
        }
        let shows = |live: &Live| shows(kind, live, &changes, when);
        let live = host.wait(&request.kind, &request.id, Until::Shows(&shows)).await?;
        live.ok_or_else(|| vanished(kind, &request.id))
    }

    /// Sends a change, after whatever else is going on with the resource.
    pub(super) async fn change(
        &self,
        host: &dyn Host,
        kind: &Kind,
        id: &str,
        changes: &Values,
        when: When,
    ) -> Result<(), Failure> {
        let call = Call::repeatable(action(kind, Sort::Update)).returning_conflicts();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let sent =
                self.call(host, call, |service| service.modify(kind.name, id, changes, when));
            match sent.await {
                Err(failure) if is_busy(kind, &failure) && attempts < ATTEMPTS => {
                    host.wait(&kind.key(), id, Until::Ready).await?;
                }
                outcome => return outcome,
            }
        }
    }

    /// Takes back what waits for the window and is no longer wanted, and gives what is left to ask for.
    ///
    /// That goes only at once, and then all that waits is done: so all is sent back to what is there,
    /// and what is still wanted is asked for again. Whoever dies in between finds it missing.
    async fn take_back(
        &self,
        host: &dyn Host,
        kind: &Kind,
        request: &Update,
        mut changes: Values,
        when: When,
    ) -> Result<Values, Failure> {
        let before = &request.before;
        let stays = |name: &str, wanted: &Value| {
            let attribute = kind.attribute(name);
            before.scheduled.contains_key(name)
                && attribute.is_some_and(|one| same(one, wanted, before.get(name)))
        };
        let unwanted: Values = changes
            .iter()
            .filter(|(name, wanted)| stays(name, wanted))
            .map(|(name, wanted)| (name.clone(), wanted.clone()))
            .collect();
        if when == When::AtOnce || unwanted.is_empty() {
            return Ok(changes);
        }
        let read = Call::read(action(kind, Sort::Read));
        let live = self.call(host, read, |service| service.read(kind.name, &request.id)).await?;
        let live = live.ok_or_else(|| vanished(kind, &request.id))?;
        let back: Values =
            live.scheduled.keys().map(|name| (name.clone(), live.get(name).clone())).collect();
        if !back.is_empty() {
            self.change(host, kind, &request.id, &back, When::AtOnce).await?;
            host.wait(&request.kind, &request.id, Until::Ready).await?;
        }
        changes.retain(|name, _| !unwanted.contains_key(name));
        for (name, later) in live.scheduled {
            if !unwanted.contains_key(&name) {
                changes.entry(name).or_insert(later);
            }
        }
        Ok(changes)
    }

    pub(super) async fn delete_one(
        &self,
        host: &dyn Host,
        request: &Delete,
    ) -> Result<(), Failure> {
        let Live { kind, id, .. } = &request.before;
        let declared = self.kind(kind)?;
        if request.before.is_deleting() {
            return host.wait(kind, id, Until::Gone).await.map(|_| ());
        }
        self.unprotect(host, declared, &request.before).await?;
        if tables::is_keeper(declared.name) {
            self.outlast_interfaces(host, id).await?;
        }
        let call = Call::repeatable(action(declared, Sort::Delete)).returning_conflicts();
        let give_up = host.now() + u64::try_from(PASSES_WITHIN.as_millis()).unwrap_or(u64::MAX);
        loop {
            let deleted = self.call(host, call, |service| {
                service.delete(kind.as_str(), id, request.final_snapshot)
            });
            match deleted.await {
                Ok(()) => break,
                Err(failure) if failure.class == FailureClass::Missing => return Ok(()),
                Err(failure) if is_busy(declared, &failure) && host.now() < give_up => {
                    let settled = |live: Option<&Live>| {
                        !live.is_some_and(|live| matches!(live.condition, Condition::Pending(_)))
                    };
                    host.wait(kind, id, Until::Holds(&settled)).await?;
                }
                Err(failure) if failure.class == FailureClass::Conflict => {
                    let holders = self.holders(host, declared, id).await?;
                    let passes = holders.iter().all(|holder| holder.passes);
                    if !passes || host.now() >= give_up {
                        return Err(failure);
                    }
                    match holders.iter().find(|holder| holder.drains) {
                        Some(holder) => host.drain(&holder.description, LOOK_EVERY).await?,
                        None if host.rest(LOOK_EVERY).await => {}
                        None => return Err(failure.interrupted()),
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
        host.wait(kind, id, Until::Gone).await.map(|_| ())
    }

    /// Takes the protection off that was there when the plan was made: only a delete that was
    /// allowed by name comes here. One that was put on since stays, and refuses the delete.
    async fn unprotect(&self, host: &dyn Host, kind: &Kind, before: &Live) -> Result<(), Failure> {
        let on = tables::PROTECTIONS.iter().filter(|name| before.get(name).as_bool() == Some(true));
        let off: Values = on.map(|name| ((*name).to_owned(), false.into())).collect();
        if off.is_empty() {
            return Ok(());
        }
        match self.change(host, kind, &before.id, &off, When::AtOnce).await {
            Err(failure) if failure.class == FailureClass::Missing => Ok(()),
            Err(failure) => Err(failure),
            Ok(()) => {
                let shows = |live: Option<&Live>| {
                    live.is_none_or(|live| shows(kind, live, &off, When::AtOnce))
                };
                host.wait(&before.kind, &before.id, Until::Holds(&shows)).await.map(|_| ())
            }
        }
    }

    /// A function's interfaces outlive it, and AWS needs its role to delete them: the role waits.
    async fn outlast_interfaces(&self, host: &dyn Host, role: &str) -> Result<(), Failure> {
        let give_up = host.now() + u64::try_from(PASSES_WITHIN.as_millis()).unwrap_or(u64::MAX);
        let call = Call::read("ec2:DescribeNetworkInterfaces");
        while host.now() < give_up {
            let kept = self.call(host, call, |service| Ok(service.keeps_interfaces(role))).await?;
            if !kept {
                break;
            }
            host.drain("the network interfaces of its functions", LOOK_EVERY).await?;
        }
        Ok(())
    }

    /// What keeps a resource from being deleted.
    async fn holders(
        &self,
        host: &dyn Host,
        kind: &Kind,
        id: &str,
    ) -> Result<Vec<Blocker>, Failure> {
        let call = Call::read("ec2:DescribeNetworkInterfaces");
        self.call(host, call, |service| Ok(service.holders(kind.name, id))).await
    }
}

fn is_busy(kind: &Kind, failure: &Failure) -> bool {
    let [_, in_use, busy] = tables::codes(kind.service);
    // Lambda has one code for all conflicts; its functions are never in the way of themselves.
    failure.is(busy) && (busy != in_use || failure.message.contains("in the state"))
}

/// When the stack wants what can wait.
pub(super) fn when(kind: &Kind, wanted: &Values) -> When {
    let later = tables::put_off(kind.name).is_some_and(|row| {
        let (attribute, value) = row.when;
        wanted.get(attribute).and_then(Value::as_str) == Some(value)
    });
    if later { When::InWindow } else { When::AtOnce }
}

/// Whether a resource shows what was asked for, or that it will come.
fn shows(kind: &Kind, live: &Live, changes: &Values, when: When) -> bool {
    changes.iter().all(|(name, wanted)| {
        let Some(attribute) = kind.attribute(name) else { return true };
        // What was given as a secret is told back in plain.
        let wanted = &wanted.clone().revealed();
        let unsettled = tables::SETTLED
            .iter()
            .any(|row| row.kind == kind.name && row.attribute == attribute.name);
        let is_wanted = |shown: &Value| same(attribute, wanted, &shown.clone().revealed());
        attribute.write_only
            || wanted.is_null()
            || unsettled
            || live.attributes.get(name).is_some_and(is_wanted)
            || (when == When::InWindow && live.scheduled.get(name).is_some_and(is_wanted))
    })
}
