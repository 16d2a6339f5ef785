//! Ctrl-C and SIGTERM while nothing has been changed yet.

use futures::stream::BoxStream;
use futures::{Future, StreamExt};

use crate::error::Error;

/// The stream of the user's interrupts.
pub(crate) struct Interrupts {
    stream: BoxStream<'static, ()>,
}

impl Interrupts {
    /// Those of an invocation.
    pub(crate) fn new(stream: BoxStream<'static, ()>) -> Self {
        Self { stream }
    }

    /// Waits for the next one, for ever if there is none.
    pub(crate) async fn next(&mut self) {
        if self.stream.next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// The work's result, unless the user interrupts it. Only for work that changes nothing.
    pub(crate) async fn or<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Error> {
        tokio::select! {
            biased;
            () = self.next() => Err(Error::Interrupted),
            result = work => Ok(result),
        }
    }
}
