//! `prefectl deploy`, `prefectl plan` and what else compares the file with the server.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::ValueEnum;

use super::{OutputFormat, REPEATED, SelectionArguments};
use crate::deploy::OnError;

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

    /// What a deployment that cannot be written means: `stop`, `continue` with the others, or `rollback` of those that
    /// were written
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "stop",
        hide_possible_values = true,
        help_heading = "Writing"
    )]
    pub(crate) on_error: OnErrorOption,

    /// Go on with what the last deploy from this directory did not finish
    #[arg(long, conflicts_with_all = ["all", "name", "entrypoint", "plan", "dry_run"], help_heading = "Writing")]
    pub(crate) resume: bool,

    /// How many requests may be sent to the server in a minute
    #[arg(long, value_name = "N", help_heading = "Writing")]
    pub(crate) max_requests_per_minute: Option<NonZeroUsize>,

    #[command(flatten)]
    pub(crate) ownership: OwnershipArguments,

    /// Tell what happens on standard error for programs, as JSON objects a line each
    #[arg(long, value_name = "FORMAT")]
    pub(crate) events: Option<EventFormat>,

    /// Format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,
}

/// How events are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum EventFormat {
    Jsonl,
}

/// What a failure does to the other deployments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnErrorOption {
    Stop,
    Continue,
    Rollback,
}

impl From<OnErrorOption> for OnError {
    fn from(option: OnErrorOption) -> Self {
        match option {
            OnErrorOption::Stop => Self::Stop,
            OnErrorOption::Continue => Self::Continue,
            OnErrorOption::Rollback => Self::Rollback,
        }
    }
}

// What belongs to a project, and what goes when its file no longer has it.
#[derive(Debug, clap::Args)]
pub(crate) struct OwnershipArguments {
    /// The id of the project, which its deployments are recorded under [setting: `prefectl.project`, `PREFECTL_PROJECT`]
    #[arg(long, value_name = "ID", help_heading = "Project")]
    pub(crate) project: Option<String>,

    /// Delete the deployments that this project registered and no longer declares; needs a project id
    #[arg(long, requires = "all", help_heading = "Project")]
    pub(crate) prune: bool,

    /// How many deployments `--prune` may delete; more are an error, before anything is written
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Project")]
    pub(crate) max_deletes: usize,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  prefectl plan --all
  prefectl plan --all --detailed-exitcode --output markdown > plan.md
  prefectl plan --all --output html > plan.html")]
pub(crate) struct PlanArguments {
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,

    #[command(flatten)]
    pub(crate) ownership: OwnershipArguments,

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
    /// One page for a browser, with the steps as a picture and a search
    Html,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  prefectl render --all
  prefectl render -n 'hello/*' --output json")]
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
