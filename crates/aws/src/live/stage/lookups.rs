//! What stacks look up to name it in sentences, as AWS describes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use trueup_model::Value;
use trueup_model::snapshot::Live;
use trueup_model::stack::{By, Existing};
use trueup_provider::{Failure, FailureClass};

use super::{Answer, Asked, Stage};
use crate::live::around;

const BEANSTALK: &str = "elasticbeanstalk:environment-name";

fn arn(id: &str) -> String {
    format!("arn:aws:elasticloadbalancing:us-west-2:111111111111:loadbalancer/{id}")
}

fn balancers(ids: &[&str]) -> Answer {
    let mut members = String::new();
    for id in ids {
        let sort = if id.starts_with("net/") { "network" } else { "application" };
        write!(
            members,
            "<member><LoadBalancerArn>{}</LoadBalancerArn><Scheme>internet-facing</Scheme>\
             <VpcId>vpc-1</VpcId><Type>{sort}</Type><AvailabilityZones><member>\
             <SubnetId>subnet-a</SubnetId></member></AvailabilityZones><SecurityGroups>\
             <member>sg-1</member></SecurityGroups></member>",
            arn(id)
        )
        .unwrap();
    }
    Answer::xml(format!(
        "<DescribeLoadBalancersResult><LoadBalancers>{members}</LoadBalancers>\
         </DescribeLoadBalancersResult>"
    ))
}

/// What is found of a kind, and what was asked for it.
fn found(
    kind: &'static str,
    by: By,
    mut answer: impl FnMut(&Asked) -> Answer + Send + 'static,
) -> (Result<Option<Live>, Failure>, Vec<String>) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&calls);
    let stage = Stage::new(move |asked| {
        noted.lock().unwrap().push(asked.action.clone());
        answer(asked)
    });
    let address = format!("{kind}.front").parse().unwrap();
    let existing = Existing { address, by, location: None };
    let found = stage.run(async |aws| around::find(aws, &existing).await);
    let calls = calls.lock().unwrap().clone();
    (found, calls)
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_list().unwrap().iter().filter_map(Value::as_str).collect()
}

#[test]
fn a_load_balancer_by_its_name() {
    let (found, calls) = found("load_balancer", By::Name("front".to_owned()), |asked| {
        assert_eq!(asked.get("Names.member.1"), "front");
        balancers(&["app/front/01"])
    });
    let found = found.unwrap().unwrap();
    assert_eq!(found.id, "app/front/01");
    assert_eq!(found.get("vpc").as_str(), Some("vpc-1"));
    assert_eq!(found.get("type").as_str(), Some("application"));
    assert_eq!(found.get("internet_facing"), &Value::Bool(true));
    assert_eq!(texts(found.get("subnets")), ["subnet-a"]);
    assert_eq!(texts(found.get("security_groups")), ["sg-1"]);
    assert_eq!(found.get("listeners"), &Value::Null, "they are not read by looking it up");
    assert_eq!(calls, ["DescribeLoadBalancers"]);
}

#[test]
fn a_load_balancer_by_its_arn_or_the_end_of_it() {
    let (by_arn, _) = found("load_balancer", By::Id(arn("net/front/01")), |asked| {
        assert_eq!(asked.get("LoadBalancerArns.member.1"), arn("net/front/01"));
        balancers(&["net/front/01"])
    });
    assert_eq!(by_arn.unwrap().unwrap().get("type").as_str(), Some("network"));
    let (by_id, _) = found("load_balancer", By::Id("app/b/2".to_owned()), |_| {
        balancers(&["app/a/1", "app/b/2"])
    });
    assert_eq!(by_id.unwrap().unwrap().id, "app/b/2");
    let (gone, _) = found("load_balancer", By::Id(arn("app/gone/1")), |_| {
        Answer::Refused("LoadBalancerNotFound", "Load balancers not found")
    });
    assert_eq!(gone.unwrap(), None);
}

/// `DescribeTags` takes twenty at a time.
#[test]
fn a_load_balancer_by_its_tags() {
    let tagged = |asked: &Asked| {
        let mut described = String::new();
        for number in 1..=20 {
            let arn = asked.get(&format!("ResourceArns.member.{number}"));
            let tag = if arn.ends_with("/21") {
                format!("<member><Key>{BEANSTALK}</Key><Value>shop</Value></member>")
            } else {
                String::new()
            };
            if !arn.is_empty() {
                write!(
                    described,
                    "<member><ResourceArn>{arn}</ResourceArn><Tags>{tag}</Tags></member>"
                )
                .unwrap();
            }
        }
        Answer::xml(format!(
            "<DescribeTagsResult><TagDescriptions>{described}</TagDescriptions></DescribeTagsResult>"
        ))
    };
    let ids: Vec<String> = (1..=21).map(|number| format!("app/b/{number}")).collect();
    let tags = BTreeMap::from([(BEANSTALK.to_owned(), "shop".to_owned())]);
    let (found, calls) =
        found("load_balancer", By::Tags(tags), move |asked| match asked.action.as_str() {
            "DescribeTags" => tagged(asked),
            _ => balancers(&ids.iter().map(String::as_str).collect::<Vec<_>>()),
        });
    assert_eq!(found.unwrap().unwrap().id, "app/b/21");
    assert_eq!(calls, ["DescribeLoadBalancers", "DescribeTags", "DescribeTags"]);
}

fn interfaces(items: &str) -> Answer {
    Answer::xml(format!("<networkInterfaceSet>{items}</networkInterfaceSet>"))
}

#[test]
fn a_classic_load_balancer_by_its_interfaces() {
    let (found, calls) =
        found("load_balancer", By::Name("old".to_owned()), |asked| match asked.action.as_str() {
            "DescribeLoadBalancers" => {
                Answer::Refused("LoadBalancerNotFound", "Load balancers '[old]' not found")
            }
            _ => interfaces(
                "<item><networkInterfaceId>eni-1</networkInterfaceId><vpcId>vpc-1</vpcId>\
                 <subnetId>subnet-a</subnetId><description>ELB old</description></item>",
            ),
        });
    let found = found.unwrap().unwrap();
    assert_eq!((found.id.as_str(), found.get("type").as_str()), ("old", Some("classic")));
    assert_eq!(calls, ["DescribeLoadBalancers", "DescribeNetworkInterfaces"]);
}

#[test]
fn what_is_not_there_is_not_found() {
    let (found, _) =
        found("load_balancer", By::Name("gone".to_owned()), |asked| match asked.action.as_str() {
            "DescribeLoadBalancers" => Answer::Refused("LoadBalancerNotFound", "not found"),
            _ => interfaces(""),
        });
    assert_eq!(found.unwrap(), None);
}

#[test]
fn what_may_not_be_read_is_a_failure() {
    let (found, calls) = found("load_balancer", By::Name("front".to_owned()), |_| {
        Answer::Refused("AccessDenied", "You are not authorized")
    });
    assert_eq!(found.unwrap_err().class, FailureClass::Denied);
    assert_eq!(calls, ["DescribeLoadBalancers"]);
    let (default, _) = self::found("load_balancer", By::Default, |_| balancers(&[]));
    assert_eq!(default.unwrap_err().class, FailureClass::Invalid);
}

/// An instance of an environment, as EC2 describes it.
fn instance(id: &str, subnet: &str, environment: &str) -> String {
    format!(
        "<item><instanceId>{id}</instanceId><vpcId>vpc-1</vpcId><instanceState><name>running</name>\
         </instanceState><tagSet><item><key>{BEANSTALK}</key><value>{environment}</value></item>\
         </tagSet><networkInterfaceSet><item><subnetId>{subnet}</subnetId>\
         <privateIpAddress>10.0.0.5</privateIpAddress><groupSet><item><groupId>sg-1</groupId></item>\
         </groupSet><association><publicIp>203.0.113.5</publicIp></association></item>\
         </networkInterfaceSet></item>"
    )
}

fn reservations(instances: &[String]) -> Answer {
    let all = instances.concat();
    Answer::xml(format!(
        "<reservationSet><item><instancesSet>{all}</instancesSet></item></reservationSet>"
    ))
}

#[test]
fn an_environment_is_its_instances() {
    let kind = "elastic_beanstalk_environment";
    let (found, calls) = found(kind, By::Name("shop".to_owned()), |asked| {
        assert_eq!(asked.get("Filter.1.Name"), format!("tag:{BEANSTALK}"));
        assert_eq!(asked.get("Filter.1.Value.1"), "shop");
        reservations(&[instance("i-1", "subnet-a", "shop"), instance("i-2", "subnet-b", "shop")])
    });
    let found = found.unwrap().unwrap();
    assert_eq!((found.id.as_str(), found.get("vpc").as_str()), ("shop", Some("vpc-1")));
    let interfaces = found.get("interfaces").as_list().unwrap();
    let subnets: Vec<_> = interfaces.iter().map(|one| one.get("subnet").as_str()).collect();
    assert_eq!(subnets, [Some("subnet-a"), Some("subnet-b")]);
    assert_eq!(interfaces[0].get("public_ip").as_str(), Some("203.0.113.5"));
    assert_eq!(texts(interfaces[0].get("security_groups")), ["sg-1"]);
    assert_eq!(calls, ["DescribeInstances"]);
}

#[test]
fn tags_of_several_environments_name_none() {
    let tags = BTreeMap::from([("team".to_owned(), "web".to_owned())]);
    let (several, _) = found("elastic_beanstalk_environment", By::Tags(tags), |_| {
        reservations(&[instance("i-1", "subnet-a", "shop"), instance("i-2", "subnet-a", "blog")])
    });
    let failure = several.unwrap_err();
    assert_eq!(failure.class, FailureClass::Invalid);
    assert!(failure.message.contains("blog, shop"), "{failure:?}");
}
