//! What keeps one panic from taking the run down.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use trueup_provider::{Failure, FailureClass};

/// The result of a provider's work; a panic in it becomes a failure.
pub(crate) async fn guarded<T>(
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    // What the work had half done is never looked at again: the next run reads AWS anew.
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| Err(internal(&*panic)))
}

fn internal(panic: &(dyn Any + Send)) -> Failure {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    Failure::new(FailureClass::Internal, format!("a fault of trueup itself: {text}"))
        .help("run the command again: it goes on from what exists by then")
        .help("report this with the command, the stack and the lines above")
}

/// Locks. A holder that panicked left the value whole: every critical section here is a few
/// assignments.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
