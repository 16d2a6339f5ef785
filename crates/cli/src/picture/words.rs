//! What is written on boxes: a title, a note of what it is, and its icon.

use trueup_model::Address;

use super::diagram::Icon;
use super::read::{Meanings, Part, Thing};

/// The name without its kind: `bastion`, `private[a]`, `network.public[a]`.
pub(super) fn title(address: &Address) -> String {
    let mut title = address.modules.join(".");
    if !title.is_empty() {
        title.push('.');
    }
    title.push_str(&address.name);
    if let Some(key) = &address.key {
        title.push_str(&format!("[{key}]"));
    }
    title
}

/// What it is, in a few words: `instance · t3.micro`.
pub(super) fn note(thing: &Thing<'_>, meanings: &Meanings<'_>) -> String {
    let text = |attribute| thing.text(attribute, meanings);
    let mut words = vec![kind_words(thing.kind())];
    if let Some(engine) = text("engine") {
        let version = text("engine_version").map(|version| format!(" {version}"));
        words = vec![format!("{engine}{}", version.unwrap_or_default())];
    }
    words.extend(
        ["instance_class", "instance_type", "runtime", "service"].map(text).into_iter().flatten(),
    );
    if thing.kind() == "iam_role" {
        words.extend(principal(&thing.get("trust", meanings)));
    }
    if thing.kind() == "log_group" {
        words.extend(text("retention_days").map(|days| format!("{days} days")));
    }
    if thing.existing {
        words.push("looked up".to_owned());
    }
    words.join(" · ")
}

/// The first service that a policy lets take a role: `ec2` of `ec2.amazonaws.com`.
fn principal(policy: &Part) -> Option<String> {
    if let Part::Text(text) = policy.field("Service") {
        return text.split('.').next().map(str::to_owned);
    }
    let elements = policy.elements().iter();
    let mut inner = elements.chain(policy.fields().iter().map(|(_, part)| part));
    inner.find_map(principal)
}

/// A kind as people say it.
pub(super) fn kind_words(kind: &str) -> String {
    match kind {
        "lambda_function" => "function".to_owned(),
        "db_instance" => "database".to_owned(),
        "iam_role" => "role".to_owned(),
        "elastic_ip" => "Elastic IP".to_owned(),
        "nat_gateway" => "NAT gateway".to_owned(),
        "vpc" => "VPC".to_owned(),
        "network_acl" => "network ACL".to_owned(),
        "vpc_endpoint" => "VPC endpoint".to_owned(),
        "kms_key" => "KMS key".to_owned(),
        other => match other.strip_prefix("db_") {
            Some(rest) => format!("DB {}", rest.replace('_', " ")),
            None => other.replace('_', " "),
        },
    }
}

/// The heading over several of a kind.
pub(super) fn heading(kind: &str) -> String {
    let words = kind_words(kind);
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>());
    format!("{}{}s", first.unwrap_or_default(), letters.as_str())
}

/// Which drawing says what it is.
pub(super) fn icon(kind: &str) -> Icon {
    match kind {
        "instance" | "auto_scaling_group" | "launch_template" => Icon::Compute,
        "lambda_function" | "schedule" => Icon::Function,
        "load_balancer" | "target_group" | "listener" => Icon::Balancer,
        "nat_gateway" => Icon::Nat,
        "vpc_endpoint" | "vpc_peering" | "elastic_ip" => Icon::Gateway,
        "log_group" | "alarm" => Icon::Log,
        "kms_key" | "secret" | "key_pair" | "acm_certificate" => Icon::Key,
        _ if kind.starts_with("elastic_beanstalk_") => Icon::Compute,
        _ if kind.ends_with("gateway") => Icon::Gateway,
        _ if kind.starts_with("db_") => Icon::Database,
        _ if kind.starts_with("iam_") => Icon::Identity,
        _ if kind.starts_with("s3_") => Icon::Storage,
        _ => Icon::Other,
    }
}

/// Who stands above whom: what lets in first, what holds data last.
pub(super) fn rank(icon: Icon) -> u8 {
    match icon {
        Icon::Balancer => 0,
        Icon::Nat | Icon::Gateway => 1,
        Icon::Compute => 2,
        Icon::Function => 3,
        Icon::Database => 9,
        _ => 5,
    }
}
