//! `prefectl flow-run`.

use clap::Subcommand;

use super::{OutputArguments, REPEATED};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum FlowRunCommand {
    /// List runs, those that start last first
    #[command(after_help = "Examples:
  prefectl flow-run ls --deployment hello/default --limit 5
  prefectl flow-run ls --state-type FAILED --state-type CRASHED")]
    Ls(ListRunsArguments),

    /// Show a run
    #[command(after_help = "Example:
  prefectl flow-run inspect wise-owl")]
    Inspect {
        /// Id or name of the run
        #[arg(value_name = "RUN")]
        run: String,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Print what a run logged
    #[command(after_help = "Examples:
  prefectl flow-run logs wise-owl
  prefectl flow-run logs wise-owl --tail -n 50")]
    Logs(LogsArguments),

    /// Follow a run to its end, with its logs; the exit code tells how it ended
    #[command(after_help = "Example:
  prefectl flow-run watch wise-owl --watch-timeout 600")]
    Watch {
        /// Id or name of the run
        #[arg(value_name = "RUN")]
        run: String,

        #[command(flatten)]
        times: WatchTimes,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Cancel a run
    #[command(after_help = "Example:
  prefectl flow-run cancel wise-owl")]
    Cancel {
        /// Id or name of the run
        #[arg(value_name = "RUN")]
        run: String,

        #[command(flatten)]
        output: OutputArguments,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct ListRunsArguments {
    /// Runs of this flow; may be repeated
    #[arg(long, action = REPEATED, value_name = "NAME")]
    pub(crate) flow_name: Vec<String>,

    /// Runs of this deployment, FLOW/NAME; may be repeated
    #[arg(long, action = REPEATED, value_name = "FLOW/NAME")]
    pub(crate) deployment: Vec<String>,

    /// Runs in a state of this name, such as Late; may be repeated
    #[arg(long, action = REPEATED, value_name = "NAME")]
    pub(crate) state: Vec<String>,

    /// Runs in a state of this type, such as FAILED; may be repeated
    #[arg(long, action = REPEATED, value_name = "TYPE")]
    pub(crate) state_type: Vec<String>,

    /// How many runs to list
    #[arg(long, value_name = "N", default_value_t = 15)]
    pub(crate) limit: usize,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LogsArguments {
    /// Id or name of the run
    #[arg(value_name = "RUN")]
    pub(crate) run: String,

    /// Only the first lines
    #[arg(long, conflicts_with = "tail")]
    pub(crate) head: bool,

    /// Only the last lines
    #[arg(long, short)]
    pub(crate) tail: bool,

    /// How many lines the first or last ones are; 20 if not given
    #[arg(long, short, value_name = "N")]
    pub(crate) num_logs: Option<usize>,

    /// The newest line first
    #[arg(long, short)]
    pub(crate) reverse: bool,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

// How often to look at a run, and for how long.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct WatchTimes {
    /// Seconds between two looks at a run
    #[arg(long, value_name = "SECONDS")]
    pub(crate) watch_interval: Option<f64>,

    /// Seconds after which watching ends; the run goes on
    #[arg(long, alias = "timeout", value_name = "SECONDS")]
    pub(crate) watch_timeout: Option<f64>,
}
