//! Which subnets use a table, and whether it is the VPC's main one.

use aws_sdk_ec2::types::{RouteTable, RouteTableAssociation};
use trueup_model::Value;
use trueup_model::snapshot::Ownership;
use trueup_provider::{Call, Failure, FailureClass};

use super::raw;
use crate::live::Session;
use crate::live::session::{unless_exists, unless_missing};
use crate::live::tags::{self, FILTER_VALUES, filter};

/// The subnets that use the table because somebody said so.
pub(super) fn subnets(table: &RouteTable) -> Value {
    current(table).filter_map(RouteTableAssociation::subnet_id).collect()
}

/// Whether the VPC's other subnets use it.
pub(super) fn is_main(table: &RouteTable) -> bool {
    current(table).any(|association| association.main() == Some(true))
}

fn current(table: &RouteTable) -> impl Iterator<Item = &RouteTableAssociation> {
    table.associations().iter().filter(|association| {
        let state = association.association_state().and_then(|state| state.state());
        state.is_none_or(|state| matches!(state.as_str(), "associated" | "associating"))
    })
}

/// Makes the subnets that use the table these.
pub(super) async fn change(
    aws: &Session<'_>,
    table: &RouteTable,
    wanted: &[String],
) -> Result<(), Failure> {
    let there = subnets(table).strings();
    let coming: Vec<String> =
        wanted.iter().filter(|subnet| !there.contains(subnet)).cloned().collect();
    associate(aws, table, &coming).await?;
    let is_leaving = |association: &&RouteTableAssociation| {
        association.subnet_id().is_some_and(|subnet| !wanted.iter().any(|one| one == subnet))
    };
    for association in current(table).filter(is_leaving) {
        disassociate(aws, association).await?;
    }
    Ok(())
}

/// How often it is looked again when associations change while they are changed: by a call whose
/// answer was lost, or by somebody else.
const ROUNDS: usize = 3;

/// A subnet that uses another table is moved in one call, so that it always uses one of the two.
async fn associate(
    aws: &Session<'_>,
    table: &RouteTable,
    subnets: &[String],
) -> Result<(), Failure> {
    let mut left = subnets.to_vec();
    for _ in 0..ROUNDS {
        if left.is_empty() {
            break;
        }
        let others = tables_of(aws, &left).await?;
        let mut again = Vec::new();
        for subnet in left {
            if !associate_one(aws, table, &others, &subnet).await? {
                again.push(subnet);
            }
        }
        left = again;
    }
    Ok(())
}

/// Whether it worked; if not, the associations are not what they were when they were read.
async fn associate_one(
    aws: &Session<'_>,
    table: &RouteTable,
    others: &[RouteTable],
    subnet: &str,
) -> Result<bool, Failure> {
    let id = table.route_table_id().unwrap_or_default();
    let elsewhere = others.iter().find_map(|other| {
        let uses = |one: &&RouteTableAssociation| one.subnet_id() == Some(subnet);
        Some((other, current(other).find(uses)?))
    });
    match elsewhere {
        Some((other, _)) if other.route_table_id() == Some(id) => Ok(true),
        Some((other, association)) => {
            refuse_others(table, other, subnet)?;
            replace(aws, association, id).await
        }
        None => {
            let made = aws.call_on_new(Call::repeatable("ec2:AssociateRouteTable"), || {
                let call = aws.clients.ec2.associate_route_table();
                call.route_table_id(id).subnet_id(subnet).send()
            });
            unless_exists(made.await).map(|made| made.is_some())
        }
    }
}

/// The tables that these subnets use explicitly.
async fn tables_of(aws: &Session<'_>, subnets: &[String]) -> Result<Vec<RouteTable>, Failure> {
    let mut found = Vec::new();
    for subnets in subnets.chunks(FILTER_VALUES) {
        found.extend(raw(aws, vec![filter("association.subnet-id", subnets.to_vec())]).await?);
    }
    Ok(found)
}

/// A subnet that somebody moved by hand is taken back; one that another stack or tool has put
/// behind its own table is not fought over.
fn refuse_others(ours: &RouteTable, other: &RouteTable, subnet: &str) -> Result<(), Failure> {
    let owner_of = |table: &RouteTable| Ownership::split(tags::of_ec2(table.tags())).0;
    let (own, theirs) = (owner_of(ours), owner_of(other));
    let who = match (&theirs.stack, &theirs.other) {
        (Some(stack), _) if own.stack.as_ref() != Some(stack) => format!("stack {stack}"),
        (None, Some(tool)) => tool.clone(),
        _ => return Ok(()),
    };
    let table = other.route_table_id().unwrap_or_default();
    let message = format!("{subnet} uses route table {table}, which belongs to {who}");
    let help = format!("take {subnet} out of {table} there, or leave it out of `subnets` here");
    Err(Failure::new(FailureClass::Invalid, message).help(help))
}

/// Makes it the main table, or gives that back to another table of the VPC: a VPC always has one.
pub(super) async fn change_main(
    aws: &Session<'_>,
    table: &RouteTable,
    wanted: bool,
) -> Result<(), Failure> {
    let id = table.route_table_id().unwrap_or_default();
    if is_main(table) == wanted {
        return Ok(());
    }
    for _ in 0..ROUNDS {
        let all = vpc_tables(aws, table).await?;
        let Some((holder, association)) = main_association(&all) else {
            return Err(Failure::new(FailureClass::Missing, "the VPC has no main route table"));
        };
        if (holder.route_table_id() == Some(id)) == wanted {
            return Ok(());
        }
        let next = if wanted { id } else { heir_of(&all, id)? };
        if replace(aws, association, next).await? {
            return Ok(());
        }
    }
    Ok(())
}

fn main_association(all: &[RouteTable]) -> Option<(&RouteTable, &RouteTableAssociation)> {
    let is_main = |one: &&RouteTableAssociation| one.main() == Some(true);
    all.iter().find_map(|one| Some((one, current(one).find(is_main)?)))
}

fn heir_of<'a>(all: &'a [RouteTable], id: &str) -> Result<&'a str, Failure> {
    let others: Vec<&RouteTable> =
        all.iter().filter(|one| one.route_table_id() != Some(id)).collect();
    heir(&others).ok_or_else(|| {
        let message = format!("route table {id} is the VPC's only one, so it stays the main one");
        Failure::new(FailureClass::Invalid, message)
            .help("add another route table with `main: true`")
    })
}

/// The table that came with the VPC, as far as that can be told: it has no owner, no tags, and no
/// subnet uses it explicitly.
fn heir<'a>(others: &[&'a RouteTable]) -> Option<&'a str> {
    let strangeness = |table: &RouteTable| {
        let by = Ownership::split(tags::of_ec2(table.tags())).0;
        let owned = by.stack.is_some() || by.other.is_some();
        let used = table.associations().iter().any(|one| one.subnet_id().is_some());
        (owned, used, table.tags().len(), table.routes().len())
    };
    others.iter().min_by_key(|table| strangeness(table)).and_then(|table| table.route_table_id())
}

async fn vpc_tables(aws: &Session<'_>, table: &RouteTable) -> Result<Vec<RouteTable>, Failure> {
    let vpc = table.vpc_id().unwrap_or_default();
    raw(aws, vec![filter("vpc-id", [vpc.to_owned()])]).await
}

/// Takes everything away from a table that is to be deleted.
pub(super) async fn release(aws: &Session<'_>, table: &RouteTable) -> Result<(), Failure> {
    change_main(aws, table, false).await?;
    for association in current(table).filter(|association| association.main() != Some(true)) {
        disassociate(aws, association).await?;
    }
    Ok(())
}

/// Whether it worked; if not, the association is gone.
async fn replace(
    aws: &Session<'_>,
    association: &RouteTableAssociation,
    table: &str,
) -> Result<bool, Failure> {
    let id = association.route_table_association_id().unwrap_or_default();
    let replaced = aws
        .call_on_new(Call::repeatable("ec2:ReplaceRouteTableAssociation"), || {
            let call = aws.clients.ec2.replace_route_table_association();
            call.association_id(id).route_table_id(table).send()
        })
        .await;
    match replaced {
        Err(failure) if failure.is("InvalidAssociationID.NotFound") => Ok(false),
        other => other.map(|_| true),
    }
}

async fn disassociate(
    aws: &Session<'_>,
    association: &RouteTableAssociation,
) -> Result<(), Failure> {
    let Some(id) = association.route_table_association_id() else { return Ok(()) };
    let gone = aws.call(Call::repeatable("ec2:DisassociateRouteTable"), || {
        aws.clients.ec2.disassociate_route_table().association_id(id).send()
    });
    unless_missing(gone.await).map(|_| ())
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{
        RouteTableAssociationState, RouteTableAssociationStateCode as State, Tag,
    };

    use super::*;

    fn association(subnet: &str, state: State) -> RouteTableAssociation {
        let state = RouteTableAssociationState::builder().state(state).build();
        let association = RouteTableAssociation::builder().association_state(state);
        association.subnet_id(subnet).main(false).build()
    }

    fn table(id: &str, tags: &[(&str, &str)]) -> RouteTable {
        let tags = tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build());
        RouteTable::builder().route_table_id(id).set_tags(Some(tags.collect())).build()
    }

    #[test]
    fn only_current_associations_count() {
        let table = RouteTable::builder()
            .associations(association("subnet-1", State::Associated))
            .associations(association("subnet-2", State::Disassociating))
            .associations(association("subnet-3", State::Failed))
            .associations(RouteTableAssociation::builder().main(true).build())
            .build();
        assert_eq!(subnets(&table).strings(), ["subnet-1"]);
        assert!(is_main(&table));
    }

    #[test]
    fn the_table_that_came_with_the_vpc_is_the_main_one_again() {
        let (owned, named, own) = (
            table("rtb-1", &[("trueup:stack", "snowex")]),
            table("rtb-2", &[("Name", "by hand")]),
            table("rtb-3", &[]),
        );
        assert_eq!(heir(&[&owned, &named, &own]), Some("rtb-3"));
        assert_eq!(heir(&[]), None);
    }

    #[test]
    fn what_others_own_is_not_fought_over() {
        let ours = table("rtb-1", &[("trueup:stack", "snowex")]);
        let refused =
            |tags: &[(&str, &str)]| refuse_others(&ours, &table("rtb-2", tags), "subnet-1");
        assert!(refused(&[("trueup:stack", "snowex")]).is_ok() && refused(&[]).is_ok());
        let said = refused(&[("trueup:stack", "other")]).unwrap_err().to_string();
        assert_eq!(said, "subnet-1 uses route table rtb-2, which belongs to stack other");
        assert!(refused(&[("aws:cloudformation:stack-name", "web")]).is_err());
    }
}
