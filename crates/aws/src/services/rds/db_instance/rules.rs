//! What holds of a database besides its types.

use trueup_model::kind::{Completion, Inspection, Settlement};
use trueup_model::value::Value;

use super::NAME;
use crate::services::attributes::{
    accept_live, fault, fill, fill_name, is_absent, number, respell, text,
};

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
    respell(attributes, "identifier", str::to_lowercase);
    respell(attributes, "backup_window", str::to_lowercase);
    respell(attributes, "maintenance_window", str::to_lowercase);
    let managed = text(attributes, "password") == Some("managed");
    if managed {
        attributes.insert("password".to_owned(), Value::Null.into());
    }
    fill(attributes, "manage_master_user_password", managed);
    if let Some(port) = text(attributes, "engine").map(default_port) {
        fill(attributes, "port", port);
    }
}

/// Growth and upgrades that AWS made by itself are what the stack asked for.
pub(super) fn settle(settlement: &mut Settlement<'_>) {
    let live = settlement.live;
    let wanted = &mut *settlement.wanted;
    accept_live(
        wanted,
        live,
        "engine_version",
        |wish, there| matches!((wish.as_str(), there.as_str()), (Some(wish), Some(there)) if is_prefix_of_version(wish, there)),
    );
    let most = number(wanted, "max_allocated_storage");
    accept_live(wanted, live, "allocated_storage", |wish, there| {
        matches!((wish.as_int(), there.as_int(), most),
            (Some(wish), Some(there), Some(most)) if wish <= there && there <= most)
    });
}

pub(super) fn check(inspection: &mut Inspection<'_>) {
    check_identifier(inspection);
    check_user(inspection);
    check_storage(inspection);
    check_monitoring(inspection);
    check_password(inspection);
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
    if !managed && absent {
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
