//! The calls of instances.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, Instance};
use futures::future::try_join_all;
use trueup_model::snapshot::{Live, Snapshot};
use trueup_provider::{Call, Create, Delete, Failure, FailureClass, Update};

use crate::live::describe::{self, Described};
use crate::live::tags::{TagChange, filter};
use crate::live::{Search, Session, owned};

mod change;
mod details;
mod launch;
mod profile;
mod restart;
mod shape;

pub(super) const KIND: &str = "instance";
const ID: &str = "instance-id";

pub(crate) struct Calls;

#[async_trait]
impl Described for Calls {
    const KIND: &str = KIND;
    const ID: &str = ID;

    async fn described(aws: &Session<'_>, filters: Vec<Filter>) -> Result<Vec<Live>, Failure> {
        detailed(aws, &raw(aws, filters).await?).await
    }

    async fn discovered(aws: &Session<'_>, search: &Search<'_>) -> Result<Vec<Live>, Failure> {
        describe::discovered(search, ID, |by| async {
            let instances = raw(aws, vec![by]).await?;
            if let Some(met) = search.around {
                met.add(instances.iter().flat_map(shape::further_interfaces));
            }
            detailed(aws, &instances).await
        })
        .await
    }
}

#[async_trait]
impl crate::live::Calls for Calls {
    fn reconcile(&self, found: &mut Snapshot) {
        profile::mark_stale(found);
    }

    async fn create(&self, aws: &Session<'_>, request: &Create) -> Result<Live, Failure> {
        let id = launch::run(aws, request).await?;
        let live = match aws.ready(KIND, &id).await {
            Err(failure) if failure.class == FailureClass::Missing => {
                return Err(launch::why_it_died(aws, &id).await.unwrap_or(failure));
            }
            other => other?,
        };
        // The one thing that cannot be said at launch.
        let late = ["source_dest_check".to_owned()];
        let differs = late.iter().any(|name| !change::same(name, &live, &request.attributes));
        if !differs {
            return Ok(live);
        }
        change::apply(aws, &live, &request.attributes, &late).await?;
        aws.ready(KIND, &id).await
    }

    async fn update(&self, aws: &Session<'_>, request: &Update) -> Result<(), Failure> {
        change::apply(aws, &request.before, &request.attributes, &request.changed).await
    }

    async fn delete(&self, aws: &Session<'_>, request: &Delete) -> Result<(), Failure> {
        let id = &request.before.id;
        let_go_of_disk(aws, &request.before).await?;
        let gone = owned::delete(aws, KIND, id, || {
            aws.call(Call::repeatable("ec2:TerminateInstances"), move || {
                aws.clients.ec2.terminate_instances().instance_ids(id).send()
            })
        });
        gone.await.map_err(|failure| {
            if failure.is("OperationNotPermitted") {
                failure.help("write `termination_protection: false`, apply, then delete it")
            } else {
                failure
            }
        })
    }

    /// Its root volume and its network interface carry the same tags.
    async fn retag(
        &self,
        aws: &Session<'_>,
        live: &Live,
        change: &TagChange,
    ) -> Result<(), Failure> {
        let mut ids = vec![live.id.clone()];
        for instance in raw(aws, vec![filter(ID, [live.id.clone()])]).await? {
            ids.extend(shape::root_volume_id(&instance).map(str::to_owned));
            let interface = shape::primary_interface(&instance);
            ids.extend(interface.and_then(|one| one.network_interface_id()).map(str::to_owned));
        }
        if change.remove.iter().any(|key| key == restart::MARK) {
            restart::start(aws, &live.id).await?;
        }
        aws.retag_all_ec2(&ids, change).await
    }
}

/// A disk that stays is nobody's any more. It is let go of first: who dies in between finds the machine
/// again, and never a disk of ours without one. A machine that AWS refuses to terminate keeps its own.
async fn let_go_of_disk(aws: &Session<'_>, before: &Live) -> Result<(), Failure> {
    let found = raw(aws, vec![filter(ID, [before.id.clone()])]).await?;
    let stays = found.first().filter(|one| shape::root_volume_goes(one) == Some(false));
    let Some(disk) = stays.and_then(shape::root_volume_id) else { return Ok(()) };
    if details::is_protected(aws, &before.id).await? {
        return Ok(());
    }
    let remove = before.ownership.to_tags().into_keys().collect();
    let change = TagChange { remove, ..TagChange::default() };
    aws.retag_all_ec2(&[disk.to_owned()], &change).await
}

async fn detailed(aws: &Session<'_>, instances: &[Instance]) -> Result<Vec<Live>, Failure> {
    let volume_ids: Vec<String> = instances
        .iter()
        .filter_map(|instance| shape::root_volume_id(instance).map(str::to_owned))
        .collect();
    let (volumes, details) = futures::try_join!(
        details::volumes(aws, &volume_ids),
        try_join_all(instances.iter().map(|instance| details::of(aws, instance))),
    )?;
    let volumes: BTreeMap<&str, _> =
        volumes.iter().filter_map(|volume| Some((volume.volume_id()?, volume))).collect();
    let found = instances.iter().zip(&details).map(|(instance, details)| {
        let volume = shape::root_volume_id(instance).and_then(|id| volumes.get(id).copied());
        shape::normalise(aws, instance, volume, details)
    });
    Ok(found.collect())
}

/// Terminated instances stay in answers for about an hour: they are left out.
async fn raw(aws: &Session<'_>, mut filters: Vec<Filter>) -> Result<Vec<Instance>, Failure> {
    let states = ["pending", "running", "shutting-down", "stopping", "stopped"];
    filters.push(filter("instance-state-name", states.map(str::to_owned)));
    describe::instances(aws, filters).await
}
