//! What a database puts off, to its maintenance window or to a reboot, in words.

use trueup_model::expression::Expressions;
use trueup_model::kind::Settlement;

use crate::services::attributes::text;

/// The output that says whether what the parameter group says counts.
pub(super) const PARAMETER_APPLY_STATUS: &str = "parameter_apply_status";

/// Says what waits, and what will.
pub(super) fn remark(settlement: &mut Settlement<'_>) {
    let window = what_a_change_takes_with_it(settlement);
    let reboot = what_a_reboot_brings(settlement);
    settlement.remarks.extend([window, reboot].into_iter().flatten());
}

/// RDS knows no "this now, that later": a change that is applied at once takes with it everything that
/// waits for the window, an outage too. See
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.ApplyImmediately.html>.
pub(super) fn flushes(wanted: &Expressions) -> bool {
    text(wanted, "apply") == Some("now")
}

fn what_a_change_takes_with_it(settlement: &Settlement<'_>) -> Option<String> {
    let waiting = settlement.live?.scheduled.keys().map(String::as_str).collect::<Vec<_>>();
    let takes = flushes(settlement.wanted) && !waiting.is_empty();
    takes.then(|| {
        format!(
            "`apply: now` takes with the first change what waits for the maintenance window: {}",
            waiting.join(", ")
        )
    })
}

/// Another group counts from the next reboot, as do static parameters that were changed in the group:
/// no window brings them, and no call but that of a reboot.
fn what_a_reboot_brings(settlement: &Settlement<'_>) -> Option<String> {
    let live = settlement.live?;
    let id = &live.id;
    let reboot = format!("`aws rds reboot-db-instance --db-instance-identifier {id}`");
    let there = live.get("parameter_group").as_str().unwrap_or_default();
    match text(settlement.wanted, "parameter_group") {
        Some(wanted) if wanted != there => {
            return Some(format!(
                "the parameters of {wanted} count from the next reboot, which is left to you: {reboot}"
            ));
        }
        Some(_) | None => {}
    }
    match live.get(PARAMETER_APPLY_STATUS).as_str()? {
        "pending-reboot" => Some(format!(
            "its parameter group {there} waits for a reboot, which is left to you: {reboot}"
        )),
        "pending-database-upgrade" => {
            Some(format!("its parameter group {there} waits for the upgrade of the database"))
        }
        "failed-to-apply" => Some(format!(
            "RDS could not apply its parameter group {there}: correct its parameters; \
             `aws rds describe-events --source-type db-instance --source-identifier {id}` says why"
        )),
        _ => None,
    }
}
