//! Everything that one run of the program is given: nothing is taken from the process itself.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use async_trait::async_trait;
use futures::stream::BoxStream;
use trueup_provider::{Failure, Provider};

/// One run of the program.
pub struct Invocation {
    /// The command line, the program's name first.
    pub arguments: Vec<OsString>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// The folder that relative paths start from.
    pub folder: PathBuf,
    /// The folder of the user's data, where programs keep what must last; none, if it is not known.
    pub data_folder: Option<PathBuf>,
    /// Where answers to prompts come from.
    pub stdin: Input,
    /// Where results go.
    pub stdout: Output,
    /// Where prompts, faults and logs go.
    pub stderr: Output,
    /// The way to live AWS.
    pub connect: Box<dyn Connect>,
    /// The wall time.
    pub clock: Clock,
    /// On which machine, and as which process, this runs: for people who meet its lease.
    pub place: String,
    /// One item for each time that the user interrupts (Ctrl-C, SIGTERM).
    pub interrupts: BoxStream<'static, ()>,
}

/// Tells the wall time.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Where answers to prompts come from.
pub struct Input {
    /// The lines.
    pub reader: Box<dyn BufRead + Send>,
    /// Whether a person is there to answer.
    pub is_terminal: bool,
}

/// Where text goes.
#[derive(Clone)]
pub struct Output {
    writer: Arc<Mutex<dyn Write + Send>>,
    is_terminal: bool,
    width: Option<u16>,
}

impl Output {
    /// Text goes to `writer`, which is a terminal of `width` columns, or else something that is
    /// read later: a file, a pipe.
    pub fn new(writer: impl Write + Send + 'static, is_terminal: bool, width: Option<u16>) -> Self {
        Self { writer: Arc::new(Mutex::new(writer)), is_terminal, width }
    }

    /// Whether a person looks at it as it is written.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Its width in columns, where it has one.
    pub fn width(&self) -> Option<u16> {
        self.width
    }

    /// Writes a text whole. A reader that went away early (`trueup plan | head`) is no fault.
    pub(crate) fn write(&self, text: &str) -> std::io::Result<()> {
        let mut writer = self.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let written = writer.write_all(text.as_bytes()).and_then(|()| writer.flush());
        match written {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }
}

/// The way to live AWS.
#[async_trait]
pub trait Connect: Send + Sync {
    /// A provider for one Region of an account. Makes no call yet.
    async fn connect(&self, request: ConnectRequest) -> Result<Arc<dyn Provider>, Failure>;
}

/// Which AWS to talk to, where it is not what the standard chain says.
#[derive(Clone)]
pub struct ConnectRequest {
    /// The Region: from the command line, else from the stack, else the standard chain's.
    pub region: Option<String>,
    /// A profile of the AWS configuration files.
    pub profile: Option<String>,
    /// The ARN of a role to take on.
    pub assume_role: Option<String>,
    /// Another endpoint for every service: an emulator.
    pub endpoint: Option<String>,
    /// Packages the code at a path of the stack.
    pub read_source: Arc<ReadSource>,
}

/// Gives the zip of the code at a path of the stack, or why there is none.
pub type ReadSource = dyn Fn(&str) -> Result<Vec<u8>, String> + Send + Sync;
