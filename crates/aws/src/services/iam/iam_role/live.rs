//! The calls of roles.

use async_trait::async_trait;
use aws_sdk_iam::types::{EntityType, Role, RoleDetail};
use trueup_model::snapshot::{Condition, Live};
use trueup_model::stack::By;
use trueup_provider::{Call, Create, Delete, Failure, Update};

use self::shape::{Parts, normalise};
use crate::live::session::unless_missing;
use crate::live::tags::{self, TagChange};
use crate::live::{Reads, Search, Session, owned};

mod interfaces;
mod profile;
mod read;
mod shape;
mod shown;
mod write;

const KIND: &str = "iam_role";

pub(crate) struct Calls;

#[async_trait]
impl Reads for Calls {
    /// One sweep over the account's roles, which has everything but description and session length;
    /// those are in the list of the roles under the stack's path.
    async fn discover(&self, aws: &Session<'_>, search: &Search<'_>) -> Result<Vec<Live>, Failure> {
        let names = search.names();
        let path = format!("/trueup/{}/", search.stack);
        let (details, listed) = futures::try_join!(sweep(aws), list(aws, &path))?;
        let mut found = Vec::new();
        for detail in &details {
            let parts = Parts::of_detail(detail);
            let ours = parts.tags.get(trueup_model::snapshot::STACK_TAG).map(String::as_str);
            if ours != Some(search.stack) && !names.contains(parts.name.as_str()) {
                continue;
            }
            let role = listed.iter().find(|role| role.role_name() == parts.name);
            let role = match role {
                Some(role) => Some(role.clone()),
                None => read::role(aws, &parts.name).await?,
            };
            // One that vanished since the sweep is not there.
            found.extend(role.map(|role| normalise(&role, parts)));
        }
        Ok(found)
    }

    async fn read(&self, aws: &Session<'_>, ids: &[String]) -> Result<Vec<Live>, Failure> {
        let each = ids.iter().map(|name| read::one(aws, name));
        Ok(futures::future::try_join_all(each).await?.into_iter().flatten().collect())
    }

    async fn find(&self, aws: &Session<'_>, by: &By) -> Result<Option<Live>, Failure> {
        match by {
            By::Id(name) | By::Name(name) => read::one(aws, name).await,
            By::Default => Err(tags::no_default(KIND)),
            By::Tags(_) | By::Stack { .. } => {
                let details = sweep(aws).await?;
                let names = details.iter().map(Parts::of_detail);
                let names =
                    names.filter(|parts| tags::fit(by, &parts.tags)).map(|parts| parts.name);
                let found = self.read(aws, &names.collect::<Vec<_>>()).await?;
                owned::only(KIND, by, found)
            }
        }
    }
}

#[async_trait]
impl crate::live::Calls for Calls {
    async fn create(&self, aws: &Session<'_>, request: &Create) -> Result<Live, Failure> {
        let name = owned::wanted_text(&request.attributes, "name").unwrap_or_default();
        owned::create_named(aws, KIND, request, &name, || write::create(aws, request, &name))
            .await?;
        let bare = aws.ready(KIND, &name).await?;
        let all: Vec<String> = request.attributes.keys().cloned().collect();
        write::change(aws, &bare, &request.attributes, &all, &request.all_tags()).await?;
        match shown::wait(aws, &name, &request.attributes, &all).await? {
            Some(live) if live.condition == Condition::Ready => Ok(live),
            _ => aws.ready(KIND, &name).await,
        }
    }

    async fn update(&self, aws: &Session<'_>, request: &Update) -> Result<(), Failure> {
        let (wish, changed) = (&request.attributes, &request.changed);
        write::change(aws, &request.before, wish, changed, &request.all_tags()).await?;
        shown::wait(aws, &request.id, wish, changed).await.map(|_| ())
    }

    async fn delete(&self, aws: &Session<'_>, request: &Delete) -> Result<(), Failure> {
        let name = &request.before.id;
        // Read again: what somebody attached since the plan would block the delete.
        let Some(live) = read::one(aws, name).await? else { return Ok(()) };
        interfaces::outlast(aws, &live).await?;
        write::strip(aws, &live).await?;
        owned::delete(aws, KIND, name, || {
            aws.call(Call::repeatable("iam:DeleteRole"), || {
                aws.clients.iam.delete_role().role_name(name).send()
            })
        })
        .await
    }

    async fn retag(
        &self,
        aws: &Session<'_>,
        live: &Live,
        change: &TagChange,
    ) -> Result<(), Failure> {
        let name = &live.id;
        if !change.set.is_empty() {
            let tags = tags::iam(&change.set)?;
            aws.call(Call::repeatable("iam:TagRole"), || {
                aws.clients.iam.tag_role().role_name(name).set_tags(Some(tags.clone())).send()
            })
            .await?;
        }
        if !change.remove.is_empty() {
            aws.call(Call::repeatable("iam:UntagRole"), || {
                let call = aws.clients.iam.untag_role().role_name(name);
                call.set_tag_keys(Some(change.remove.clone())).send()
            })
            .await?;
        }
        Ok(())
    }
}

async fn sweep(aws: &Session<'_>) -> Result<Vec<RoleDetail>, Failure> {
    aws.pages(
        Call::read("iam:GetAccountAuthorizationDetails"),
        |next| {
            let call = aws.clients.iam.get_account_authorization_details().max_items(1000);
            call.filter(EntityType::Role).set_marker(next).send()
        },
        |page| {
            (page.role_detail_list.unwrap_or_default(), page.marker.filter(|_| page.is_truncated))
        },
    )
    .await
}

async fn list(aws: &Session<'_>, path: &str) -> Result<Vec<Role>, Failure> {
    aws.pages(
        Call::read("iam:ListRoles"),
        |next| {
            let call = aws.clients.iam.list_roles().path_prefix(path).max_items(1000);
            call.set_marker(next).send()
        },
        |page| (page.roles, page.marker.filter(|_| page.is_truncated)),
    )
    .await
}

/// Success where it was done, and where there was nothing to do.
fn done<T>(result: Result<T, Failure>) -> Result<(), Failure> {
    unless_missing(result).map(|_| ())
}
