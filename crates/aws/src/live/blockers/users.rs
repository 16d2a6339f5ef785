//! The functions and databases that still use a network. What one of them that is gone has left
//! behind goes by itself; what one that is there has, never does.

use aws_sdk_lambda::types::FunctionConfiguration;
use aws_sdk_rds::types::DbInstance;
use trueup_provider::{Call, Failure};

use super::Held;
use super::refusal::{Holder, Leaves};
use crate::live::session::Session;

/// The holders, with those that are there in the place of what would pass if they were not.
pub(super) async fn instead_of(
    aws: &Session<'_>,
    held: Held<'_>,
    mut holders: Vec<Holder>,
) -> Vec<Holder> {
    // Who may not ask goes on as if they were gone: AWS refuses for as long as they are not.
    if holders.iter().any(|holder| holder.leaves == Leaves::Draining) {
        let functions = functions(aws, held).await.unwrap_or_default();
        // The list may be behind a delete for a moment.
        replace(&mut holders, Leaves::Draining, functions, Leaves::Shortly);
    }
    if holders.iter().any(|holder| holder.leaves == Leaves::WithDatabase) {
        let databases = databases(aws, held).await.unwrap_or_default();
        // The read that says that a database is gone is the same.
        replace(&mut holders, Leaves::WithDatabase, databases, Leaves::ByHand);
    }
    holders
}

fn replace(holders: &mut Vec<Holder>, instead_of: Leaves, users: Vec<String>, leaves: Leaves) {
    if !users.is_empty() {
        holders.retain(|holder| holder.leaves != instead_of);
        holders.extend(users.into_iter().map(|what| Holder { what, leaves }));
    }
}

async fn functions(aws: &Session<'_>, held: Held<'_>) -> Result<Vec<String>, Failure> {
    let all = aws.pages(
        Call::read("lambda:ListFunctions"),
        |next| aws.clients.lambda.list_functions().set_marker(next).send(),
        |page| (page.functions.unwrap_or_default(), page.next_marker),
    );
    let all = all.await?;
    let users = all.iter().filter(|one| function_uses(one, held));
    let name = |one: &FunctionConfiguration| one.function_name().unwrap_or_default().to_owned();
    Ok(users.map(|one| format!("Lambda function {}", name(one))).collect())
}

fn function_uses(function: &FunctionConfiguration, held: Held<'_>) -> bool {
    let Some(network) = function.vpc_config() else { return false };
    match held {
        Held::Subnet(id) => network.subnet_ids().iter().any(|subnet| subnet == id),
        Held::SecurityGroup(id) => network.security_group_ids().iter().any(|group| group == id),
        Held::Vpc(id) | Held::PublicAddresses { vpc: id } => network.vpc_id() == Some(id),
        Held::Interface(_) => false,
    }
}

async fn databases(aws: &Session<'_>, held: Held<'_>) -> Result<Vec<String>, Failure> {
    let all = aws.pages(
        Call::read("rds:DescribeDBInstances"),
        |next| aws.clients.rds.describe_db_instances().max_records(100).set_marker(next).send(),
        |page| (page.db_instances.unwrap_or_default(), page.marker),
    );
    let all = all.await?;
    let users = all.iter().filter(|one| database_uses(one, held));
    let name = |one: &DbInstance| one.db_instance_identifier().unwrap_or_default().to_owned();
    Ok(users.map(|one| format!("database {}", name(one))).collect())
}

/// One that is being deleted takes its interface with it.
fn database_uses(database: &DbInstance, held: Held<'_>) -> bool {
    if database.db_instance_status() == Some("deleting") {
        return false;
    }
    let network = database.db_subnet_group();
    match held {
        Held::Subnet(id) => network
            .is_some_and(|group| group.subnets().iter().any(|s| s.subnet_identifier() == Some(id))),
        Held::SecurityGroup(id) => {
            database.vpc_security_groups().iter().any(|g| g.vpc_security_group_id() == Some(id))
        }
        Held::Vpc(id) | Held::PublicAddresses { vpc: id } => {
            network.is_some_and(|group| group.vpc_id() == Some(id))
        }
        Held::Interface(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::types::VpcConfigResponse;
    use aws_sdk_rds::types::{DbSubnetGroup, Subnet, VpcSecurityGroupMembership};

    use super::*;

    const HELD: [Held<'_>; 4] = [
        Held::Subnet("subnet-1"),
        Held::SecurityGroup("sg-1"),
        Held::Vpc("vpc-1"),
        Held::PublicAddresses { vpc: "vpc-1" },
    ];

    #[test]
    fn a_function_uses_what_it_stands_in() {
        let network = VpcConfigResponse::builder()
            .subnet_ids("subnet-1")
            .security_group_ids("sg-1")
            .vpc_id("vpc-1")
            .build();
        let function = FunctionConfiguration::builder().vpc_config(network).build();
        assert!(HELD.iter().all(|held| function_uses(&function, *held)));
        assert!(!function_uses(&function, Held::Subnet("subnet-2")));
        let elsewhere = FunctionConfiguration::builder().build();
        assert!(!HELD.iter().any(|held| function_uses(&elsewhere, *held)));
    }

    #[test]
    fn a_database_uses_what_it_may_stand_in_until_it_is_deleted() {
        let database = |status: &str| {
            let subnet = Subnet::builder().subnet_identifier("subnet-1").build();
            let group = VpcSecurityGroupMembership::builder().vpc_security_group_id("sg-1");
            DbInstance::builder()
                .db_instance_status(status)
                .db_subnet_group(DbSubnetGroup::builder().vpc_id("vpc-1").subnets(subnet).build())
                .vpc_security_groups(group.build())
                .build()
        };
        assert!(HELD.iter().all(|held| database_uses(&database("available"), *held)));
        assert!(!HELD.iter().any(|held| database_uses(&database("deleting"), *held)));
        assert!(!database_uses(&database("available"), Held::SecurityGroup("sg-2")));
    }

    #[test]
    fn users_stand_in_the_place_of_what_would_pass() {
        let eni = || Holder { what: "Lambda function a".to_owned(), leaves: Leaves::Draining };
        let mut holders = vec![eni()];
        replace(&mut holders, Leaves::Draining, Vec::new(), Leaves::Shortly);
        assert_eq!(holders, [eni()]);
        let users = vec!["Lambda function b".to_owned()];
        replace(&mut holders, Leaves::Draining, users, Leaves::Shortly);
        let user = Holder { what: "Lambda function b".to_owned(), leaves: Leaves::Shortly };
        assert_eq!(holders, [user]);
    }
}
