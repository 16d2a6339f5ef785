//! The calls that make a database: empty, as a replica, or from a backup.

use aws_sdk_rds::types::Tag;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use trueup_model::Value;
use trueup_model::snapshot::{Live, SECRET_TAG};
use trueup_model::value::Values;
use trueup_provider::{Call, Create, Failure, FailureClass, Update};

use super::is_shown;
use crate::live::tags::{self, TagChange};
use crate::live::{Session, owned};

/// Sets what every one of these calls takes.
macro_rules! common {
    ($call:expr, $request:expr) => {{
        let wish = &$request.attributes;
        let text = |name| owned::wanted_text(wish, name);
        let int = |name| owned::wanted_int(wish, name);
        let flag = |name| owned::wanted_bool(wish, name);
        $call
            .set_db_instance_class(text("instance_class"))
            .set_db_parameter_group_name(text("parameter_group"))
            .set_option_group_name(text("option_group"))
            .set_multi_az(flag("multi_az"))
            .set_allocated_storage(int("allocated_storage"))
            .set_storage_type(text("storage_type"))
            .set_iops(int("iops"))
            .set_storage_throughput(int("storage_throughput"))
            .set_dedicated_log_volume(flag("dedicated_log_volume").filter(|on| *on))
            .set_db_subnet_group_name(text("subnet_group"))
            .set_vpc_security_group_ids(owned::wanted_texts(wish, "security_groups"))
            .set_publicly_accessible(flag("publicly_accessible"))
            .set_network_type(text("network_type").filter(|network| network != "IPV4"))
            .set_port(int("port"))
            .set_availability_zone(text("availability_zone"))
            .set_enable_iam_database_authentication(flag("iam_authentication"))
            .set_ca_certificate_identifier(text("ca_certificate"))
            .set_auto_minor_version_upgrade(flag("auto_minor_version_upgrade"))
            .set_deletion_protection(flag("deletion_protection"))
            .set_copy_tags_to_snapshot(flag("copy_tags_to_snapshot"))
            .set_enable_cloudwatch_logs_exports(owned::wanted_texts(wish, "log_exports"))
    }};
}

/// Sets how it is watched, which calls that restore do not take.
macro_rules! watched {
    ($call:expr, $request:expr) => {{
        let wish = &$request.attributes;
        let text = |name| owned::wanted_text(wish, name);
        let int = |name| owned::wanted_int(wish, name);
        let sampled = owned::wanted_bool(wish, "performance_insights");
        $call
            .set_max_allocated_storage(int("max_allocated_storage"))
            .set_kms_key_id(text("kms_key"))
            .set_monitoring_interval(int("monitoring_interval_seconds"))
            .set_monitoring_role_arn(text("monitoring_role"))
            .set_enable_performance_insights(sampled)
            .set_performance_insights_retention_period(int("performance_insights_retention_days"))
            .set_performance_insights_kms_key_id(
                text("performance_insights_kms_key").filter(|_| sampled == Some(true)),
            )
            .set_database_insights_mode(text("database_insights_mode").as_deref().map(Into::into))
    }};
}

/// Sets how it is backed up and its password is kept, which a replica has from its source.
macro_rules! kept {
    ($call:expr, $request:expr) => {{
        let wish = &$request.attributes;
        let text = |name| owned::wanted_text(wish, name);
        let managed = owned::wanted_bool(wish, "manage_master_user_password").filter(|on| *on);
        $call
            .set_engine(text("engine"))
            .set_engine_lifecycle_support(text("engine_lifecycle_support"))
            .set_manage_master_user_password(managed)
            .set_master_user_secret_kms_key_id(text("secret_kms_key").filter(|_| managed.is_some()))
            .set_backup_retention_period(owned::wanted_int(wish, "backup_retention_days"))
            .set_preferred_backup_window(text("backup_window"))
    }};
}

pub(super) async fn create(aws: &Session<'_>, request: &Create, name: &str) -> Result<(), Failure> {
    let wish = &request.attributes;
    if let Some(source) = owned::wanted_text(wish, "replica_of") {
        return replica(aws, request, name, &source).await;
    }
    match owned::wanted(wish, "restore_from") {
        None => empty(aws, request, name).await,
        Some(Value::Map(moment)) => as_it_was(aws, request, name, moment).await,
        Some(snapshot) => {
            let snapshot = snapshot.as_str().unwrap_or_default();
            restored(aws, request, name, snapshot).await
        }
    }
}

async fn empty(aws: &Session<'_>, request: &Create, name: &str) -> Result<(), Failure> {
    let text = |name| owned::wanted_text(&request.attributes, name);
    aws.call(Call::once("rds:CreateDBInstance"), || {
        let call = aws.clients.rds.create_db_instance().db_instance_identifier(name);
        kept!(watched!(common!(call, request), request), request)
            .set_engine_version(text("engine_version"))
            .set_db_name(text("db_name"))
            .set_master_username(text("username"))
            .set_master_user_password(text("password"))
            .set_storage_encrypted(owned::wanted_bool(&request.attributes, "storage_encrypted"))
            .set_preferred_maintenance_window(text("maintenance_window"))
            .set_tags(Some(tags::rds(&request.all_tags())))
            .send()
    })
    .await
    .map(|_| ())
}

async fn replica(
    aws: &Session<'_>,
    request: &Create,
    name: &str,
    source: &str,
) -> Result<(), Failure> {
    aws.call(Call::once("rds:CreateDBInstanceReadReplica"), || {
        let call = aws.clients.rds.create_db_instance_read_replica().db_instance_identifier(name);
        let call = call.source_db_instance_identifier(source);
        let call = call.set_tags(Some(tags::rds(&request.all_tags())));
        watched!(common!(call, request), request).send()
    })
    .await
    .map(|_| ())
}

async fn restored(
    aws: &Session<'_>,
    request: &Create,
    name: &str,
    snapshot: &str,
) -> Result<(), Failure> {
    aws.call(Call::once("rds:RestoreDBInstanceFromDBSnapshot"), || {
        let call = aws.clients.rds.restore_db_instance_from_db_snapshot();
        let call = call.db_instance_identifier(name).db_snapshot_identifier(snapshot);
        let call = call.set_tags(Some(without_password(request)));
        kept!(common!(call, request), request).send()
    })
    .await
    .map(|_| ())
}

async fn as_it_was(
    aws: &Session<'_>,
    request: &Create,
    name: &str,
    moment: &Values,
) -> Result<(), Failure> {
    let source = owned::wanted_text(moment, "database").unwrap_or_default();
    let time = owned::wanted_text(moment, "time").filter(|time| time != "latest");
    let time = time.map(|text| {
        DateTime::from_str(&text, Format::DateTime).map_err(|error| {
            Failure::new(FailureClass::Invalid, format!("'{text}' is no time: {error}"))
        })
    });
    let time = time.transpose()?;
    let most = owned::wanted_int(&request.attributes, "max_allocated_storage");
    aws.call(Call::once("rds:RestoreDBInstanceToPointInTime"), || {
        let call = aws.clients.rds.restore_db_instance_to_point_in_time();
        let call = call.source_db_instance_identifier(&source).target_db_instance_identifier(name);
        let call = call.set_restore_time(time).set_max_allocated_storage(most);
        let call = call.set_use_latest_restorable_time(time.is_none().then_some(true));
        let call = call.set_tags(Some(without_password(request)));
        kept!(common!(call, request), request).send()
    })
    .await
    .map(|_| ())
}

/// The tags of what still has its source's password. The one that tells ours is written when ours is
/// set: a run that dies in between leaves a difference for the next.
fn without_password(request: &Create) -> Vec<Tag> {
    let mut all = request.all_tags();
    all.remove(SECRET_TAG);
    tags::rds(&all)
}

/// The tags that are still missing when the copy is as wanted.
pub(super) fn last_tags(request: &Create) -> TagChange {
    let secret = request.all_tags().remove_entry(SECRET_TAG);
    TagChange { set: secret.into_iter().collect(), remove: Vec::new() }
}

/// What cannot be said while a copy is made, or what it has from its source though nobody wrote it.
const LATER: [&str; 28] = [
    "engine_version",
    "instance_class",
    "parameter_group",
    "multi_az",
    "allocated_storage",
    "max_allocated_storage",
    "storage_type",
    "iops",
    "storage_throughput",
    "security_groups",
    "publicly_accessible",
    "network_type",
    "iam_authentication",
    "ca_certificate",
    "backup_retention_days",
    "backup_window",
    "maintenance_window",
    "auto_minor_version_upgrade",
    "deletion_protection",
    "copy_tags_to_snapshot",
    "dedicated_log_volume",
    "monitoring_interval_seconds",
    "monitoring_role",
    "performance_insights",
    "performance_insights_retention_days",
    "database_insights_mode",
    "log_exports",
    "manage_master_user_password",
];

/// The change that makes a copy as wanted, if it is not yet.
pub(super) fn rest(request: &Create, live: &Live) -> Option<Update> {
    let wish = &request.attributes;
    let restored = owned::wanted(wish, "restore_from").is_some();
    if !restored && owned::wanted(wish, "replica_of").is_none() {
        return None;
    }
    let differs = |name: &&str| {
        // Storage that grows by itself is the one thing that nothing turns off.
        let wanted = wish.get(*name).filter(|w| !w.is_null() || *name == "max_allocated_storage");
        wanted.is_some_and(|wanted| !is_shown(name, wanted, live.get_attribute(name)))
    };
    let mut changed: Vec<String> = LATER.into_iter().filter(differs).map(str::to_owned).collect();
    if restored && owned::wanted(wish, "password").is_some() {
        changed.push("password".to_owned());
    }
    if changed.is_empty() {
        return None;
    }
    let mut attributes = wish.clone();
    attributes.insert("apply".to_owned(), "now".into());
    Some(Update {
        address: request.address.clone(),
        kind: request.kind.clone(),
        id: live.id.clone(),
        attributes,
        tags: request.tags.clone(),
        ownership: request.ownership.clone(),
        changed,
        before: live.clone(),
    })
}
