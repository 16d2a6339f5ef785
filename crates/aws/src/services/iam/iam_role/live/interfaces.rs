//! What a role of functions has to outlive: the network interfaces of those that are gone.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_ec2::types::NetworkInterface;
use aws_sdk_lambda::types::FunctionConfiguration;
use trueup_model::kind::FUNCTION_INTERFACES_AWAITED;
use trueup_model::snapshot::Live;
use trueup_provider::{Call, Failure};

use crate::live::describe::PAGE;
use crate::live::session::unless_missing;
use crate::live::{Session, owned, tags};

/// How often they are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// What stands before the function's name in an interface's description, and how long the id behind
/// it is, with its hyphen.
const DESCRIBED: &str = "AWS Lambda VPC ENI-";
const ID_LENGTH: usize = 37;

/// Lambda deletes the interfaces of a function long after it (`FUNCTION_INTERFACES_STAY`), with the function's role:
/// without the role they stay for ever and hold their subnets and groups. So the role waits for the
/// interfaces in its stack's subnets, and for those of functions that are named after the stack, that
/// no function uses any more.
pub(super) async fn outlast(aws: &Session<'_>, role: &Live) -> Result<(), Failure> {
    let for_functions = role.get("trust").to_string().contains("lambda.amazonaws.com");
    let Some(stack) = role.ownership.stack.as_deref().filter(|_| for_functions) else {
        return Ok(());
    };
    let subnets = subnets(aws, stack).await?;
    let begun = aws.host.now();
    loop {
        let mut found = of_functions(aws).await?;
        found.retain(|one| {
            let name = function_of(one).unwrap_or_default();
            one.subnet_id().is_some_and(|id| subnets.contains(id))
                || name.strip_prefix(stack).is_some_and(|rest| rest.starts_with('-'))
        });
        if !any_unused(aws, &found).await? {
            return Ok(());
        }
        let what = "the network interfaces of its functions";
        let awaited = u64::from(FUNCTION_INTERFACES_AWAITED) * 1000;
        if aws.host.now().saturating_sub(begun) >= awaited {
            return Err(Failure::draining(what));
        }
        aws.host.drain(what, LOOK_EVERY).await?;
    }
}

/// The stack's subnets; one that an interface stands in cannot be gone.
async fn subnets(aws: &Session<'_>, stack: &str) -> Result<BTreeSet<String>, Failure> {
    let found = aws.pages(
        Call::read("ec2:DescribeSubnets"),
        |next| {
            let call = aws.clients.ec2.describe_subnets().filters(tags::owned_by(stack));
            call.max_results(PAGE).set_next_token(next).send()
        },
        |page| (page.subnets.unwrap_or_default(), page.next_token),
    );
    Ok(found.await?.into_iter().filter_map(|subnet| subnet.subnet_id).collect())
}

async fn of_functions(aws: &Session<'_>) -> Result<Vec<NetworkInterface>, Failure> {
    let filter = tags::filter("description", [format!("{DESCRIBED}*")]);
    aws.pages(
        Call::read("ec2:DescribeNetworkInterfaces"),
        |next| {
            let call = aws.clients.ec2.describe_network_interfaces().filters(filter.clone());
            call.max_results(PAGE).set_next_token(next).send()
        },
        |page| (page.network_interfaces.unwrap_or_default(), page.next_token),
    )
    .await
}

/// The function that an interface was made for: others with the same subnet and groups share it.
fn function_of(interface: &NetworkInterface) -> Option<&str> {
    let name = interface.description()?.strip_prefix(DESCRIBED)?;
    name.get(..name.len().checked_sub(ID_LENGTH)?)
}

/// Whether one of them is used by no function. Lists may still have functions that are gone, so each
/// is asked for by name.
async fn any_unused(aws: &Session<'_>, found: &[NetworkInterface]) -> Result<bool, Failure> {
    let mut others: Option<Vec<FunctionConfiguration>> = None;
    for interface in found {
        let maker = function_of(interface).unwrap_or_default();
        if !maker.is_empty() && exists(aws, maker).await? {
            continue;
        }
        if others.is_none() {
            others = Some(functions(aws).await?);
        }
        let mut is_used = false;
        for function in others.iter().flatten().filter(|one| shares(one, interface)) {
            let name = function.function_name().unwrap_or_default();
            is_used = is_used || (name != maker && exists(aws, name).await?);
        }
        if !is_used {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Functions with the same subnet and groups have the same interface.
fn shares(function: &FunctionConfiguration, interface: &NetworkInterface) -> bool {
    let Some(network) = function.vpc_config() else { return false };
    let groups: Vec<&str> =
        interface.groups().iter().filter_map(|group| group.group_id()).collect();
    let theirs: Vec<&str> = network.security_group_ids().iter().map(String::as_str).collect();
    let stands_there = |id: &str| network.subnet_ids().iter().any(|subnet| subnet == id);
    interface.subnet_id().is_some_and(stands_there) && owned::same_set(&groups, &theirs)
}

async fn exists(aws: &Session<'_>, name: &str) -> Result<bool, Failure> {
    let answer = aws.call(Call::read("lambda:GetFunction"), || {
        aws.clients.lambda.get_function().function_name(name).send()
    });
    Ok(unless_missing(answer.await)?.is_some())
}

async fn functions(aws: &Session<'_>) -> Result<Vec<FunctionConfiguration>, Failure> {
    aws.pages(
        Call::read("lambda:ListFunctions"),
        |next| aws.clients.lambda.list_functions().set_marker(next).send(),
        |page| (page.functions.unwrap_or_default(), page.next_marker),
    )
    .await
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::GroupIdentifier;
    use aws_sdk_lambda::types::VpcConfigResponse;

    use super::*;

    fn interface(description: &str, groups: &[&str]) -> NetworkInterface {
        let groups = groups.iter().map(|id| GroupIdentifier::builder().group_id(*id).build());
        let one = NetworkInterface::builder().description(description).subnet_id("subnet-1");
        one.set_groups(Some(groups.collect())).build()
    }

    #[test]
    fn an_interface_says_whose_it_is() {
        let of = |text: &str| function_of(&interface(text, &[])).map(str::to_owned);
        let id = "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f";
        assert_eq!(of(&format!("AWS Lambda VPC ENI-shop-api-{id}")), Some("shop-api".to_owned()));
        assert_eq!(of("AWS Lambda VPC ENI-x"), None);
        assert_eq!(of("RDSNetworkInterface"), None);
    }

    #[test]
    fn functions_alike_share_an_interface() {
        let network = VpcConfigResponse::builder().subnet_ids("subnet-1").subnet_ids("subnet-2");
        let network = network.security_group_ids("sg-1").security_group_ids("sg-2").build();
        let function = FunctionConfiguration::builder().vpc_config(network).build();
        assert!(shares(&function, &interface("", &["sg-2", "sg-1"])));
        assert!(!shares(&function, &interface("", &["sg-1"])));
        assert!(!shares(&FunctionConfiguration::builder().build(), &interface("", &[])));
    }
}
