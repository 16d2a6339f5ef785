//! The calls of security groups.

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, IpPermission, ResourceType, SecurityGroup, SecurityGroupRule};
use trueup_model::Value;
use trueup_model::snapshot::{Condition, Live, Ownership};
use trueup_model::stack::By;
use trueup_provider::{Call, Create, Delete, Failure, FailureClass, Update};

use crate::live::blockers::Held;
use crate::live::describe::{self, Described, PAGE};
use crate::live::tags::{self, filter};
use crate::live::{Session, owned};
use crate::partition::ec2_arn;

mod change;
mod rule;

use change::revoke;
use rule::{Direction, Rule};

const KIND: &str = "security_group";
const ID: &str = "group-id";

pub(crate) struct Calls;

/// Found by tags only. That a name is taken by a group that is not ours is said by the create call,
/// and looked into then: a search by names would cost every plan a call to save it a rare one.
#[async_trait]
impl Described for Calls {
    const KIND: &str = KIND;
    const ID: &str = ID;
    const MEETS_OTHERS: bool = true;

    /// With their rules, in one call: to compare rules, the groups' own answer is enough. Their ids,
    /// which only the rules' own read has, are wanted when rules are changed.
    async fn described(aws: &Session<'_>, filters: Vec<Filter>) -> Result<Vec<Live>, Failure> {
        let groups = raw(aws, filters).await?;
        Ok(groups.iter().map(|group| normalise(aws, group)).collect())
    }

    fn filters(by: &By) -> Result<Vec<Filter>, Failure> {
        match by {
            By::Name(name) => Ok(vec![filter("group-name", [name.clone()])]),
            By::Default => Ok(vec![filter("group-name", ["default".to_owned()])]),
            other => tags::find_filters(other, ID, KIND),
        }
    }
}

#[async_trait]
impl crate::live::Calls for Calls {
    /// Makes the group alone; the rules are late attributes, so that groups may name each other.
    async fn create(&self, aws: &Session<'_>, request: &Create) -> Result<Live, Failure> {
        let id = match make(aws, request).await {
            Err(failure) if failure.class == FailureClass::Exists => {
                claim(aws, request, failure).await?
            }
            other => other?,
        };
        aws.ready(KIND, &id).await
    }

    async fn update(&self, aws: &Session<'_>, request: &Update) -> Result<(), Failure> {
        change::rules(aws, request).await
    }

    async fn delete(&self, aws: &Session<'_>, request: &Delete) -> Result<(), Failure> {
        let before = &request.before;
        owned::delete(aws, KIND, &before.id, || remove(aws, before)).await
    }
}

async fn make(aws: &Session<'_>, request: &Create) -> Result<String, Failure> {
    let text = |name| owned::wanted_text(&request.attributes, name);
    let tags = tags::ec2_specification(ResourceType::SecurityGroup, &request.all_tags());
    // The name protects a repeated call.
    let answer = aws
        .call_on_new(Call::repeatable("ec2:CreateSecurityGroup"), || {
            let call = aws.clients.ec2.create_security_group();
            call.set_group_name(text("name"))
                .set_description(text("description"))
                .set_vpc_id(text("vpc"))
                .tag_specifications(tags.clone())
                .send()
        })
        .await?;
    owned::id_of(KIND, answer.group_id())
}

/// The group that has the wanted name, if it is what an earlier create of the same resource made.
async fn claim(aws: &Session<'_>, request: &Create, failure: Failure) -> Result<String, Failure> {
    let text = |name: &str| request.attributes.get(name).and_then(Value::as_str);
    let (name, vpc) = (text("name").unwrap_or_default(), text("vpc").unwrap_or_default());
    let all = raw(aws, vec![filter("vpc-id", [vpc.to_owned()])]).await?;
    // Names differ in more than their case, and filters do not know that.
    let has_name = |group: &&SecurityGroup| {
        group.group_name().is_some_and(|theirs| theirs.eq_ignore_ascii_case(name))
    };
    let Some(group) = all.iter().find(has_name) else { return Err(failure) };
    let id = group.group_id().unwrap_or_default();
    let (owner, _) = Ownership::split(tags::of_ec2(group.tags()));
    let ours =
        owner.stack == request.ownership.stack && owner.address.as_ref() == Some(&request.address);
    if ours {
        return Ok(id.to_owned());
    }
    let whose = match (&owner.stack, &owner.address, &owner.other) {
        (Some(stack), Some(address), _) => format!("{address} of stack {stack} has it"),
        (_, _, Some(other)) => format!("{other} has it"),
        _ => "a group that trueup does not manage has it".to_owned(),
    };
    let help = format!(
        "the name {name} is taken in {vpc}: {whose} ({id}); choose another `name`, delete {id}, or \
         take it over with `adopt: {id}`"
    );
    Err(failure.help(help))
}

/// Deletes the group. When something refuses, rules that name it are removed from groups of the same
/// stack: such a group is about to go, too, or the rule was added by hand and will name nothing in a
/// moment. Rules of other groups are not ours: they are named and waited for. And while an interface
/// that stays holds the group, no rule is touched: the group stays as well, with what passes to it.
async fn remove(aws: &Session<'_>, before: &Live) -> Result<(), Failure> {
    let id = before.id.as_str();
    let call = Call::repeatable("ec2:DeleteSecurityGroup");
    let send = || aws.clients.ec2.delete_security_group().group_id(id).send();
    match aws.call_judged(call, send, at_once).await {
        Err(failure) if failure.class == FailureClass::Broken => {}
        other => return other.map(|_| ()),
    }
    if !aws.stays_in_use(id).await {
        forget(aws, before).await?;
    }
    let held = Held::SecurityGroup(id);
    match aws.call_unless_held(call, held, send).await {
        // What held it a moment ago may have gone since; then the rules are all that is left.
        Err(failure) if failure.class == FailureClass::Broken && !aws.stays_in_use(id).await => {
            forget(aws, before).await?;
            aws.call_unless_held(call, held, send).await.map(|_| ())
        }
        other => other.map(|_| ()),
    }
}

/// The first refusal is looked into, not waited out.
async fn at_once(mut failure: Failure) -> Failure {
    if failure.class == FailureClass::Conflict {
        failure.class = FailureClass::Broken;
    }
    failure
}

/// Removes the rules that name the group from groups of the same stack.
async fn forget(aws: &Session<'_>, before: &Live) -> Result<(), Failure> {
    let Some(stack) = &before.ownership.stack else { return Ok(()) };
    let is_ours = |group: &SecurityGroup| {
        Ownership::split(tags::of_ec2(group.tags())).0.stack.as_ref() == Some(stack)
    };
    let groups = aws.groups_that_name(&before.id).await?;
    let groups: Vec<String> = groups
        .iter()
        .filter(|group| is_ours(group))
        .filter_map(|group| group.group_id().map(str::to_owned))
        .collect();
    let rules = rules_of(aws, &groups).await?;
    for group in &groups {
        let naming: Vec<&SecurityGroupRule> = rules
            .iter()
            .filter(|rule| rule.group_id() == Some(group))
            .filter(|rule| rule::group(rule) == Some(&before.id))
            .collect();
        revoke(aws, group, &naming).await?;
    }
    Ok(())
}

async fn raw(aws: &Session<'_>, filters: Vec<Filter>) -> Result<Vec<SecurityGroup>, Failure> {
    aws.pages(
        Call::read("ec2:DescribeSecurityGroups"),
        |next| {
            let call = aws.clients.ec2.describe_security_groups().max_results(PAGE);
            call.set_filters(Some(filters.clone())).set_next_token(next).send()
        },
        |page| (page.security_groups.unwrap_or_default(), page.next_token),
    )
    .await
}

/// The rules of groups with their ids, one record a peer.
async fn rules_of(aws: &Session<'_>, groups: &[String]) -> Result<Vec<SecurityGroupRule>, Failure> {
    describe::by_ids(groups, ID, |by| {
        aws.pages(
            Call::read("ec2:DescribeSecurityGroupRules"),
            move |next| {
                let call = aws.clients.ec2.describe_security_group_rules().max_results(PAGE);
                call.filters(by.clone()).set_next_token(next).send()
            },
            |page| (page.security_group_rules.unwrap_or_default(), page.next_token),
        )
    })
    .await
}

fn normalise(aws: &Session<'_>, group: &SecurityGroup) -> Live {
    let id = group.group_id().unwrap_or_default();
    let of = |entries: &[IpPermission], direction: Direction| -> Value {
        let rules = entries.iter().flat_map(Rule::of_permission);
        let mut rules: Vec<Value> = rules.map(|rule| rule.value(direction)).collect();
        rules.sort();
        Value::List(rules)
    };
    // `rules` (exclusive or additive) is a word between the stack and us; EC2 does not know it.
    let attributes = [
        ("vpc", describe::text(group.vpc_id())),
        ("name", describe::text(group.group_name())),
        ("description", describe::text(group.description())),
        ("ingress", of(group.ip_permissions(), Direction::Ingress)),
        ("egress", of(group.ip_permissions_egress(), Direction::Egress)),
    ];
    let arn = ec2_arn(aws.region, aws.account, "security-group", id);
    let outputs = [("id", id.into()), ("arn", arn.into())];
    describe::live((KIND, id), group.tags(), attributes, outputs, Condition::Ready)
}
