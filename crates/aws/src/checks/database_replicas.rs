//! What a read replica's source has to be.

use trueup_model::{Diagnostic, Resource, Stack, Value};

pub(super) fn check(stack: &Stack) -> Vec<Diagnostic> {
    let databases = stack.resources.values().filter(|r| r.address.kind == "db_instance");
    databases.flat_map(|replica| check_replica(stack, replica)).collect()
}

fn check_replica(stack: &Stack, replica: &Resource) -> Vec<Diagnostic> {
    let Some(source) = replica.attributes.get("replica_of") else { return Vec::new() };
    let sources = source.references().into_iter().filter(|reference| !reference.existing);
    let sources = sources.filter_map(|reference| stack.resources.get(&reference.to));
    sources.flat_map(|source| check_source(replica, source)).collect()
}

/// See <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html>.
fn check_source(replica: &Resource, source: &Resource) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut refuse = |attribute: &str, message: String, label: &str, help: &str| {
        let error = Diagnostic::error("source-without-replicas", message).help(help);
        let error = error.at(replica.place("replica_of"));
        let place = source.place(attribute);
        found.push(match place {
            Some(place) => error.related(place, label),
            None => error,
        });
    };
    let name = &source.address;
    if source.known("manage_master_user_password") == Some(&Value::Bool(true)) {
        let message = format!("RDS makes no replica of {name}: its password is `managed`");
        let help = "give it a password of its own, from a sensitive variable";
        refuse("password", message, "the password of the source", help);
    }
    if source.known("backup_retention_days") == Some(&Value::Int(0)) {
        let message = format!("RDS makes no replica of {name}: it keeps no backups");
        let help = "write `backup_retention_days: 1` or more there";
        refuse("backup_retention_days", message, "the backups of the source", help);
    }
    found
}
