//! A route table with its routes and associations.

use std::collections::BTreeMap;

use trueup_model::kind::{
    Completion, Idempotency, Literal, Output, Permissions, ReferenceType, Sample, Times,
};
use trueup_model::{Attribute, Disruption, Expression, Kind, Type, Value};

use crate::network::canonical_cidr;

const DOCUMENTATION: &str = "\
Identity: the tags. Creating one is protected by a client token.

In place: routes, the subnets that use it, whether it is the VPC's main table, tags. The VPC \
replaces it. A route whose target changes is replaced in one call, without a gap.

The table owns its routes: one that somebody added by hand is drift and is removed. Routes that AWS \
adds itself (the local one, those of gateway endpoints, propagated ones) are left alone.

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
                    kinds: &["internet_gateway", "nat_gateway"],
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

#[cfg(feature = "live")]
mod live;
#[cfg(feature = "live")]
pub(crate) use live::Calls;
