//! What is written on boxes: a title, a note of what it is, and its icon.

use trueup_model::Address;

use trueup_model::snapshot::around;

use super::diagram::Icon;
use crate::picture::known::read::{Meanings, Name, Part, Thing, Whose};

/// What is written on something: its name, or what AWS calls it.
pub(crate) fn heading_of(thing: &Thing<'_>, meanings: &Meanings<'_>) -> String {
    let text = |attribute| thing.text(attribute, meanings);
    let live = match thing.whose {
        Whose::Stack(address) | Whose::LookedUp(address) => return title(address),
        Whose::Others(live) => live,
    };
    let told = match thing.kind() {
        around::VPC_ENDPOINT => text("service"),
        // `app/web/0123` is the load balancer `web`.
        around::LOAD_BALANCER => live.id.split('/').nth(1).map(str::to_owned),
        around::NETWORK_INTERFACE => text("instance"),
        "security_group" => text("name"),
        _ => None,
    };
    let tagged = || live.tags.get("Name").filter(|name| !name.is_empty()).cloned();
    told.or_else(tagged).unwrap_or_else(|| live.id.clone())
}

/// The VPC at the other end of a peering connection, and what is known of it.
pub(crate) fn far_side(
    thing: &Thing<'_>,
    meanings: &Meanings<'_>,
    near: &Name,
) -> (String, String) {
    let is_near = |end: &&str| thing.names(end, meanings).contains(near);
    let end = if is_near(&"requester") { "accepter" } else { "requester" };
    let text = |what: &str| thing.text(&format!("{end}{what}"), meanings);
    let vpc = thing.names(end, meanings).pop().unwrap_or_else(|| "another VPC".to_owned());
    let cidrs = thing.get(&format!("{end}_cidrs"), meanings).names();
    let cidr = cidrs.into_iter().next().unwrap_or_else(|| "peering".to_owned());
    let own = if end == "accepter" { "requester" } else { "accepter" };
    let elsewhere = |what: &str| {
        let here = thing.text(&format!("{own}{what}"), meanings);
        text(what).filter(|there| here.as_ref() != Some(there))
    };
    let note = match (elsewhere("_account"), elsewhere("_region")) {
        (Some(account), _) => format!("{cidr} of {account}"),
        (None, Some(region)) => format!("{cidr} in {region}"),
        (None, None) => format!("peering · {cidr}"),
    };
    (vpc, note)
}

/// The name without its kind: `bastion`, `private[a]`, `network.public[a]`.
pub(crate) fn title(address: &Address) -> String {
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
pub(crate) fn note(thing: &Thing<'_>, meanings: &Meanings<'_>) -> String {
    let text = |attribute| thing.text(attribute, meanings);
    if let Some(note) = note_of_others(thing, meanings) {
        return note;
    }
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
    if thing.is_foreign() && !thing.is_around() {
        words.push("looked up".to_owned());
    }
    words.join(" · ")
}

/// What is said of what no stack declares.
fn note_of_others(thing: &Thing<'_>, meanings: &Meanings<'_>) -> Option<String> {
    let text = |attribute| thing.text(attribute, meanings);
    let words = match thing.kind() {
        around::LOAD_BALANCER => {
            let faces = text("internet_facing").as_deref() == Some("true");
            let sort = text("type").unwrap_or_default();
            format!("{} {sort} load balancer", if faces { "public" } else { "internal" })
        }
        around::VPC_ENDPOINT => format!("{} endpoint", text("type")?),
        around::NETWORK_INTERFACE => {
            let what = if text("instance").is_some() { "instance" } else { "interface" };
            let address = text("private_ip").map(|address| format!(" · {address}"));
            format!("{what}{}", address.unwrap_or_default())
        }
        _ => return None,
    };
    Some(words)
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
pub(crate) fn kind_words(kind: &str) -> String {
    match kind {
        "lambda_function" => "function".to_owned(),
        "db_instance" => "database".to_owned(),
        "iam_role" => "role".to_owned(),
        "elastic_ip" => "Elastic IP".to_owned(),
        "nat_gateway" => "NAT gateway".to_owned(),
        "vpc" => "VPC".to_owned(),
        "network_acl" => "network ACL".to_owned(),
        "vpc_endpoint" => "VPC endpoint".to_owned(),
        "vpc_peering" => "peering".to_owned(),
        "network_interface" => "interface".to_owned(),
        "kms_key" => "KMS key".to_owned(),
        other => match other.strip_prefix("db_") {
            Some(rest) => format!("DB {}", rest.replace('_', " ")),
            None => other.replace('_', " "),
        },
    }
}

/// The heading over several of a kind.
pub(crate) fn heading(kind: &str) -> String {
    let words = kind_words(kind);
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>());
    format!("{}{}s", first.unwrap_or_default(), letters.as_str())
}

/// Which drawing says what it is.
pub(crate) fn icon(kind: &str) -> Icon {
    match kind {
        "instance" | "auto_scaling_group" | "launch_template" => Icon::Compute,
        "lambda_function" | "schedule" => Icon::Function,
        "load_balancer" | "target_group" | "listener" => Icon::Balancer,
        "nat_gateway" => Icon::Nat,
        "vpc_endpoint" => Icon::Service,
        "vpc_peering" => Icon::Peering,
        "network_interface" => Icon::Interface,
        "elastic_ip" => Icon::Gateway,
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
pub(crate) fn rank(icon: Icon) -> u8 {
    match icon {
        Icon::Balancer => 0,
        Icon::Nat | Icon::Gateway => 1,
        Icon::Compute => 2,
        Icon::Function => 3,
        Icon::Database => 9,
        _ => 5,
    }
}
