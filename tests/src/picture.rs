//! The picture of an example stack, as the program draws it.

use std::io::{self, BufReader, Write};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use async_trait::async_trait;
use futures::StreamExt;
use trueup_cli::{Connect, ConnectRequest, Input, Invocation, Output};
use trueup_provider::{Failure, FailureClass, Provider};

use crate::repository;

/// What `trueup graph STACK --format svg` prints; no AWS is there to ask.
pub fn svg(stack: &str) -> Result<String, String> {
    let (stdout, stderr) = (Kept::default(), Kept::default());
    let arguments = ["trueup", "graph", stack, "--format", "svg"];
    let run = trueup_cli::run(Invocation {
        arguments: arguments.map(Into::into).to_vec(),
        environment: std::collections::BTreeMap::new(),
        folder: repository(),
        data_folder: None,
        stdin: Input { reader: Box::new(BufReader::new(io::empty())), is_terminal: false },
        stdout: Output::new(stdout.clone(), false, None),
        stderr: Output::new(stderr.clone(), false, None),
        connect: Box::new(Nowhere),
        clock: Arc::new(|| SystemTime::UNIX_EPOCH),
        place: "the tests of the repository".to_owned(),
        interrupts: futures::stream::pending().boxed(),
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    match runtime.map_err(|error| error.to_string())?.block_on(run) {
        0 => Ok(stdout.text()),
        code => Err(format!("exit code {code}: {}", stderr.text())),
    }
}

struct Nowhere;

#[async_trait]
impl Connect for Nowhere {
    async fn connect(&self, _: ConnectRequest) -> Result<Arc<dyn Provider>, Failure> {
        Err(Failure::new(FailureClass::Credentials, "a picture of a file asks nobody"))
    }
}

#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
