//! The calls of log groups.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::types::LogGroup;
use futures::future::try_join_all;
use trueup_model::Value;
use trueup_model::snapshot::{Condition, Live};
use trueup_model::stack::By;
use trueup_model::value::Values;
use trueup_provider::{Call, Create, Delete, Failure, Update};

use crate::live::session::unless_missing;
use crate::live::tags::{self, TagChange};
use crate::live::{Reads, Search, Session, owned};

const KIND: &str = "log_group";

pub(crate) struct Calls;

#[async_trait]
impl Reads for Calls {
    async fn discover(&self, aws: &Session<'_>, search: &Search<'_>) -> Result<Vec<Live>, Failure> {
        let names = search.names();
        let (expected, tagged) = futures::try_join!(named(aws, &names), aws.tagged())?;
        let known: BTreeSet<String> = expected.iter().filter_map(name_of).collect();
        let others: BTreeSet<String> = tagged
            .keys()
            .filter_map(|arn| name_in(arn))
            .filter(|name| !known.contains(name))
            .collect();
        let mut found = expected;
        found.extend(named(aws, &others).await?);
        let each = found.into_iter().map(|group| async move {
            let name = group.log_group_name().unwrap_or_default();
            match tagged.get(&arn_of(&group)).filter(|tags| search.expects(name, tags)) {
                Some(tags) => Ok(Some(normalise(&group, tags.clone()))),
                None => with_tags(aws, group).await,
            }
        });
        Ok(try_join_all(each)
            .await?
            .into_iter()
            .flatten()
            .filter(|live| live.is_owned_by(search.stack) || names.contains(&live.id))
            .collect())
    }

    async fn read(&self, aws: &Session<'_>, ids: &[String]) -> Result<Vec<Live>, Failure> {
        let names = ids.iter().cloned().collect();
        let each = named(aws, &names).await?.into_iter().map(|group| with_tags(aws, group));
        Ok(try_join_all(each).await?.into_iter().flatten().collect())
    }

    async fn find(&self, aws: &Session<'_>, by: &By) -> Result<Option<Live>, Failure> {
        let names = match by {
            By::Id(name) | By::Name(name) => vec![name.clone()],
            By::Tags(_) | By::Stack { .. } => {
                let arns = aws.tagged_as(by).await?;
                arns.iter().filter_map(|arn| name_in(arn)).collect()
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
        let tags: std::collections::HashMap<String, String> =
            request.all_tags().into_iter().collect();
        let made = owned::create_named(aws, KIND, request, &name, || async {
            aws.call(Call::once("logs:CreateLogGroup"), || {
                let call = aws.clients.logs.create_log_group().log_group_name(&name);
                let class = owned::wanted_text(&request.attributes, "class");
                call.set_kms_key_id(owned::wanted_text(&request.attributes, "kms_key"))
                    .set_log_group_class(class.as_deref().map(Into::into))
                    .set_tags(Some(tags.clone()))
                    .send()
            })
            .await
            .map(|_| ())
        });
        made.await?;
        if has_its_own_retention(&request.attributes) {
            return aws.ready(KIND, &name).await;
        }
        retain(aws, &name, &request.attributes).await?;
        let wanted = request.attributes.get("retention_days").cloned().unwrap_or_default();
        aws.shows(KIND, &name, &move |live| live.get("retention_days") == &wanted).await
    }

    async fn update(&self, aws: &Session<'_>, request: &Update) -> Result<(), Failure> {
        owned::still_of(aws, KIND, &request.before).await?;
        if request.changes("retention_days") {
            retain(aws, &request.id, &request.attributes).await?;
        }
        if request.changes("kms_key") {
            encrypt(aws, request).await?;
        }
        let shown = |live: &Live| {
            ["retention_days", "kms_key"]
                .iter()
                .all(|name| live.get(name) == request.attributes.get(*name).unwrap_or(&Value::Null))
        };
        aws.shows(KIND, &request.id, &shown).await.map(|_| ())
    }

    async fn delete(&self, aws: &Session<'_>, request: &Delete) -> Result<(), Failure> {
        let name = &request.before.id;
        owned::still_of(aws, KIND, &request.before).await?;
        owned::delete(aws, KIND, name, || {
            aws.call(Call::repeatable("logs:DeleteLogGroup"), || {
                aws.clients.logs.delete_log_group().log_group_name(name).send()
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
            aws.call(Call::repeatable("logs:TagResource"), || {
                let tags = change.set.clone().into_iter().collect();
                aws.clients.logs.tag_resource().resource_arn(arn).set_tags(Some(tags)).send()
            })
            .await?;
        }
        if !change.remove.is_empty() {
            aws.call(Call::repeatable("logs:UntagResource"), || {
                let call = aws.clients.logs.untag_resource().resource_arn(arn);
                call.set_tag_keys(Some(change.remove.clone())).send()
            })
            .await?;
        }
        Ok(())
    }
}

/// AWS sets, and keeps, the retention of this class.
fn has_its_own_retention(wish: &Values) -> bool {
    owned::wanted_text(wish, "class").as_deref() == Some("DELIVERY")
}

/// With its tags, as CloudWatch Logs itself tells them. None, if it is gone since it was listed.
async fn with_tags(aws: &Session<'_>, group: LogGroup) -> Result<Option<Live>, Failure> {
    let tags = unless_missing(tags_of(aws, &arn_of(&group)).await)?;
    Ok(tags.map(|tags| normalise(&group, tags)))
}

async fn retain(aws: &Session<'_>, name: &str, wish: &Values) -> Result<(), Failure> {
    let Some(days) = owned::wanted_int(wish, "retention_days") else {
        let removed = aws.call(Call::repeatable("logs:DeleteRetentionPolicy"), || {
            aws.clients.logs.delete_retention_policy().log_group_name(name).send()
        });
        return unless_missing(removed.await).map(|_| ());
    };
    aws.call(Call::repeatable("logs:PutRetentionPolicy"), || {
        let call = aws.clients.logs.put_retention_policy().log_group_name(name);
        call.retention_in_days(days).send()
    })
    .await
    .map(|_| ())
}

async fn encrypt(aws: &Session<'_>, request: &Update) -> Result<(), Failure> {
    match owned::wanted_text(&request.attributes, "kms_key") {
        Some(key) => aws
            .call(Call::repeatable("logs:AssociateKmsKey"), || {
                aws.clients
                    .logs
                    .associate_kms_key()
                    .log_group_name(&request.id)
                    .kms_key_id(&key)
                    .send()
            })
            .await
            .map(|_| ()),
        None => aws
            .call(Call::repeatable("logs:DisassociateKmsKey"), || {
                aws.clients.logs.disassociate_kms_key().log_group_name(&request.id).send()
            })
            .await
            .map(|_| ()),
    }
}

/// The groups of these names, in few searches.
async fn named(aws: &Session<'_>, names: &BTreeSet<String>) -> Result<Vec<LogGroup>, Failure> {
    let each = searches(names).into_iter().map(|(prefix, names)| search(aws, prefix, names));
    Ok(try_join_all(each).await?.into_iter().flatten().collect())
}

/// How many names are searched for one by one.
const FEW: usize = 4;

/// What to search for, and the names that it finds. Names with little in common would list a whole
/// account's groups, so many are searched for by folder, and few each by itself.
fn searches(names: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    if names.len() <= FEW {
        return names.iter().map(|name| (name.clone(), [name.clone()].into())).collect();
    }
    let mut folders: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for name in names {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        folders.entry(folder).or_default().insert(name.clone());
    }
    folders.into_values().map(|names| (beginning(&names), names)).collect()
}

/// What all the names begin with: sorted, what the first and the last have in common.
fn beginning(names: &BTreeSet<String>) -> String {
    let (Some(first), Some(last)) = (names.first(), names.last()) else { return String::new() };
    first.chars().zip(last.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
}

async fn search(
    aws: &Session<'_>,
    prefix: String,
    mut names: BTreeSet<String>,
) -> Result<Vec<LogGroup>, Failure> {
    let prefix = Some(prefix).filter(|prefix| !prefix.is_empty());
    aws.pages(
        Call::read("logs:DescribeLogGroups"),
        |next| {
            let call = aws.clients.logs.describe_log_groups().limit(50);
            call.set_log_group_name_prefix(prefix.clone()).set_next_token(next).send()
        },
        |page| {
            let mut found = page.log_groups.unwrap_or_default();
            found.retain(|group| group.log_group_name().is_some_and(|name| names.remove(name)));
            // Once all are found, the rest of what has the prefix is not asked for.
            (found, page.next_token.filter(|_| !names.is_empty()))
        },
    )
    .await
}

async fn tags_of(aws: &Session<'_>, arn: &str) -> Result<BTreeMap<String, String>, Failure> {
    let answer = aws
        .call(Call::read("logs:ListTagsForResource"), || {
            aws.clients.logs.list_tags_for_resource().resource_arn(arn).send()
        })
        .await?;
    Ok(answer.tags().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect())
}

fn name_in(arn: &str) -> Option<String> {
    arn.split_once(":log-group:").map(|(_, name)| name.to_owned())
}

fn name_of(group: &LogGroup) -> Option<String> {
    group.log_group_name().map(str::to_owned)
}

/// Without the `:*` that the older of two fields ends in.
fn arn_of(group: &LogGroup) -> String {
    let arn = group.log_group_arn().or(group.arn()).unwrap_or_default();
    arn.strip_suffix(":*").unwrap_or(arn).to_owned()
}

fn normalise(group: &LogGroup, tags: BTreeMap<String, String>) -> Live {
    let name = group.log_group_name().unwrap_or_default();
    let class = group.log_group_class().map_or("STANDARD", |class| class.as_str());
    let attributes = owned::named([
        ("name", name.into()),
        ("retention_days", group.retention_in_days().into()),
        ("kms_key", group.kms_key_id().map(str::to_owned).into()),
        ("class", class.into()),
    ]);
    let outputs = owned::named([("id", name.into()), ("arn", arn_of(group).into())]);
    owned::live((KIND, name), tags, attributes, outputs, Condition::Ready)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str]) -> Vec<String> {
        searches(&names.iter().map(|name| (*name).to_owned()).collect()).into_keys().collect()
    }

    #[test]
    fn few_names_are_searched_for_each_by_itself() {
        assert_eq!(check(&["/aws/lambda/a", "/shop/b"]), ["/aws/lambda/a", "/shop/b"]);
        assert!(check(&[]).is_empty());
    }

    #[test]
    fn many_names_are_searched_for_by_what_they_have_in_common() {
        let names =
            ["/aws/lambda/shop-a", "/aws/lambda/shop-b", "/aws/lambda/shop-c", "/x/1", "/x/2"];
        assert_eq!(check(&names), ["/aws/lambda/shop-", "/x/"]);
    }
}
