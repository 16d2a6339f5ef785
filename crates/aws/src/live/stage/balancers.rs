//! Load balancers of others that stand in the way of a delete, and what of them stays behind.

use trueup_provider::{Failure, FailureClass, Host};

use super::{Answer, Stage, delete, live};
use crate::services::calls;

const ACCOUNT: &str = "111111111111";

fn balancers(ids: &[&str]) -> Answer {
    let members = ids.iter().map(|id| {
        let arn = format!("arn:aws:elasticloadbalancing:us-west-2:{ACCOUNT}:loadbalancer/{id}");
        format!("<member><LoadBalancerArn>{arn}</LoadBalancerArn></member>")
    });
    Answer::xml(format!(
        "<DescribeLoadBalancersResult><LoadBalancers>{}</LoadBalancers>\
         </DescribeLoadBalancersResult>",
        members.collect::<String>()
    ))
}

/// A subnet with an interface that is described so, whose delete is refused this often; what came of
/// it, and the milliseconds that passed.
fn deleted(
    refusals: usize,
    interface: (&'static str, &'static str),
    answer: impl Fn() -> Answer + Send + 'static,
) -> (Result<(), Failure>, u64) {
    deleted_beside("", refusals, interface, answer)
}

/// The same beside databases.
fn deleted_beside(
    databases: &'static str,
    refusals: usize,
    (description, owner): (&'static str, &'static str),
    answer: impl Fn() -> Answer + Send + 'static,
) -> (Result<(), Failure>, u64) {
    let mut refused = 0;
    let stage = Stage::new(move |asked| match asked.action.as_str() {
        "DeleteSubnet" if refused < refusals => {
            refused += 1;
            Answer::Refused("DependencyViolation", "The subnet 'subnet-1' has dependencies.")
        }
        "DeleteSubnet" => Answer::done(),
        "DescribeLoadBalancers" => answer(),
        "DescribeDBInstances" => Answer::xml(format!(
            "<DescribeDBInstancesResult><DBInstances>{databases}</DBInstances>\
             </DescribeDBInstancesResult>"
        )),
        "DescribeNetworkInterfaces" => Answer::xml(format!(
            "<networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId>\
             <ownerId>{owner}</ownerId><description>{description}</description></item>\
             </networkInterfaceSet>"
        )),
        _ => Answer::xml("<subnetSet/>"),
    });
    let subnet = delete(live("subnet.main", "subnet-1", serde_json::json!({})));
    let outcome = stage.run(async |aws| calls("subnet").unwrap().delete(aws, &subnet).await);
    (outcome, stage.now())
}

const NEVER: usize = usize::MAX;
const OURS: (&str, &str) = ("ELB app/front/01", ACCOUNT);

#[track_caller]
fn named_after(seconds: std::ops::Range<u64>, (outcome, passed): (Result<(), Failure>, u64)) {
    let failure = outcome.unwrap_err();
    assert_eq!(failure.class, FailureClass::Broken, "{failure:?}");
    assert!(failure.message.contains("held by load balancer front (eni-1)"), "{failure:?}");
    assert!(seconds.contains(&(passed / 1000)), "after {passed} ms");
}

#[test]
fn one_that_is_there_is_named_at_once() {
    named_after(0..1, deleted(NEVER, OURS, || balancers(&["net/other/02", "app/front/01"])));
}

#[test]
fn the_interface_of_one_that_is_gone_is_waited_for() {
    // Another of the same name has interfaces of its own.
    let (outcome, passed) = deleted(40, OURS, || balancers(&["app/front/02"]));
    assert_eq!(outcome, Ok(()));
    assert_eq!(passed / 1000, 80);
}

#[test]
fn a_database_beside_it_is_not_taken_for_its_owner() {
    let database = "<DBInstance><DBInstanceIdentifier>orders</DBInstanceIdentifier>\
        <DBInstanceStatus>available</DBInstanceStatus><DBSubnetGroup><Subnets><Subnet>\
        <SubnetIdentifier>subnet-1</SubnetIdentifier></Subnet></Subnets></DBSubnetGroup></DBInstance>";
    let (outcome, passed) = deleted_beside(database, 40, OURS, || balancers(&[]));
    assert_eq!(outcome, Ok(()));
    assert_eq!(passed / 1000, 80);
    // The one that holds it is named where the interface is a database's.
    let theirs = ("RDSNetworkInterface", "amazon-rds");
    let (outcome, passed) = deleted_beside(database, NEVER, theirs, || balancers(&[]));
    let failure = outcome.unwrap_err();
    assert!(failure.message.contains("held by database orders"), "{failure:?}");
    assert_eq!(passed, 0);
}

#[test]
fn who_may_not_ask_gives_it_half_a_minute() {
    let denied = || Answer::Refused("AccessDenied", "not authorized");
    named_after(30..33, deleted(NEVER, OURS, denied));
    assert_eq!(deleted(10, OURS, denied).0, Ok(()));
}

#[test]
fn what_no_answer_tells_gets_half_a_minute() {
    let in_another_account = ("ELB app/front/01", "222222222222");
    named_after(30..33, deleted(NEVER, in_another_account, || balancers(&[])));
    let classic = ("ELB front", ACCOUNT);
    named_after(30..33, deleted(NEVER, classic, || balancers(&["app/front/01"])));
}
