//! The call that deletes a database, with a last snapshot of it.

use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use trueup_model::Condition;
use trueup_provider::{Call, Delete, Failure, FailureClass};

use super::state;
use crate::live::Session;
use crate::live::session::unless_exists;

/// Begins to delete it. Success, too, where an earlier call whose answer was lost did that.
pub(super) async fn remove(aws: &Session<'_>, request: &Delete) -> Result<(), Failure> {
    let id = &request.before.id;
    let snapshot = request.final_snapshot.then(|| snapshot_name(id));
    let begin = aws.host.now();
    let send = || {
        let call = aws.clients.rds.delete_db_instance().db_instance_identifier(id);
        call.skip_final_snapshot(snapshot.is_none())
            .set_final_db_snapshot_identifier(snapshot.clone())
            .send()
    };
    let judge = |failure| judged(aws, id, begin, failure);
    let removed = aws.call_judged(Call::repeatable("rds:DeleteDBInstance"), send, judge).await;
    unless_exists(removed).map(|_| ())
}

/// Of the class "exists already" where it is being deleted already.
async fn judged(aws: &Session<'_>, id: &str, begin: u64, mut failure: Failure) -> Failure {
    if failure.is("DBSnapshotAlreadyExists") {
        // The snapshot's name carries the time: the first of two equal calls made it.
        let now = state::condition(aws, id).await;
        let is_leaving = matches!(now, Ok(None | Some(Condition::Deleting(_))));
        failure.class = if is_leaving { FailureClass::Exists } else { FailureClass::Invalid };
        return failure;
    }
    state::judged(aws, id, begin, failure).await
}

/// A name that no earlier snapshot has: it carries the time.
fn snapshot_name(id: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "a final snapshot's name carries the time")]
    let now = DateTime::from(SystemTime::now());
    let stamp = now.fmt(Format::DateTime).unwrap_or_default();
    let digits: String = stamp.chars().filter(char::is_ascii_digit).take(14).collect();
    format!("{id}-final-{digits}")
}
