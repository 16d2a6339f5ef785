//! What AWS does at the worst moment, and what the calls of the kinds make of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use trueup_provider::FailureClass;

use super::{Answer, Asked, Stage, create, delete, live, tags, update};
use crate::services::calls;

/// A subnet as EC2 describes it.
fn subnet(id: &str, vpc: &str, more: &str) -> String {
    let tags = tags("subnet.main");
    format!(
        "<item><subnetId>{id}</subnetId><vpcId>{vpc}</vpcId><cidrBlock>10.0.1.0/24</cidrBlock>\
         <state>available</state>{more}{tags}</item>"
    )
}

fn subnets(items: &str) -> Answer {
    Answer::xml(format!("<subnetSet>{items}</subnetSet>"))
}

/// What an IPv6 block of a VPC or a subnet is, in a state.
fn ipv6(holder: &str, block: &str, state: &str) -> String {
    format!(
        "<ipv6CidrBlockAssociationSet><item><ipv6CidrBlock>{block}</ipv6CidrBlock>\
         <associationId>{holder}-cidr-assoc-1</associationId>\
         <ipv6CidrBlockState><state>{state}</state></ipv6CidrBlockState>\
         </item></ipv6CidrBlockAssociationSet>"
    )
}

fn vpc(id: &str, more: &str) -> String {
    let tags = tags("vpc.main");
    format!(
        "<item><vpcId>{id}</vpcId><cidrBlock>10.0.0.0/16</cidrBlock>\
         <instanceTenancy>default</instanceTenancy><state>available</state>{more}{tags}</item>"
    )
}

/// The answer about a DNS option of a VPC.
fn option(asked: &Asked, hostnames: bool) -> Answer {
    let (name, value) = match asked.get("Attribute") {
        "enableDnsSupport" => ("enableDnsSupport", true),
        _ => ("enableDnsHostnames", hostnames),
    };
    Answer::xml(format!("<{name}><value>{value}</value></{name}>"))
}

/// While a subnet moves to another VPC, the old one has the same address and the same spec.
#[test]
fn a_lost_answer_does_not_make_the_old_one_the_new_one() {
    let mut lost = false;
    let stage = Stage::new(move |asked| match asked.action.as_str() {
        "CreateSubnet" if !std::mem::replace(&mut lost, true) => Answer::Lost,
        "CreateSubnet" => Answer::xml("<subnet><subnetId>subnet-new</subnetId></subnet>"),
        _ if asked.get("Filter.1.Value.1") == "subnet-new" => {
            subnets(&subnet("subnet-new", "vpc-new", ""))
        }
        _ => subnets(&subnet("subnet-old", "vpc-old", "")),
    });
    let wanted = json!({ "vpc": "vpc-new", "cidr_block": "10.0.1.0/24" });
    let request = create("subnet.main", wanted);
    let made = stage.run(async |aws| calls("subnet").unwrap().create(aws, &request).await).unwrap();
    assert_eq!(made.id, "subnet-new");
    assert_eq!(stage.changes(), ["CreateSubnet", "CreateSubnet"]);
}

#[test]
fn a_lost_answer_is_looked_up() {
    let stage = Stage::new(|asked| {
        if asked.action == "CreateSubnet" {
            return Answer::Lost;
        }
        subnets(&subnet("subnet-1", "vpc-1", ""))
    });
    let request = create("subnet.main", json!({ "vpc": "vpc-1", "cidr_block": "10.0.1.0/24" }));
    let made = stage.run(async |aws| calls("subnet").unwrap().create(aws, &request).await).unwrap();
    assert_eq!(made.id, "subnet-1");
    assert_eq!(stage.changes(), ["CreateSubnet"]);
}

#[test]
fn a_block_on_its_way_is_not_asked_for_twice() {
    let mut looks = 0;
    let stage = Stage::new(move |asked| match asked.action.as_str() {
        "CreateVpc" => Answer::xml("<vpc><vpcId>vpc-1</vpcId></vpc>"),
        "DescribeVpcAttribute" => option(asked, false),
        _ => {
            looks += 1;
            let state = if looks < 4 { "associating" } else { "associated" };
            let block = ipv6("vpc", "2600:1f14::/56", state);
            Answer::xml(format!("<vpcSet>{}</vpcSet>", vpc("vpc-1", &block)))
        }
    });
    let wanted = json!({ "cidr_block": "10.0.0.0/16", "assign_generated_ipv6_cidr_block": true });
    let request = create("vpc.main", wanted);
    let made = stage.run(async |aws| calls("vpc").unwrap().create(aws, &request).await).unwrap();
    assert_eq!(made.get("ipv6_cidr_block").as_str(), Some("2600:1f14::/56"));
    assert_eq!(stage.changes(), ["CreateVpc"]);
}

#[test]
fn a_subnets_block_on_its_way_is_not_asked_for_twice() {
    let mut looks = 0;
    let stage = Stage::new(move |asked| {
        if asked.action == "CreateSubnet" {
            return Answer::xml("<subnet><subnetId>subnet-1</subnetId></subnet>");
        }
        looks += 1;
        let state = if looks < 4 { "associating" } else { "associated" };
        subnets(&subnet("subnet-1", "vpc-1", &ipv6("subnet", "2600:1f14::/64", state)))
    });
    let wanted = json!({ "vpc": "vpc-1", "ipv6_cidr_block": "2600:1f14::/64" });
    let request = create("subnet.main", wanted);
    let made = stage.run(async |aws| calls("subnet").unwrap().create(aws, &request).await).unwrap();
    assert_eq!(made.get("ipv6_cidr_block").as_str(), Some("2600:1f14::/64"));
    assert_eq!(stage.changes(), ["CreateSubnet"]);
}

#[test]
fn a_block_that_has_left_is_not_sent_away_again() {
    let before = live("vpc.main", "vpc-1", json!({ "assign_generated_ipv6_cidr_block": true }));
    let stage = Stage::new(|asked| {
        if asked.action == "DescribeVpcAttribute" {
            return option(asked, false);
        }
        let gone = ipv6("vpc", "2600:1f14::/56", "disassociated");
        Answer::xml(format!("<vpcSet>{}</vpcSet>", vpc("vpc-1", &gone)))
    });
    let request = update(before, json!({ "assign_generated_ipv6_cidr_block": false }));
    stage.run(async |aws| calls("vpc").unwrap().update(aws, &request).await).unwrap();
    assert!(stage.changes().is_empty());
}

#[test]
fn a_vpc_that_goes_while_it_is_read_does_not_hide_the_others() {
    let stage = Stage::new(|asked| match asked.action.as_str() {
        "DescribeVpcAttribute" if asked.get("VpcId") == "vpc-2" => {
            Answer::Refused("InvalidVpcID.NotFound", "The vpc ID 'vpc-2' does not exist")
        }
        "DescribeVpcAttribute" => option(asked, false),
        _ => Answer::xml(format!("<vpcSet>{}{}</vpcSet>", vpc("vpc-1", ""), vpc("vpc-2", ""))),
    });
    let ids = ["vpc-1".to_owned(), "vpc-2".to_owned()];
    let found = stage.run(async |aws| calls("vpc").unwrap().read(aws, &ids).await).unwrap();
    assert_eq!(found.iter().map(|live| live.id.as_str()).collect::<Vec<_>>(), ["vpc-1"]);
}

#[test]
fn a_new_vpc_that_is_not_known_everywhere_is_asked_again() {
    let mut asked_for = 0;
    let stage = Stage::new(move |asked| match asked.action.as_str() {
        "CreateVpc" => Answer::xml("<vpc><vpcId>vpc-1</vpcId></vpc>"),
        "ModifyVpcAttribute" => {
            asked_for += 1;
            if asked_for > 1 {
                return Answer::done();
            }
            Answer::Refused("InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist")
        }
        "DescribeVpcAttribute" => option(asked, asked_for > 1),
        _ => Answer::xml(format!("<vpcSet>{}</vpcSet>", vpc("vpc-1", ""))),
    });
    let request = create("vpc.main", json!({ "enable_dns_hostnames": true }));
    stage.run(async |aws| calls("vpc").unwrap().create(aws, &request).await).unwrap();
    assert_eq!(stage.changes(), ["CreateVpc", "ModifyVpcAttribute", "ModifyVpcAttribute"]);
}

#[test]
fn a_gateway_that_is_elsewhere_says_where() {
    let stage = Stage::new(|asked| match asked.action.as_str() {
        "CreateInternetGateway" => Answer::xml(
            "<internetGateway><internetGatewayId>igw-1</internetGatewayId></internetGateway>",
        ),
        "AttachInternetGateway" => Answer::Refused(
            "Resource.AlreadyAssociated",
            "resource igw-1 is already attached to network vpc-2",
        ),
        _ if asked.get("Filter.1.Name") == "attachment.vpc-id" => {
            Answer::xml("<internetGatewaySet/>")
        }
        _ => Answer::xml(
            "<internetGatewaySet><item><internetGatewayId>igw-1</internetGatewayId><attachmentSet>\
             <item><vpcId>vpc-2</vpcId><state>available</state></item></attachmentSet></item>\
             </internetGatewaySet>",
        ),
    });
    let request = create("internet_gateway.main", json!({ "vpc": "vpc-1" }));
    let calls = calls("internet_gateway").unwrap();
    let failure = stage.run(async |aws| calls.create(aws, &request).await).unwrap_err();
    assert_eq!(failure.class, FailureClass::Exists);
    assert!(failure.help[0].contains("igw-1 is attached to vpc-2"), "{failure:?}");
}

/// An instance whose calls are refused as said, and what was called to change its type.
fn resized(refuse: impl Fn(&Asked) -> Option<Answer> + Send + 'static) -> (Vec<String>, String) {
    let mut now = "running";
    let stage = Stage::new(move |asked| {
        if let Some(refusal) = refuse(asked) {
            return refusal;
        }
        match asked.action.as_str() {
            "StopInstances" => now = "stopped",
            "StartInstances" => now = "running",
            "DescribeInstances" => {
                return Answer::xml(format!(
                    "<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>\
                     <instanceState><name>{now}</name></instanceState></item></instancesSet>\
                     </item></reservationSet>"
                ));
            }
            _ => {}
        }
        Answer::done()
    });
    let before = live("instance.main", "i-1", json!({ "instance_type": "t3.micro" }));
    let request = update(before, json!({ "instance_type": "t3.large" }));
    let calls = calls("instance").unwrap();
    let failure = stage.run(async |aws| calls.update(aws, &request).await).unwrap_err();
    (stage.changes(), failure.help.join("; "))
}

#[test]
fn a_machine_whose_type_is_refused_runs_again() {
    let (changes, _) = resized(|asked| {
        (asked.action == "ModifyInstanceAttribute").then_some(Answer::Refused(
            "InvalidParameterCombination",
            "The instance type t3.large is not supported",
        ))
    });
    let calls =
        ["CreateTags", "StopInstances", "ModifyInstanceAttribute", "StartInstances", "DeleteTags"];
    assert_eq!(changes, calls);
}

#[test]
fn a_machine_that_has_no_room_in_its_new_type_gets_the_old_one_back() {
    let size = std::sync::Mutex::new(String::new());
    let (changes, help) = resized(move |asked| {
        let mut size = size.lock().unwrap();
        if asked.action == "ModifyInstanceAttribute" {
            asked.get("InstanceType.Value").clone_into(&mut size);
        }
        (asked.action == "StartInstances" && *size == "t3.large")
            .then_some(Answer::Refused("InsufficientInstanceCapacity", "no room"))
    });
    assert!(help.contains("i-1 runs again, as t3.micro"), "{help}");
    let calls = [
        "CreateTags",
        "StopInstances",
        "ModifyInstanceAttribute",
        "StartInstances",
        "ModifyInstanceAttribute",
        "StartInstances",
        "DeleteTags",
    ];
    assert_eq!(changes, calls);
}

#[test]
fn a_flow_log_that_was_deleted_by_hand_spends_its_token() {
    let stage = Stage::new(|asked| {
        let id = if asked.get("ClientToken") == "token" { "fl-dead" } else { "fl-2" };
        match asked.action.as_str() {
            "CreateFlowLogs" => {
                Answer::xml(format!("<flowLogIdSet><item>{id}</item></flowLogIdSet>"))
            }
            _ if asked.get("Filter.1.Value.1") == "fl-2" => {
                Answer::xml("<flowLogSet><item><flowLogId>fl-2</flowLogId></item></flowLogSet>")
            }
            _ => Answer::xml("<flowLogSet/>"),
        }
    });
    let request = create("flow_log.main", json!({ "vpc": "vpc-1", "log_group": "g" }));
    let made =
        stage.run(async |aws| calls("flow_log").unwrap().create(aws, &request).await).unwrap();
    assert_eq!(made.id, "fl-2");
}

/// A group that `sg-2` names, and the interface that carries it, if any, when it is deleted.
fn group_deleted(interface: Option<&'static str>) -> (Vec<String>, Result<(), FailureClass>) {
    let mut named = true;
    let stage = Stage::new(move |asked| match asked.action.as_str() {
        "DeleteSecurityGroup" if named || interface.is_some() => {
            Answer::Refused("DependencyViolation", "resource sg-1 has a dependent object")
        }
        "DescribeNetworkInterfaces" => {
            let item = interface.map(|description| {
                format!(
                    "<item><networkInterfaceId>eni-1</networkInterfaceId>\
                     <description>{description}</description></item>"
                )
            });
            Answer::xml(format!(
                "<networkInterfaceSet>{}</networkInterfaceSet>",
                item.unwrap_or_default()
            ))
        }
        "DescribeSecurityGroups" if asked.get("Filter.1.Name") == "group-id" => {
            Answer::xml("<securityGroupInfo/>")
        }
        "DescribeSecurityGroups" if named => Answer::xml(format!(
            "<securityGroupInfo><item><groupId>sg-2</groupId><groupName>other</groupName>{}</item>\
             </securityGroupInfo>",
            tags("security_group.other")
        )),
        "DescribeSecurityGroupRules" => Answer::xml(
            "<securityGroupRuleSet><item><securityGroupRuleId>sgr-1</securityGroupRuleId>\
             <groupId>sg-2</groupId><isEgress>false</isEgress><ipProtocol>tcp</ipProtocol>\
             <fromPort>1</fromPort><toPort>1</toPort><referencedGroupInfo><groupId>sg-1</groupId>\
             </referencedGroupInfo></item></securityGroupRuleSet>",
        ),
        "RevokeSecurityGroupIngress" => {
            named = false;
            Answer::done()
        }
        _ => Answer::done(),
    });
    let rule = json!([{ "from": ["sg-2"], "port": 1, "protocol": "tcp" }]);
    let before = live("security_group.main", "sg-1", json!({ "ingress": rule }));
    let calls = calls("security_group").unwrap();
    let outcome = stage.run(async |aws| calls.delete(aws, &delete(before)).await);
    (stage.changes(), outcome.map_err(|failure| failure.class))
}

#[test]
fn what_names_a_group_lets_go_of_it_when_the_group_goes() {
    let (changes, outcome) = group_deleted(None);
    assert_eq!(outcome, Ok(()));
    let calls = ["DeleteSecurityGroup", "RevokeSecurityGroupIngress", "DeleteSecurityGroup"];
    assert_eq!(changes, calls);
}

#[test]
fn a_group_that_stays_in_use_keeps_its_rules() {
    let (changes, outcome) = group_deleted(Some("theirs"));
    assert_eq!(outcome, Err(FailureClass::Broken));
    assert!(changes.iter().all(|action| action == "DeleteSecurityGroup"), "{changes:?}");
}

#[test]
fn a_new_groups_own_rule_is_found_though_one_read_misses_it() {
    let (mut reads, mut revoked) = (0, false);
    let stage = Stage::new(move |asked| match asked.action.as_str() {
        "DescribeSecurityGroupRules" => {
            reads += 1;
            let rule = "<item><securityGroupRuleId>sgr-1</securityGroupRuleId><groupId>sg-1</groupId>\
                        <isEgress>true</isEgress><ipProtocol>-1</ipProtocol><fromPort>-1</fromPort>\
                        <toPort>-1</toPort><cidrIpv4>0.0.0.0/0</cidrIpv4></item>";
            let rule = if reads > 1 && !revoked { rule } else { "" };
            Answer::xml(format!("<securityGroupRuleSet>{rule}</securityGroupRuleSet>"))
        }
        "DescribeSecurityGroups" => {
            let rule = "<item><ipProtocol>-1</ipProtocol><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp>\
                        </item></ipRanges></item>";
            let rule = if revoked { "" } else { rule };
            Answer::xml(format!(
                "<securityGroupInfo><item><groupId>sg-1</groupId>\
                 <ipPermissionsEgress>{rule}</ipPermissionsEgress></item></securityGroupInfo>"
            ))
        }
        _ => {
            revoked = true;
            Answer::done()
        }
    });
    let before = live("security_group.main", "sg-1", json!({}));
    let request = update(before, json!({ "egress": [] }));
    let calls = calls("security_group").unwrap();
    stage.run(async |aws| calls.update(aws, &request).await).unwrap();
    assert_eq!(stage.changes(), ["RevokeSecurityGroupEgress"]);
    assert!(trueup_provider::Host::now(&stage) < 60_000, "it was waited for in vain");
}

/// IAM's reads lag behind its changes: what an apply has done must be there for the next plan.
#[test]
fn a_change_of_a_role_is_waited_for_until_it_shows() {
    let looks = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&looks);
    let stage = Stage::new(move |asked| {
        let result = match asked.action.as_str() {
            "GetRole" => {
                let behind = seen.fetch_add(1, Ordering::Relaxed) < 3;
                let text = if behind { "old" } else { "new" };
                format!(
                    "<Role><Path>/</Path><RoleName>shop-api</RoleName><RoleId>AROA1</RoleId>\
                     <Arn>arn:aws:iam::111111111111:role/shop-api</Arn>\
                     <CreateDate>2026-01-01T00:00:00Z</CreateDate>\
                     <Description>{text}</Description></Role>"
                )
            }
            _ => "<IsTruncated>false</IsTruncated>".to_owned(),
        };
        let action = &asked.action;
        Answer::xml(format!("<{action}Result>{result}</{action}Result>"))
    });
    let before = live("iam_role.api", "shop-api", json!({ "description": "old" }));
    let request = update(before, json!({ "description": "new" }));
    stage.run(async |aws| calls("iam_role").unwrap().update(aws, &request).await).unwrap();
    assert_eq!(stage.changes(), ["UpdateRole"]);
    assert_eq!(looks.load(Ordering::Relaxed), 4);
}
