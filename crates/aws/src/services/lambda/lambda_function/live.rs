//! The calls of functions.

use async_trait::async_trait;
use futures::future::try_join_all;
use trueup_model::snapshot::Live;
use trueup_model::stack::By;
use trueup_provider::{Call, Create, Delete, Failure, FailureClass, Update};

use crate::live::tags::{self, TagChange};
use crate::live::{Reads, Search, Session, owned};

use code::Code;

mod access;
mod code;
mod read;
mod shape;

const KIND: &str = "lambda_function";

pub(crate) struct Calls;

#[async_trait]
impl Reads for Calls {
    /// The functions that the stack expects are read at once; the tagging API tells of others that
    /// it owns. Listing all functions of the account would tell neither tags nor states.
    async fn discover(&self, aws: &Session<'_>, search: &Search<'_>) -> Result<Vec<Live>, Failure> {
        let names = search.names();
        let expected = try_join_all(names.iter().map(|name| read::one(aws, name)));
        let others = async {
            let arns = aws.tagged_arns("lambda", "function:").await?;
            let others = arns.iter().filter_map(|arn| arn.rsplit(':').next());
            let others = others.filter(|name| !names.contains(*name));
            try_join_all(others.map(|name| read::one(aws, name))).await
        };
        let (expected, others) = futures::try_join!(expected, others)?;
        Ok(expected.into_iter().chain(others).flatten().collect())
    }

    async fn read(&self, aws: &Session<'_>, ids: &[String]) -> Result<Vec<Live>, Failure> {
        let each = try_join_all(ids.iter().map(|name| read::one(aws, name)));
        Ok(each.await?.into_iter().flatten().collect())
    }

    async fn find(&self, aws: &Session<'_>, by: &By) -> Result<Option<Live>, Failure> {
        let names = match by {
            By::Id(name) | By::Name(name) => vec![name.clone()],
            By::Tags(_) | By::Stack { .. } => {
                let arns = aws.tagged_as(by).await?;
                let names = arns.iter().filter_map(|arn| Some(arn.split_once(":function:")?.1));
                names.map(str::to_owned).collect()
            }
            By::Default => return Err(tags::no_default(KIND)),
        };
        owned::only(KIND, by, self.read(aws, &names).await?)
    }
}

#[async_trait]
impl crate::live::Calls for Calls {
    async fn create(&self, aws: &Session<'_>, request: &Create) -> Result<Live, Failure> {
        let name = owned::wanted_text(&request.attributes, "name").unwrap_or_default();
        let code = Code::of(aws, &request.attributes)?;
        owned::create_named(aws, KIND, request, &name, || code::create(aws, request, &name, &code))
            .await?;
        let bare = aws.ready(KIND, &name).await?;
        let all: Vec<String> = request.attributes.keys().cloned().collect();
        access::change(aws, &bare, &request.attributes, &all).await?;
        aws.ready(KIND, &name).await
    }

    /// Lambda takes one change at a time: configuration, then code, then the rest.
    async fn update(&self, aws: &Session<'_>, request: &Update) -> Result<(), Failure> {
        let (name, wish) = (&request.id, &request.attributes);
        if request.changed.iter().any(|changed| code::CONFIGURATION.contains(&changed.as_str())) {
            code::configure(aws, request).await?;
            settled(aws, name).await?;
        }
        if ["source", "image", "architecture"].into_iter().any(|name| request.changes(name)) {
            code::replace(aws, request, Code::of(aws, wish)?).await?;
            settled(aws, name).await?;
        }
        access::change(aws, &request.before, wish, &request.changed).await
    }

    async fn delete(&self, aws: &Session<'_>, request: &Delete) -> Result<(), Failure> {
        let name = &request.before.id;
        owned::delete(aws, KIND, name, || {
            aws.call(Call::repeatable("lambda:DeleteFunction"), || {
                aws.clients.lambda.delete_function().function_name(name).send()
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
        let arn = live.get("arn").as_str().unwrap_or_default();
        if !change.set.is_empty() {
            let tags: std::collections::HashMap<_, _> = change.set.clone().into_iter().collect();
            aws.call(Call::repeatable("lambda:TagResource"), || {
                aws.clients.lambda.tag_resource().resource(arn).set_tags(Some(tags.clone())).send()
            })
            .await?;
        }
        if !change.remove.is_empty() {
            aws.call(Call::repeatable("lambda:UntagResource"), || {
                let call = aws.clients.lambda.untag_resource().resource(arn);
                call.set_tag_keys(Some(change.remove.clone())).send()
            })
            .await?;
        }
        Ok(())
    }
}

/// Waits until the last change took effect. One that Lambda gave up leaves the function as it was,
/// in working order, so its state alone would say that all is well.
async fn settled(aws: &Session<'_>, name: &str) -> Result<(), Failure> {
    aws.ready(KIND, name).await?;
    match read::failed_update(aws, name).await? {
        Some(reason) => Err(Failure::new(
            FailureClass::Broken,
            format!("Lambda gave the change of function {name} up: {reason}"),
        )),
        None => Ok(()),
    }
}
