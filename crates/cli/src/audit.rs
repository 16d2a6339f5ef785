//! The audit log: every API call that changes something, a JSON object a line, appended to a file.
//!
//! A call is written down before it is sent and again when it came back, so that a killed process
//! leaves a trace of what it had asked. Parameters and messages are never written: they may be secret.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::Args;
use serde::Serialize;
use trueup_applier::{Journal, Outcome};
use trueup_model::event::CallEvent;
use trueup_model::{Address, Diagnostic};
use trueup_provider::Identity;

use crate::context::Context;
use crate::error::Error;
use crate::invocation::Clock;
use crate::render::json;

/// Where the audit log goes.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct AuditOptions {
    /// Log every API call that changes something here, instead of in the user's data folder
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    log: Option<PathBuf>,
}

/// Whether a command keeps the log.
#[derive(Default)]
pub(crate) enum Audit {
    /// It changes nothing.
    #[default]
    Unwanted,
    /// It is opened as soon as it is known whose account it is.
    Wanted(Option<PathBuf>),
    /// It is kept.
    Kept(Arc<Log>),
}

/// An open log.
pub(crate) struct Log {
    path: PathBuf,
    clock: Clock,
    who: Identity,
    stack: String,
    state: Mutex<State>,
}

struct State {
    file: File,
    plan: Option<String>,
    fault: Option<String>,
}

/// One line.
#[derive(Serialize)]
struct Line<'a> {
    at: String,
    event: &'static str,
    who: &'a str,
    account: &'a str,
    region: &'a str,
    stack: &'a str,
    plan: Option<&'a str>,
    address: Option<&'a Address>,
    action: &'a str,
    attempt: u32,
    #[serde(flatten)]
    answer: Option<Answer<'a>>,
}

#[derive(Serialize)]
struct Answer<'a> {
    outcome: &'static str,
    error: Option<&'a str>,
    request_id: Option<&'a str>,
    took_ms: u64,
}

impl Context {
    /// From now on what is changed is written down.
    pub(crate) fn want_audit(&mut self, options: &AuditOptions) {
        self.audit = Audit::Wanted(options.log.clone());
    }

    /// Opens the log, if the command wants it. The sandbox has one only where it was named: what
    /// happens there never happened in the account.
    pub(crate) fn open_audit(&mut self, stack: &str, who: &Identity) -> Result<(), Error> {
        let Audit::Wanted(named) = &self.audit else { return Ok(()) };
        let path = match (named, &self.data_folder) {
            (Some(named), _) => self.folder.join(named),
            (None, _) if self.sandbox.is_some() => return Ok(()),
            (None, Some(data)) => data.join("trueup/audit").join(format!("{stack}.jsonl")),
            (None, None) => return Err(Error::NowhereToLog),
        };
        let opened = open(&path);
        let file = opened.map_err(|source| Error::Unlogged { path: path.clone(), source })?;
        let (clock, who, stack) = (Arc::clone(&self.clock), who.clone(), stack.to_owned());
        let state = Mutex::new(State { file, plan: None, fault: None });
        self.audit = Audit::Kept(Arc::new(Log { path, clock, who, stack, state }));
        Ok(())
    }
}

/// For its owner alone, and only to be appended to.
fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

impl Audit {
    /// Whether it is to be opened.
    pub(crate) fn is_wanted(&self) -> bool {
        matches!(self, Self::Wanted(_))
    }

    /// What the applier writes to.
    pub(crate) fn journal(&self) -> Option<Arc<dyn Journal>> {
        self.log().map(|log| Arc::clone(log) as Arc<dyn Journal>)
    }

    /// The calls from now on belong to this plan.
    pub(crate) fn begin(&self, plan: &str) {
        if let Some(log) = self.log() {
            log.state().plan = Some(plan.to_owned());
        }
    }

    /// Whether a line could not be written.
    pub(crate) fn is_broken(&self) -> bool {
        self.log().is_some_and(|log| log.state().fault.is_some())
    }

    /// The first line that could not be written: the file and why.
    pub(crate) fn fault(&self) -> Option<(PathBuf, String)> {
        let log = self.log()?;
        log.state().fault.clone().map(|fault| (log.path.clone(), fault))
    }

    fn log(&self) -> Option<&Arc<Log>> {
        match self {
            Self::Kept(log) => Some(log),
            Self::Unwanted | Self::Wanted(_) => None,
        }
    }
}

/// What is said when the log broke in the middle of an apply.
pub(crate) fn unwritten((path, why): &(PathBuf, String)) -> Diagnostic {
    let message = format!(
        "the audit log {} could not be written any more ({why}); nothing more was begun",
        path.display()
    );
    Diagnostic::error("audit-log", message)
        .help("make room, or name another file with --log; then run the same command again")
}

impl Log {
    /// Every critical section is whole even if its holder panicked.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(
        &self,
        event: &'static str,
        (address, action, attempt): (Option<&Address>, &str, u32),
        answer: Option<Answer<'_>>,
    ) {
        let mut state = self.state();
        let at = jiff::Timestamp::try_from((self.clock)()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let Identity { account, arn, region } = &self.who;
        let text = json::line(&Line {
            at: format!("{at:.3}"),
            event,
            who: arn,
            account,
            region,
            stack: &self.stack,
            plan: state.plan.as_deref(),
            address,
            action,
            attempt,
            answer,
        });
        // One write a line: appended lines of two processes never mix.
        if let Err(error) = state.file.write_all(text.as_bytes()) {
            state.fault.get_or_insert(error.to_string());
        }
    }
}

impl Journal for Log {
    fn asked(&self, address: Option<&Address>, action: &str, attempt: u32) {
        self.write("asked", (address, action, attempt), None);
    }

    fn answered(&self, call: &CallEvent, outcome: Outcome) {
        let answer = Answer {
            outcome: match outcome {
                Outcome::Done => "done",
                Outcome::Failed => "failed",
                Outcome::Unknown => "unknown",
            },
            error: call.error.as_deref(),
            request_id: call.request_id.as_deref(),
            took_ms: call.took,
        };
        let which = (call.address.as_ref(), call.action.as_str(), call.attempt);
        self.write("answered", which, Some(answer));
    }
}
