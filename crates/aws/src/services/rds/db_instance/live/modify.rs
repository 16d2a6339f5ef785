//! The calls that change a database.

use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDBInstanceFluentBuilder;
use aws_sdk_rds::types::{CloudwatchLogsExportConfiguration, DbInstance};
use trueup_model::Value;
use trueup_model::snapshot::Live;
use trueup_model::value::Values;
use trueup_provider::{Call, Failure, FailureClass, Update};

use super::shape::normalise;
use super::{KIND, describe, filter_of, state};
use crate::live::session::unless_exists;
use crate::live::{Session, owned};

/// Sends what differs and nothing else: RDS refuses a call that changes nothing, and an unchanged
/// subnet group.
pub(super) async fn modify(aws: &Session<'_>, request: &Update) -> Result<(), Failure> {
    if request.changed.iter().all(|name| matches!(name.as_str(), "tags" | "replica_of")) {
        return Ok(());
    }
    send(aws, request, is_at_once(request)).await
}

/// Sends all that differs, for now or for the maintenance window.
pub(super) async fn send(
    aws: &Session<'_>,
    request: &Update,
    at_once: bool,
) -> Result<(), Failure> {
    ask(aws, &request.id, |call| differences(call, request).apply_immediately(at_once)).await
}

async fn ask(
    aws: &Session<'_>,
    id: &str,
    fill: impl Fn(ModifyDBInstanceFluentBuilder) -> ModifyDBInstanceFluentBuilder + Send + Sync,
) -> Result<(), Failure> {
    let begin = aws.host.now();
    let send = || fill(aws.clients.rds.modify_db_instance().db_instance_identifier(id)).send();
    let judge = |failure| state::judged(aws, id, begin, failure);
    aws.call_judged(Call::repeatable("rds:ModifyDBInstance"), send, judge).await.map(|_| ())
}

/// Whether the stack wants changes at once, and not in the maintenance window.
pub(super) fn is_at_once(request: &Update) -> bool {
    owned::wanted_text(&request.attributes, "apply").as_deref() == Some("now")
}

fn differences(
    call: ModifyDBInstanceFluentBuilder,
    request: &Update,
) -> ModifyDBInstanceFluentBuilder {
    let before = &request.before;
    request.changed.iter().fold(call, |call, name| {
        let call = difference(call, name, &request.attributes, before);
        if name == "engine_version" && is_major(request) {
            call.allow_major_version_upgrade(true)
        } else {
            call
        }
    })
}

fn difference(
    call: ModifyDBInstanceFluentBuilder,
    name: &str,
    wish: &Values,
    before: &Live,
) -> ModifyDBInstanceFluentBuilder {
    let text = || owned::wanted_text(wish, name);
    let int = || owned::wanted_int(wish, name);
    let flag = || owned::wanted_bool(wish, name);
    match name {
        "engine_version" => call.set_engine_version(text()),
        "instance_class" => call.set_db_instance_class(text()),
        "password" => call.set_master_user_password(text()),
        "manage_master_user_password" => call
            .set_manage_master_user_password(flag())
            .set_master_user_secret_kms_key_id(owned::wanted_text(wish, "secret_kms_key")),
        "engine_lifecycle_support" => call.set_engine_lifecycle_support(text()),
        "option_group" => call.set_option_group_name(text()),
        "dedicated_log_volume" => call.set_dedicated_log_volume(flag()),
        "network_type" => call.set_network_type(text()),
        "parameter_group" => call.set_db_parameter_group_name(text()),
        "multi_az" => call.set_multi_az(flag()),
        "allocated_storage" => call.set_allocated_storage(int()),
        // RDS has no "no limit": it grows nothing where the limit is the size, which is the live one
        // where it has grown already.
        "max_allocated_storage" => {
            let size = |values: &Values| owned::wanted_int(values, "allocated_storage");
            let grown = size(wish).max(size(&before.attributes));
            call.set_max_allocated_storage(int().or(grown))
        }
        "storage_type" => call.set_storage_type(text()),
        "iops" => {
            call.set_iops(int()).set_allocated_storage(owned::wanted_int(wish, "allocated_storage"))
        }
        "storage_throughput" => call.set_storage_throughput(int()),
        "security_groups" => call.set_vpc_security_group_ids(owned::wanted_texts(wish, name)),
        "publicly_accessible" => call.set_publicly_accessible(flag()),
        "port" => call.set_db_port_number(int()),
        "iam_authentication" => call.set_enable_iam_database_authentication(flag()),
        "ca_certificate" => call.set_ca_certificate_identifier(text()),
        "backup_retention_days" => call.set_backup_retention_period(int()),
        "backup_window" => call.set_preferred_backup_window(text()),
        "maintenance_window" => call.set_preferred_maintenance_window(text()),
        "auto_minor_version_upgrade" => call.set_auto_minor_version_upgrade(flag()),
        "deletion_protection" => call.set_deletion_protection(flag()),
        "copy_tags_to_snapshot" => call.set_copy_tags_to_snapshot(flag()),
        "monitoring_interval_seconds" => call
            .set_monitoring_interval(int())
            .set_monitoring_role_arn(owned::wanted_text(wish, "monitoring_role")),
        "monitoring_role" => call.set_monitoring_role_arn(text()),
        "performance_insights" => {
            call.set_enable_performance_insights(flag()).set_performance_insights_kms_key_id(
                owned::wanted_text(wish, "performance_insights_kms_key")
                    .filter(|_| flag() == Some(true)),
            )
        }
        "performance_insights_retention_days" => {
            call.set_performance_insights_retention_period(int())
        }
        "database_insights_mode" => {
            call.set_database_insights_mode(text().as_deref().map(Into::into))
        }
        // These two are only ever sent to take back what somebody scheduled.
        "identifier" => call.set_new_db_instance_identifier(text()),
        "subnet_group" => call.set_db_subnet_group_name(text()),
        "log_exports" => call.cloudwatch_logs_export_configuration(exports(wish, before)),
        _ => call,
    }
}

fn exports(wish: &Values, before: &Live) -> CloudwatchLogsExportConfiguration {
    let wanted = owned::wanted_texts(wish, "log_exports").unwrap_or_default();
    let there = before.get("log_exports").strings();
    let on = wanted.iter().filter(|log| !there.contains(log)).cloned().collect();
    let off = there.iter().filter(|log| !wanted.contains(log)).cloned().collect();
    CloudwatchLogsExportConfiguration::builder()
        .set_enable_log_types(Some(on))
        .set_disable_log_types(Some(off))
        .build()
}

/// Whether a version's first part (postgres), or first two (mysql, mariadb), changes.
fn is_major(request: &Update) -> bool {
    let engine = request.before.get("engine").as_str().unwrap_or_default();
    let parts = if engine == "postgres" { 1 } else { 2 };
    let series = |value: &Value| -> Vec<String> {
        let version = value.as_str().unwrap_or_default();
        version.split('.').take(parts).map(str::to_owned).collect()
    };
    let wanted = request.attributes.get("engine_version").cloned().unwrap_or_default();
    series(&wanted) != series(request.before.get("engine_version"))
}

/// Makes a replica a database of its own, and waits until it is.
pub(super) async fn promote(aws: &Session<'_>, request: &Update) -> Result<(), Failure> {
    let (id, begin) = (&request.id, aws.host.now());
    let kept = owned::wanted_int(&request.attributes, "backup_retention_days");
    let alone = |live: &Live| live.get("replica_of").is_null();
    let send = || {
        let call = aws.clients.rds.promote_read_replica().db_instance_identifier(id);
        call.set_backup_retention_period(kept).send()
    };
    let judge = |failure: Failure| async move {
        if failure.is("InvalidDBInstanceState") {
            let now = describe(aws, Some(filter_of(std::slice::from_ref(id)))).await;
            let is_done = |found: Vec<DbInstance>| found.iter().any(|one| alone(&normalise(one)));
            if now.is_ok_and(is_done) {
                // An earlier call whose answer was lost did it.
                return Failure { class: FailureClass::Exists, ..failure };
            }
        }
        state::judged(aws, id, begin, failure).await
    };
    let promoted = aws.call_judged(Call::repeatable("rds:PromoteReadReplica"), send, judge).await;
    unless_exists(promoted)?;
    aws.shows(KIND, id, &alone).await.map(|_| ())
}

/// Takes deletion protection off, which RDS does at once; only a delete that the user allowed by name
/// comes here. Its state does not matter: what failed is deleted, too.
pub(super) async fn unprotect(aws: &Session<'_>, id: &str) -> Result<(), Failure> {
    // Without "apply immediately", which would also do all that waits for the window.
    unless_exists(ask(aws, id, |call| call.deletion_protection(false)).await)?;
    let off = |live: Option<&Live>| {
        live.is_none_or(|live| live.get("deletion_protection").as_bool() != Some(true))
    };
    aws.holds(KIND, id, &off).await.map(|_| ())
}
