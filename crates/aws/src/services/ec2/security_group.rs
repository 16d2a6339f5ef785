//! A security group with its rules.

use trueup_model::kind::{
    Completion, FUNCTION_INTERFACES_STAY, Inspection, Literal, Naming, Output, Permissions,
    ReferenceType, Sample, Settlement, Times, Unique,
};
use trueup_model::{Attribute, Kind, Type, Value};

use crate::services::attributes::{fault, fill_name, respell, text};

#[cfg(feature = "live")]
mod live;
mod rules;

#[cfg(feature = "live")]
pub(crate) use live::Calls;
pub use rules::{Ports, canonical};

const DOCUMENTATION: &str = "\
Identity: the tags; the name is unique within the VPC, whatever its case.

In place: rules and tags. Name, description and VPC replace it: the new group is made under a free \
name, everything that uses the old one is pointed to it, then the old one is deleted.

Rules are applied in a step of their own after every group exists, so groups may refer to each \
other in a circle. With `rules: exclusive`, the default, a rule that somebody added by hand is drift \
and is removed; with `additive` it is left alone.

AWS gives a new group a rule that lets everything out. That is also the default here; `egress: []` \
lets nothing out.

AWS: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html>";

const NAME: Naming =
    Naming { attribute: "name", maximum: 255, unique: Unique::Vpc, lower_case: false };

/// The declaration.
pub fn kind() -> Kind {
    Kind {
        documentation: DOCUMENTATION,
        attributes: vec![
            Attribute::new("vpc", Type::id_of(&["vpc"], "vpc-"), "The VPC.").replaces(),
            Attribute::new("name", Type::String, "Its name in the VPC.")
                .derived("the stack's name and the address")
                .replaces(),
            Attribute::new("description", Type::String, "What it is for.")
                .or("Managed by trueup", "AWS wants one")
                .replaces(),
            Attribute::new("ingress", rule("from", "Who may connect").set(), "What is let in.")
                .or(Value::List(Vec::new()), "as AWS does: nothing is let in")
                .late()
                .security(),
            Attribute::new("egress", rule("to", "What may be reached").set(), "What is let out.")
                .or(everything_out(), "as AWS does: everything is let out")
                .late()
                .security(),
            Attribute::new(
                "rules",
                Type::Enum(&["exclusive", "additive"]),
                "Whether rules that others added are removed or left alone.",
            )
            .or("exclusive", "a rule that nobody wrote down is a way in that nobody sees")
            .create_only(),
        ],
        outputs: vec![
            Output::new("id", Sample::Id("sg-"), "The group's id."),
            Output::new(
                "arn",
                Sample::Format("arn:aws:ec2:{region}:{account}:security-group/{id}"),
                "The group's ARN.",
            ),
        ],
        naming: Some(NAME),
        times: Times {
            create: [1, 2, 3],
            update: [1, 1, 2],
            delete: [1, 1, FUNCTION_INTERFACES_STAY[2]],
        },
        permissions: Permissions {
            read: &["ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroupRules"],
            create: &["ec2:CreateSecurityGroup", "ec2:CreateTags"],
            update: &[
                "ec2:AuthorizeSecurityGroupIngress",
                "ec2:AuthorizeSecurityGroupEgress",
                "ec2:RevokeSecurityGroupIngress",
                "ec2:RevokeSecurityGroupEgress",
                "ec2:ModifySecurityGroupRules",
                "ec2:CreateTags",
                "ec2:DeleteTags",
            ],
            delete: &[
                "ec2:RevokeSecurityGroupIngress",
                "ec2:RevokeSecurityGroupEgress",
                "ec2:DeleteSecurityGroup",
                "ec2:DescribeNetworkInterfaces",
                "elasticloadbalancing:DescribeLoadBalancers",
                "lambda:ListFunctions",
                "rds:DescribeDBInstances",
            ],
        },
        idempotency: trueup_model::kind::Idempotency::Name,
        complete,
        settle,
        check,
        ..Kind::new("security_group", "ec2", "Who may connect to what, and what that may reach.")
    }
}

fn rule(peer: &'static str, meaning: &'static str) -> Type {
    let peers = Type::Reference(ReferenceType {
        kinds: &["security_group"],
        output: "id",
        literal: Literal::CidrOrId("pl-"),
    });
    Type::Object(vec![
        Attribute::new(
            "port",
            Type::OneOf(vec![Type::int(0, 65535), Type::String]),
            "The port or the ports (`1024-65535`); for ICMP the type, or type and code (`3-4`).",
        )
        .or(Value::Null, "every port"),
        Attribute::new(
            "protocol",
            Type::String,
            "`tcp`, `udp`, `icmp`, `icmpv6`, `all`, or the protocol's number.",
        )
        .derived("tcp where a port is given, else all"),
        Attribute::new(
            peer,
            peers.list(),
            if meaning == "Who may connect" {
                "Who may connect: groups, networks, prefix lists, or `internet`."
            } else {
                "What may be reached: groups, networks, prefix lists, or `internet`."
            },
        ),
        Attribute::new("description", Type::String, "What the rule is for.").optional(),
    ])
}

/// The rule that AWS gives a new group.
pub(crate) fn everything_out() -> Value {
    let rule = [
        ("description", Value::Null),
        ("port", Value::Null),
        ("protocol", "all".into()),
        ("to", Value::List(vec!["0.0.0.0/0".into()])),
    ];
    Value::List(vec![Value::Map(rule.map(|(name, value)| (name.to_owned(), value)).into())])
}

fn complete(completion: &mut Completion<'_>) {
    fill_name(completion, NAME.attribute, NAME.maximum);
    respell(completion.attributes, "description", rules::accepted_text);
    for (attribute, peer) in [("ingress", "from"), ("egress", "to")] {
        if let Some(written) = completion.attributes.get_mut(attribute) {
            *written = canonical(written, peer);
        }
    }
}

/// Under `additive`, the rules of others become part of the wish.
fn settle(settlement: &mut Settlement<'_>) {
    if text(settlement.wanted, "rules") != Some("additive") {
        return;
    }
    let Some(live) = settlement.live else { return };
    for attribute in ["ingress", "egress"] {
        let there = live.attributes.get(attribute).and_then(Value::as_list).unwrap_or_default();
        let Some(wanted) = settlement.wanted.get_mut(attribute) else { continue };
        *wanted = rules::union(wanted, there);
    }
}

fn check(inspection: &mut Inspection<'_>) {
    let (name, description) =
        (text(inspection.attributes, "name"), text(inspection.attributes, "description"));
    if name.is_some_and(|name| name.starts_with("sg-") || name == "default") {
        fault(inspection, "name", "AWS keeps such names for itself", "write another name");
    }
    if description.is_some_and(|text| text.trim().is_empty() || text.len() > 255) {
        fault(
            inspection,
            "description",
            "AWS wants a description of 1 to 255 characters",
            "say what the group is for, or leave it out",
        );
    }
    rules::check(inspection);
}
