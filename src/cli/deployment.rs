//! `prefectl deployment`.

use clap::Subcommand;

use super::{OutputFormat, REPEATED};

#[derive(Debug, Subcommand)]
pub(crate) enum DeploymentCommand {
    /// Start a run of a deployment
    #[command(after_help = "Examples:
  prefectl deployment run hello/default --watch
  prefectl deployment run hello/default --param name=Marvin --start-in '10 minutes'")]
    Run(Box<RunArguments>),
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArguments {
    /// The deployment: FLOW/NAME
    #[arg(value_name = "FLOW/NAME", conflicts_with = "name_option")]
    name: Option<String>,

    #[arg(long = "name", id = "name_option", hide = true)]
    name_option: Option<String>,

    /// The deployment's id, in place of its name
    #[arg(long, value_name = "UUID")]
    pub(crate) id: Option<uuid::Uuid>,

    /// Parameter, `key=value` with JSON values; may be repeated
    #[arg(long, short, action = REPEATED, value_name = "KEY=VALUE")]
    pub(crate) param: Vec<String>,

    /// Parameters as a JSON object, `@FILE`, or `-` for standard input
    #[arg(long, value_name = "JSON")]
    pub(crate) params: Option<String>,

    /// Job variable, `key=value` with JSON values (also `-jv`); may be repeated
    #[arg(long, action = REPEATED, value_name = "KEY=VALUE")]
    pub(crate) job_variable: Vec<String>,

    /// Tag of the run; may be repeated
    #[arg(long, action = REPEATED)]
    pub(crate) tag: Vec<String>,

    /// Name of the run; `{parameter}` is filled in
    #[arg(long, value_name = "NAME")]
    pub(crate) flow_run_name: Option<String>,

    /// When to start, from now: `10 minutes`, `1h30m`
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(crate) start_in: Option<String>,

    /// When to start: `17:30`, `tomorrow at 9am`, `2026-12-01T17:30:00Z`
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) start_at: Option<String>,

    /// Follow the run to its end, with its logs; the exit code tells how it ended
    #[arg(long, overrides_with = "no_watch")]
    pub(crate) watch: bool,

    #[arg(long, hide = true)]
    no_watch: bool,

    /// Seconds between two looks at the run
    #[arg(long, value_name = "SECONDS", requires = "watch")]
    pub(crate) watch_interval: Option<f64>,

    /// Seconds after which watching ends; the run goes on
    #[arg(long, value_name = "SECONDS", requires = "watch")]
    pub(crate) watch_timeout: Option<f64>,

    /// Format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,
}

impl RunArguments {
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref().or(self.name_option.as_deref())
    }
}
