//! Why a command did not do what was asked: each cause with its words, advice and exit code.

use std::io;
use std::path::PathBuf;

use trueup_model::{Diagnostic, Plan};
use trueup_provider::{Failure, FailureClass};
use trueup_sim::file::FileError;

use crate::exit;
use crate::render::diagnostics::Sources;

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The stack has faults.
    #[error("the stack has faults")]
    Stack {
        /// All of them.
        diagnostics: Vec<Diagnostic>,
        /// The files that they are in.
        sources: Sources,
    },
    /// It is not clear which stack is meant.
    #[error("{message}")]
    WhichStack {
        /// What was found.
        message: String,
        /// What to write.
        help: String,
    },
    /// What was asked for cannot be understood or does not go together.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to write instead.
        help: String,
    },
    /// A file could not be read or written.
    #[error("cannot {doing} {}", path.display())]
    File {
        /// `read`, `write`.
        doing: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Standard output could not be written.
    #[error("cannot write the output")]
    Output(#[source] io::Error),
    /// Standard input could not be read.
    #[error("cannot read the answer")]
    Input(#[source] io::Error),
    /// AWS, or the way to it, failed.
    #[error("cannot {doing}")]
    Aws {
        /// What was being done.
        doing: String,
        /// How it failed.
        failure: Failure,
    },
    /// What is changed could not be written down, so nothing is changed.
    #[error("cannot write the audit log {}, and nothing is changed without it", path.display())]
    Unlogged {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is no place for the audit log.
    #[error("there is no folder for the audit log: neither XDG_DATA_HOME nor HOME is set")]
    NowhereToLog,
    /// The credentials belong to another account than the stack insists on.
    #[error("these credentials belong to account {found}, and the stack insists on {wanted}")]
    OtherAccount {
        /// The account of the credentials.
        found: String,
        /// The account that the stack names.
        wanted: String,
    },
    /// Calls would go to another Region than the stack says.
    #[error("calls would go to {found}, and the stack says {wanted}")]
    OtherRegion {
        /// Where calls go.
        found: String,
        /// The Region that the stack names.
        wanted: String,
    },
    /// The sandbox's file cannot be used.
    #[error(transparent)]
    Sandbox(FileError),
    /// A fault of this program: the plan contradicts itself.
    #[error("this plan contradicts itself: {0}")]
    Inconsistent(String),
    /// A saved plan is not what would be done now.
    #[error("the saved plan is stale:{}", indented(differences))]
    Stale {
        /// What is different, each a sentence.
        differences: Vec<String>,
    },
    /// A file is no saved plan.
    #[error("{} is not a saved plan of this version of trueup", path.display())]
    NotAPlan {
        /// Which.
        path: PathBuf,
        /// Why not.
        because: String,
    },
    /// A guard, a policy or a proof forbids the plan.
    #[error("{message}")]
    Forbidden {
        /// What is forbidden.
        message: String,
        /// How to allow it, or what to do instead.
        help: Vec<String>,
    },
    /// Somebody else holds the lease of the stack.
    #[error("{message}")]
    Locked {
        /// Who.
        message: String,
        /// What to do.
        help: Vec<String>,
    },
    /// Nobody said yes.
    #[error("{message}")]
    NotConfirmed {
        /// What was or was not answered.
        message: String,
        /// How to say yes.
        help: Option<String>,
    },
    /// The user interrupted before anything was changed.
    #[error("interrupted; nothing was changed")]
    Interrupted,
}

impl Error {
    /// The exit code that scripts see.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Stack { .. }
            | Self::WhichStack { .. }
            | Self::Usage { .. }
            | Self::File { .. }
            | Self::Output(_)
            | Self::Input(_)
            | Self::Unlogged { .. }
            | Self::NowhereToLog
            | Self::OtherAccount { .. }
            | Self::OtherRegion { .. }
            | Self::Inconsistent(_)
            | Self::NotAPlan { .. }
            | Self::NotConfirmed { .. } => exit::ERROR,
            Self::Sandbox(error) => match error {
                FileError::InUse { .. } => exit::LOCKED,
                FileError::Io { .. } | FileError::Damaged { .. } | FileError::Format { .. } => {
                    exit::ERROR
                }
            },
            Self::Aws { failure, .. } => match failure.class {
                FailureClass::Interrupted => exit::INTERRUPTED,
                _ => exit::ERROR,
            },
            Self::Stale { .. } => exit::STALE,
            Self::Locked { .. } => exit::LOCKED,
            Self::Forbidden { .. } => exit::FORBIDDEN,
            Self::Interrupted => exit::INTERRUPTED,
        }
    }

    /// The error as what users read: with code, cause and advice.
    pub(crate) fn diagnostics(&self) -> Vec<Diagnostic> {
        let one = match self {
            Self::Stack { diagnostics, .. } => return diagnostics.clone(),
            Self::Aws { doing, failure } => aws(doing, failure),
            _ => Diagnostic::error(self.code(), self.sentence()),
        };
        vec![self.advice().into_iter().fold(one, Diagnostic::help)]
    }

    /// A stable word to search for.
    fn code(&self) -> &'static str {
        match self {
            Self::Stack { .. } => "stack",
            Self::WhichStack { .. } => "which-stack",
            Self::Usage { .. } => "usage",
            Self::File { .. } | Self::Output(_) | Self::Input(_) => "file",
            Self::Aws { failure, .. } => class(failure.class),
            Self::Unlogged { .. } | Self::NowhereToLog => "audit-log",
            Self::OtherAccount { .. } => "other-account",
            Self::OtherRegion { .. } => "other-region",
            Self::Sandbox(_) => "sandbox",
            Self::Inconsistent(_) => "internal",
            Self::Stale { .. } => "stale-plan",
            Self::NotAPlan { .. } => "not-a-plan",
            Self::Forbidden { .. } => "forbidden",
            Self::Locked { .. } => "locked",
            Self::NotConfirmed { .. } => "not-confirmed",
            Self::Interrupted => "interrupted",
        }
    }

    /// The message with its cause.
    fn sentence(&self) -> String {
        let cause: Option<&dyn std::error::Error> = std::error::Error::source(self);
        cause.map_or_else(|| self.to_string(), |cause| format!("{self}: {cause}"))
    }

    fn advice(&self) -> Vec<String> {
        match self {
            Self::WhichStack { help, .. } | Self::Usage { help, .. } => vec![help.clone()],
            Self::NotConfirmed { help, .. } => help.iter().cloned().collect(),
            Self::Forbidden { help, .. } | Self::Locked { help, .. } => help.clone(),
            Self::Unlogged { .. } | Self::NowhereToLog => vec![
                "name a file that can be written: --log FILE (/dev/null keeps no log)".to_owned(),
            ],
            Self::OtherAccount { .. } => vec![
                "use the credentials of that account (--profile, AWS_PROFILE), or change 'account' in the stack"
                    .to_owned(),
            ],
            Self::OtherRegion { .. } => vec![
                "leave --region out, or change 'region' in the stack; a stack of the same name in \
                 another Region is another stack"
                    .to_owned(),
            ],
            Self::Stale { .. } => vec!["make a new plan: trueup plan --out FILE".to_owned()],
            Self::NotAPlan { because, .. } => vec![
                because.clone(),
                "make a new plan: trueup plan --out FILE".to_owned(),
            ],
            Self::Inconsistent(_) => {
                vec!["report this with the command and the stack: it is a fault of trueup".to_owned()]
            }
            Self::Stack { .. }
            | Self::File { .. }
            | Self::Output(_)
            | Self::Input(_)
            | Self::Aws { .. }
            | Self::Sandbox(_)
            | Self::Interrupted => Vec::new(),
        }
    }

    /// The files that the diagnostics have places in.
    pub(crate) fn sources(&self) -> Sources {
        match self {
            Self::Stack { sources, .. } => sources.clone(),
            _ => Sources::new(),
        }
    }
}

/// One sentence a line; a single one on the line that introduces it.
fn indented(sentences: &[String]) -> String {
    match sentences {
        [only] => format!(" {only}"),
        several => format!("\n{}", several.join("\n")),
    }
}

/// The stable word for a class of failures.
fn class(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Throttled => "throttled",
        FailureClass::Unavailable => "unavailable",
        FailureClass::Ambiguous => "no-answer",
        FailureClass::Unreachable => "no-connection",
        FailureClass::NotYet => "not-yet",
        FailureClass::Conflict => "conflict",
        FailureClass::Draining => "draining",
        FailureClass::Exists => "exists",
        FailureClass::Missing => "missing",
        FailureClass::Quota => "quota",
        FailureClass::Capacity => "capacity",
        FailureClass::Credentials => "credentials",
        FailureClass::Denied => "denied",
        FailureClass::Invalid => "invalid",
        FailureClass::Broken => "broken",
        FailureClass::TimedOut => "timed-out",
        FailureClass::Interrupted => "interrupted",
        FailureClass::Internal => "internal",
    }
}

/// What can be done about a class of failures, where AWS's words do not tell.
fn class_advice(class: FailureClass) -> Option<&'static str> {
    match class {
        FailureClass::Credentials => Some(
            "check AWS_PROFILE or --profile, or sign in again ('aws sso login'); \
             'aws sts get-caller-identity' shows whose credentials are in use",
        ),
        FailureClass::Denied => Some(
            "ask for the IAM action above, or use credentials that have it (--profile, --assume-role)",
        ),
        FailureClass::Quota => Some(
            "ask for a higher quota in the Service Quotas console, or delete what is not needed",
        ),
        FailureClass::Capacity => {
            Some("try another availability zone or another size, or try again later")
        }
        FailureClass::Unreachable => Some(
            "check the network, the Region and the endpoint (--region, --endpoint-url), then run the \
             command again",
        ),
        FailureClass::Unavailable | FailureClass::Ambiguous | FailureClass::Throttled => {
            Some("run the command again: it goes on from what exists by then")
        }
        FailureClass::TimedOut => {
            Some("look at the resource in the AWS console; run the command again to go on waiting")
        }
        FailureClass::NotYet
        | FailureClass::Conflict
        | FailureClass::Draining
        | FailureClass::Exists
        | FailureClass::Missing
        | FailureClass::Invalid
        | FailureClass::Broken
        | FailureClass::Interrupted
        | FailureClass::Internal => None,
    }
}

/// A failure of AWS with its own words, its code and its request id.
fn aws(doing: &str, failure: &Failure) -> Diagnostic {
    let message = failure.message.trim_end_matches('.');
    let answer = answer(failure);
    let sentence = format!("cannot {doing}: {message}{answer}");
    let diagnostic = Diagnostic::error(class(failure.class), sentence);
    let diagnostic = failure.help.iter().cloned().fold(diagnostic, Diagnostic::help);
    match class_advice(failure.class) {
        Some(advice) if failure.help.is_empty() => diagnostic.help(advice),
        _ => diagnostic,
    }
}

/// The call, AWS's code and the request id, in parentheses: what a search or a support case needs.
fn answer(failure: &Failure) -> String {
    let id = failure.request_id.as_ref().map(|id| format!("request {id}"));
    let action = Some(failure.action.clone()).filter(|action| !action.is_empty());
    let parts: Vec<String> = [action, failure.code.clone(), id].into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// A step of a plan that failed, at the resource in the stack.
pub(crate) fn step(failed: &trueup_applier::Failed, plan: &Plan) -> Diagnostic {
    let kind = plan.steps.get(failed.step).map(|step| step.kind.to_string());
    let doing = format!("{} {}", failed.verb, failed.address);
    let label = kind.map_or_else(|| "here".to_owned(), |kind| format!("this {kind}"));
    aws(&doing, &failed.failure).at(failed.location.clone()).label(label)
}

/// Steps that AWS goes on with though nobody waits: one note, as none of them failed.
pub(crate) fn left_to_aws(left: &[&trueup_applier::Failed]) -> Option<Diagnostic> {
    let mut lines: Vec<String> = Vec::new();
    let mut help: Vec<&String> = Vec::new();
    for trueup_applier::Failed { verb, address, failure, .. } in left {
        let message = failure.message.trim_start_matches("interrupted: ");
        lines.push(format!("{verb} {address}: {message}"));
        help.extend(failure.help.iter().filter(|line| !help.contains(line)).collect::<Vec<_>>());
    }
    // They end side by side, in any order.
    lines.sort();
    let message = match lines.as_slice() {
        [] => return None,
        lines => format!("interrupted:{}", indented(lines)),
    };
    let note = Diagnostic::error(class(FailureClass::Interrupted), message);
    let note = Diagnostic { severity: trueup_model::Severity::Note, ..note };
    Some(help.into_iter().cloned().fold(note, Diagnostic::help))
}
