//! What holds of a database besides its types.

use trueup_model::Expression;
use trueup_model::expression::Expressions;
use trueup_model::kind::{Completion, Inspection, Settlement};
use trueup_model::value::Value;

use super::{NAME, standing, waiting};
use crate::services::attributes::{
    accept_live, check_key, fault, fill, fill_name, is_absent, number, respell, text,
};

/// What AWS stores in lower case, however it is written.
const LOWER_CASE: [&str; 6] = [
    "identifier",
    "backup_window",
    "maintenance_window",
    "subnet_group",
    "parameter_group",
    "option_group",
];

/// The port that an engine listens on unless told otherwise.
pub fn default_port(engine: &str) -> i64 {
    if engine == "postgres" { 5432 } else { 3306 }
}

/// Whether a wish such as `16` or `8.0` covers a version such as `16.8` or `8.0.40`.
pub fn is_prefix_of_version(wish: &str, version: &str) -> bool {
    version == wish || version.strip_prefix(wish).is_some_and(|rest| rest.starts_with('.'))
}

pub(super) fn complete(completion: &mut Completion<'_>) {
    fill_name(completion, NAME.attribute, NAME.maximum);
    let attributes = &mut *completion.attributes;
    for name in LOWER_CASE {
        respell(attributes, name, str::to_lowercase);
    }
    let managed = text(attributes, "password") == Some("managed");
    if managed {
        attributes.insert("password".to_owned(), Value::Null.into());
    }
    fill(attributes, "manage_master_user_password", managed);
    let kept = if is_absent(attributes, "replica_of") { 7 } else { 0 };
    fill(attributes, "backup_retention_days", kept);
    if let Some(port) = text(attributes, "engine").map(default_port) {
        fill(attributes, "port", port);
    }
    if number(attributes, "monitoring_interval_seconds") == Some(0) {
        attributes.insert("monitoring_role".to_owned(), Value::Null.into());
    }
}

/// Growth and upgrades that AWS made by itself are what the stack asked for; and what a database has
/// from its source, or because it is none, is never a reason to replace it.
pub(super) fn settle(settlement: &mut Settlement<'_>) {
    settle_replication(settlement);
    settle_copy(settlement);
    let live = settlement.live;
    accept_live(settlement.wanted, live, "port", |wish, _| wish.is_null());
    for name in ["subnet_group", "parameter_group", "option_group"] {
        accept_live(settlement.wanted, live, name, same_name);
    }
    waiting::remark(settlement);
    standing::remark(settlement);
    settle_version(settlement);
    settle_storage(settlement);
}

/// RDS goes to no older version: one that is newer than the stack says stays.
fn settle_version(settlement: &mut Settlement<'_>) {
    let is_coming = is_coming(settlement, "engine_version");
    let remarks = &mut *settlement.remarks;
    accept_live(settlement.wanted, settlement.live, "engine_version", |wish, there| {
        let (Some(wish), Some(there)) = (wish.as_str(), there.as_str()) else { return false };
        let is_newer = !is_coming && is_older(wish, there);
        if is_newer {
            remarks.push(format!(
                "its version {there} stays, though the stack says {wish}: RDS goes to no older one. \
                 Write `engine_version: \"{there}\"`, or its first part for whatever RDS upgrades to"
            ));
        }
        is_newer || is_prefix_of_version(wish, there)
    });
}

/// RDS shrinks no disk: one that is larger than the stack says stays.
fn settle_storage(settlement: &mut Settlement<'_>) {
    let most = number(settlement.wanted, "max_allocated_storage");
    let is_coming = is_coming(settlement, "allocated_storage");
    let remarks = &mut *settlement.remarks;
    accept_live(settlement.wanted, settlement.live, "allocated_storage", |wish, there| {
        let (Some(wish), Some(there)) = (wish.as_int(), there.as_int()) else { return false };
        let is_larger = wish < there && (!is_coming || most.is_some_and(|most| there <= most));
        if is_larger && most.is_none_or(|most| most < there) {
            remarks.push(format!(
                "its storage of {there} GiB stays, though the stack says {wish}: RDS shrinks none. Write \
                 `allocated_storage: {there}`"
            ));
        }
        is_larger
    });
}

/// Whether the planner asks about what waits for the maintenance window, as if it were there: that can
/// still be taken back.
fn is_coming(settlement: &Settlement<'_>, name: &str) -> bool {
    settlement.live.is_some_and(|live| {
        live.scheduled.get(name).is_some_and(|later| live.attributes.get(name) == Some(later))
    })
}

/// Whether a version, or the first part of one, is older than another; of what is no number nobody
/// knows.
fn is_older(version: &str, than: &str) -> bool {
    let parts = |version: &str| -> Option<Vec<u64>> {
        version.split('.').map(|part| part.parse().ok()).collect()
    };
    match (parts(version), parts(than)) {
        (Some(one), Some(other)) => one < other && !is_prefix_of_version(version, than),
        _ => false,
    }
}

/// Whether two names are one to RDS, which stores them in lower case.
pub(super) fn same_name(one: &Value, other: &Value) -> bool {
    match (one.as_str(), other.as_str()) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => one == other,
    }
}

/// A replica is made as one or never, and keeps its source until it is promoted.
fn settle_replication(settlement: &mut Settlement<'_>) {
    let Some(live) = settlement.live else { return };
    let there = live.attributes.get("replica_of").cloned().unwrap_or_default();
    let Some(wish) = settlement.wanted.get("replica_of").filter(|wish| !wish.is_null()) else {
        return;
    };
    if wish.to_value().as_ref() == Some(&there) {
        return;
    }
    let is =
        there.as_str().map_or("no replica".to_owned(), |source| format!("a replica of {source}"));
    settlement.remarks.push(format!(
        "it is {is} and cannot become what `replica_of` says: take the line out, or make it anew \
         under another name"
    ));
    settlement.wanted.insert("replica_of".to_owned(), there.into());
}

/// What a database has from what it was made of.
fn settle_copy(settlement: &mut Settlement<'_>) {
    let Some(live) = settlement.live.filter(|_| is_copy(settlement.wanted)) else { return };
    for name in ["engine", "username", "db_name", "kms_key"] {
        accept_live(settlement.wanted, Some(live), name, |_, _| true);
    }
    let wish = settlement.wanted.get("storage_encrypted").and_then(Expression::known);
    let there = live.attributes.get("storage_encrypted");
    if wish.and_then(Value::as_bool) == Some(true) && there.and_then(Value::as_bool) == Some(false)
    {
        settlement.remarks.push(
            "its storage is not encrypted, as that of its source: say `storage_encrypted: false`, or \
             restore from a copy of the snapshot that was made with a key"
                .to_owned(),
        );
    }
    accept_live(settlement.wanted, Some(live), "storage_encrypted", |_, _| true);
    // A copy's disk is at least as large as its source's.
    accept_live(settlement.wanted, Some(live), "allocated_storage", |wish, there| {
        wish.as_int() < there.as_int()
    });
}

/// Whether it is made from another database.
fn is_copy(attributes: &Expressions) -> bool {
    ["replica_of", "restore_from"].into_iter().any(|name| !is_absent(attributes, name))
}

pub(super) fn check(inspection: &mut Inspection<'_>) {
    check_source(inspection);
    check_identifier(inspection);
    check_user(inspection);
    check_storage(inspection);
    check_monitoring(inspection);
    check_password(inspection);
    check_key(inspection, "kms_key");
}

fn check_source(inspection: &mut Inspection<'_>) {
    let absent = |name: &str| is_absent(inspection.attributes, name);
    let (replica, restored) = (!absent("replica_of"), !absent("restore_from"));
    let needed = ["engine", "username", "allocated_storage"];
    let missing: Vec<&str> = needed.into_iter().filter(|name| absent(name)).collect();
    if replica && restored {
        let message = "a replica has its source's data, and is not restored";
        fault(inspection, "restore_from", message, "leave `replica_of` or `restore_from` out");
    }
    if !replica && !restored {
        for name in missing {
            let message = format!("{} lacks '{name}'", inspection.address);
            let help = "only a database with `replica_of` or `restore_from` has it from its source";
            fault(inspection, name, message, help);
        }
    }
    let managed = inspection.attributes.get("manage_master_user_password");
    let managed = managed.and_then(Expression::known).and_then(Value::as_bool) == Some(true);
    if replica && (managed || !absent("password")) {
        let message = "a replica has the users and passwords of its source";
        fault(
            inspection,
            "password",
            message,
            "leave it out; add it when you take `replica_of` out",
        );
    }
    let time = match inspection.attributes.get("restore_from") {
        Some(Expression::Value(moment)) => moment.get("time").clone(),
        Some(Expression::Map(moment)) => {
            moment.get("time").and_then(Expression::known).cloned().unwrap_or_default()
        }
        _ => Value::Null,
    };
    if time.as_str().is_some_and(|time| time != "latest" && !is_moment(time)) {
        let message = format!("'{time}' is no time");
        let help = "write it in UTC, as 2026-11-01T12:00:00Z, or `latest`";
        fault(inspection, "restore_from.time", message, help);
    }
}

/// Whether a text has the form of `2026-11-01T12:00:00Z`.
fn is_moment(text: &str) -> bool {
    const FORM: &str = "0000-00-00T00:00:00Z";
    text.len() == FORM.len()
        && text
            .chars()
            .zip(FORM.chars())
            .all(|(c, form)| if form == '0' { c.is_ascii_digit() } else { c == form })
}

fn check_identifier(inspection: &mut Inspection<'_>) {
    let Some(name) = text(inspection.attributes, "identifier") else { return };
    let wrong = !name.starts_with(|c: char| c.is_ascii_lowercase())
        || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        || name.contains("--")
        || name.ends_with('-')
        || name.len() > NAME.maximum;
    if wrong {
        let message = format!("'{name}' is not an identifier that RDS accepts");
        let help = "use at most 63 letters, digits and single hyphens, a letter first";
        fault(inspection, "identifier", message, help);
    }
}

fn check_user(inspection: &mut Inspection<'_>) {
    let engine = text(inspection.attributes, "engine").unwrap_or_default();
    let Some(user) = text(inspection.attributes, "username") else { return };
    let reserved: &[&str] = match engine {
        "postgres" => &["rdsadmin", "admin", "postgres_admin", "rds_superuser"],
        _ => &["rdsadmin", "rdsrepladmin", "mysql", "root"],
    };
    let message = if reserved.contains(&user) {
        format!("{engine} on RDS keeps the user '{user}' for itself")
    } else if user.is_empty()
        || user.len() > 63
        || !user.starts_with(|c: char| c.is_ascii_alphabetic())
        || !user.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    {
        format!("'{user}' is not a user name that RDS accepts")
    } else {
        return;
    };
    fault(inspection, "username", message, "use letters, digits and _, a letter first");
}

fn check_storage(inspection: &mut Inspection<'_>) {
    let size = number(inspection.attributes, "allocated_storage");
    let most = number(inspection.attributes, "max_allocated_storage");
    if let (Some(size), Some(most)) = (size, most)
        && most * 10 < size * 11
    {
        fault(
            inspection,
            "max_allocated_storage",
            format!("RDS wants at least a tenth more than allocated_storage ({size})"),
            format!("write {} or more, or leave it out", (size * 11 + 9) / 10),
        );
    }
}

fn check_monitoring(inspection: &mut Inspection<'_>) {
    let Some(interval) = number(inspection.attributes, "monitoring_interval_seconds") else {
        return;
    };
    if ![0, 1, 5, 10, 15, 30, 60].contains(&interval) {
        fault(
            inspection,
            "monitoring_interval_seconds",
            format!("RDS does not measure every {interval} seconds"),
            "write 0, 1, 5, 10, 15, 30 or 60",
        );
    } else if interval > 0 && is_absent(inspection.attributes, "monitoring_role") {
        fault(
            inspection,
            "monitoring_interval_seconds",
            "monitoring needs a role that may write the measurements",
            "add an `iam_role` with `service: monitoring.rds.amazonaws.com` and \
             `managed_policies: [service-role/AmazonRDSEnhancedMonitoringRole]`, and name it in \
             `monitoring_role`",
        );
    }
}

fn check_password(inspection: &mut Inspection<'_>) {
    let managed = inspection.attributes.get("manage_master_user_password");
    let managed = managed.and_then(|m| m.known()).and_then(Value::as_bool) == Some(true);
    let absent = is_absent(inspection.attributes, "password");
    if !managed && absent && !is_copy(inspection.attributes) {
        fault(
            inspection,
            "password",
            "a database needs a password",
            "write `password: managed`, or `${var.NAME}` of a sensitive variable",
        );
        return;
    }
    let least = 8;
    if text(inspection.attributes, "password").is_some_and(|password| {
        password.len() < least || password.contains(['/', '"', '@']) || !password.is_ascii()
    }) {
        fault(
            inspection,
            "password",
            "RDS does not accept this password",
            "use at least 8 printable ASCII characters without /, \" and @",
        );
    }
}
