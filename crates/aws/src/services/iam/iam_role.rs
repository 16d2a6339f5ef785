//! An IAM role with its policies and its instance profile.

use std::collections::BTreeMap;

use trueup_model::expression::Expressions;
use trueup_model::kind::{
    Completion, Idempotency, Inspection, Naming, Output, Permissions, Sample, Settlement, Times,
    Unique,
};
use trueup_model::{Attribute, Expression, Kind, Type, Value};

use crate::partition;
use crate::services::attributes::{fault, fill, fill_name, is_absent};
use crate::services::policy::{as_reported, document, trust_of};

const DOCUMENTATION: &str = "\
Identity: the name, unique in the account; every role of a stack is under the path `/trueup/STACK/`.

In place: trust, policies, permissions boundary, description, session length, tags. Name and path \
replace it.

`service` says which AWS service may take the role; `trust` is a whole document instead. Managed \
policies are named as in the console (`AmazonSSMManagedInstanceCore`) or by ARN. Inline policies are \
statements in the short form (`allow`, `deny`, `on`, `when`) or documents. Documents are compared by \
meaning.

The role owns its policies: one that somebody attached or put in by hand is drift and is removed.

A role for EC2 gets an instance profile of the same name. A new role takes some ten seconds until \
other services accept it.

AWS: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>";

const NAME: Naming =
    Naming { attribute: "name", maximum: 64, unique: Unique::Account, lower_case: false };

/// The declaration.
pub fn kind() -> Kind {
    Kind {
        documentation: DOCUMENTATION,
        attributes: attributes(),
        outputs: vec![
            Output::new("id", Sample::Attribute("name"), "Its name."),
            Output::new(
                "arn",
                Sample::Format("arn:aws:iam::{account}:role{path}{name}"),
                "Its ARN.",
            ),
            Output::new(
                "unique_id",
                Sample::Format("AROA{hex}"),
                "The id that no other role gets.",
            ),
            Output::new(
                "instance_profile_name",
                Sample::Attribute("name"),
                "The name of its instance profile, if it has one.",
            )
            .only_with(&["instance_profile"]),
            Output::new(
                "instance_profile_id",
                Sample::Format("AIPA{hex}"),
                "The id that no other instance profile gets, whatever its name.",
            )
            .only_with(&["instance_profile"]),
        ],
        naming: Some(NAME),
        times: Times { create: [1, 9, 60], update: [1, 1, 2], delete: [1, 1, 10] },
        permissions: Permissions {
            read: &[
                "iam:GetAccountAuthorizationDetails",
                "iam:ListRoles",
                "iam:GetRole",
                "iam:ListAttachedRolePolicies",
                "iam:ListRolePolicies",
                "iam:GetRolePolicy",
                "iam:ListInstanceProfilesForRole",
                "iam:GetInstanceProfile",
            ],
            create: &[
                "iam:CreateRole",
                "iam:TagRole",
                "iam:AttachRolePolicy",
                "iam:PutRolePolicy",
                "iam:CreateInstanceProfile",
                "iam:TagInstanceProfile",
                "iam:AddRoleToInstanceProfile",
            ],
            update: &[
                "iam:UpdateRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:AttachRolePolicy",
                "iam:DetachRolePolicy",
                "iam:PutRolePolicy",
                "iam:DeleteRolePolicy",
                "iam:PutRolePermissionsBoundary",
                "iam:DeleteRolePermissionsBoundary",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:CreateInstanceProfile",
                "iam:AddRoleToInstanceProfile",
                "iam:RemoveRoleFromInstanceProfile",
                "iam:DeleteInstanceProfile",
            ],
            delete: &[
                "iam:RemoveRoleFromInstanceProfile",
                "iam:DeleteInstanceProfile",
                "iam:DetachRolePolicy",
                "iam:DeleteRolePolicy",
                "iam:DeleteRole",
                "ec2:DescribeSubnets",
                "ec2:DescribeNetworkInterfaces",
                "lambda:ListFunctions",
                "lambda:GetFunction",
            ],
        },
        idempotency: Idempotency::Name,
        complete,
        settle,
        check,
        ..Kind::new("iam_role", "iam", "What AWS lets somebody or something do.")
    }
}

fn attributes() -> Vec<Attribute> {
    vec![
        Attribute::new("name", Type::String, "Its name in the account.")
            .derived("the stack's name and the address")
            .replaces(),
        Attribute::new("path", Type::String, "The path that it is under.")
            .derived("`/trueup/STACK/`")
            .replaces(),
        Attribute::new(
            "service",
            Type::OneOf(vec![Type::String, Type::String.list()]),
            "The AWS service that may take it, as `lambda.amazonaws.com`; the short form of `trust`.",
        )
        .optional()
        .create_only(),
        Attribute::new("trust", Type::Policy, "Who may take it, as a policy document.")
            .derived("`service`")
            .security(),
        Attribute::new("managed_policies", Type::String.set(), "Managed policies, by name or ARN.")
            .or(Value::List(Vec::new()), "as AWS does")
            .security(),
        Attribute::new("policies", Type::Policy.map(), "Inline policies by name.")
            .or(Value::Map(BTreeMap::new()), "as AWS does")
            .security(),
        Attribute::new(
            "permissions_boundary",
            Type::String,
            "The ARN of a policy that bounds what it may ever do.",
        )
        .optional()
        .security(),
        Attribute::new("description", Type::String, "What it is for.").optional(),
        Attribute::new(
            "max_session_seconds",
            Type::int(3600, 43_200),
            "How long one session of it lasts at most.",
        )
        .or(3600, "as AWS does"),
        Attribute::new("instance_profile", Type::Bool, "Whether instances can run with it.")
            .derived("true where EC2 may take it"),
    ]
}

fn complete(completion: &mut Completion<'_>) {
    fill_name(completion, NAME.attribute, NAME.maximum);
    let (stack, region) = (completion.stack, completion.region);
    let attributes = &mut *completion.attributes;
    fill(attributes, "path", format!("/trueup/{stack}/"));
    let services = services(attributes);
    if !services.is_empty() {
        fill(attributes, "trust", trust_of(&services));
    }
    // The short form is spent: from here on only the document counts.
    attributes.insert("service".to_owned(), Value::Null.into());
    if let Some(trust) = attributes.remove("trust") {
        attributes.insert("trust".to_owned(), document(trust));
    }
    let for_instances = attributes
        .get("trust")
        .and_then(Expression::to_value)
        .is_some_and(|trust| trust.to_string().contains("ec2.amazonaws.com"));
    fill(attributes, "instance_profile", for_instances);
    complete_policies(attributes, region);
}

fn services(attributes: &Expressions) -> Vec<String> {
    match attributes.get("service").and_then(Expression::known) {
        Some(Value::String(one)) => vec![one.clone()],
        Some(list @ Value::List(_)) => list.strings(),
        _ => Vec::new(),
    }
}

fn complete_policies(attributes: &mut Expressions, region: &str) {
    let arn = |name: &str| policy_arn(name, region);
    if let Some(managed) = attributes.get_mut("managed_policies") {
        let spell = |expression: Expression| match expression {
            Expression::Value(Value::String(name)) => arn(&name).into(),
            other => other,
        };
        *managed = match std::mem::replace(managed, Value::Null.into()) {
            Expression::Value(Value::List(names)) => Expression::fold_list(
                names.into_iter().map(|name| spell(Expression::Value(name))).collect(),
            ),
            Expression::List(names) => {
                Expression::fold_list(names.into_iter().map(spell).collect())
            }
            other => other,
        };
    }
    if let Some(inline) = attributes.get_mut("policies") {
        *inline = match std::mem::replace(inline, Value::Null.into()) {
            Expression::Value(Value::Map(policies)) => Expression::fold_map(
                policies
                    .into_iter()
                    .map(|(name, written)| (name, document(written.into())))
                    .collect(),
            ),
            Expression::Map(policies) => Expression::fold_map(
                policies.into_iter().map(|(name, written)| (name, document(written))).collect(),
            ),
            other => other,
        };
    }
}

/// The ARN of an AWS managed policy by its name in the console; an ARN stays.
fn policy_arn(name: &str, region: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    format!("arn:{}:iam::aws:policy/{name}", partition::of(region))
}

fn settle(settlement: &mut Settlement<'_>) {
    let live = settlement.live;
    accept_trust(settlement);
    let Some(there) = live.and_then(|live| live.attributes.get("policies")) else { return };
    let Some(wanted) = settlement.wanted.get_mut("policies") else { return };
    let Expression::Value(Value::Map(policies)) = wanted else { return };
    for (name, policy) in policies {
        if let Some(reported) = as_reported(policy, there.get(name)) {
            *policy = reported;
        }
    }
}

fn accept_trust(settlement: &mut Settlement<'_>) {
    let there = settlement.live.and_then(|live| live.attributes.get("trust"));
    let wish = settlement.wanted.get("trust").and_then(Expression::to_value);
    if let (Some(wish), Some(there)) = (wish, there)
        && let Some(reported) = as_reported(&wish, there)
    {
        settlement.wanted.insert("trust".to_owned(), reported.into());
    }
}

fn check(inspection: &mut Inspection<'_>) {
    if is_absent(inspection.attributes, "trust") {
        fault(
            inspection,
            "service",
            "nobody may take this role",
            "write `service: lambda.amazonaws.com` (or the service that uses it), or `trust`",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_managed_policy_has_its_regions_partition() {
        assert_eq!(policy_arn("A", "us-west-2"), "arn:aws:iam::aws:policy/A");
        assert_eq!(policy_arn("A", "cn-north-1"), "arn:aws-cn:iam::aws:policy/A");
        assert_eq!(policy_arn("arn:x", "cn-north-1"), "arn:x");
    }
}

#[cfg(feature = "live")]
mod live;
#[cfg(feature = "live")]
pub(crate) use live::Calls;
