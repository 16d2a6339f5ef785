//! A route table with its routes and associations.

use std::collections::BTreeMap;

use trueup_model::kind::{
    Completion, Idempotency, Literal, Output, Permissions, ReferenceType, Sample, Settlement, Times,
};
use trueup_model::snapshot::Live;
use trueup_model::{Attribute, Disruption, Expression, Kind, Type, Value};

use crate::network::canonical_cidr;

const DOCUMENTATION: &str = "\
Identity: the tags. Creating one is protected by a client token.

In place: routes, the subnets that use it, whether it is the VPC's main table, tags. The VPC \
replaces it. A route whose target changes is replaced in one call, without a gap.

The table owns its routes: one that somebody added by hand is drift and is removed. Routes that AWS \
adds itself (the local one, those of gateway endpoints, propagated ones) are left alone.

A target may be the network interface of an instance: AWS tells both, and either is as wanted.

AWS: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRouteTable.html>";

/// The declaration.
pub fn kind() -> Kind {
    Kind {
        documentation: DOCUMENTATION,
        attributes: vec![
            Attribute::new("vpc", Type::id_of(&["vpc"], "vpc-"), "The VPC.").replaces(),
            Attribute::new(
                "subnets",
                Type::id_of(&["subnet"], "subnet-").set(),
                "The subnets that use it.",
            )
            .or(Value::List(Vec::new()), "a subnet that no table names uses the VPC's main one")
            .disrupts(Disruption::Brief)
            .security(),
            Attribute::new(
                "routes",
                Type::Reference(ReferenceType {
                    kinds: &["internet_gateway", "nat_gateway", "instance"],
                    output: "id",
                    literal: Literal::Any,
                })
                .map(),
                "Targets by destination, a network or a prefix list: \
                 `0.0.0.0/0: internet_gateway.main`. Also the id of any target that AWS knows.",
            )
            .or(Value::Map(BTreeMap::new()), "a new table leads only within the VPC")
            .disrupts(Disruption::Brief)
            .security(),
            Attribute::new("main", Type::Bool, "Whether it is the VPC's main table.")
                .or(false, "the VPC's own table is")
                .disrupts(Disruption::Brief),
        ],
        outputs: vec![
            Output::new("id", Sample::Id("rtb-"), "The table's id."),
            Output::new(
                "arn",
                Sample::Format("arn:aws:ec2:{region}:{account}:route-table/{id}"),
                "The table's ARN.",
            ),
        ],
        times: Times { create: [1, 1, 3], update: [1, 1, 2], delete: [1, 1, 2] },
        permissions: Permissions {
            read: &["ec2:DescribeRouteTables"],
            create: &[
                "ec2:CreateRouteTable",
                "ec2:CreateRoute",
                "ec2:AssociateRouteTable",
                "ec2:ReplaceRouteTableAssociation",
                "ec2:CreateTags",
            ],
            update: &[
                "ec2:CreateRoute",
                "ec2:ReplaceRoute",
                "ec2:DeleteRoute",
                "ec2:AssociateRouteTable",
                "ec2:ReplaceRouteTableAssociation",
                "ec2:DisassociateRouteTable",
                "ec2:CreateTags",
                "ec2:DeleteTags",
            ],
            delete: &["ec2:DisassociateRouteTable", "ec2:DeleteRouteTable"],
        },
        idempotency: Idempotency::Token,
        complete,
        settle,
        ..Kind::new("route_table", "ec2", "Where packets that leave a subnet go.")
    }
}

fn complete(completion: &mut Completion<'_>) {
    let Some(routes) = completion.attributes.get_mut("routes") else { return };
    let respelled = match std::mem::replace(routes, Value::Null.into()) {
        Expression::Value(Value::Map(fields)) => {
            let fields = fields.into_iter();
            Expression::Value(Value::Map(
                fields.map(|(to, by)| (canonical_cidr(&to), by)).collect(),
            ))
        }
        Expression::Map(fields) => {
            let fields = fields.into_iter();
            Expression::Map(fields.map(|(to, by)| (canonical_cidr(&to), by)).collect())
        }
        other => other,
    };
    *routes = respelled;
}

/// Routes that say the same as what is there, in other words.
fn settle(settlement: &mut Settlement<'_>) {
    let Some(live) = settlement.live else { return };
    let Some(wanted) = settlement.wanted.get_mut("routes") else { return };
    match wanted {
        Expression::Value(Value::Map(routes)) => settle_routes(routes, live, Value::as_str),
        Expression::Map(routes) => settle_routes(routes, live, |target| target.known()?.as_str()),
        _ => {}
    }
}

/// The live outputs that hold what the compared routes cannot: the network interface of a route to
/// an instance, and the endpoint of a route to a prefix list, by destination.
const INTERFACES: &str = "interfaces_of_routes";
const ENDPOINTS: &str = "endpoints_of_prefix_lists";

fn settle_routes<T: Clone + From<Value>>(
    routes: &mut BTreeMap<String, T>,
    live: &Live,
    text: impl Fn(&T) -> Option<&str>,
) {
    let told = |output: &str, to: &str, target: &str| {
        live.outputs.get(output).is_some_and(|by| by.get(to).as_str() == Some(target))
    };
    // Of a route from a prefix list to an endpoint nothing tells whether AWS made it for a gateway
    // endpoint: it is never compared, so one that is wanted and there is left out of the wish.
    routes.retain(|to, target| !text(target).is_some_and(|target| told(ENDPOINTS, to, target)));
    for (to, target) in routes {
        if text(target).is_some_and(|target| told(INTERFACES, to, target)) {
            *target = live.get_attribute("routes").get(to).clone().into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trueup_model::snapshot::{Condition, Ownership};

    fn settled(wanted: &str, there: &str, outputs: &str) -> String {
        let live = Live {
            kind: "route_table".into(),
            id: "rtb-1".to_owned(),
            ownership: Ownership::default(),
            attributes: [("routes".to_owned(), serde_json::from_str(there).unwrap())].into(),
            outputs: serde_json::from_str(outputs).unwrap(),
            tags: BTreeMap::new(),
            condition: Condition::Ready,
            scheduled: BTreeMap::new(),
        };
        let mut routes: BTreeMap<String, Value> = serde_json::from_str(wanted).unwrap();
        settle_routes(&mut routes, &live, Value::as_str);
        Value::Map(routes).to_string()
    }

    #[test]
    fn an_instance_and_its_interface_are_one_target() {
        let outputs = r#"{"interfaces_of_routes": {"10.1.0.0/16": "eni-1"}}"#;
        let there = r#"{"10.1.0.0/16": "i-1"}"#;
        assert_eq!(
            settled(r#"{"10.1.0.0/16": "eni-1"}"#, there, outputs),
            r#"{"10.1.0.0/16":"i-1"}"#
        );
        assert_eq!(
            settled(r#"{"10.1.0.0/16": "eni-2"}"#, there, outputs),
            r#"{"10.1.0.0/16":"eni-2"}"#
        );
    }

    #[test]
    fn a_prefix_lists_endpoint_is_as_wanted_once_it_is_there() {
        let outputs = r#"{"endpoints_of_prefix_lists": {"pl-1": "vpce-1"}}"#;
        assert_eq!(settled(r#"{"pl-1": "vpce-1"}"#, "{}", outputs), "{}");
        assert_eq!(settled(r#"{"pl-1": "vpce-2"}"#, "{}", outputs), r#"{"pl-1":"vpce-2"}"#);
    }
}

#[cfg(feature = "live")]
mod live;
#[cfg(feature = "live")]
pub(crate) use live::Calls;
