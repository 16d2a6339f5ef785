//! The program: what the process is given is handed to the command line, and AWS with it.

use std::io::{IsTerminal, stderr, stdin, stdout};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use etcetera::base_strategy::{BaseStrategy, choose_base_strategy};
use futures::stream::{BoxStream, StreamExt};
use tokio::signal::unix::{SignalKind, signal};
use trueup_aws::live::ConnectOptions;
use trueup_cli::{Connect, ConnectRequest, Input, Invocation, Output};
use trueup_provider::{Failure, Provider};

struct Aws;

#[async_trait]
impl Connect for Aws {
    async fn connect(&self, request: ConnectRequest) -> Result<Arc<dyn Provider>, Failure> {
        let ConnectRequest { region, profile, assume_role, endpoint, read_source } = request;
        let options = ConnectOptions { region, profile, assume_role, endpoint };
        trueup_aws::live::connect(options, read_source).await
    }
}

fn main() -> std::io::Result<ExitCode> {
    // One thread: the program waits for AWS, and the sandbox's virtual clock needs it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(async { trueup_cli::run(invocation()).await });
    // A prompt that nobody answers any more must not keep the process.
    runtime.shutdown_background();
    Ok(ExitCode::from(code))
}

#[expect(clippy::disallowed_methods, reason = "this is the program's front door")]
fn invocation() -> Invocation {
    let width = |terminal: bool| terminal.then(terminal_size::terminal_size).flatten();
    let width = |terminal: bool| width(terminal).map(|(width, _)| width.0);
    let (out, err) = (stdout().is_terminal(), stderr().is_terminal());
    Invocation {
        arguments: std::env::args_os().collect(),
        // A variable that is not text is none that this program or its stacks know.
        environment: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        folder: std::env::current_dir().unwrap_or_default(),
        data_folder: choose_base_strategy().ok().map(|folders| folders.data_dir()),
        stdin: Input {
            reader: Box::new(std::io::BufReader::new(stdin())),
            is_terminal: stdin().is_terminal(),
        },
        stdout: Output::new(stdout(), out, width(out)),
        stderr: Output::new(stderr(), err, width(err)),
        connect: Box::new(Aws),
        clock: Arc::new(SystemTime::now),
        place: place(),
        interrupts: interrupts(),
    }
}

/// The machine's name, where the system tells it, and the process.
#[expect(clippy::disallowed_methods, reason = "this is the program's front door")]
fn place() -> String {
    let told = ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok());
    let host = told.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    let host = host.trim();
    let host = if host.is_empty() { "an unnamed machine" } else { host };
    format!("{host}, process {}", std::process::id())
}

/// Ctrl-C and SIGTERM; nothing, if the system does not let us listen.
fn interrupts() -> BoxStream<'static, ()> {
    let listen = |kind| {
        let signals = signal(kind).ok();
        futures::stream::unfold(signals, |signals| async {
            let mut signals = signals?;
            signals.recv().await.map(|()| ((), Some(signals)))
        })
    };
    futures::stream::select(listen(SignalKind::interrupt()), listen(SignalKind::terminate()))
        .boxed()
}
