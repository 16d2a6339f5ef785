//! The routes of a table: what EC2 says, and how to change it.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Route, RouteTable};
use trueup_model::Value;
use trueup_model::snapshot::{Condition, Live, around};
use trueup_provider::{Call, Failure, FailureClass};

use crate::live::Session;
use crate::live::describe;
use crate::live::session::unless_missing;
use crate::network::canonical_cidr;

/// Sets the one parameter that a target of this kind goes into, told by the beginning of its id.
macro_rules! aim {
    ($call:expr, $target:expr) => {{
        let (call, target) = ($call, $target);
        match target.split('-').next().unwrap_or_default() {
            "nat" => call.nat_gateway_id(target),
            "eigw" => call.egress_only_internet_gateway_id(target),
            "pcx" => call.vpc_peering_connection_id(target),
            "tgw" => call.transit_gateway_id(target),
            "vpce" => call.vpc_endpoint_id(target),
            "eni" => call.network_interface_id(target),
            "i" => call.instance_id(target),
            "lgw" => call.local_gateway_id(target),
            "cagw" => call.carrier_gateway_id(target),
            _ if target.contains(":odb-network/") => call.odb_network_arn(target),
            _ if target.starts_with("arn:") => call.core_network_arn(target),
            // Internet gateways and virtual private gateways; what is unknown gets AWS's answer.
            _ => call.gateway_id(target),
        }
    }};
}

/// Sets the parameter that a destination goes into.
macro_rules! lead {
    ($call:expr, $destination:expr) => {{
        let (call, destination) = ($call, $destination);
        if destination.starts_with("pl-") {
            call.destination_prefix_list_id(destination)
        } else if destination.contains(':') {
            call.destination_ipv6_cidr_block(destination)
        } else {
            call.destination_cidr_block(destination)
        }
    }};
}

/// The routes that a stack states: targets by destination.
pub(super) fn managed(table: &RouteTable) -> Value {
    let routes = table.routes().iter().filter(|route| is_managed(route));
    let routes = routes.filter_map(|route| Some((destination(route)?, target(route)?.into())));
    Value::Map(routes.collect())
}

/// The network interfaces of routes to instances, by destination.
pub(super) fn interfaces(table: &RouteTable) -> Value {
    let routes = table.routes().iter().filter(|route| route.instance_id().is_some());
    let interface =
        |route: &Route| Some((destination(route)?, route.network_interface_id()?.into()));
    Value::Map(routes.filter_map(interface).collect())
}

/// The endpoints that routes from prefix lists lead to, by prefix list.
pub(super) fn endpoints(table: &RouteTable) -> Value {
    let routes = table.routes().iter().filter(|route| leads_to_endpoint(route));
    let endpoint = |route: &Route| Some((destination(route)?, route.gateway_id()?.into()));
    Value::Map(routes.filter_map(endpoint).collect())
}

/// Those that AWS adds itself are not: the local ones, propagated ones, and those of gateway
/// endpoints. A local route that was pointed elsewhere is.
fn is_managed(route: &Route) -> bool {
    let origin = route.origin().map_or("CreateRoute", |origin| origin.as_str());
    route.gateway_id() != Some("local")
        && !leads_to_endpoint(route)
        && matches!(origin, "CreateRoute" | "CreateRouteTable")
}

/// Whether it leads from a prefix list to an endpoint, as a gateway endpoint's own routes do.
fn leads_to_endpoint(route: &Route) -> bool {
    let gateway = route.gateway_id().unwrap_or_default();
    route.destination_prefix_list_id().is_some() && gateway.starts_with("vpce-")
}

/// What a stack does not state of a table's routes and what decides all the same: routes that AWS
/// adds itself, and which of all lead nowhere.
pub(super) fn not_managed(table: &RouteTable) -> Vec<Live> {
    let id = table.route_table_id().unwrap_or_default();
    let is_black = |route: &Route| route.state().is_some_and(|s| s.as_str() == "blackhole");
    let routes = table.routes().iter().filter(|route| route.gateway_id() != Some("local"));
    let routes = routes.filter(|route| !is_managed(route) || is_black(route));
    let routes = routes.filter_map(|route| {
        let destination = destination(route)?;
        let attributes = [
            ("vpc", describe::text(table.vpc_id())),
            ("table", id.into()),
            ("destination", destination.as_str().into()),
            ("target", describe::text(target(route))),
            ("blackhole", is_black(route).into()),
        ];
        let id = format!("{id} {destination}");
        Some(describe::live((around::ROUTE, &id), &[], attributes, [], Condition::Ready))
    });
    routes.collect()
}

fn destination(route: &Route) -> Option<String> {
    let destination = route
        .destination_cidr_block()
        .or(route.destination_ipv6_cidr_block())
        .or(route.destination_prefix_list_id());
    destination.map(canonical_cidr)
}

/// Where it leads. A blackhole keeps its target: it is as wanted as long as the target is. An
/// instance comes with its network interface.
fn target(route: &Route) -> Option<&str> {
    route
        .nat_gateway_id()
        .or(route.transit_gateway_id())
        .or(route.vpc_peering_connection_id())
        .or(route.egress_only_internet_gateway_id())
        .or(route.local_gateway_id())
        .or(route.carrier_gateway_id())
        .or(route.core_network_arn())
        .or(route.odb_network_arn())
        .or(route.instance_id())
        .or(route.network_interface_id())
        .or(route.gateway_id())
}

/// Makes the table's routes these.
pub(super) async fn change(
    aws: &Session<'_>,
    table: &RouteTable,
    wanted: &Value,
) -> Result<(), Failure> {
    let id = table.route_table_id().unwrap_or_default();
    let none = BTreeMap::new();
    let wanted = wanted.as_map().unwrap_or(&none);
    let there = table.routes().iter().filter(|route| is_managed(route));
    let there: BTreeMap<String, &Route> =
        there.filter_map(|route| Some((destination(route)?, route))).collect();
    for (destination, target) in wanted {
        let Some(target) = target.as_str() else { continue };
        match there.get(destination) {
            Some(route) if leads_to(route, target) => {}
            Some(_) => replace(aws, id, destination, target).await?,
            None => add(aws, id, destination, target).await?,
        }
    }
    for (destination, route) in there.iter().filter(|(to, _)| !wanted.contains_key(*to)) {
        if route.origin().is_some_and(|origin| origin.as_str() == "CreateRouteTable") {
            // The local route cannot be removed, only led back.
            aws.call(Call::repeatable("ec2:ReplaceRoute"), || {
                let call = aws.clients.ec2.replace_route().route_table_id(id).local_target(true);
                lead!(call, destination).send()
            })
            .await?;
        } else {
            let gone = aws.call(Call::repeatable("ec2:DeleteRoute"), || {
                let call = aws.clients.ec2.delete_route().route_table_id(id);
                lead!(call, destination).send()
            });
            unless_missing(gone.await)?;
        }
    }
    Ok(())
}

fn leads_to(route: &Route, wanted: &str) -> bool {
    target(route) == Some(wanted) || route.network_interface_id() == Some(wanted)
}

async fn add(
    aws: &Session<'_>,
    table: &str,
    destination: &str,
    target: &str,
) -> Result<(), Failure> {
    let added = aws
        .call_on_new(Call::repeatable("ec2:CreateRoute"), || {
            let call = aws.clients.ec2.create_route().route_table_id(table);
            aim!(lead!(call, destination), target).send()
        })
        .await;
    match added {
        // A repeated call, or somebody was quicker.
        Err(failure) if failure.class == FailureClass::Exists => {
            replace(aws, table, destination, target).await
        }
        other => other.map(|_| ()),
    }
}

/// In one call: a route that is deleted and made again leads nowhere in between.
async fn replace(
    aws: &Session<'_>,
    table: &str,
    destination: &str,
    target: &str,
) -> Result<(), Failure> {
    aws.call_on_new(Call::repeatable("ec2:ReplaceRoute"), || {
        let call = aws.clients.ec2.replace_route().route_table_id(table);
        aim!(lead!(call, destination), target).send()
    })
    .await
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{RouteOrigin, RouteState};

    use super::*;

    fn shown(route: aws_sdk_ec2::types::builders::RouteBuilder) -> String {
        managed(&RouteTable::builder().routes(route.build()).build()).to_string()
    }

    fn made() -> aws_sdk_ec2::types::builders::RouteBuilder {
        Route::builder().origin(RouteOrigin::CreateRoute)
    }

    #[test]
    fn what_aws_adds_is_not_ours() {
        let local = Route::builder().destination_cidr_block("10.0.0.0/16").gateway_id("local");
        assert_eq!(shown(local.origin(RouteOrigin::CreateRouteTable)), "{}");
        let learnt = made().destination_cidr_block("192.168.0.0/16").gateway_id("vgw-1");
        assert_eq!(shown(learnt.origin(RouteOrigin::EnableVgwRoutePropagation)), "{}");
        let endpoint = made().destination_prefix_list_id("pl-1").gateway_id("vpce-1");
        assert_eq!(shown(endpoint), "{}");
        let unknown = made().destination_cidr_block("192.168.0.0/16").gateway_id("vgw-1");
        assert_eq!(shown(unknown.origin("Advertisement".into())), "{}");
    }

    #[test]
    fn targets_are_read_whatever_they_are() {
        let nat = made().destination_cidr_block("0.0.0.0/0").nat_gateway_id("nat-1");
        assert_eq!(shown(nat), r#"{"0.0.0.0/0":"nat-1"}"#);
        let v6 =
            made().destination_ipv6_cidr_block("::/0").egress_only_internet_gateway_id("eigw-1");
        assert_eq!(shown(v6), r#"{"::/0":"eigw-1"}"#);
        let instance = made().destination_cidr_block("10.1.0.0/16").instance_id("i-1");
        assert_eq!(shown(instance.network_interface_id("eni-1")), r#"{"10.1.0.0/16":"i-1"}"#);
        let balancer = made().destination_cidr_block("10.1.0.0/16").gateway_id("vpce-1");
        assert_eq!(shown(balancer), r#"{"10.1.0.0/16":"vpce-1"}"#);
        let list = made().destination_prefix_list_id("pl-1").transit_gateway_id("tgw-1");
        assert_eq!(shown(list), r#"{"pl-1":"tgw-1"}"#);
    }

    #[test]
    fn what_the_routes_do_not_say_is_told_apart() {
        let instance = made().destination_cidr_block("10.1.0.0/16").instance_id("i-1");
        let endpoint = made().destination_prefix_list_id("pl-1").gateway_id("vpce-1");
        let table = RouteTable::builder()
            .routes(instance.network_interface_id("eni-1").build())
            .routes(endpoint.build())
            .build();
        assert_eq!(interfaces(&table).to_string(), r#"{"10.1.0.0/16":"eni-1"}"#);
        assert_eq!(endpoints(&table).to_string(), r#"{"pl-1":"vpce-1"}"#);
    }

    #[test]
    fn a_blackhole_keeps_its_target() {
        let dead = made().destination_cidr_block("0.0.0.0/0").nat_gateway_id("nat-1");
        assert_eq!(shown(dead.state(RouteState::Blackhole)), r#"{"0.0.0.0/0":"nat-1"}"#);
    }

    #[test]
    fn a_local_route_that_leads_elsewhere_is_ours() {
        let moved = Route::builder().destination_cidr_block("10.0.0.0/16");
        let moved = moved.network_interface_id("eni-1").origin(RouteOrigin::CreateRouteTable);
        assert_eq!(shown(moved), r#"{"10.0.0.0/16":"eni-1"}"#);
    }
}
