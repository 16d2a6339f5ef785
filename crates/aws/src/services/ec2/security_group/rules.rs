//! Rules in the one form that is compared: one source or destination each.

use std::collections::BTreeMap;

use trueup_model::expression::Expressions;
use trueup_model::kind::{Fault, Inspection};
use trueup_model::{Expression, Value};

use crate::network::canonical_cidr;
use crate::services::attributes::fault;

/// The rules of one direction, one for each peer, in canonical spelling. `peer` is `from` or `to`.
pub fn canonical(written: &Expression, peer: &str) -> Expression {
    let rules = elements(written).into_iter().flat_map(|rule| one_per_peer(&rule, peer));
    let mut distinct: Vec<Expression> = Vec::new();
    for rule in rules {
        if !distinct.contains(&rule) {
            distinct.push(rule);
        }
    }
    Expression::fold_list(distinct)
}

/// What is wanted, and what is there besides.
pub(super) fn union(wanted: &Expression, there: &[Value]) -> Expression {
    let mut all = elements(wanted);
    for rule in there.iter().cloned().map(Expression::Value) {
        if !all.contains(&rule) {
            all.push(rule);
        }
    }
    Expression::fold_list(all)
}

fn one_per_peer(rule: &Expression, peer: &str) -> Vec<Expression> {
    let fields = fields(rule);
    let peers = fields.get(peer).map(elements).unwrap_or_default();
    let single = peers.into_iter().map(|one| {
        let mut single = fields.clone();
        single.insert(peer.to_owned(), Expression::fold_list(vec![spelled(one)]));
        let (protocol, port) = spelled_ports(&fields);
        single.insert("protocol".to_owned(), protocol);
        single.insert("port".to_owned(), port);
        single.insert("description".to_owned(), spelled_description(&fields));
        Expression::fold_map(single)
    });
    single.collect()
}

fn spelled(peer: Expression) -> Expression {
    match peer {
        Expression::Value(Value::String(text)) => canonical_cidr(&text).into(),
        other => other,
    }
}

/// No description and an empty one are the same to EC2.
fn spelled_description(fields: &Expressions) -> Expression {
    match fields.get("description") {
        None => Value::Null.into(),
        Some(Expression::Value(Value::String(text))) if text.is_empty() => Value::Null.into(),
        Some(Expression::Value(Value::String(text))) => accepted_text(text).into(),
        Some(other) => other.clone(),
    }
}

/// A description in the characters that EC2 accepts; any other, an apostrophe say, becomes a space.
pub(super) fn accepted_text(text: &str) -> String {
    let accepts = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
    text.chars().map(|c| if accepts(c) { c } else { ' ' }).collect()
}

fn spelled_ports(fields: &Expressions) -> (Expression, Expression) {
    let port = fields.get("port").cloned().unwrap_or_else(|| Value::Null.into());
    let protocol = fields.get("protocol").cloned().unwrap_or_else(|| Value::Null.into());
    let protocol = match (&protocol, &port) {
        (Expression::Value(Value::Null), port) => if port.is_null() { "all" } else { "tcp" }.into(),
        (Expression::Value(Value::String(name)), _) => protocol_name(name).into(),
        (Expression::Value(Value::Int(number)), _) => protocol_name(&number.to_string()).into(),
        _ => protocol,
    };
    let port = match (protocol.known().and_then(Value::as_str), port) {
        (Some(protocol), Expression::Value(value)) => {
            Expression::Value(Ports::of(protocol, &value).map_or(value, |p| p.spelled(protocol)))
        }
        (_, other) => other,
    };
    (protocol, port)
}

/// EC2 answers with names for four protocols and with numbers for all others; `-1` is every one.
pub(crate) fn protocol_name(text: &str) -> String {
    match text.to_ascii_lowercase().as_str() {
        "-1" | "all" => "all",
        "6" => "tcp",
        "17" => "udp",
        "1" => "icmp",
        "58" => "icmpv6",
        other => other,
    }
    .to_owned()
}

/// A range of ports, or an ICMP type and code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// The first port, or the ICMP type; -1 is every type.
    pub from: i64,
    /// The last port, or the ICMP code; -1 is every code.
    pub to: i64,
}

impl Ports {
    /// Every port of a protocol, as EC2 takes it.
    pub fn every(protocol: &str) -> Self {
        let has_ports = matches!(protocol, "tcp" | "udp");
        if has_ports { Self { from: 0, to: 65535 } } else { Self { from: -1, to: -1 } }
    }

    /// Reads `5432`, `"5432"` or `"1024-65535"`, of ICMP a type (`8`) or a type and a code
    /// (`"3-4"`). Nothing is every port; other protocols have none.
    pub fn of(protocol: &str, written: &Value) -> Option<Self> {
        let is_icmp = protocol.starts_with("icmp");
        let one = |port: i64| Self { from: port, to: if is_icmp { -1 } else { port } };
        match written {
            Value::Int(port) => Some(one(*port)),
            Value::String(text) => match text.split_once('-') {
                Some((from, to)) if !from.is_empty() => {
                    Some(Self { from: from.trim().parse().ok()?, to: to.trim().parse().ok()? })
                }
                _ => text.trim().parse().ok().map(one),
            },
            Value::Null => Some(Self::every(protocol)),
            _ => None,
        }
    }

    /// The spelling that is compared: a number, or `from-to`; every port is `Null`.
    pub fn spelled(self, protocol: &str) -> Value {
        let Self { from, to } = self;
        match protocol {
            _ if from == -1 => Value::Null,
            "tcp" | "udp" if (from, to) == (0, 65535) => Value::Null,
            "tcp" | "udp" if from == to => Value::Int(from),
            "icmp" | "icmpv6" if to == -1 => Value::Int(from),
            "tcp" | "udp" | "icmp" | "icmpv6" => Value::String(format!("{from}-{to}")),
            _ => Value::Null,
        }
    }
}

/// Looks at the rules as they are written, so that a fault names its rule.
pub(super) fn check(inspection: &mut Inspection<'_>) {
    for (attribute, peer) in [("ingress", "from"), ("egress", "to")] {
        let Some(written) = inspection.written.get(attribute) else { continue };
        let mut known = Vec::new();
        for (place, rule) in elements(written).iter().enumerate() {
            let path = format!("{attribute}.{place}");
            check_rule(inspection, &path, &fields(rule));
            check_repetition(inspection, &mut known, &path, one_per_peer(rule, peer));
        }
    }
}

fn check_rule(inspection: &mut Inspection<'_>, path: &str, fields: &Expressions) {
    let (protocol, _) = spelled_ports(fields);
    let port = fields.get("port").and_then(Expression::known).cloned().unwrap_or_default();
    if let Some((message, help)) = wrong_ports(protocol.known().and_then(Value::as_str), &port) {
        fault(inspection, format!("{path}.port"), message, help);
    }
    let description = fields.get("description").and_then(Expression::known);
    if description.and_then(Value::as_str).is_some_and(|text| text.chars().count() > 255) {
        fault(
            inspection,
            format!("{path}.description"),
            "AWS wants a description of at most 255 characters",
            "say in short what the rule is for",
        );
    }
}

/// The rules before this one, without their descriptions, with these and with where they stand.
type Known = Vec<(Expressions, Expression, String)>;

/// EC2 takes rules that differ only in their description for one, and refuses the second.
fn check_repetition(
    inspection: &mut Inspection<'_>,
    known: &mut Known,
    path: &str,
    rules: Vec<Expression>,
) {
    for rule in rules {
        let mut rule = fields(&rule);
        let description = rule.remove("description").unwrap_or_else(|| Value::Null.into());
        let same = known.iter().find(|(other, _, _)| *other == rule);
        let Some((_, before, first)) = same else {
            known.push((rule, description, path.to_owned()));
            continue;
        };
        if *before != description {
            inspection.faults.push(Fault {
                path: path.to_owned(),
                message: "this is the same rule as one before, under another description"
                    .to_owned(),
                help: "AWS keeps one description for each port and peer: write the rule once"
                    .to_owned(),
                related: vec![(first.clone(), "the same rule is here".to_owned())],
            });
            return;
        }
    }
}

fn wrong_ports(protocol: Option<&str>, port: &Value) -> Option<(String, String)> {
    if port.is_null() {
        return None;
    }
    let protocol = protocol.unwrap_or("tcp");
    let bounds = if protocol.starts_with("icmp") { -1..=255 } else { 0..=65535 };
    match Ports::of(protocol, port) {
        None => Some((
            format!("'{port}' is not a port"),
            "write a number (5432) or a range (\"1024-65535\")".to_owned(),
        )),
        Some(ports) if !bounds.contains(&ports.from) || !bounds.contains(&ports.to) => Some((
            format!("port {port} is out of bounds"),
            format!("write a number from {} to {}", bounds.start(), bounds.end()),
        )),
        Some(ports) if !protocol.starts_with("icmp") && ports.from > ports.to => Some((
            format!("the range {port} ends before it begins"),
            format!("write \"{}-{}\"", ports.to, ports.from),
        )),
        Some(_) => None,
    }
}

fn elements(list: &Expression) -> Vec<Expression> {
    match list {
        Expression::Value(Value::List(values)) => {
            values.iter().cloned().map(Expression::Value).collect()
        }
        Expression::List(elements) => elements.clone(),
        _ => Vec::new(),
    }
}

fn fields(map: &Expression) -> Expressions {
    match map {
        Expression::Value(Value::Map(values)) => {
            values.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect()
        }
        Expression::Map(fields) => fields.clone(),
        _ => BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical_json(json: &str) -> String {
        let written: Value = serde_json::from_str(json).unwrap();
        let rules = canonical(&written.into(), "from").to_value().unwrap();
        serde_json::to_string(&rules).unwrap()
    }

    #[test]
    fn a_rule_has_one_peer_and_its_protocol() {
        assert_eq!(
            canonical_json(r#"[{"port": 443, "from": ["10.0.0.1/8", "::/0"]}]"#),
            r#"[{"description":null,"from":["10.0.0.0/8"],"port":443,"protocol":"tcp"},"#
                .to_owned()
                + r#"{"description":null,"from":["::/0"],"port":443,"protocol":"tcp"}]"#
        );
    }

    #[test]
    fn without_ports_it_is_everything() {
        assert_eq!(
            canonical_json(r#"[{"from": ["::/0"]}]"#),
            r#"[{"description":null,"from":["::/0"],"port":null,"protocol":"all"}]"#
        );
    }

    #[test]
    fn the_same_rule_twice_is_one() {
        let json = r#"[{"port": "80", "from": ["::/0"]}, {"port": 80, "protocol": "6", "from": ["::/0"]}]"#;
        assert_eq!(
            canonical_json(json),
            r#"[{"description":null,"from":["::/0"],"port":80,"protocol":"tcp"}]"#
        );
    }

    #[test]
    fn icmp_has_types_and_codes() {
        let spelled = |port: &str| {
            let json = format!(r#"[{{"protocol": "icmp", "port": {port}, "from": ["::/0"]}}]"#);
            let rules: Value = serde_json::from_str(&canonical_json(&json)).unwrap();
            rules.as_list().unwrap()[0].get("port").to_string()
        };
        assert_eq!([spelled("8"), spelled("\"8\""), spelled("\"8--1\"")], ["8", "8", "8"]);
        assert_eq!([spelled("\"3-4\""), spelled("\"3-3\"")], ["3-4", "3-3"]);
        assert_eq!([spelled("null"), spelled("-1")], ["null", "null"]);
    }

    #[test]
    fn protocols_without_ports_have_none() {
        assert_eq!(
            canonical_json(r#"[{"protocol": 50, "port": 80, "from": ["::/0"]}]"#),
            r#"[{"description":null,"from":["::/0"],"port":null,"protocol":"50"}]"#
        );
    }

    #[test]
    fn ports_are_checked() {
        assert!(wrong_ports(Some("tcp"), &Value::Int(70000)).is_some());
        assert!(wrong_ports(Some("tcp"), &"90-80".into()).is_some());
        assert!(wrong_ports(Some("tcp"), &"web".into()).is_some());
        assert!(wrong_ports(Some("icmp"), &"3-4".into()).is_none());
        assert!(wrong_ports(Some("tcp"), &"80-90".into()).is_none());
    }
}
