//! Arguments of `prefectl flow-run`.

use clap::Subcommand;

use super::{OutputArguments, REPEATED, number, shared::LongHelpOption};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum FlowRunCommand {
    /// List flow runs, latest first
    #[command(after_help = "Examples:
  prefectl flow-run ls --deployment hello/default --limit 5
  prefectl flow-run ls --state-type FAILED --state-type CRASHED")]
    Ls(ListRunsArguments),

    /// Show a flow run
    #[command(after_help = "Example:
  prefectl flow-run inspect wise-owl")]
    Inspect {
        /// ID or name of the flow run
        #[arg(value_name = "RUN")]
        run: String,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Print the logs of a flow run
    #[command(disable_help_flag = true)]
    #[command(after_help = "Examples:
  prefectl flow-run logs wise-owl
  prefectl flow-run logs wise-owl --tail -n 50")]
    Logs(LogsArguments),

    /// Wait for a flow run to finish and print its logs
    #[command(after_help = "Example:
  prefectl flow-run watch wise-owl --watch-timeout 600")]
    Watch {
        /// ID or name of the flow run
        #[arg(value_name = "RUN")]
        run: String,

        #[command(flatten)]
        times: WatchTimes,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Cancel a flow run
    #[command(after_help = "Example:
  prefectl flow-run cancel wise-owl")]
    Cancel {
        /// ID or name of the flow run
        #[arg(value_name = "RUN")]
        run: String,

        #[command(flatten)]
        output: OutputArguments,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct ListRunsArguments {
    /// Show only runs of this flow; repeatable
    #[arg(long, action = REPEATED, value_name = "NAME")]
    pub(crate) flow_name: Vec<String>,

    /// Show only runs of this deployment; repeatable
    #[arg(long, action = REPEATED, value_name = "FLOW/NAME")]
    pub(crate) deployment: Vec<String>,

    /// Show only runs whose state has this name, such as Late; repeatable
    #[arg(long, action = REPEATED, value_name = "NAME")]
    pub(crate) state: Vec<String>,

    /// Show only runs whose state has this type, such as FAILED; repeatable
    #[arg(long, action = REPEATED, value_name = "TYPE")]
    pub(crate) state_type: Vec<String>,

    /// Maximum number of runs
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = number::unsigned::<usize>)]
    pub(crate) limit: usize,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LogsArguments {
    /// ID or name of the flow run
    #[arg(value_name = "RUN")]
    pub(crate) run: String,

    /// Print only the first lines
    #[arg(long, short = 'h')]
    pub(crate) head: bool,

    /// Print only the last lines
    #[arg(long, short)]
    pub(crate) tail: bool,

    /// Number of log lines to print with --head and --tail [default: 20]
    #[arg(long, short, value_name = "N", value_parser = number::unsigned::<usize>)]
    pub(crate) num_logs: Option<usize>,

    /// Print the newest line first
    #[arg(long, short)]
    pub(crate) reverse: bool,

    #[command(flatten)]
    pub(crate) output: OutputArguments,

    #[command(flatten)]
    help: LongHelpOption,
}

// Options that set the polling interval and the timeout for watching runs.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct WatchTimes {
    /// Polling interval in seconds
    #[arg(long, value_name = "SECONDS", value_parser = number::float)]
    pub(crate) watch_interval: Option<f64>,

    /// Stop watching after this number of seconds; the run continues
    #[arg(long, alias = "timeout", value_name = "SECONDS", value_parser = number::float)]
    pub(crate) watch_timeout: Option<f64>,
}
