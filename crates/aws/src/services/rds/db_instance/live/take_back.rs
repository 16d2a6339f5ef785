//! Taking back what RDS has accepted for the maintenance window.
//!
//! RDS has no call for that. Its user guide ("Using the schedule modifications setting") says to ask
//! for what is there, *with* `ApplyImmediately`; without, RDS sees no change and what it accepted
//! stays. Such a call does all else that waits at once. So everything that waits is sent back to what
//! is there, and what is still wanted is asked for again. `docs/emulators.md` says how sure this is.

use aws_sdk_rds::types::{Filter, PendingModifiedValues};
use trueup_model::Value;
use trueup_model::snapshot::{Condition, Live};
use trueup_provider::{Failure, FailureClass, Update};

use super::modify::{is_at_once, send};
use super::shape::normalise;
use super::{KIND, describe, is_shown};
use crate::live::Session;

/// Milliseconds for which RDS may go on listing what was taken back: for up to one minute after a call
/// it has not begun with anything.
const PATIENCE: u64 = 5 * 60_000;

/// Takes back what the stack no longer wants, and gives what is left to ask for.
pub(super) async fn take_back(aws: &Session<'_>, request: &Update) -> Result<Update, Failure> {
    let mut rest = request.clone();
    let mut unwanted = unwanted(request);
    if unwanted.is_empty() {
        return Ok(rest);
    }
    rest.changed.retain(|name| !unwanted.contains(name));
    // What waits now, and not when the plan was made: it may be done at once with one call.
    let by_id = Filter::builder().name("db-instance-id").values(&request.id).build();
    let found = describe(aws, Some(by_id)).await?;
    let Some(one) = found.first() else { return Ok(rest) };
    let live = normalise(one);
    unwanted.retain(|name| live.scheduled.contains_key(name));
    if unwanted.is_empty() {
        return Ok(rest);
    }
    let mut back = unwanted.clone();
    if !is_at_once(request) {
        refuse_unknown(&live.id, one.pending_modified_values(), &unwanted)?;
        for (name, later) in live.scheduled.iter().filter(|(name, _)| !unwanted.contains(*name)) {
            back.push(name.clone());
            if !rest.changes(name) {
                rest.changed.push(name.clone());
                rest.attributes.insert(name.clone(), later.clone());
            }
        }
    }
    let as_it_is = Update {
        attributes: live.attributes.clone(),
        changed: back.clone(),
        before: live,
        ..request.clone()
    };
    send(aws, &as_it_is, true).await?;
    taken_back(aws, &request.id, &back).await?;
    Ok(rest)
}

/// The attributes that shall stay as they are, and that RDS will change.
fn unwanted(request: &Update) -> Vec<String> {
    let before = &request.before;
    let stays = |name: &&String| {
        let wanted = request.attributes.get(*name).unwrap_or(&Value::Null);
        before.scheduled.contains_key(*name) && is_shown(name, wanted, before.get(name))
    };
    request.changed.iter().filter(stays).cloned().collect()
}

/// What is not known here cannot be asked for again: it is not done outside of the window for the
/// sake of something else.
fn refuse_unknown(
    id: &str,
    pending: Option<&PendingModifiedValues>,
    unwanted: &[String],
) -> Result<(), Failure> {
    let Some(pending) = pending else { return Ok(()) };
    let unknown = [
        ("the license model", pending.license_model().is_some()),
        ("the processor features", !pending.processor_features().is_empty()),
        ("the engine", pending.engine().is_some()),
        ("multi-tenancy", pending.multi_tenant().is_some()),
        ("additional volumes", !pending.additional_storage_volumes().is_empty()),
    ];
    let unknown: Vec<&str> =
        unknown.into_iter().filter(|(_, waits)| *waits).map(|(what, _)| what).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let unwanted = unwanted.join(", ");
    let message = format!(
        "taking {unwanted} back from the maintenance window would change at once what else waits \
         for it: {}",
        unknown.join(", ")
    );
    Err(Failure::new(FailureClass::Invalid, message).help(format!(
        "take {} back with `aws rds modify-db-instance --db-instance-identifier {id} \
         --apply-immediately` and what is there now, or write `apply: now` to have all done at once",
        unknown.join(", ")
    )))
}

/// Waits until RDS lists none of it any more.
async fn taken_back(aws: &Session<'_>, id: &str, names: &[String]) -> Result<(), Failure> {
    let begin = aws.host.now();
    let is_over = || aws.host.now().saturating_sub(begin) >= PATIENCE;
    let settled = |live: Option<&Live>| {
        let Some(live) = live else { return true };
        let kept = names.iter().any(|name| live.scheduled.contains_key(name));
        match live.condition {
            Condition::Ready => !kept || is_over(),
            Condition::Pending(_) => kept && is_over(),
            Condition::Impaired(_) | Condition::Failed(_) | Condition::Deleting(_) => true,
        }
    };
    let live = aws.holds(KIND, id, &settled).await?;
    live.map_or(Ok(()), |live| still_kept(&live, names))
}

/// Nothing is worse than a change that everybody believes to be called off.
fn still_kept(live: &Live, names: &[String]) -> Result<(), Failure> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let kept = live.scheduled.iter().filter(|(name, _)| names.contains(name));
    let kept: Vec<String> = kept.map(|(name, later)| format!("{name} = {}", text(later))).collect();
    if kept.is_empty() {
        return Ok(());
    }
    let message = format!(
        "RDS keeps {} for the maintenance window of {}, although what is there was asked for instead",
        kept.join(", "),
        live.id
    );
    Err(Failure::new(FailureClass::Broken, message).help(
        "put the window off (`maintenance_window`) and ask AWS Support to take it back, or write \
         what is scheduled into the stack",
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use trueup_model::Address;
    use trueup_model::snapshot::Ownership;
    use trueup_model::value::Values;

    use super::*;

    fn values(json: &str) -> Values {
        serde_json::from_str(json).unwrap()
    }

    fn live(scheduled: &str) -> Live {
        Live {
            kind: KIND.into(),
            id: "shop".to_owned(),
            ownership: Ownership::default(),
            attributes: values(r#"{"instance_class":"small","allocated_storage":20}"#),
            outputs: Values::new(),
            tags: BTreeMap::new(),
            condition: Condition::Ready,
            scheduled: values(scheduled),
        }
    }

    #[test]
    fn only_what_stays_as_it_is_is_taken_back() {
        let unwanted = |class: &str, size: i64, scheduled: &str| {
            let wanted = format!(r#"{{"instance_class":"{class}","allocated_storage":{size}}}"#);
            unwanted(&Update {
                address: Address::new(KIND, "main"),
                kind: KIND.into(),
                id: "shop".to_owned(),
                attributes: values(&wanted),
                tags: BTreeMap::new(),
                ownership: Ownership::default(),
                changed: vec!["instance_class".to_owned(), "allocated_storage".to_owned()],
                before: live(scheduled),
            })
        };
        let both = r#"{"instance_class":"large","allocated_storage":50}"#;
        assert_eq!(unwanted("small", 20, both), ["instance_class", "allocated_storage"]);
        assert_eq!(
            unwanted("huge", 20, both),
            ["allocated_storage"],
            "another is put in its place"
        );
        assert_eq!(unwanted("small", 100, both), ["instance_class"]);
        assert!(unwanted("small", 20, "{}").is_empty());
    }

    #[test]
    fn what_rds_keeps_all_the_same_is_an_error() {
        let names = ["instance_class".to_owned(), "multi_az".to_owned()];
        let failure = still_kept(&live(r#"{"instance_class":"large"}"#), &names).unwrap_err();
        assert_eq!(
            failure.message,
            "RDS keeps instance_class = large for the maintenance window of shop, although what is \
             there was asked for instead"
        );
        assert!(!failure.help.is_empty() && failure.class == FailureClass::Broken);
        assert!(still_kept(&live(r#"{"port":5433}"#), &names).is_ok());
    }

    #[test]
    fn what_is_not_known_is_not_flushed() {
        let unwanted = ["instance_class".to_owned()];
        let engine = PendingModifiedValues::builder().engine("mysql").build();
        let failure = refuse_unknown("shop", Some(&engine), &unwanted).unwrap_err();
        assert!(failure.message.ends_with("what else waits for it: the engine"), "{failure}");
        let class = PendingModifiedValues::builder().db_instance_class("large").build();
        assert!(refuse_unknown("shop", Some(&class), &unwanted).is_ok());
    }
}
