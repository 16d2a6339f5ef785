//! One rule: as EC2 spells it, and as it is compared.

use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroupRule, SecurityGroupRuleRequest,
    UserIdGroupPair,
};
use trueup_model::Value;
use trueup_model::value::Values;

use super::super::rules::{Ports, protocol_name};
use crate::network::canonical_cidr;

/// In or out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// What is let in.
    Ingress,
    /// What is let out.
    Egress,
}

impl Direction {
    pub(super) const BOTH: [Self; 2] = [Self::Ingress, Self::Egress];

    pub(super) fn attribute(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }

    /// The field of a rule that holds the other end.
    pub(super) fn peer(self) -> &'static str {
        match self {
            Self::Ingress => "from",
            Self::Egress => "to",
        }
    }

    pub(super) fn is_of(self, rule: &SecurityGroupRule) -> bool {
        rule.is_egress().unwrap_or_default() == (self == Self::Egress)
    }
}

/// A rule with one peer. Two rules of a direction that differ only in the description are one to
/// EC2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    protocol: String,
    ports: Ports,
    peer: String,
    pub(super) description: Option<String>,
}

impl Rule {
    /// From the form that is compared; it has one peer there.
    pub(super) fn of_value(value: &Value, direction: Direction) -> Option<Self> {
        let protocol = value.get("protocol").as_str()?.to_owned();
        let ports = Ports::of(&protocol, value.get("port"))?;
        let peer = value.get(direction.peer()).strings().into_iter().next()?;
        let description = value.get("description").as_str().filter(|text| !text.is_empty());
        Some(Self { protocol, ports, peer, description: description.map(str::to_owned) })
    }

    pub(super) fn of_ec2(rule: &SecurityGroupRule) -> Option<Self> {
        let peer = rule
            .cidr_ipv4()
            .or(rule.cidr_ipv6())
            .or(rule.prefix_list_id())
            .map(canonical_cidr)
            .or_else(|| group(rule).map(str::to_owned))?;
        let wire = (rule.ip_protocol(), rule.from_port(), rule.to_port());
        Self::of_wire(wire, peer, rule.description())
    }

    fn of_wire(
        (protocol, from, to): (Option<&str>, Option<i32>, Option<i32>),
        peer: String,
        description: Option<&str>,
    ) -> Option<Self> {
        let protocol = protocol_name(protocol.unwrap_or("-1"));
        let port = |port: Option<i32>| i64::from(port.unwrap_or(-1));
        // Spelled and read again, so that every port is every port however EC2 says it.
        let ports = Ports { from: port(from), to: port(to) };
        let ports = Ports::of(&protocol, &ports.spelled(&protocol))?;
        let description = description.filter(|text| !text.is_empty());
        Some(Self { protocol, ports, peer, description: description.map(str::to_owned) })
    }

    /// The rules that one entry of a group's own description stands for: it puts all peers of the same
    /// protocol and ports together.
    pub(super) fn of_permission(permission: &IpPermission) -> Vec<Self> {
        let v4 = permission.ip_ranges().iter().map(|range| (range.cidr_ip(), range.description()));
        let v6 =
            permission.ipv6_ranges().iter().map(|range| (range.cidr_ipv6(), range.description()));
        let lists = permission.prefix_list_ids().iter();
        let lists = lists.map(|list| (list.prefix_list_id(), list.description()));
        let groups = permission.user_id_group_pairs().iter();
        let groups = groups.map(|pair| (pair.group_id(), pair.description()));
        let peers = v4.chain(v6).chain(lists).chain(groups);
        let rules = peers.filter_map(|(peer, description)| {
            let wire = (permission.ip_protocol(), permission.from_port(), permission.to_port());
            Self::of_wire(wire, canonical_cidr(peer?), description)
        });
        rules.collect()
    }

    /// The form that is compared.
    pub(super) fn value(&self, direction: Direction) -> Value {
        let fields = [
            ("description", self.description.clone().into()),
            ("port", self.ports.spelled(&self.protocol)),
            ("protocol", self.protocol.as_str().into()),
            (direction.peer(), Value::List(vec![self.peer.as_str().into()])),
        ];
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
        Value::Map(fields.collect::<Values>())
    }

    /// Whether EC2 takes both for the same rule.
    pub(super) fn is(&self, other: &Self) -> bool {
        (&self.protocol, self.ports, &self.peer) == (&other.protocol, other.ports, &other.peer)
    }

    /// For the call that adds it.
    pub(super) fn permission(&self) -> IpPermission {
        let (protocol, from, to) = self.wire();
        let permission =
            IpPermission::builder().ip_protocol(protocol).set_from_port(from).set_to_port(to);
        let (peer, said) = (self.peer.as_str(), self.description.clone());
        let permission = match Peer::of(peer) {
            Peer::Group => {
                let pair = UserIdGroupPair::builder().group_id(peer).set_description(said);
                permission.user_id_group_pairs(pair.build())
            }
            Peer::List => {
                let list = PrefixListId::builder().prefix_list_id(peer).set_description(said);
                permission.prefix_list_ids(list.build())
            }
            Peer::V6 => {
                let range = Ipv6Range::builder().cidr_ipv6(peer).set_description(said);
                permission.ipv6_ranges(range.build())
            }
            Peer::V4 => {
                let range = IpRange::builder().cidr_ip(peer).set_description(said);
                permission.ip_ranges(range.build())
            }
        };
        permission.build()
    }

    /// For the call that changes it in place: the whole rule, and no description removes one.
    pub(super) fn request(&self) -> SecurityGroupRuleRequest {
        let (protocol, from, to) = self.wire();
        let request = SecurityGroupRuleRequest::builder().ip_protocol(protocol);
        let request = request.set_from_port(from).set_to_port(to);
        let request = request.set_description(self.description.clone());
        let peer = self.peer.as_str();
        let request = match Peer::of(peer) {
            Peer::Group => request.referenced_group_id(peer),
            Peer::List => request.prefix_list_id(peer),
            Peer::V6 => request.cidr_ipv6(peer),
            Peer::V4 => request.cidr_ipv4(peer),
        };
        request.build()
    }

    fn wire(&self) -> (String, Option<i32>, Option<i32>) {
        if self.protocol == "all" {
            return ("-1".to_owned(), None, None);
        }
        let port = |port: i64| i32::try_from(port).ok();
        (self.protocol.clone(), port(self.ports.from), port(self.ports.to))
    }
}

/// What kind of other end a text is.
enum Peer {
    Group,
    List,
    V4,
    V6,
}

impl Peer {
    fn of(peer: &str) -> Self {
        if peer.starts_with("sg-") {
            Self::Group
        } else if peer.starts_with("pl-") {
            Self::List
        } else if peer.contains(':') {
            Self::V6
        } else {
            Self::V4
        }
    }
}

/// The group that a rule names.
pub(super) fn group(rule: &SecurityGroupRule) -> Option<&str> {
    rule.referenced_group_info().and_then(|info| info.group_id())
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::ReferencedSecurityGroup;
    use aws_sdk_ec2::types::builders::SecurityGroupRuleBuilder;

    use super::*;

    fn ec2(protocol: &str, from: i32, to: i32) -> SecurityGroupRuleBuilder {
        SecurityGroupRule::builder().ip_protocol(protocol).from_port(from).to_port(to)
    }

    fn shown(rule: SecurityGroupRuleBuilder) -> String {
        let value = Rule::of_ec2(&rule.build()).unwrap().value(Direction::Ingress);
        serde_json::to_string(&value).unwrap()
    }

    #[test]
    fn a_record_has_the_form_that_is_compared() {
        let group = ReferencedSecurityGroup::builder().group_id("sg-1").build();
        assert_eq!(
            shown(ec2("tcp", 5432, 5432).referenced_group_info(group).description("db")),
            r#"{"description":"db","from":["sg-1"],"port":5432,"protocol":"tcp"}"#
        );
        assert_eq!(
            shown(ec2("udp", 1024, 65535).cidr_ipv4("10.0.0.0/8").description("")),
            r#"{"description":null,"from":["10.0.0.0/8"],"port":"1024-65535","protocol":"udp"}"#
        );
    }

    #[test]
    fn an_entry_of_a_group_is_a_rule_for_each_peer() {
        let range = |cidr: &str, text: &str| {
            IpRange::builder().cidr_ip(cidr).set_description(Some(text.to_owned())).build()
        };
        let entry = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(443)
            .to_port(443)
            .ip_ranges(range("10.0.0.0/8", "inside"))
            .ip_ranges(range("192.0.2.0/24", ""))
            .ipv6_ranges(Ipv6Range::builder().cidr_ipv6("2001:DB8::/32").build())
            .prefix_list_ids(PrefixListId::builder().prefix_list_id("pl-1").build())
            .user_id_group_pairs(UserIdGroupPair::builder().group_id("sg-1").build())
            .build();
        let rules = Rule::of_permission(&entry);
        let shown: Vec<String> =
            rules.iter().map(|rule| format!("{} {:?}", rule.peer, rule.description)).collect();
        assert_eq!(
            shown,
            [
                "10.0.0.0/8 Some(\"inside\")",
                "192.0.2.0/24 None",
                "2001:db8::/32 None",
                "pl-1 None",
                "sg-1 None",
            ]
        );
    }

    #[test]
    fn every_port_is_spelled_in_many_ways() {
        let every = |rule: SecurityGroupRuleBuilder| shown(rule.cidr_ipv6("::/0"));
        let all = r#"{"description":null,"from":["::/0"],"port":null,"protocol":"all"}"#;
        assert_eq!(every(ec2("-1", -1, -1)), all);
        assert_eq!(every(SecurityGroupRule::builder().ip_protocol("-1")), all);
        assert_eq!(every(ec2("-1", 0, 65535)), all);
        let tcp = r#"{"description":null,"from":["::/0"],"port":null,"protocol":"tcp"}"#;
        assert_eq!(every(ec2("6", 0, 65535)), tcp);
        let esp = r#"{"description":null,"from":["::/0"],"port":null,"protocol":"50"}"#;
        assert_eq!(every(ec2("50", -1, -1)), esp);
        assert_eq!(every(ec2("50", 0, 0)), esp);
    }

    #[test]
    fn icmp_is_told_by_type_and_code() {
        let icmp = |from, to| {
            let rule = Rule::of_ec2(&ec2("icmp", from, to).prefix_list_id("pl-1").build());
            rule.unwrap().value(Direction::Egress).get("port").to_string()
        };
        assert_eq!(
            [icmp(8, -1), icmp(3, 4), icmp(3, 3), icmp(-1, -1)],
            ["8", "3-4", "3-3", "null"]
        );
    }

    #[test]
    fn what_is_sent_reads_back_the_same() {
        let rules = [
            r#"{"description":"x","from":["sg-1"],"port":5432,"protocol":"tcp"}"#,
            r#"{"description":null,"from":["pl-1"],"port":null,"protocol":"all"}"#,
            r#"{"description":null,"from":["10.0.0.0/8"],"port":null,"protocol":"udp"}"#,
            r#"{"description":null,"from":["::/0"],"port":8,"protocol":"icmp"}"#,
            r#"{"description":null,"from":["::/0"],"port":null,"protocol":"50"}"#,
        ];
        for json in rules {
            let value: Value = serde_json::from_str(json).unwrap();
            let rule = Rule::of_value(&value, Direction::Ingress).unwrap();
            assert_eq!(rule.value(Direction::Ingress), value);
            let request = rule.request();
            let answer = SecurityGroupRule::builder()
                .set_ip_protocol(request.ip_protocol().map(str::to_owned))
                .set_from_port(request.from_port())
                .set_to_port(request.to_port())
                .set_cidr_ipv4(request.cidr_ipv4().map(str::to_owned))
                .set_cidr_ipv6(request.cidr_ipv6().map(str::to_owned))
                .set_prefix_list_id(request.prefix_list_id().map(str::to_owned))
                .set_description(request.description().map(str::to_owned));
            let named = request.referenced_group_id();
            let named = named.map(|id| ReferencedSecurityGroup::builder().group_id(id).build());
            let answer = answer.set_referenced_group_info(named).build();
            assert_eq!(Rule::of_ec2(&answer), Some(rule));
        }
    }
}
