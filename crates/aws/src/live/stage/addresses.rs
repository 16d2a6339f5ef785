//! Elastic IPs that somebody moves while they are worked on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;
use trueup_provider::{Failure, FailureClass};

use super::{Answer, Asked, Stage, create, delete, live, tags, update};
use crate::services::calls;

/// An address that is associated with this instance or interface.
struct Address(Arc<Mutex<Option<&'static str>>>);

impl Address {
    fn of(holder: Option<&'static str>) -> Self {
        Self(Arc::new(Mutex::new(holder)))
    }

    fn holder(&self) -> Option<&'static str> {
        *self.0.lock().unwrap()
    }

    fn described(&self) -> Answer {
        let association = self.holder().map(|holder| {
            let (field, interface) = match holder.strip_prefix("i-") {
                Some(number) => ("instanceId", format!("eni-of-{number}")),
                None => ("networkInterfaceId", holder.to_owned()),
            };
            format!(
                "<associationId>eipassoc-{holder}</associationId><{field}>{holder}</{field}>\
                 <networkInterfaceId>{interface}</networkInterfaceId>"
            )
        });
        Answer::xml(format!(
            "<addressesSet><item><allocationId>eipalloc-1</allocationId>\
             <publicIp>203.0.113.1</publicIp>{}{}</item></addressesSet>",
            association.unwrap_or_default(),
            tags("elastic_ip.main")
        ))
    }

    /// As EC2 does: nothing is taken away from anybody unless it may be.
    fn answer(&self, asked: &Asked) -> Answer {
        let mut holder = self.0.lock().unwrap();
        match asked.action.as_str() {
            "AllocateAddress" => Answer::xml("<allocationId>eipalloc-1</allocationId>"),
            "AssociateAddress" => {
                let wanted = if asked.get("InstanceId") == "i-1" { "i-1" } else { "i-2" };
                if holder.is_some() && asked.get("AllowReassociation") != "true" {
                    return Answer::Refused("Resource.AlreadyAssociated", "eipalloc-1 is taken");
                }
                *holder = Some(wanted);
                Answer::xml(format!("<associationId>eipassoc-{wanted}</associationId>"))
            }
            "DisassociateAddress" => {
                let wanted = asked.get("AssociationId").strip_prefix("eipassoc-");
                if *holder != wanted {
                    return Answer::Refused("InvalidAssociationID.NotFound", "no such association");
                }
                *holder = None;
                Answer::done()
            }
            "DescribeNetworkInterfaces" => Answer::xml(
                "<networkInterfaceSet><item><networkInterfaceId>eni-9</networkInterfaceId>\
                 <description>Interface for NAT Gateway nat-9</description></item>\
                 </networkInterfaceSet>",
            ),
            "ReleaseAddress" => Answer::done(),
            _ => {
                drop(holder);
                self.described()
            }
        }
    }
}

/// What comes of the change from what the plan saw, when it belongs to `now` by then.
fn given(
    seen: Option<&str>,
    now: Option<&'static str>,
    wanted: Option<&str>,
) -> (Result<(), Failure>, Option<&'static str>) {
    let address = Address::of(now);
    let behind = Address(Arc::clone(&address.0));
    let stage = Stage::new(move |asked| behind.answer(asked));
    let before = live("elastic_ip.main", "eipalloc-1", json!({ "instance": seen }));
    let request = update(before, json!({ "instance": wanted }));
    let calls = calls("elastic_ip").unwrap();
    let outcome = stage.run(async |aws| calls.update(aws, &request).await);
    (outcome, address.holder())
}

#[track_caller]
fn refused_for(holder: &str, outcome: &Result<(), Failure>) {
    let failure = outcome.as_ref().unwrap_err();
    assert_eq!(failure.class, FailureClass::Invalid, "{failure:?}");
    assert!(failure.message.contains(holder), "{failure:?}");
}

#[test]
fn it_moves_from_what_the_plan_saw() {
    for seen in [None, Some("i-2"), Some("eni-9")] {
        assert_eq!(given(seen, seen, Some("i-1")), (Ok(()), Some("i-1")), "from {seen:?}");
    }
    assert_eq!(given(Some("i-2"), Some("i-2"), None), (Ok(()), None));
}

#[test]
fn what_is_as_wanted_already_stays_so() {
    assert_eq!(given(Some("i-2"), Some("i-1"), Some("i-1")), (Ok(()), Some("i-1")));
    assert_eq!(given(None, Some("i-1"), Some("i-1")), (Ok(()), Some("i-1")));
    assert_eq!(given(Some("i-2"), None, Some("i-1")), (Ok(()), Some("i-1")));
    assert_eq!(given(Some("i-2"), None, None), (Ok(()), None));
}

#[test]
fn it_is_not_taken_away_from_what_the_plan_did_not_see() {
    for (seen, wanted) in [(None, Some("i-1")), (Some("i-2"), Some("i-1")), (Some("i-2"), None)] {
        let (outcome, holder) = given(seen, Some("i-3"), wanted);
        refused_for("instance i-3", &outcome);
        assert_eq!(holder, Some("i-3"));
    }
    let (outcome, holder) = given(Some("i-2"), Some("eni-9"), Some("i-1"));
    refused_for("NAT gateway nat-9", &outcome);
    assert_eq!(holder, Some("eni-9"));
}

#[test]
fn it_is_not_taken_away_between_two_calls() {
    let address = Address::of(Some("i-2"));
    let behind = Address(Arc::clone(&address.0));
    let stage = Stage::new(move |asked| {
        let answer = behind.answer(asked);
        if asked.action == "DisassociateAddress" {
            *behind.0.lock().unwrap() = Some("i-3");
        }
        answer
    });
    let before = live("elastic_ip.main", "eipalloc-1", json!({ "instance": "i-2" }));
    let request = update(before, json!({ "instance": "i-1" }));
    let calls = calls("elastic_ip").unwrap();
    let outcome = stage.run(async |aws| calls.update(aws, &request).await);
    refused_for("instance i-3", &outcome);
    assert_eq!(address.holder(), Some("i-3"));
}

/// What comes of giving an address to a machine that has another one, of this owner, at this address of
/// its own.
fn given_beside(tags: &str, private_ip: &str) -> (Result<(), Failure>, Vec<String>) {
    let address = Address::of(None);
    let other = format!(
        "<addressesSet><item><allocationId>eipalloc-7</allocationId><publicIp>203.0.113.7</publicIp>\
         <instanceId>i-1</instanceId><privateIpAddress>{private_ip}</privateIpAddress>{tags}</item>\
         </addressesSet>"
    );
    let stage = Stage::new(move |asked| match asked.action.as_str() {
        "DescribeAddresses" if asked.get("Filter.1.Name") == "instance-id" => {
            assert_eq!(asked.get("Filter.1.Value.1"), "i-1");
            Answer::xml(other.clone())
        }
        "DescribeInstances" => Answer::xml(
            "<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>\
             <privateIpAddress>10.0.0.4</privateIpAddress></item></instancesSet></item>\
             </reservationSet>",
        ),
        _ => address.answer(asked),
    });
    let before = live("elastic_ip.main", "eipalloc-1", json!({ "instance": null }));
    let request = update(before, json!({ "instance": "i-1" }));
    let calls = calls("elastic_ip").unwrap();
    let outcome = stage.run(async |aws| calls.update(aws, &request).await);
    (outcome, stage.changes())
}

/// AWS takes away the address that a machine has when it gets another.
#[test]
fn another_address_of_the_machine_is_not_taken_away() {
    let (outcome, changes) = given_beside("", "10.0.0.4");
    refused_for("203.0.113.7 (eipalloc-7)", &outcome);
    assert!(changes.is_empty(), "{changes:?}");
    // The stack's own one moves in the same apply; one at a further address of the machine stays there.
    for (tags, private_ip) in [(tags("elastic_ip.old"), "10.0.0.4"), (String::new(), "10.0.0.5")] {
        let (outcome, changes) = given_beside(&tags, private_ip);
        assert_eq!((outcome, changes), (Ok(()), vec!["AssociateAddress".to_owned()]));
    }
}

#[test]
fn an_association_whose_answer_was_lost_is_not_refused() {
    let (lost, address) = (AtomicBool::new(false), Address::of(None));
    let stage = Stage::new(move |asked| {
        let answer = address.answer(asked);
        let is_first = asked.action == "AssociateAddress" && !lost.swap(true, Ordering::Relaxed);
        if is_first { Answer::Lost } else { answer }
    });
    let request = create("elastic_ip.main", json!({ "instance": "i-1" }));
    let calls = calls("elastic_ip").unwrap();
    let made = stage.run(async |aws| calls.create(aws, &request).await).unwrap();
    assert_eq!(made.get("instance").as_str(), Some("i-1"));
}

#[test]
fn one_that_goes_is_not_taken_away_either() {
    let gone = |seen: Option<&str>, now| {
        let address = Address::of(now);
        let behind = Address(Arc::clone(&address.0));
        let stage = Stage::new(move |asked| match asked.action.as_str() {
            "DescribeAddresses" if behind.holder() == Some("released") => {
                Answer::xml("<addressesSet/>")
            }
            "ReleaseAddress" => {
                *behind.0.lock().unwrap() = Some("released");
                Answer::done()
            }
            _ => behind.answer(asked),
        });
        let before = live("elastic_ip.main", "eipalloc-1", json!({ "instance": seen }));
        let calls = calls("elastic_ip").unwrap();
        let outcome = stage.run(async |aws| calls.delete(aws, &delete(before)).await);
        (outcome, stage.changes())
    };
    let (outcome, changes) = gone(Some("i-2"), Some("i-2"));
    assert_eq!(
        (outcome, changes.as_slice()),
        (Ok(()), ["DisassociateAddress", "ReleaseAddress"].map(str::to_owned).as_slice())
    );
    let (outcome, changes) = gone(None, Some("i-3"));
    refused_for("instance i-3", &outcome);
    assert!(changes.is_empty(), "{changes:?}");
}
