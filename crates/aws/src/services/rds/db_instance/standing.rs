//! What follows from the state that a database is in, where that is not simply "available".

use trueup_model::kind::Settlement;
use trueup_model::{Condition, Live};

/// A state that it does not leave by itself is no difference to the stack, but somebody should know.
pub(super) fn remark(settlement: &mut Settlement<'_>) {
    let Some(Condition::Impaired(state)) = settlement.live.map(|live| &live.condition) else {
        return;
    };
    let what_helps = match state.as_str() {
        "stopped" => "RDS changes nothing about it until it is started",
        "incompatible-parameters" => {
            "its parameter group does not suit it: correct the group, then reboot it"
        }
        "incompatible-option-group" => "its option group does not suit it: correct the group",
        "incompatible-network" => "RDS finds no place for it in its subnets: free addresses there",
        "insufficient-capacity" => {
            "RDS has no machine of its class in its zone: wait, or change `instance_class`"
        }
        "inaccessible-encryption-credentials-recoverable" => {
            "RDS may not use its key: enable the key, then start it"
        }
        "inaccessible-encryption-credentials" => {
            "RDS may not use its key any more: restore it from a snapshot with another"
        }
        _ => "RDS does not leave that by itself",
    };
    settlement.remarks.push(format!("it is '{state}': {what_helps}"));
}

/// See <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html>: in these
/// states, and of a replica, RDS wants the snapshot skipped.
pub(super) fn unsavable(live: &Live) -> Option<String> {
    if live.attributes.get("replica_of").is_some_and(|source| !source.is_null()) {
        return Some("RDS takes none of a replica, whose source has the data".to_owned());
    }
    match &live.condition {
        Condition::Failed(state) | Condition::Impaired(state)
            if ["failed", "incompatible-restore", "incompatible-network"]
                .contains(&state.as_str()) =>
        {
            Some(format!("RDS takes none of a database that is '{state}'"))
        }
        _ => None,
    }
}
