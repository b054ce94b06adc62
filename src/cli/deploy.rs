//! Arguments of `prefectl deploy`, `plan`, `render`, `drift` and `export`.

use std::{ffi::OsString, num::NonZeroUsize, path::PathBuf};

use clap::ValueEnum;

use super::{OutputFormat, REPEATED, SelectionArguments};
use crate::deployment::OnError;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  prefectl deploy --all
  prefectl deploy -n hello/default
  prefectl deploy -n 'hello/*' --tag nightly
  prefectl deploy --select tag:etl --select 'path:services/billing/**'
  prefectl deploy --select changed:origin/main...HEAD --preview pr-123
  prefectl deploy flows/hello.py:hello -n default -p my-pool --cron '0 6 * * *'")]
pub(crate) struct DeployArguments {
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,

    /// Apply a plan saved by `prefectl plan --out`; fails if the plan is out of date
    #[arg(long, value_name = "FILE", conflicts_with_all = ["select", "preview"], help_heading = "Checks")]
    pub(crate) plan: Option<PathBuf>,

    /// Before writing anything, run the pull steps and check that they provide the flows
    #[arg(long, help_heading = "Checks")]
    pub(crate) verify_pull: bool,

    /// Show what would change without deploying, like `prefectl plan`
    #[arg(long, conflicts_with = "plan", help_heading = "Checks")]
    pub(crate) dry_run: bool,

    /// Action if a deployment cannot be written: `stop`, `continue` with the other deployments, or `rollback`
    /// the deployments written so far
    #[arg(
        long,
        value_name = "ACTION",
        default_value = "stop",
        hide_possible_values = true,
        help_heading = "Writing"
    )]
    pub(crate) on_error: OnErrorOption,

    /// Continue the last unfinished deploy of this directory
    #[arg(long, conflicts_with_all = ["all", "name", "select", "preview", "entrypoint", "plan", "dry_run"], help_heading = "Writing")]
    pub(crate) resume: bool,

    /// Maximum number of API requests per minute
    #[arg(long, value_name = "N", help_heading = "Writing")]
    pub(crate) max_requests_per_minute: Option<NonZeroUsize>,

    #[command(flatten)]
    pub(crate) ownership: OwnershipArguments,

    /// Write progress events to stderr as JSON, with one object per line
    #[arg(long, value_name = "FORMAT")]
    pub(crate) events: Option<EventFormat>,

    /// Format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,
}

/// Format of progress events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum EventFormat {
    Jsonl,
}

/// The action taken for the other deployments if a deployment fails.
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

// Options for ownership of deployments, and for pruning deployments that the file no longer declares.
#[derive(Debug, clap::Args)]
pub(crate) struct OwnershipArguments {
    /// ID of the project that owns the deployments [setting: `prefectl.project`, `PREFECTL_PROJECT`]
    #[arg(long, value_name = "ID", help_heading = "Project")]
    pub(crate) project: Option<String>,

    /// Delete deployments and resources of this project that are no longer in prefect.yaml; requires a project ID
    #[arg(long, requires = "all", conflicts_with_all = ["select", "preview"], help_heading = "Project")]
    pub(crate) prune: bool,

    /// Maximum number of deployments and resources that `--prune` may delete; the deploy fails before any write if there
    /// are more
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Project")]
    pub(crate) max_deletes: usize,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  prefectl plan --all
  prefectl plan --select 'tag:etl,!pool:gpu' --why
  prefectl plan --all --detailed-exitcode --output markdown > plan.md
  prefectl plan --all --output html > plan.html")]
pub(crate) struct PlanArguments {
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,

    #[command(flatten)]
    pub(crate) ownership: OwnershipArguments,

    /// Show why each deployment was selected
    #[arg(long, help_heading = "Plan")]
    pub(crate) why: bool,

    /// Exit with code 10 if the plan contains changes
    #[arg(long, help_heading = "Plan")]
    pub(crate) detailed_exitcode: bool,

    /// Save the plan to this file for `prefectl deploy --plan`; secrets are redacted
    #[arg(long, value_name = "FILE", help_heading = "Plan")]
    pub(crate) out: Option<PathBuf>,

    /// Print the API requests without connecting to a server, like `prefectl render`
    #[arg(long, conflicts_with_all = ["detailed_exitcode", "out"], help_heading = "Plan")]
    pub(crate) offline: bool,

    /// Format of the plan
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: PlanFormat,
}

/// Format of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum PlanFormat {
    Text,
    Json,
    /// Markdown for a pull request comment
    Markdown,
    /// A self-contained HTML page with a search field and a diagram of the steps
    Html,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  prefectl render --all
  prefectl render -n 'hello/*' --output json
  prefectl render --all --env prod --explain")]
pub(crate) struct RenderArguments {
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,

    /// Print each value with the file, line and column that set it
    #[arg(long)]
    pub(crate) explain: bool,

    /// Format of the requests
    #[arg(long, short, value_name = "FORMAT", default_value = "yaml")]
    pub(crate) output: RenderFormat,
}

/// Format of request bodies.
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

    /// Also report differences in fields that `ignore_changes` lists
    #[arg(long)]
    pub(crate) include_ignored: bool,

    /// ID of the project that owns the deployments; warns if another project has registered an object that differs
    /// [setting: `prefectl.project`, `PREFECTL_PROJECT`]
    #[arg(long, value_name = "ID")]
    pub(crate) project: Option<String>,

    /// Format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  prefectl export > prefect.yaml
  prefectl export -n 'hello/*' --out hello.yaml
  prefectl export --resources --out prefect.yaml")]
pub(crate) struct ExportArguments {
    /// Name of a deployment to export: `name`, `flow/name` or a pattern with `*`; repeatable [default: all]
    #[arg(long, short, action = REPEATED, value_name = "NAME")]
    pub(crate) name: Vec<String>,

    /// Also export work pools, variables, concurrency limits, automations and blocks, without their secrets
    #[arg(long)]
    pub(crate) resources: bool,

    /// Write the result to this file instead of stdout; the file must not exist
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

/// Returns the command line that applies the plan created with `arguments`. The first argument is the program
/// name.
pub(crate) fn deploy_command(arguments: &[OsString]) -> String {
    const ONLY_FOR_PLANS: [&str; 3] = ["--detailed-exitcode", "--offline", "--why"];
    const WITH_VALUE: [&str; 3] = ["--output", "-o", "--out"];
    let mut words = vec!["prefectl".to_owned()];
    let mut rest = arguments.iter().skip(1).map(|argument| argument.to_string_lossy());
    let mut is_after_command = false;
    while let Some(word) = rest.next() {
        match word.split('=').next().unwrap_or_default() {
            "plan" if !is_after_command => {
                is_after_command = true;
                words.push("deploy".to_owned());
            }
            name if ONLY_FOR_PLANS.contains(&name) => {}
            name if WITH_VALUE.contains(&name) => {
                if !word.contains('=') {
                    rest.next();
                }
            }
            name if name.starts_with("-o") => {}
            _ => words.push(shell_word(&word)),
        }
    }
    words.join(" ")
}

/// Quotes a word for a POSIX shell, if quoting is necessary.
fn shell_word(word: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "/_-.,+=:@".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_the_options_of_a_plan() {
        for (plan, deploy) in [
            (&["plan", "--all"][..], "prefectl deploy --all"),
            (
                &["--profile", "dev", "plan", "-n", "etl/*", "-f", "a b.yaml"],
                "prefectl --profile dev deploy -n 'etl/*' -f 'a b.yaml'",
            ),
            (
                &["plan", "--all", "-o", "text", "--detailed-exitcode", "-p", "k8s"],
                "prefectl deploy --all -p k8s",
            ),
            (
                &["plan", "--output=text", "-n", "plan", "--param", "a=it's"],
                r"prefectl deploy -n plan --param 'a=it'\''s'",
            ),
            (&["plan", "-otext"], "prefectl deploy"),
        ] {
            let arguments: Vec<OsString> =
                [&["prefectl"], plan].concat().into_iter().map(OsString::from).collect();
            assert_eq!(deploy_command(&arguments), deploy);
        }
    }
}
