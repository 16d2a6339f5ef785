//! From the rules that are there to those that are wanted, without a gap.

use std::time::Duration;

use aws_sdk_ec2::types::{IpPermission, SecurityGroupRule, SecurityGroupRuleUpdate};
use trueup_model::snapshot::Live;
use trueup_model::{Expression, Value};
use trueup_provider::{Call, Failure, FailureClass, Update};

use super::super::rules::canonical;
use super::{Direction, KIND, Rule, rules_of};
use crate::live::session::unless_missing;
use crate::live::{Session, owned};

/// How often the rules are read again when somebody else changes them at the same time.
const ROUNDS: usize = 4;

/// How long the same rules are given to show in the other read.
const SHOWS_WITHIN: u64 = 20_000;
/// Between two reads of rules that something else is changing, too.
const PAUSE: Duration = Duration::from_secs(2);

/// Makes the rules of the directions that differ as wanted.
pub(super) async fn rules(aws: &Session<'_>, request: &Update) -> Result<(), Failure> {
    let directions = Direction::BOTH.map(|direction| Wish::of(request, direction));
    let wishes: Vec<Wish> = directions.into_iter().flatten().collect();
    if wishes.is_empty() {
        return Ok(());
    }
    let id = request.id.as_str();
    let shown = |live: &Live| wishes.iter().all(|wish| wish.holds(live));
    for _ in 0..ROUNDS {
        let there = rules_of(aws, &[id.to_owned()]).await?;
        for wish in &wishes {
            apply(aws, id, wish, there.clone()).await?;
        }
        // The rules may have been read where a new group's own rule was not known yet: what still
        // differs after a while is read and changed again.
        let end = aws.host.now() + SHOWS_WITHIN;
        let over = |live: Option<&Live>| live.is_some_and(&shown) || aws.host.now() >= end;
        if aws.holds(KIND, id, &over).await?.as_ref().is_some_and(&shown) {
            return Ok(());
        }
    }
    aws.shows(KIND, id, &shown).await.map(|_| ())
}

/// What one direction shall be.
struct Wish {
    direction: Direction,
    rules: Vec<Rule>,
    /// The rules that may be removed; none says all.
    removable: Option<Vec<Rule>>,
}

impl Wish {
    fn of(request: &Update, direction: Direction) -> Option<Self> {
        let name = direction.attribute();
        if !request.changes(name) {
            return None;
        }
        let wanted = request.attributes.get(name).cloned().unwrap_or_default();
        let wanted = canonical(&Expression::Value(wanted), direction.peer()).to_value();
        let read = |value: &Value| -> Vec<Rule> {
            let rules = value.as_list().unwrap_or_default();
            rules.iter().filter_map(|rule| Rule::of_value(rule, direction)).collect()
        };
        // A rule that somebody added since the plan was made is left alone, too.
        let additive = request.attributes.get("rules").and_then(Value::as_str) == Some("additive");
        let removable = additive.then(|| read(request.before.get(name)));
        Some(Self { direction, rules: read(&wanted.unwrap_or_default()), removable })
    }

    fn may_remove(&self, rule: &Rule) -> bool {
        self.removable.as_ref().is_none_or(|known| known.iter().any(|one| one.is(rule)))
    }

    fn holds(&self, live: &Live) -> bool {
        let wanted: Vec<Value> = self.rules.iter().map(|rule| rule.value(self.direction)).collect();
        let there = live.get(self.direction.attribute()).as_list().unwrap_or_default();
        if self.removable.is_some() {
            wanted.iter().all(|rule| there.contains(rule))
        } else {
            owned::same_set(there, &wanted)
        }
    }
}

/// What has to happen in one direction.
#[derive(Debug, Default)]
struct Difference<'a> {
    coming: Vec<&'a Rule>,
    /// By the id of the rule that has another description.
    described: Vec<(&'a str, &'a Rule)>,
    leaving: Vec<&'a SecurityGroupRule>,
}

impl<'a> Difference<'a> {
    fn between(there: &'a [SecurityGroupRule], wish: &'a Wish) -> Self {
        let there = there.iter().filter(|rule| wish.direction.is_of(rule));
        let there: Vec<(&SecurityGroupRule, Option<Rule>)> =
            there.map(|record| (record, Rule::of_ec2(record))).collect();
        let mut difference = Self::default();
        for wanted in &wish.rules {
            let same = there.iter().find(|(_, rule)| rule.as_ref().is_some_and(|r| r.is(wanted)));
            match same {
                None => difference.coming.push(wanted),
                Some((record, Some(rule))) if rule.description != wanted.description => {
                    let id = record.security_group_rule_id().unwrap_or_default();
                    difference.described.push((id, wanted));
                }
                Some(_) => {}
            }
        }
        let leaving = there.iter().filter(|(_, rule)| match rule {
            Some(rule) => !wish.rules.iter().any(|one| one.is(rule)) && wish.may_remove(rule),
            // A peer of a kind that we do not know is not wanted: nobody can write it.
            None => wish.removable.is_none(),
        });
        difference.leaving = leaving.map(|(record, _)| *record).collect();
        difference
    }
}

/// New rules come before old ones go, so that nothing that may pass is ever stopped.
async fn apply(
    aws: &Session<'_>,
    group: &str,
    wish: &Wish,
    mut there: Vec<SecurityGroupRule>,
) -> Result<(), Failure> {
    let mut last = None;
    for _ in 0..ROUNDS {
        let difference = Difference::between(&there, wish);
        match authorize(aws, group, wish.direction, &difference.coming).await {
            Ok(()) => {}
            // One rule that is there already fails the whole batch: it came since the rules were
            // read, or with a call whose answer was lost.
            Err(failure) if failure.class == FailureClass::Exists => {
                last = Some(failure);
                there = read_again(aws, group).await?;
                continue;
            }
            // Old and new together are too many: then there is a gap.
            Err(failure)
                if failure.class == FailureClass::Quota && !difference.leaving.is_empty() =>
            {
                revoke(aws, group, &difference.leaving).await?;
                last = Some(failure);
                there = read_again(aws, group).await?;
                continue;
            }
            Err(failure) => return Err(failure),
        }
        describe(aws, group, &difference.described).await?;
        if revoke(aws, group, &difference.leaving).await? {
            return Ok(());
        }
        there = read_again(aws, group).await?;
    }
    Err(last.unwrap_or_else(|| {
        let message = format!("the rules of {group} change while they are changed");
        Failure::new(FailureClass::Conflict, message)
    }))
}

async fn read_again(aws: &Session<'_>, group: &str) -> Result<Vec<SecurityGroupRule>, Failure> {
    aws.host.sleep(PAUSE).await;
    rules_of(aws, &[group.to_owned()]).await
}

async fn authorize(
    aws: &Session<'_>,
    group: &str,
    direction: Direction,
    rules: &[&Rule],
) -> Result<(), Failure> {
    if rules.is_empty() {
        return Ok(());
    }
    let permissions: Vec<IpPermission> = rules.iter().map(|rule| rule.permission()).collect();
    match direction {
        Direction::Ingress => aws
            .call_on_new(Call::repeatable("ec2:AuthorizeSecurityGroupIngress"), || {
                let call = aws.clients.ec2.authorize_security_group_ingress().group_id(group);
                call.set_ip_permissions(Some(permissions.clone())).send()
            })
            .await
            .map(|_| ()),
        Direction::Egress => aws
            .call_on_new(Call::repeatable("ec2:AuthorizeSecurityGroupEgress"), || {
                let call = aws.clients.ec2.authorize_security_group_egress().group_id(group);
                call.set_ip_permissions(Some(permissions.clone())).send()
            })
            .await
            .map(|_| ()),
    }
}

async fn describe(aws: &Session<'_>, group: &str, rules: &[(&str, &Rule)]) -> Result<(), Failure> {
    if rules.is_empty() {
        return Ok(());
    }
    let updates = rules.iter().map(|(id, rule)| {
        let update = SecurityGroupRuleUpdate::builder().security_group_rule_id(*id);
        update.security_group_rule(rule.request()).build()
    });
    let updates: Vec<SecurityGroupRuleUpdate> = updates.collect();
    aws.call(Call::repeatable("ec2:ModifySecurityGroupRules"), || {
        let call = aws.clients.ec2.modify_security_group_rules().group_id(group);
        call.set_security_group_rules(Some(updates.clone())).send()
    })
    .await
    .map(|_| ())
}

/// Removes rules of a group by their ids. Whether all were there: one that is not fails the batch.
pub(super) async fn revoke(
    aws: &Session<'_>,
    group: &str,
    rules: &[&SecurityGroupRule],
) -> Result<bool, Failure> {
    let mut all_there = true;
    for direction in Direction::BOTH {
        let own = rules.iter().filter(|rule| direction.is_of(rule));
        let ids: Vec<String> =
            own.filter_map(|rule| rule.security_group_rule_id().map(str::to_owned)).collect();
        if ids.is_empty() {
            continue;
        }
        let ids = Some(ids);
        let revoked = match direction {
            Direction::Ingress => {
                let call = Call::repeatable("ec2:RevokeSecurityGroupIngress");
                let answer = aws.call(call, || {
                    let call = aws.clients.ec2.revoke_security_group_ingress().group_id(group);
                    call.set_security_group_rule_ids(ids.clone()).send()
                });
                unless_missing(answer.await)?.is_some()
            }
            Direction::Egress => {
                let call = Call::repeatable("ec2:RevokeSecurityGroupEgress");
                let answer = aws.call(call, || {
                    let call = aws.clients.ec2.revoke_security_group_egress().group_id(group);
                    call.set_security_group_rule_ids(ids.clone()).send()
                });
                unless_missing(answer.await)?.is_some()
            }
        };
        all_there &= revoked;
    }
    Ok(all_there)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, port: i32, cidr: &str, description: &str) -> SecurityGroupRule {
        SecurityGroupRule::builder()
            .security_group_rule_id(id)
            .is_egress(false)
            .ip_protocol("tcp")
            .from_port(port)
            .to_port(port)
            .cidr_ipv4(cidr)
            .description(description)
            .build()
    }

    fn rule(record: &SecurityGroupRule) -> Rule {
        Rule::of_ec2(record).unwrap()
    }

    fn check(
        wanted: Vec<Rule>,
        removable: Option<Vec<Rule>>,
        there: &[SecurityGroupRule],
    ) -> String {
        let wish = Wish { direction: Direction::Ingress, rules: wanted, removable };
        let difference = Difference::between(there, &wish);
        let ids = |rule: &&SecurityGroupRule| rule.security_group_rule_id().unwrap().to_owned();
        format!(
            "coming {} described {:?} leaving {:?}",
            difference.coming.len(),
            difference.described.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
            difference.leaving.iter().map(ids).collect::<Vec<_>>(),
        )
    }

    #[test]
    fn only_what_differs_is_touched() {
        let there = [
            record("sgr-1", 80, "10.0.0.0/8", "same"),
            record("sgr-2", 81, "10.0.0.0/8", "old"),
            record("sgr-3", 82, "10.0.0.0/8", ""),
        ];
        let wanted = vec![
            rule(&there[0]),
            rule(&record("", 81, "10.0.0.0/8", "new")),
            rule(&record("", 83, "10.0.0.0/8", "")),
        ];
        assert_eq!(
            check(wanted.clone(), None, &there),
            r#"coming 1 described ["sgr-2"] leaving ["sgr-3"]"#
        );
        assert_eq!(
            check(wanted, Some(Vec::new()), &there),
            r#"coming 1 described ["sgr-2"] leaving []"#
        );
    }

    #[test]
    fn the_other_direction_is_left_alone() {
        let out =
            SecurityGroupRule::builder().is_egress(true).ip_protocol("-1").cidr_ipv4("0.0.0.0/0");
        let there = [out.security_group_rule_id("sgr-1").build()];
        assert_eq!(check(Vec::new(), None, &there), "coming 0 described [] leaving []");
    }
}
