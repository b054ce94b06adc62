//! `prefectl deploy`, `prefectl plan` and what else compares the file with the server.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{OutputFormat, REPEATED, SelectionArguments};

/// Deploy flows
///
/// Runs the build and push steps once for all deployments that share them, and registers the deployments.
/// Everything that can be checked is checked before anything is written.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  prefectl deploy --all
  prefectl deploy -n hello/default
  prefectl deploy -n 'hello/*' --tag nightly
  prefectl deploy flows/hello.py:hello -n default -p my-pool --cron '0 6 * * *'")]
pub(crate) struct DeployArguments {
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,

    /// Deploy only if all is still as in this plan of `prefectl plan --out`; it selects the same deployments
    #[arg(long, value_name = "FILE", help_heading = "Checks")]
    pub(crate) plan: Option<PathBuf>,

    /// Run the pull steps as a worker would, and find the flows in what they bring, before anything is written
    #[arg(long, help_heading = "Checks")]
    pub(crate) verify_pull: bool,

    /// Show what would change and write nothing: the same as `prefectl plan`
    #[arg(long, conflicts_with = "plan", help_heading = "Checks")]
    pub(crate) dry_run: bool,

    /// Format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,
}

/// Show what a deploy would change, and write nothing
///
/// Compares the selected deployments with the server, field by field. No step is run: what depends on the output of
/// one is known after the build.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  prefectl plan --all
  prefectl plan --all --detailed-exitcode --output markdown > plan.md")]
pub(crate) struct PlanArguments {
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,

    /// Exit with 10 if there are changes
    #[arg(long, help_heading = "Plan")]
    pub(crate) detailed_exitcode: bool,

    /// Save the plan in this file as well, for `prefectl deploy --plan`; secrets are not in it
    #[arg(long, value_name = "FILE", help_heading = "Plan")]
    pub(crate) out: Option<PathBuf>,

    /// Compare nothing, and print what would be sent: the same as `prefectl render`
    #[arg(long, conflicts_with_all = ["detailed_exitcode", "out"], help_heading = "Plan")]
    pub(crate) offline: bool,

    /// Format of the plan
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: PlanFormat,
}

/// How a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum PlanFormat {
    Text,
    Json,
    /// For the comment of a pull request
    Markdown,
}

/// Print what a deploy would send, without asking a server
///
/// The bodies of the requests that would create the deployments. Blocks and variables stay as they are written, and
/// what depends on the output of a step is known after the build.
#[derive(Debug, clap::Args)]
pub(crate) struct RenderArguments {
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,

    /// Format of the bodies
    #[arg(long, short, value_name = "FORMAT", default_value = "yaml")]
    pub(crate) output: RenderFormat,
}

/// How request bodies are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum RenderFormat {
    Yaml,
    Json,
}

/// Show what differs on the server from the file
///
/// Exits with 10 if anything does, for a job that runs every night. Also tells of what a deploy would leave as it is,
/// such as schedules that somebody has paused. What depends on steps is not compared.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  prefectl drift --all
  prefectl drift -n 'hello/*' --output json")]
pub(crate) struct DriftArguments {
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,

    /// Format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,
}

/// Write deployments of the server as a prefect.yaml that deploys them as they are
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  prefectl export > prefect.yaml
  prefectl export -n 'hello/*' --out hello.yaml")]
pub(crate) struct ExportArguments {
    /// Name of a deployment: `name`, `flow/name` or a pattern with `*`; may be repeated [default: all]
    #[arg(long, short, action = REPEATED, value_name = "NAME")]
    pub(crate) name: Vec<String>,

    /// Write to this file, which must not exist, instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

impl From<OutputFormat> for PlanFormat {
    fn from(format: OutputFormat) -> Self {
        match format {
            OutputFormat::Text => Self::Text,
            OutputFormat::Json => Self::Json,
        }
    }
}
