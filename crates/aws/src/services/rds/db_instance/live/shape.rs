//! From RDS's description of a database to the form that is compared.

use aws_sdk_rds::types::{DbInstance, DbParameterGroupStatus, PendingModifiedValues};
use trueup_model::Value;
use trueup_model::snapshot::{Condition, Live};
use trueup_model::value::Values;

use super::super::waiting::PARAMETER_APPLY_STATUS;
use super::KIND;
use crate::live::{owned, tags};

pub(super) fn normalise(one: &DbInstance) -> Live {
    let id = one.db_instance_identifier().unwrap_or_default();
    let mut attributes = engine(one);
    attributes.extend(access(one));
    attributes.extend(protection(one));
    let text = |value: Option<&str>| Value::from(value.map(str::to_owned));
    let secret = one.master_user_secret();
    let parameters = parameter_group(one).and_then(DbParameterGroupStatus::parameter_apply_status);
    let outputs = owned::named([
        ("id", id.into()),
        ("arn", text(one.db_instance_arn())),
        ("endpoint", text(one.endpoint().and_then(|endpoint| endpoint.address()))),
        ("resource_id", text(one.dbi_resource_id())),
        ("secret_arn", text(secret.and_then(|secret| secret.secret_arn()))),
        (PARAMETER_APPLY_STATUS, text(parameters)),
    ]);
    let scheduled = one.pending_modified_values().map(scheduled).unwrap_or_default();
    let tags = tags::of_rds(one.tag_list());
    Live { scheduled, ..owned::live((KIND, id), tags, attributes, outputs, condition(one)) }
}

fn engine(one: &DbInstance) -> Values {
    let text = |value: Option<&str>| Value::from(value.map(str::to_owned));
    owned::named([
        ("identifier", text(one.db_instance_identifier())),
        ("engine", text(one.engine())),
        ("engine_version", text(one.engine_version())),
        ("instance_class", text(one.db_instance_class())),
        ("db_name", text(one.db_name().filter(|name| !name.is_empty()))),
        ("username", text(one.master_username())),
        (
            "replica_of",
            text(one.read_replica_source_db_instance_identifier().filter(|id| !id.is_empty())),
        ),
        ("engine_lifecycle_support", text(one.engine_lifecycle_support())),
        ("option_group", text(option_group(one))),
        ("manage_master_user_password", one.master_user_secret().is_some().into()),
        (
            "parameter_group",
            text(parameter_group(one).and_then(|one| one.db_parameter_group_name())),
        ),
        ("multi_az", one.multi_az().unwrap_or_default().into()),
        ("allocated_storage", one.allocated_storage().into()),
        ("max_allocated_storage", one.max_allocated_storage().into()),
        ("storage_type", text(one.storage_type())),
        ("iops", one.iops().into()),
        ("storage_throughput", one.storage_throughput().into()),
        ("storage_encrypted", one.storage_encrypted().unwrap_or_default().into()),
        ("kms_key", text(one.kms_key_id())),
        ("dedicated_log_volume", one.dedicated_log_volume().unwrap_or_default().into()),
    ])
}

/// The one that stays, where another is on its way out.
fn option_group(one: &DbInstance) -> Option<&str> {
    let groups = one.option_group_memberships();
    let leaves = |state: Option<&str>| {
        matches!(state, Some("removing" | "pending-removal" | "pending-maintenance-removal"))
    };
    let stays = groups.iter().find(|group| !leaves(group.status()));
    stays.or(groups.first())?.option_group_name()
}

/// The one that stays, where another is on its way out.
fn parameter_group(one: &DbInstance) -> Option<&DbParameterGroupStatus> {
    let groups = one.db_parameter_groups();
    let stays = groups.iter().find(|group| group.parameter_apply_status() != Some("removing"));
    stays.or(groups.first())
}

fn access(one: &DbInstance) -> Values {
    let text = |value: Option<&str>| Value::from(value.map(str::to_owned));
    // One that is being taken off is as good as gone.
    let groups = one.vpc_security_groups().iter().filter(|g| g.status() != Some("removing"));
    let groups: Value = groups.filter_map(|group| group.vpc_security_group_id()).collect();
    let port = one.endpoint().and_then(aws_sdk_rds::types::Endpoint::port);
    owned::named([
        (
            "subnet_group",
            text(one.db_subnet_group().and_then(|group| group.db_subnet_group_name())),
        ),
        ("security_groups", groups),
        ("publicly_accessible", one.publicly_accessible().unwrap_or_default().into()),
        ("port", port.or(one.db_instance_port().filter(|port| *port != 0)).into()),
        ("network_type", one.network_type().unwrap_or("IPV4").into()),
        ("availability_zone", text(one.availability_zone())),
        (
            "iam_authentication",
            one.iam_database_authentication_enabled().unwrap_or_default().into(),
        ),
        ("ca_certificate", text(one.ca_certificate_identifier())),
    ])
}

fn protection(one: &DbInstance) -> Values {
    let text = |value: Option<&str>| Value::from(value.map(str::to_owned));
    let exports: Value = one.enabled_cloudwatch_logs_exports().iter().map(String::as_str).collect();
    owned::named([
        ("backup_retention_days", one.backup_retention_period().into()),
        ("backup_window", text(one.preferred_backup_window())),
        ("maintenance_window", text(one.preferred_maintenance_window())),
        ("auto_minor_version_upgrade", one.auto_minor_version_upgrade().unwrap_or(true).into()),
        ("deletion_protection", one.deletion_protection().unwrap_or_default().into()),
        ("copy_tags_to_snapshot", one.copy_tags_to_snapshot().unwrap_or_default().into()),
        ("monitoring_interval_seconds", one.monitoring_interval().unwrap_or_default().into()),
        // RDS goes on to tell a role that measures nothing any more.
        (
            "monitoring_role",
            text(one.monitoring_role_arn().filter(|arn| {
                !arn.is_empty() && one.monitoring_interval().is_some_and(|seconds| seconds > 0)
            })),
        ),
        ("performance_insights_retention_days", one.performance_insights_retention_period().into()),
        (
            "database_insights_mode",
            text(
                one.database_insights_mode().map(aws_sdk_rds::types::DatabaseInsightsMode::as_str),
            ),
        ),
        ("performance_insights", one.performance_insights_enabled().unwrap_or_default().into()),
        ("log_exports", exports),
    ])
}

/// What RDS has accepted for the next maintenance window.
fn scheduled(pending: &PendingModifiedValues) -> Values {
    let text = |value: Option<&str>| Value::from(value.map(str::to_owned));
    let mut later = owned::named([
        ("instance_class", text(pending.db_instance_class())),
        ("allocated_storage", pending.allocated_storage().into()),
        ("port", pending.port().into()),
        ("backup_retention_days", pending.backup_retention_period().into()),
        ("multi_az", pending.multi_az().into()),
        ("engine_version", text(pending.engine_version())),
        ("identifier", text(pending.db_instance_identifier())),
        ("iops", pending.iops().into()),
        ("storage_throughput", pending.storage_throughput().into()),
        ("storage_type", text(pending.storage_type())),
        ("ca_certificate", text(pending.ca_certificate_identifier())),
        ("subnet_group", text(pending.db_subnet_group_name())),
        ("iam_authentication", pending.iam_database_authentication_enabled().into()),
        ("dedicated_log_volume", pending.dedicated_log_volume().into()),
    ]);
    later.retain(|_, value| !value.is_null());
    later
}

/// What the status means; `aws-facts` 5 has the list.
fn condition(one: &DbInstance) -> Condition {
    let status = one.db_instance_status().unwrap_or_default();
    match status {
        "available" | "storage-optimization" | "storage-full" => settled(one, status),
        "deleting" => Condition::Deleting(status.to_owned()),
        "failed" | "incompatible-restore" | "incompatible-create" | "restore-error" => {
            Condition::Failed(status.to_owned())
        }
        // Its data are there, and somebody can help.
        "stopped"
        | "incompatible-network"
        | "incompatible-parameters"
        | "incompatible-option-group"
        | "insufficient-capacity"
        | "inaccessible-encryption-credentials"
        | "inaccessible-encryption-credentials-recoverable" => {
            Condition::Impaired(status.to_owned())
        }
        other => Condition::Pending(other.to_owned()),
    }
}

/// An available database may still be changing its groups or making its secret.
fn settled(one: &DbInstance, status: &str) -> Condition {
    let changing = |state: Option<&str>| matches!(state, Some("adding" | "removing"));
    if one.vpc_security_groups().iter().any(|group| changing(group.status())) {
        return Condition::Pending(format!("{status}, security groups changing"));
    }
    let secret = one.master_user_secret().and_then(|secret| secret.secret_status());
    if secret == Some("creating") {
        return Condition::Pending(format!("{status}, secret being made"));
    }
    if one.pending_modified_values().is_some_and(|next| next.master_user_password().is_some()) {
        return Condition::Pending(format!("{status}, password being changed"));
    }
    Condition::Ready
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::types::OptionGroupMembership;

    use super::*;

    fn described(
        fill: impl FnOnce(
            aws_sdk_rds::types::builders::DbInstanceBuilder,
        ) -> aws_sdk_rds::types::builders::DbInstanceBuilder,
    ) -> Live {
        normalise(&fill(DbInstance::builder().db_instance_status("available")).build())
    }

    #[test]
    fn what_holds_data_that_somebody_can_save_has_not_failed() {
        let of = |status: &str| described(|one| one.db_instance_status(status)).condition;
        assert_eq!(of("available"), Condition::Ready);
        assert_eq!(of("failed"), Condition::Failed("failed".to_owned()));
        for status in ["stopped", "incompatible-parameters", "incompatible-network"] {
            assert_eq!(of(status), Condition::Impaired(status.to_owned()));
        }
        assert_eq!(of("rebooting"), Condition::Pending("rebooting".to_owned()));
    }

    #[test]
    fn a_group_on_its_way_out_is_not_told() {
        let groups = [("old", "removing"), ("new", "in-sync")];
        let live = described(|one| {
            let parameters = groups.map(|(name, status)| {
                let group = DbParameterGroupStatus::builder().db_parameter_group_name(name);
                group.parameter_apply_status(status).build()
            });
            let options = [("old", "pending-removal"), ("new", "pending-apply")];
            let options = options.map(|(name, status)| {
                OptionGroupMembership::builder().option_group_name(name).status(status).build()
            });
            one.set_db_parameter_groups(Some(parameters.into()))
                .set_option_group_memberships(Some(options.into()))
        });
        assert_eq!(live.get("parameter_group").as_str(), Some("new"));
        assert_eq!(live.get("option_group").as_str(), Some("new"));
    }

    #[test]
    fn what_is_still_to_come_is_told() {
        let next = PendingModifiedValues::builder().dedicated_log_volume(true);
        let live = described(|one| one.pending_modified_values(next.build()));
        assert_eq!(live.scheduled["dedicated_log_volume"], Value::Bool(true));
        let next = PendingModifiedValues::builder().master_user_password("****");
        let live = described(|one| one.pending_modified_values(next.build()));
        assert!(matches!(live.condition, Condition::Pending(_)), "{:?}", live.condition);
    }

    #[test]
    fn a_role_that_measures_nothing_is_none() {
        let role = |interval| {
            let live =
                described(|one| one.monitoring_interval(interval).monitoring_role_arn("arn:x"));
            live.get("monitoring_role").as_str().map(str::to_owned)
        };
        assert_eq!((role(0), role(60)), (None, Some("arn:x".to_owned())));
    }
}
