//! What holds of a function besides its types.

use trueup_model::kind::{Inspection, Settlement};
use trueup_model::value::Values;
use trueup_model::{Expression, Value};

use crate::services::attributes::{check_key, fault, is_absent, text};

/// Runtimes that AWS no longer accepts for new functions, each with its successor; see
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html>.
const RETIRED: [(&str, &str); 12] = [
    ("python2.7", "python3.13"),
    ("python3.6", "python3.13"),
    ("python3.7", "python3.13"),
    ("python3.8", "python3.13"),
    ("python3.9", "python3.13"),
    ("nodejs12.x", "nodejs22.x"),
    ("nodejs14.x", "nodejs22.x"),
    ("nodejs16.x", "nodejs22.x"),
    ("nodejs18.x", "nodejs22.x"),
    ("go1.x", "provided.al2023"),
    ("java8", "java21"),
    ("ruby2.7", "ruby3.4"),
];

/// Takes a subnet or a group out of its network. Without any it is outside the VPC, where it has
/// neither.
pub(super) fn release(attributes: &mut Values, id: &str) {
    let network = ["subnets", "security_groups"];
    let mut is_outside = false;
    for name in network {
        if let Some(Value::List(elements)) = attributes.get_mut(name) {
            elements.retain(|element| element.as_str() != Some(id));
            is_outside |= elements.is_empty();
        }
    }
    if is_outside {
        attributes.extend(network.map(|name| (name.to_owned(), Value::List(Vec::new()))));
    }
}

/// Where a function logs unless it is told otherwise.
pub(super) fn usual_log_group(name: &str) -> String {
    format!("/aws/lambda/{name}")
}

/// Whoever names the group that it has anyway says nothing.
pub(super) fn settle(settlement: &mut Settlement<'_>) {
    let Some(usual) = text(settlement.wanted, "name").map(usual_log_group) else { return };
    if let Some(Expression::Value(Value::Map(logging))) = settlement.wanted.get_mut("logging")
        && logging.get("log_group").and_then(Value::as_str) == Some(&usual)
    {
        logging.remove("log_group");
    }
}

pub(super) fn check(inspection: &mut Inspection<'_>) {
    check_code(inspection);
    check_runtime(inspection);
    check_network(inspection);
    check_environment(inspection);
    check_key(inspection, "kms_key");
}

/// A zip needs to be told what runs; an image says so itself.
fn check_code(inspection: &mut Inspection<'_>) {
    let has = |name: &str| !is_absent(inspection.attributes, name);
    let of_zip: Vec<&str> = ["runtime", "handler", "layers"]
        .into_iter()
        .filter(|name| is_stated(inspection, name))
        .collect();
    match (has("source"), has("image")) {
        (false, false) => fault(
            inspection,
            "source",
            "a function needs code",
            "write `source: FOLDER`, or `image: URI` of a container image in ECR",
        ),
        (true, true) => fault(
            inspection,
            "image",
            "a function is a zip or an image, not both",
            "leave `source` or `image` out",
        ),
        (true, false) => {
            for name in ["runtime", "handler"].into_iter().filter(|name| !of_zip.contains(name)) {
                let message = format!("a function from a zip needs `{name}`");
                let help = if name == "runtime" { "python3.13" } else { "app.handler" };
                fault(inspection, name, message, format!("write `{name}: {help}`, say"));
            }
            if is_stated(inspection, "image_config") {
                let help = "leave it out, and write `handler`";
                fault(inspection, "image_config", "a zip has no `image_config`", help);
            }
        }
        (false, true) => {
            for name in of_zip {
                let message = format!("a function from an image has no `{name}`");
                let help = "leave it out: the image says what runs, or `image_config` does";
                fault(inspection, name, message, help);
            }
        }
    }
}

/// Whether an attribute says anything: an empty list does not.
fn is_stated(inspection: &Inspection<'_>, name: &str) -> bool {
    match inspection.attributes.get(name) {
        Some(Expression::Value(Value::List(elements))) => !elements.is_empty(),
        _ => !is_absent(inspection.attributes, name),
    }
}

fn check_runtime(inspection: &mut Inspection<'_>) {
    let Some(runtime) = text(inspection.attributes, "runtime") else { return };
    let retired = RETIRED.iter().find(|(old, _)| *old == runtime);
    if let Some((old, successor)) = retired {
        let message = format!("AWS no longer makes functions with {old}");
        fault(inspection, "runtime", message, format!("move the code to {successor}"));
    }
}

fn check_network(inspection: &mut Inspection<'_>) {
    let in_vpc = is_stated(inspection, "subnets");
    if !in_vpc && is_stated(inspection, "file_system") {
        let message = "only a function in a VPC reaches a file system";
        fault(inspection, "file_system", message, "add `subnets` and `security_groups`");
    }
    match (in_vpc, is_stated(inspection, "security_groups")) {
        (true, false) => fault(
            inspection,
            "subnets",
            "a function in a VPC needs a security group",
            "add `security_groups: [NAME]`",
        ),
        (false, true) => fault(
            inspection,
            "security_groups",
            "only a function in a VPC has security groups",
            "add `subnets: [NAME]`, or leave `security_groups` out",
        ),
        _ => {}
    }
}

fn check_environment(inspection: &mut Inspection<'_>) {
    let names: Vec<String> = match inspection.attributes.get("environment") {
        Some(Expression::Value(Value::Map(variables))) => variables.keys().cloned().collect(),
        Some(Expression::Map(variables)) => variables.keys().cloned().collect(),
        _ => return,
    };
    for name in names {
        let path = format!("environment.{name}");
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
        if name.starts_with("AWS_") || name.starts_with("LAMBDA_") {
            let message = format!("Lambda keeps the variable {name} for itself");
            fault(inspection, path, message, "choose a name without AWS_ or LAMBDA_ in front");
        } else if name.len() < 2
            || !starts
            || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            let message = format!("'{name}' is not a name that Lambda accepts");
            fault(inspection, path, message, "use letters, digits and _, a letter first");
        }
    }
}

#[cfg(test)]
mod tests {
    use trueup_model::Address;
    use trueup_model::snapshot::Facts;

    use super::*;

    #[test]
    fn the_group_that_it_has_anyway_is_not_held() {
        let logging_to = |group: &str| {
            let logging = Value::Map([("log_group".to_owned(), group.into())].into());
            let mut wanted =
                [("name".to_owned(), "api".into()), ("logging".to_owned(), logging.into())].into();
            settle(&mut Settlement {
                address: &Address::new("lambda_function", "api"),
                region: "us-west-2",
                wanted: &mut wanted,
                live: None,
                facts: &Facts::default(),
                remarks: &mut Vec::new(),
            });
            wanted["logging"].to_value().unwrap().to_string()
        };
        assert_eq!(logging_to("/aws/lambda/api"), "{}");
        assert_eq!(logging_to("/shop/all"), r#"{"log_group":"/shop/all"}"#);
    }
}
