//! Changes and deletes a resource, and waits until AWS shows it.

use std::time::Duration;

use trueup_model::kind::Kind;
use trueup_model::snapshot::{Condition, Live};
use trueup_model::value::Values;
use trueup_provider::{Call, Delete, Failure, FailureClass, Host, Until, Update};

use super::create::vanished;
use super::{Sim, Sort, action};
use crate::service::{Blocker, same};
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
        if !changes.is_empty() {
            self.change(host, kind, &request.id, &changes).await?;
        }
        if kind.taggable {
            let tags = request.all_tags();
            let call = Call::repeatable(action(kind, Sort::Tag));
            self.call(host, call, |service| service.tag(kind.name, &request.id, &tags)).await?;
        }
        let shows = |live: &Live| shows(kind, live, &changes);
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
    ) -> Result<(), Failure> {
        let call = Call::repeatable(action(kind, Sort::Update)).returning_conflicts();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let sent = self.call(host, call, |service| service.modify(kind.name, id, changes));
            match sent.await {
                Err(failure) if is_busy(kind, &failure) && attempts < ATTEMPTS => {
                    host.wait(&kind.key(), id, Until::Ready).await?;
                }
                outcome => return outcome,
            }
        }
    }

    pub(super) async fn delete_one(
        &self,
        host: &dyn Host,
        request: &Delete,
    ) -> Result<(), Failure> {
        let Live { kind, id, .. } = &request.before;
        let declared = self.kind(kind)?;
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
                        None => host.sleep(LOOK_EVERY).await,
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
        match self.change(host, kind, &before.id, &off).await {
            Err(failure) if failure.class == FailureClass::Missing => Ok(()),
            Err(failure) => Err(failure),
            Ok(()) => {
                let shows = |live: Option<&Live>| live.is_none_or(|live| shows(kind, live, &off));
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

/// Whether a resource shows what was asked for.
fn shows(kind: &Kind, live: &Live, changes: &Values) -> bool {
    changes.iter().all(|(name, wanted)| {
        let Some(attribute) = kind.attribute(name) else { return true };
        let unsettled = tables::SETTLED
            .iter()
            .any(|row| row.kind == kind.name && row.attribute == attribute.name);
        attribute.write_only
            || wanted.is_null()
            || unsettled
            || live.attributes.get(name).is_some_and(|shown| same(attribute, wanted, shown))
    })
}
