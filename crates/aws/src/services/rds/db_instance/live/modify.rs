//! The calls that make and change a database.

use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDBInstanceFluentBuilder;
use aws_sdk_rds::types::CloudwatchLogsExportConfiguration;
use trueup_model::Value;
use trueup_model::snapshot::Live;
use trueup_model::value::Values;
use trueup_provider::{Call, Create, Failure, Update};

use super::KIND;
use crate::live::{Session, owned, tags};

pub(super) async fn create(aws: &Session<'_>, request: &Create, name: &str) -> Result<(), Failure> {
    let wish = &request.attributes;
    let text = |name| owned::wanted_text(wish, name);
    let int = |name| owned::wanted_int(wish, name);
    let flag = |name| owned::wanted_bool(wish, name);
    let managed = flag("manage_master_user_password").filter(|managed| *managed);
    let all_tags = tags::rds(&request.all_tags());
    aws.call(Call::once("rds:CreateDBInstance"), || {
        let call = aws.clients.rds.create_db_instance().db_instance_identifier(name);
        call.set_engine(text("engine"))
            .set_engine_version(text("engine_version"))
            .set_db_instance_class(text("instance_class"))
            .set_db_name(text("db_name"))
            .set_master_username(text("username"))
            .set_master_user_password(text("password"))
            .set_manage_master_user_password(managed)
            .set_db_parameter_group_name(text("parameter_group"))
            .set_multi_az(flag("multi_az"))
            .set_allocated_storage(int("allocated_storage"))
            .set_max_allocated_storage(int("max_allocated_storage"))
            .set_storage_type(text("storage_type"))
            .set_iops(int("iops"))
            .set_storage_throughput(int("storage_throughput"))
            .set_storage_encrypted(flag("storage_encrypted"))
            .set_kms_key_id(text("kms_key"))
            .set_db_subnet_group_name(text("subnet_group"))
            .set_vpc_security_group_ids(owned::wanted_texts(wish, "security_groups"))
            .set_publicly_accessible(flag("publicly_accessible"))
            .set_port(int("port"))
            .set_availability_zone(text("availability_zone"))
            .set_enable_iam_database_authentication(flag("iam_authentication"))
            .set_ca_certificate_identifier(text("ca_certificate"))
            .set_backup_retention_period(int("backup_retention_days"))
            .set_preferred_backup_window(text("backup_window"))
            .set_preferred_maintenance_window(text("maintenance_window"))
            .set_auto_minor_version_upgrade(flag("auto_minor_version_upgrade"))
            .set_deletion_protection(flag("deletion_protection"))
            .set_copy_tags_to_snapshot(flag("copy_tags_to_snapshot"))
            .set_monitoring_interval(int("monitoring_interval_seconds"))
            .set_monitoring_role_arn(text("monitoring_role"))
            .set_enable_performance_insights(flag("performance_insights"))
            .set_enable_cloudwatch_logs_exports(owned::wanted_texts(wish, "log_exports"))
            .set_tags(Some(all_tags.clone()))
            .send()
    })
    .await
    .map(|_| ())
}

/// Sends what differs and nothing else: RDS refuses a call that changes nothing, and an unchanged
/// subnet group.
pub(super) async fn modify(aws: &Session<'_>, request: &Update) -> Result<(), Failure> {
    let now = owned::wanted_text(&request.attributes, "apply").as_deref() == Some("now");
    aws.call(Call::repeatable("rds:ModifyDBInstance"), || {
        let call = aws.clients.rds.modify_db_instance().db_instance_identifier(&request.id);
        differences(call, request).apply_immediately(now).send()
    })
    .await
    .map(|_| ())
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
        "manage_master_user_password" => call.set_manage_master_user_password(flag()),
        "parameter_group" => call.set_db_parameter_group_name(text()),
        "multi_az" => call.set_multi_az(flag()),
        "allocated_storage" => call.set_allocated_storage(int()),
        // Without a limit of its own, RDS grows nothing where the limit is the size.
        "max_allocated_storage" => call.set_max_allocated_storage(
            int().or_else(|| owned::wanted_int(wish, "allocated_storage")),
        ),
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
        "performance_insights" => call.set_enable_performance_insights(flag()),
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

/// Takes deletion protection off; only a delete that the user allowed by name comes here.
pub(super) async fn unprotect(aws: &Session<'_>, id: &str) -> Result<(), Failure> {
    aws.call(Call::repeatable("rds:ModifyDBInstance"), || {
        let call = aws.clients.rds.modify_db_instance().db_instance_identifier(id);
        call.deletion_protection(false).apply_immediately(true).send()
    })
    .await?;
    let off = |live: &Live| live.get("deletion_protection").as_bool() == Some(false);
    aws.shows(KIND, id, &off).await.map(|_| ())
}
