//! A relational database.

use trueup_model::kind::{
    After, Idempotency, Naming, Output, Permissions, Replacement, Sample, Times, Unique, Which,
};
use trueup_model::{Attribute, Disruption, Kind, Type, Value};

mod rules;
mod standing;
mod waiting;

#[cfg(test)]
mod tests;

pub use rules::{default_port, is_prefix_of_version};

const DOCUMENTATION: &str = "\
Identity: the identifier, unique in the Region; AWS stores it in lower case.

In place and unnoticed: password, security groups, backups, monitoring, deletion protection, storage \
growth, tags. With an outage: instance class, engine version. Engine, master user, database name, \
encryption, key, subnet group and zone replace it, and with it the data: that is done only when the \
database is named on the command line.

`engine_version: \"16\"` accepts every 16.x, so an upgrade that AWS made by itself is no drift; \
neither is storage that grew under `max_allocated_storage`.

`password: managed` lets RDS make the password and keep and rotate it in Secrets Manager; \
`secret_arn` is then known. A password of your own is sent but never read back; whether it changed \
is told by a salted, slow hash in a tag.

RDS shrinks no storage and goes to no older version: where it is ahead of the stack, the plan says so \
and leaves it.

`apply: window`, the default, leaves what disturbs to the maintenance window: the plan then says \
\"scheduled\". `apply: now` does it at once, together with everything else that is already waiting. What waits is taken back when the stack no longer wants it.

Another `parameter_group`, and static parameters that somebody changed in it, count from the next \
reboot: the plan and `drift` say so for as long as it waits. Rebooting is left to you.

`replica_of` makes a read replica of another database, which has to keep backups and must not have a \
`managed` password. Taking the line out later promotes the replica: from then on it is a database of \
its own, at the cost of a restart. What is no replica never becomes one, and a replica never gets \
another source: that is a remark, not a replacement.

`restore_from` makes it from a snapshot, or as another database was at some time. It counts when the \
database is made and never again, so the line may stay or go. Engine, user, database name and \
encryption come from the source.

Deletion protection is on unless the stack says otherwise, and a final snapshot is taken before the \
database is deleted, but for a replica and for one in a state in which RDS takes none: then the plan \
says so. A database that somebody has to help out of its state (`stopped`, `incompatible-parameters`) \
is not replaced: that is a remark.

AWS: <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html>";

const NAME: Naming =
    Naming { attribute: "identifier", maximum: 63, unique: Unique::Region, lower_case: true };

/// The declaration.
pub fn kind() -> Kind {
    Kind {
        documentation: DOCUMENTATION,
        attributes: attributes(),
        outputs: outputs(),
        naming: Some(NAME),
        holds_data: true,
        replacement: Replacement::CreateFirst,
        after: vec![After {
            kind: "internet_gateway",
            which: Which::SameVpc,
            reason: "a public database wants an internet gateway, which cannot leave before it",
        }],
        times: Times { create: [315, 450, 620], update: [20, 60, 1800], delete: [240, 275, 600] },
        permissions: permissions(),
        idempotency: Idempotency::Name,
        complete: rules::complete,
        settle: rules::settle,
        check: rules::check,
        unsavable: standing::unsavable,
        flushes: waiting::flushes,
        ..Kind::new("db_instance", "rds", "A relational database.")
    }
}

fn attributes() -> Vec<Attribute> {
    let groups = [source(), engine(), storage(), access(), protection(), monitoring()];
    groups.into_iter().flatten().collect()
}

fn source() -> Vec<Attribute> {
    let other = |name: &'static str, documentation: &'static str| {
        Attribute::new(name, Type::output_of(&["db_instance"], "id"), documentation)
    };
    let moment = Type::Object(vec![
        other("database", "The database whose backups are read."),
        Attribute::new("time", Type::String, "When, as `2026-11-01T12:00:00Z`, or `latest`.")
            .or("latest", "as near to now as the backups go"),
    ]);
    vec![
        other("replica_of", "The database that it is a read replica of; also an ARN.")
            .optional()
            .disrupts(Disruption::Outage),
        Attribute::new(
            "restore_from",
            Type::OneOf(vec![Type::String, moment]),
            "The snapshot, or the database and time, whose data it gets when it is made.",
        )
        .optional()
        .create_only(),
    ]
}

fn engine() -> Vec<Attribute> {
    vec![
        Attribute::new("identifier", Type::String, "Its name, part of its DNS name.")
            .derived("the stack's name and the address")
            .replaces(),
        Attribute::new("engine", Type::Enum(&["mysql", "postgres", "mariadb"]), "The engine.")
            .unmanaged("that of its source; a database without one needs it")
            .replaces(),
        Attribute::new(
            "engine_lifecycle_support",
            Type::Enum(&[
                "open-source-rds-extended-support",
                "open-source-rds-extended-support-disabled",
            ]),
            "Whether AWS goes on, at a cost, to support the version after its end.",
        )
        .unmanaged("AWS goes on"),
        Attribute::new(
            "engine_version",
            Type::String,
            "The version, or its first part: \"16\" accepts 16.8. Going to another major version \
             is an outage.",
        )
        .unmanaged("AWS's default version of the engine")
        .disrupts(Disruption::Outage),
        Attribute::new("instance_class", Type::String, "The size, as `db.t3.micro`.")
            .disrupts(Disruption::Outage),
        Attribute::new("db_name", Type::String, "The database made at first.")
            .unmanaged("none is made; what is there stays")
            .replaces(),
        Attribute::new("username", Type::String, "The master user.")
            .unmanaged("that of its source; a database without one needs it")
            .replaces(),
        Attribute::new(
            "password",
            Type::String,
            "The master user's password, or `managed`: RDS makes it and keeps it in Secrets Manager.",
        )
        .optional()
        .sensitive()
        .write_only(),
        Attribute::new(
            "manage_master_user_password",
            Type::Bool,
            "Whether RDS makes and rotates the password.",
        )
        .derived("true where `password` is `managed`")
        .security(),
        Attribute::new("secret_kms_key", Type::String, "The ARN of the key of a `managed` password.")
            .unmanaged("AWS's own key for Secrets Manager")
            .create_only(),
        Attribute::new("option_group", Type::String, "The name of its option group.")
            .unmanaged("AWS's default group of the engine's version"),
        Attribute::new("parameter_group", Type::String, "The name of its parameter group; another one counts from the next reboot.",
        )
            .unmanaged("AWS's default group of the engine's version"),
        Attribute::new("multi_az", Type::Bool, "Whether a standby in another zone takes over.")
            .or(false, "as AWS does; a standby doubles the cost"),
        Attribute::new(
            "apply",
            Type::Enum(&["window", "now"]),
            "When changes that disturb take effect.",
        )
        .or("window", "as AWS does: nobody is disturbed outside the maintenance window")
        .create_only(),
    ]
}

fn storage() -> Vec<Attribute> {
    vec![
        Attribute::new("allocated_storage", Type::int(5, 65536), "Its size in GiB; it only grows.")
            .unmanaged("that of its source; a database without one needs it"),
        Attribute::new(
            "max_allocated_storage",
            Type::int(5, 65536),
            "How far RDS may grow the storage by itself, in GiB.",
        )
        .optional(),
        Attribute::new(
            "storage_type",
            Type::Enum(&["gp3", "gp2", "io1", "io2", "standard"]),
            "The kind of disk.",
        )
        .or("gp3", "cheaper and faster than gp2, which some engines still get by default"),
        Attribute::new("iops", Type::int(1000, 256_000), "Operations a second.")
            .unmanaged("the disk's default; below 400 GiB gp3 takes no other"),
        Attribute::new("storage_throughput", Type::int(125, 4000), "MiB a second, of gp3.")
            .unmanaged("the disk's default; below 400 GiB gp3 takes no other"),
        Attribute::new("storage_encrypted", Type::Bool, "Whether the storage is encrypted.")
            .or(true, "AWS's default is off, and it cannot be turned on later")
            .replaces()
            .security(),
        Attribute::new("kms_key", Type::String, "The ARN of the key that encrypts it.")
            .unmanaged("AWS's own key for RDS")
            .replaces(),
        Attribute::new(
            "dedicated_log_volume",
            Type::Bool,
            "Whether its log has a disk of its own.",
        )
        .or(false, "as AWS does; a second disk costs extra")
        .disrupts(Disruption::Outage),
    ]
}

fn access() -> Vec<Attribute> {
    vec![
        Attribute::new(
            "subnet_group",
            Type::output_of(&["db_subnet_group"], "id"),
            "The subnets that it may stand in.",
        )
        .unmanaged("the account's default VPC")
        .replaces(),
        Attribute::new(
            "security_groups",
            Type::id_of(&["security_group"], "sg-").set(),
            "Who may connect.",
        )
        .unmanaged("AWS gives it the VPC's default group")
        .security(),
        Attribute::new("publicly_accessible", Type::Bool, "Whether it gets a public address.")
            .or(false, "a database on the internet should be asked for")
            .security(),
        Attribute::new("port", Type::int(1150, 65535), "The port that it listens on.")
            .derived("the engine's usual port")
            .disrupts(Disruption::Brief),
        Attribute::new("network_type", Type::Enum(&["IPV4", "DUAL"]), "Whether it has IPv6 too.")
            .or("IPV4", "as AWS does")
            .disrupts(Disruption::Brief),
        Attribute::new("availability_zone", Type::String, "The zone that it stands in.")
            .unmanaged("AWS picks one of the subnet group's")
            .replaces(),
        Attribute::new("iam_authentication", Type::Bool, "Whether IAM users can log in.")
            .or(false, "as AWS does")
            .security(),
        Attribute::new("ca_certificate", Type::String, "The authority of its TLS certificate.")
            .unmanaged("the account's default authority")
            .disrupts(Disruption::Brief),
    ]
}

fn protection() -> Vec<Attribute> {
    vec![
        Attribute::new("backup_retention_days", Type::int(0, 35), "Days that backups are kept.")
            .derived("7, where AWS's default is one day; 0 of a replica"),
        Attribute::new(
            "backup_window",
            Type::String,
            "When backups are made, as `03:00-03:30` UTC.",
        )
        .unmanaged("AWS picks one"),
        Attribute::new(
            "maintenance_window",
            Type::String,
            "When AWS may disturb it, as `sun:05:00-sun:05:30` UTC.",
        )
        .unmanaged("AWS picks one"),
        Attribute::new(
            "auto_minor_version_upgrade",
            Type::Bool,
            "Whether AWS installs minor versions by itself.",
        )
        .or(true, "as AWS does"),
        Attribute::new("deletion_protection", Type::Bool, "Whether AWS refuses to delete it.")
            .or(true, "AWS's default is off; a database should not be lost by one call")
            .security(),
        Attribute::new("copy_tags_to_snapshot", Type::Bool, "Whether snapshots get its tags.")
            .or(true, "so that a snapshot tells whose it is"),
    ]
}

fn monitoring() -> Vec<Attribute> {
    vec![
        Attribute::new(
            "monitoring_interval_seconds",
            Type::int(0, 60),
            "How often the operating system is measured: 0 (never), 1, 5, 10, 15, 30 or 60.",
        )
        .or(0, "as AWS does"),
        Attribute::new(
            "monitoring_role",
            Type::output_of(&["iam_role"], "arn"),
            "The role that writes the measurements; it counts only with an interval.",
        )
        .optional(),
        Attribute::new("performance_insights", Type::Bool, "Whether statements are sampled.")
            .or(false, "as AWS does"),
        Attribute::new(
            "performance_insights_retention_days",
            Type::int(7, 731),
            "Days that samples are kept: 7, 731, or months of 31 days.",
        )
        .unmanaged("7, which cost nothing"),
        Attribute::new(
            "performance_insights_kms_key",
            Type::String,
            "The ARN of the key that encrypts samples; it counts when sampling is turned on.",
        )
        .unmanaged("AWS's own key for RDS")
        .create_only(),
        Attribute::new(
            "database_insights_mode",
            Type::Enum(&["standard", "advanced"]),
            "How much Database Insights tells; `advanced` costs extra.",
        )
        .unmanaged("standard"),
        Attribute::new("log_exports", Type::String.set(), "The logs that go to CloudWatch.")
            .or(Value::List(Vec::new()), "as AWS does"),
    ]
}

fn outputs() -> Vec<Output> {
    vec![
        Output::new("id", Sample::Attribute("identifier"), "Its identifier."),
        Output::new(
            "arn",
            Sample::Format("arn:aws:rds:{region}:{account}:db:{identifier}"),
            "Its ARN.",
        ),
        Output::new(
            "endpoint",
            Sample::Format("{identifier}.{hex}.{region}.rds.amazonaws.com"),
            "The DNS name to connect to.",
        ),
        Output::new("resource_id", Sample::Format("db-{hex}"), "Its id for IAM authentication."),
        Output::new(
            "secret_arn",
            Sample::Format("arn:aws:secretsmanager:{region}:{account}:secret:rds!db-{hex}"),
            "The secret that RDS keeps the password in, where it is `managed`.",
        )
        .only_with(&["manage_master_user_password"]),
        Output::new(
            waiting::PARAMETER_APPLY_STATUS,
            Sample::Format("in-sync"),
            "Whether what its parameter group says counts: `in-sync`, or `pending-reboot`.",
        )
        .volatile_with(&["parameter_group"]),
    ]
}

fn permissions() -> Permissions {
    Permissions {
        read: &["rds:DescribeDBInstances"],
        create: &[
            "rds:CreateDBInstance",
            "rds:CreateDBInstanceReadReplica",
            "rds:RestoreDBInstanceFromDBSnapshot",
            "rds:RestoreDBInstanceToPointInTime",
            "rds:ModifyDBInstance",
            "rds:AddTagsToResource",
            "secretsmanager:CreateSecret",
            "secretsmanager:TagResource",
            "kms:DescribeKey",
            "iam:PassRole",
        ],
        update: &[
            "rds:ModifyDBInstance",
            "rds:PromoteReadReplica",
            "rds:AddTagsToResource",
            "rds:RemoveTagsFromResource",
            "iam:PassRole",
        ],
        delete: &["rds:ModifyDBInstance", "rds:DeleteDBInstance", "rds:CreateDBSnapshot"],
    }
}

#[cfg(feature = "live")]
mod live;
#[cfg(feature = "live")]
pub(crate) use live::Calls;
