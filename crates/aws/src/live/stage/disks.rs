//! The disk of a machine, which goes with it or stays.

use serde_json::json;

use super::{Answer, Stage, delete, live, update};
use crate::services::calls;

/// A machine that runs, whose disk goes with it or not.
fn machine(goes: bool) -> Answer {
    Answer::xml(format!(
        "<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>\
         <instanceState><name>running</name></instanceState>\
         <rootDeviceName>/dev/xvda</rootDeviceName><blockDeviceMapping><item>\
         <deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-1</volumeId>\
         <deleteOnTermination>{goes}</deleteOnTermination></ebs></item></blockDeviceMapping>\
         </item></instancesSet></item></reservationSet>"
    ))
}

fn terminated(goes: bool) -> Vec<String> {
    let mut runs = true;
    let stage = Stage::new(move |asked| match asked.action.as_str() {
        "DescribeInstances" if runs => machine(goes),
        "TerminateInstances" => {
            runs = false;
            Answer::done()
        }
        "DeleteTags" => {
            assert_eq!(asked.get("ResourceId.1"), "vol-1");
            assert_eq!(asked.get("Tag.1.Key"), "trueup:address");
            Answer::done()
        }
        _ => Answer::done(),
    });
    let request = delete(live("instance.main", "i-1", json!({})));
    stage.run(async |aws| calls("instance").unwrap().delete(aws, &request).await).unwrap();
    stage.changes()
}

#[test]
fn a_disk_that_outlives_its_machine_is_let_go_of_first() {
    assert_eq!(terminated(false), ["DeleteTags", "TerminateInstances"]);
    assert_eq!(terminated(true), ["TerminateInstances"]);
}

#[test]
fn a_machine_that_may_not_be_terminated_keeps_its_disk() {
    let stage = Stage::new(|asked| match asked.action.as_str() {
        "DescribeInstances" => machine(false),
        "DescribeInstanceAttribute" => {
            Answer::xml("<disableApiTermination><value>true</value></disableApiTermination>")
        }
        "TerminateInstances" => {
            Answer::Refused("OperationNotPermitted", "The instance may not be terminated.")
        }
        _ => Answer::done(),
    });
    // Somebody may have protected it since it was planned.
    for seen in [true, false] {
        let seen = json!({ "termination_protection": seen });
        let request = delete(live("instance.main", "i-1", seen));
        let outcome = stage.run(async |aws| calls("instance").unwrap().delete(aws, &request).await);
        let help = outcome.unwrap_err().help;
        assert_eq!(help, ["write `termination_protection: false`, apply, then delete it"]);
    }
    assert_eq!(stage.changes(), ["TerminateInstances"; 2]);
}

/// AWS takes no second change of a disk for hours.
#[test]
fn that_a_disk_stays_is_no_change_of_the_disk() {
    let mut goes = true;
    let stage = Stage::new(move |asked| match asked.action.as_str() {
        "DescribeInstances" => machine(goes),
        "ModifyInstanceAttribute" => {
            assert_eq!(asked.get("BlockDeviceMapping.1.DeviceName"), "/dev/xvda");
            goes = asked.get("BlockDeviceMapping.1.Ebs.DeleteOnTermination") == "true";
            Answer::done()
        }
        _ => Answer::done(),
    });
    let disk =
        |goes: bool| json!({ "root_volume": { "size_gb": null, "delete_on_termination": goes } });
    let request = update(live("instance.main", "i-1", disk(true)), disk(false));
    stage.run(async |aws| calls("instance").unwrap().update(aws, &request).await).unwrap();
    assert_eq!(stage.changes(), ["ModifyInstanceAttribute"]);
}
