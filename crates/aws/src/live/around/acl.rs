//! Network ACLs, the default ones among them.

use aws_sdk_ec2::types::{NetworkAcl, NetworkAclEntry};
use trueup_model::Value;
use trueup_model::snapshot::{Condition, around};
use trueup_provider::Call;

use super::Answer;
use crate::live::Session;
use crate::live::describe::{self, PAGE};
use crate::live::owned::named;

/// The numbers of the rules that AWS adds itself and that deny what no other rule matches begin
/// here.
const IMPLICIT: i32 = 32767;

/// All of the account: whose networks matter is not known when this is asked.
pub(in crate::live) async fn all(aws: &Session<'_>) -> Answer {
    let found = aws.pages(
        Call::read("ec2:DescribeNetworkAcls"),
        |next| {
            let call = aws.clients.ec2.describe_network_acls().max_results(PAGE);
            call.set_next_token(next).send()
        },
        |page| (page.network_acls.unwrap_or_default(), page.next_token),
    );
    Ok(found.await?.iter().map(normalise).collect())
}

fn normalise(acl: &NetworkAcl) -> trueup_model::Live {
    let entries = |egress: bool| -> Value {
        let own = acl.entries().iter().filter(|entry| entry.egress() == Some(egress));
        let own = own.filter(|entry| entry.rule_number().is_some_and(|n| n < IMPLICIT));
        own.map(rule).collect()
    };
    let subnets = acl.associations().iter().filter_map(|one| one.subnet_id()).collect();
    let attributes = [
        ("vpc", describe::text(acl.vpc_id())),
        ("default", acl.is_default().unwrap_or_default().into()),
        ("subnets", subnets),
        ("ingress", entries(false)),
        ("egress", entries(true)),
    ];
    let id = acl.network_acl_id().unwrap_or_default();
    describe::live((around::NETWORK_ACL, id), acl.tags(), attributes, [], Condition::Ready)
}

fn rule(entry: &NetworkAclEntry) -> Value {
    let allow = entry.rule_action().is_some_and(|action| action.as_str() == "allow");
    let ports = entry.port_range().and_then(|range| {
        let (first, last) = (range.from()?, range.to()?);
        Some(format!("{first}-{last}"))
    });
    let icmp = entry.icmp_type_code().and_then(|icmp| {
        let (kind, code) = (icmp.r#type()?, icmp.code()?);
        Some(format!("{kind} {code}"))
    });
    let cidr = entry.cidr_block().or(entry.ipv6_cidr_block());
    named([
        ("number", entry.rule_number().into()),
        ("allow", allow.into()),
        ("protocol", describe::text(entry.protocol())),
        ("ports", ports.into()),
        ("icmp", icmp.into()),
        ("cidr", describe::text(cidr)),
    ])
    .into()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{NetworkAclAssociation, PortRange, RuleAction};

    use super::*;

    #[test]
    fn the_implicit_denial_is_left_out() {
        let entry = |number: i32, protocol: &str| {
            let entry = NetworkAclEntry::builder().rule_number(number).protocol(protocol);
            entry.egress(false).rule_action(RuleAction::Allow).cidr_block("10.0.0.0/8")
        };
        let ports = PortRange::builder().from(80).to(90).build();
        let acl = NetworkAcl::builder()
            .network_acl_id("acl-1")
            .vpc_id("vpc-1")
            .is_default(true)
            .entries(entry(100, "6").port_range(ports).build())
            .entries(entry(32767, "-1").build())
            .associations(NetworkAclAssociation::builder().subnet_id("subnet-1").build())
            .build();
        let live = normalise(&acl);
        assert_eq!(live.get("subnets").strings(), ["subnet-1"]);
        assert_eq!(live.get("egress"), &Value::List(Vec::new()));
        let rules = live.get("ingress").as_list().unwrap();
        assert_eq!(rules.len(), 1);
        assert_eq!(rules[0].get("ports"), &Value::from("80-90"));
        assert_eq!(rules[0].get("allow"), &Value::Bool(true));
    }
}
