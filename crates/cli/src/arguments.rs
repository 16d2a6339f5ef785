//! The command line: what the options of every command mean.

#![expect(clippy::doc_markdown, reason = "these comments are the help that users read")]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::audit::AuditOptions;
use crate::commands::{
    apply, completions, destroy, doctor, drift, graph, init, output, plan, reach, schema, show,
    unlock, validate,
};
use crate::context::Context;
use crate::lease::LeaseOptions;

/// Makes an AWS account true to a YAML file, and keeps it true.
///
/// A stack is one YAML file. `plan` reads it and live AWS and says what differs; `apply` makes
/// the difference go away. There is no state file: what exists is read from AWS, and who owns
/// it is written on the resources themselves, as tags.
#[derive(Debug, Parser)]
#[command(
    name = "trueup",
    bin_name = "trueup",
    version,
    after_help = EXAMPLES,
    after_long_help = AFTER_LONG_HELP.as_str(),
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 100,
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  trueup init private-database    write a first stack into this folder
  trueup plan                     what would be done
  trueup apply                    do it, after asking
  trueup drift                    what somebody changed behind the stack's back
  trueup apply --sandbox          try it in a simulated AWS: no account, no cost";

static AFTER_LONG_HELP: std::sync::LazyLock<String> =
    std::sync::LazyLock::new(|| format!("{EXAMPLES}\n\n{}", crate::exit::HELP));

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Init),
    Validate(validate::Validate),
    Plan(plan::Plan),
    Apply(apply::Apply),
    Destroy(destroy::Destroy),
    Drift(drift::Drift),
    Reach(reach::Reach),
    Doctor(doctor::Doctor),
    Unlock(unlock::Unlock),
    Show(show::Show),
    Output(output::Output),
    Graph(graph::Graph),
    Schema(schema::Schema),
    Completions(completions::Completions),
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Set a variable of the stack; may be repeated
    #[arg(long, value_name = "NAME=VALUE", global = true, help_heading = "Variables",
          value_parser = variable)]
    pub(crate) var: Vec<(String, String)>,
    /// Take variables from a YAML file; TRUEUP_VAR_NAME in the environment works too
    #[arg(long, value_name = "FILE", global = true, help_heading = "Variables")]
    pub(crate) var_file: Vec<PathBuf>,

    /// The Region, where the stack does not say it
    #[arg(long, global = true, help_heading = "AWS")]
    pub(crate) region: Option<String>,
    /// A profile of the AWS configuration files
    #[arg(long, global = true, help_heading = "AWS")]
    pub(crate) profile: Option<String>,
    /// The ARN of a role to take on
    #[arg(long, value_name = "ARN", global = true, help_heading = "AWS")]
    pub(crate) assume_role: Option<String>,
    /// Another endpoint for every service, such as an emulator's
    #[arg(long, value_name = "URL", global = true, help_heading = "AWS")]
    pub(crate) endpoint_url: Option<String>,
    /// Use a simulated AWS, kept in FILE (.trueup/sandbox-STACK.json beside the stack)
    #[arg(long, value_name = "FILE", global = true, help_heading = "AWS",
          num_args = 0..=1, require_equals = true)]
    #[expect(clippy::option_option, reason = "absent, given bare, given with a file")]
    pub(crate) sandbox: Option<Option<PathBuf>>,

    /// Print JSON; what happens over time as JSON lines
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) json: bool,
    /// When to use colours; NO_COLOR in the environment turns them off too
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto, global = true,
          help_heading = "Output")]
    pub(crate) color: When,
    /// Say more: attributes left at their defaults, every API call
    #[arg(short, long, global = true, help_heading = "Output")]
    pub(crate) verbose: bool,
    /// How log lines on standard error look (errors, and API calls with --verbose)
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = LogFormat::Text, global = true,
          help_heading = "Output")]
    pub(crate) log_format: LogFormat,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// Which stack a command is about.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct StackFile {
    /// The stack file; by default the only one in this folder
    #[arg(value_name = "STACK")]
    pub(crate) stack: Option<PathBuf>,
}

/// What a plan may do that it does not do by itself.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Permissions {
    /// Allow deleting or replacing this resource although it holds data; may be repeated
    #[arg(long, value_name = "ADDRESS", help_heading = "Guards")]
    pub(crate) allow_data_loss: Vec<trueup_model::Address>,
    /// Allow deleting more than 30 % of ten or more resources
    #[arg(long, help_heading = "Guards")]
    pub(crate) allow_mass_delete: bool,
    /// Refuse a plan that disrupts more than this
    #[arg(long, value_enum, value_name = "LEVEL", help_heading = "Guards")]
    pub(crate) max_disruption: Option<MaxDisruption>,
}

/// What every command takes that changes AWS.
#[derive(Debug, Args)]
pub(crate) struct Changing {
    /// Do it without asking
    #[arg(short, long, visible_alias = "auto-approve")]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) permissions: Permissions,
    #[command(flatten)]
    lease: LeaseOptions,
    /// Do not wait for what AWS removes only a while after a delete: exit 6, run it again later
    #[arg(long)]
    no_wait_tail: bool,
    #[command(flatten)]
    audit: AuditOptions,
}

impl Changing {
    /// Says how it is to be done, before anything is read; `makes` is whether anything may be made.
    pub(crate) fn announce(&self, context: &mut Context, makes: bool) {
        context.wait_for_tail = !self.no_wait_tail;
        context.want_audit(&self.audit);
        context.want_lease(&self.lease, makes);
    }
}

/// The levels of `--max-disruption`, the strictest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum MaxDisruption {
    /// Nobody notices
    None,
    /// Seconds: a restart, a failover, dropped connections
    Brief,
    /// Something is away while the change lasts
    Outage,
    /// Data may be lost
    DataLoss,
}

impl From<MaxDisruption> for trueup_model::Disruption {
    fn from(level: MaxDisruption) -> Self {
        match level {
            MaxDisruption::None => Self::None,
            MaxDisruption::Brief => Self::Brief,
            MaxDisruption::Outage => Self::Outage,
            MaxDisruption::DataLoss => Self::DataLoss,
        }
    }
}

impl From<trueup_model::Disruption> for MaxDisruption {
    fn from(level: trueup_model::Disruption) -> Self {
        match level {
            trueup_model::Disruption::None => Self::None,
            trueup_model::Disruption::Brief => Self::Brief,
            trueup_model::Disruption::Outage => Self::Outage,
            trueup_model::Disruption::DataLoss => Self::DataLoss,
        }
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if trueup_model::address::is_name(name) => {
            Ok((name.to_owned(), value.to_owned()))
        }
        Some((name, _)) => Err(format!(
            "'{name}' is not a name: lower-case letters, digits and '_', a letter first"
        )),
        None => Err("write NAME=VALUE".to_owned()),
    }
}
