//! What every command works with: options, streams, files, and the way to AWS or the sandbox.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;
use trueup_applier::{Events, Left};
use trueup_model::event::{Event, Stamped};
use trueup_model::snapshot::Around;
use trueup_model::{Catalog, Diagnostic, Stack};
use trueup_provider::{Identity, Provider};
use trueup_stack::package::package;
use trueup_stack::{DiskFiles, Files, Loaded, Request, Variables};

use crate::arguments::{Global, LogFormat};
use crate::audit::Audit;
use crate::error::Error;
use crate::interrupts::Interrupts;
use crate::invocation::{Clock, Connect, ConnectRequest, ReadSource};
use crate::lease::Leased;
use crate::progress;
use crate::render::diagnostics::{self, Sources};
use crate::render::json;
use crate::sandbox::{self, Sandbox};
use crate::saved;
use crate::situation::Situation;
use crate::stack_file;
use crate::terminal::Terminal;

/// What every command works with.
pub(crate) struct Context {
    /// The options that every command takes.
    pub(crate) global: Global,
    /// Standard output, error and input.
    pub(crate) terminal: Terminal,
    /// The environment.
    pub(crate) environment: BTreeMap<String, String>,
    /// The folder that relative paths start from.
    pub(crate) folder: PathBuf,
    /// The folder of the user's data.
    pub(crate) data_folder: Option<PathBuf>,
    /// The record of what is changed.
    pub(crate) audit: Audit,
    /// The kinds.
    pub(crate) catalog: Arc<Catalog>,
    /// The user's interrupts.
    pub(crate) interrupts: Interrupts,
    pub(crate) connect: Box<dyn Connect>,
    pub(crate) clock: Clock,
    /// The machine and the process, for people.
    pub(crate) place: String,
    /// Whether the command waits for what AWS takes away only a while after a delete.
    pub(crate) wait_for_tail: bool,
    /// The lease of the stack that the command changes.
    pub(crate) leased: Leased,
    /// The sandbox, while it is in use.
    pub(crate) sandbox: Option<Sandbox>,
}

/// A stack without faults.
pub(crate) struct ReadStack {
    /// The stack.
    pub(crate) stack: Stack,
    /// The file, as the user named it.
    pub(crate) file: PathBuf,
    /// The texts of all files that were read.
    pub(crate) sources: Sources,
}

/// How far beyond the stack's own resources is looked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum View {
    /// Not at all.
    Stack,
    /// As far as the sentences of the stack need it.
    Sentences,
    /// At everything in its networks.
    Network,
}

/// A stack, and the account that it would be in.
pub(crate) struct Reached {
    /// The stack.
    pub(crate) read: ReadStack,
    /// Whose account it is, for whom we call.
    pub(crate) identity: Identity,
    /// The way there.
    pub(crate) provider: Arc<dyn Provider>,
}

impl Context {
    /// The stack file that is meant.
    pub(crate) fn stack_file(&self, named: Option<&Path>) -> Result<PathBuf, Error> {
        stack_file::find(&self.folder, named)
    }

    /// Reads a stack file with everything that it names; faults are part of the answer.
    pub(crate) fn read(&self, file: &Path) -> Result<Loaded, Error> {
        let path = self.folder.join(file);
        let folder = path.parent().unwrap_or(&self.folder);
        let bytes = self.bytes(file)?;
        saved::refuse(file, &bytes)?;
        let variables = Variables {
            flags: self.global.var.iter().cloned().collect(),
            files: self.variable_files()?,
            environment: self.environment.clone(),
        };
        Ok(trueup_stack::load(&Request {
            file: &file.display().to_string(),
            bytes: &bytes,
            files: &DiskFiles::new(folder),
            catalog: &self.catalog,
            variables: &variables,
            region: self.region().as_deref(),
            account: None,
        }))
    }

    /// The stack that is meant; its faults are the error, its warnings are reported.
    pub(crate) fn load(&self, named: Option<&Path>) -> Result<ReadStack, Error> {
        let file = self.stack_file(named)?;
        let Loaded { stack, diagnostics, sources, .. } = self.read(&file)?;
        let Some(stack) = stack else { return Err(Error::Stack { diagnostics, sources }) };
        self.report(&diagnostics, &sources);
        Ok(ReadStack { stack, file, sources })
    }

    /// Loads the stack that is meant and reads what of it exists, and of its networks as much as the
    /// view says.
    pub(crate) async fn look_at(
        &mut self,
        named: Option<&Path>,
        view: View,
    ) -> Result<Situation, Error> {
        let (read, provider) = self.approach(named).await?;
        let mut calls = 0;
        if self.must_know_who(&read.stack) {
            let (identity, spent) = self.identify(&read.stack, &provider).await?;
            calls = spent;
            self.open_audit(&read.stack.name, &identity)?;
            self.take_lease(&read.stack.name, &identity, &provider).await?;
        }
        let (events, mut stream) = Events::channel();
        let mut wanted = trueup_planner::wanted(&read.stack, &self.catalog);
        match view {
            View::Stack => wanted.around = None,
            View::Sentences => {}
            View::Network => {
                wanted.around = Some(Around { endpoints: true, balancers: true, everything: true });
            }
        }
        let observed = trueup_applier::observe(&provider, &self.catalog, &wanted, &events);
        let observed = self.interrupts.or(observed).await?;
        let mut snapshot = observed
            .map_err(|failure| Error::Aws { doing: "read what exists".to_owned(), failure })?;
        snapshot.calls = events.calls() + calls;
        self.log_calls(&mut stream);
        insist(&read.stack, &snapshot.account, &snapshot.region)?;
        self.leased.note_left(Left::seen(&read.stack.name, &snapshot));
        let ReadStack { stack, file, sources } = read;
        let catalog = Arc::clone(&self.catalog);
        let snapshot = trueup_planner::seal(&stack, &catalog, &snapshot);
        Ok(Situation { stack, file, sources, snapshot, provider, catalog })
    }

    /// Loads the stack that is meant, and finds out whose account it would be in.
    pub(crate) async fn reach(&mut self, named: Option<&Path>) -> Result<Reached, Error> {
        let (read, provider) = self.approach(named).await?;
        let (identity, _) = self.identify(&read.stack, &provider).await?;
        Ok(Reached { read, identity, provider })
    }

    /// Loads the stack that is meant, and connects.
    async fn approach(
        &mut self,
        named: Option<&Path>,
    ) -> Result<(ReadStack, Arc<dyn Provider>), Error> {
        let read = self.load(named)?;
        if let (Some(found), Some(wanted)) = (&self.global.region, &read.stack.region)
            && found != wanted
        {
            return Err(Error::OtherRegion { found: found.clone(), wanted: wanted.clone() });
        }
        let provider = self.provider(&read).await?;
        Ok((read, provider))
    }

    /// Whether anything depends on who calls before anything is read. Otherwise the account is seen
    /// in what is read, and the call is saved.
    fn must_know_who(&self, stack: &Stack) -> bool {
        stack.account.is_some() || self.leased.is_wanted() || self.audit.is_wanted()
    }

    /// Whose account it is, for whom we call, and how many calls it took to find out.
    async fn identify(
        &mut self,
        stack: &Stack,
        provider: &Arc<dyn Provider>,
    ) -> Result<(Identity, u32), Error> {
        let (events, mut stream) = Events::channel();
        let identity = trueup_applier::identity(provider, &events);
        let identity = self.interrupts.or(identity).await?;
        let identity = identity.map_err(|failure| Error::Aws {
            doing: "find out whose account this is".to_owned(),
            failure,
        })?;
        insist(stack, &identity.account, &identity.region)?;
        self.log_calls(&mut stream);
        Ok((identity, events.calls()))
    }

    fn log_calls(&self, stream: &mut UnboundedReceiver<Stamped>) {
        while let Ok(stamped) = stream.try_recv() {
            if let Event::Call(call) = &stamped.event {
                self.log_call(stamped.at, call);
            }
        }
    }

    async fn provider(&mut self, read: &ReadStack) -> Result<Arc<dyn Provider>, Error> {
        let stack_file = self.folder.join(&read.file);
        let region = read.stack.region.clone().or_else(|| self.region());
        if let Some(file) = &self.global.sandbox {
            let file = match file {
                Some(file) => self.folder.join(file),
                None => sandbox::default_file(&stack_file, &read.stack.name),
            };
            let sandbox = Sandbox::open(&file, region.as_deref(), Arc::clone(&self.catalog))?;
            return Ok(self.sandbox.insert(sandbox).provider());
        }
        let request = ConnectRequest {
            region,
            profile: self.global.profile.clone(),
            assume_role: self.global.assume_role.clone(),
            endpoint: self.global.endpoint_url.clone(),
            read_source: read_source(stack_file.parent().unwrap_or(&self.folder)),
        };
        let connected = self.connect.connect(request);
        let connected = self.interrupts.or(connected).await?;
        connected.map_err(|failure| Error::Aws { doing: "connect to AWS".to_owned(), failure })
    }

    /// The Region of the command line or the environment.
    fn region(&self) -> Option<String> {
        let named = |name: &str| self.environment.get(name).filter(|set| !set.is_empty()).cloned();
        let global = self.global.region.clone();
        global.or_else(|| named("AWS_REGION")).or_else(|| named("AWS_DEFAULT_REGION"))
    }

    /// The `--var-file` files with their names.
    fn variable_files(&self) -> Result<Vec<(String, String)>, Error> {
        let read = |path: &PathBuf| {
            let text = String::from_utf8(self.bytes(path)?).map_err(|_| Error::File {
                doing: "read",
                path: path.clone(),
                source: std::io::Error::other("it is not text in UTF-8"),
            })?;
            Ok((path.display().to_string(), text))
        };
        self.global.var_file.iter().map(read).collect()
    }

    /// The content of a file that the user named.
    fn bytes(&self, path: &Path) -> Result<Vec<u8>, Error> {
        let bytes = DiskFiles::new(&self.folder).read(path);
        bytes.map_err(|source| Error::File { doing: "read", path: path.to_owned(), source })
    }

    /// Reads variables from these files too, before those of the command line.
    pub(crate) fn take_variable_files(&mut self, files: &[PathBuf]) {
        let given = std::mem::take(&mut self.global.var_file);
        self.global.var_file = files.iter().cloned().chain(given).collect();
    }

    /// Says faults and remarks on standard error.
    pub(crate) fn report(&self, found: &[Diagnostic], sources: &Sources) {
        match self.global.log_format {
            LogFormat::Text => {
                self.terminal.say(&diagnostics::text(found, sources, &self.terminal.error_look()));
            }
            LogFormat::Json => {
                for diagnostic in found {
                    self.terminal.say(&json::line(diagnostic));
                }
            }
        }
    }

    /// Logs an API call, if that was asked for.
    pub(crate) fn log_call(&self, at: u64, call: &trueup_model::event::CallEvent) {
        if self.global.verbose {
            self.terminal.say(&match self.global.log_format {
                LogFormat::Text => progress::call(at, call, &self.terminal.error_look()) + "\n",
                LogFormat::Json => json::line(&Event::Call(call.clone())),
            });
        }
    }

    /// What the jitter of retries is made from: another for every run.
    pub(crate) fn seed(&self) -> u64 {
        let since = (self.clock)().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        since.as_secs() ^ u64::from(since.subsec_nanos()).rotate_left(32)
    }

    /// The wall time, as RFC 3339 writes it, in whole seconds.
    pub(crate) fn now(&self) -> String {
        let now = jiff::Timestamp::try_from((self.clock)()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
    }
}

/// Packages code beside the stack file.
fn read_source(folder: &Path) -> Arc<ReadSource> {
    let files = DiskFiles::new(folder);
    Arc::new(move |path| {
        let package = package(&files, Path::new(path));
        package.map(|package| package.bytes).map_err(|error| error.to_string())
    })
}

/// Refuses an account or a Region that the stack does not mean.
fn insist(stack: &Stack, account: &str, region: &str) -> Result<(), Error> {
    match (&stack.account, &stack.region) {
        (Some(wanted), _) if wanted != account => {
            Err(Error::OtherAccount { found: account.to_owned(), wanted: wanted.clone() })
        }
        (_, Some(wanted)) if wanted != region => {
            Err(Error::OtherRegion { found: region.to_owned(), wanted: wanted.clone() })
        }
        _ => Ok(()),
    }
}
