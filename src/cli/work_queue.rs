//! Arguments of `prefectl work-queue`.

use clap::Subcommand;

use super::{ConsentArguments, OutputArguments, number, shared::LongHelpOption};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum WorkQueueCommand {
    /// List work queues
    #[command(after_help = "Example:
  prefectl work-queue ls -p kubernetes")]
    Ls {
        /// List only queues in this work pool
        #[arg(long, short, value_name = "POOL")]
        pool: Option<String>,

        /// List only queues whose names start with this prefix
        #[arg(long = "match", short = 'm', value_name = "PREFIX")]
        prefix: Option<String>,

        #[command(flatten)]
        output: OutputArguments,

        /// Accepted for compatibility; `inspect` always shows all fields
        #[arg(short = 'v', hide = true)]
        in_full: bool,
    },

    /// Create a work queue
    #[command(after_help = "Example:
  prefectl work-queue create high -p kubernetes --priority 1 --limit 10")]
    Create {
        /// Name of the queue
        name: String,

        /// Work pool that contains the queue [default: the default work pool]
        #[arg(long, short, value_name = "POOL")]
        pool: Option<String>,

        /// Maximum number of concurrent runs
        #[arg(long, short, value_name = "N", value_parser = number::unsigned::<u32>)]
        limit: Option<u32>,

        /// Priority within the work pool; 1 is the highest
        #[arg(long, short = 'q', value_name = "N", value_parser = number::unsigned::<u32>)]
        priority: Option<u32>,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Show a work queue and its status
    #[command(after_help = "Example:
  prefectl work-queue inspect high -p kubernetes")]
    Inspect {
        #[command(flatten)]
        which: WhichQueue,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Delete a work queue
    #[command(after_help = "Example:
  prefectl work-queue delete high -p kubernetes --yes")]
    Delete {
        #[command(flatten)]
        which: WhichQueue,

        #[command(flatten)]
        consent: ConsentArguments,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Set the concurrency limit of a work queue
    #[command(after_help = "Example:
  prefectl work-queue set-concurrency-limit high 5 -p kubernetes")]
    SetConcurrencyLimit {
        #[command(flatten)]
        which: WhichQueue,

        /// Maximum number of concurrent runs
        #[arg(value_name = "N", value_parser = number::unsigned::<u32>)]
        limit: u32,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Remove the concurrency limit of a work queue
    #[command(after_help = "Example:
  prefectl work-queue clear-concurrency-limit high -p kubernetes")]
    ClearConcurrencyLimit {
        #[command(flatten)]
        which: WhichQueue,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// List the scheduled runs of a work queue
    #[command(disable_help_flag = true)]
    #[command(after_help = "Example:
  prefectl work-queue preview high -p kubernetes --hours 12")]
    Preview {
        #[command(flatten)]
        which: WhichQueue,

        /// Number of hours to look ahead
        #[arg(long, short = 'h', default_value_t = 1, value_name = "N", value_parser = number::unsigned::<u32>)]
        hours: u32,

        #[command(flatten)]
        output: OutputArguments,

        #[command(flatten)]
        help: LongHelpOption,
    },

    /// Pause a work queue
    #[command(after_help = "Example:
  prefectl work-queue pause high -p kubernetes")]
    Pause {
        #[command(flatten)]
        which: WhichQueue,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Resume a work queue
    #[command(after_help = "Example:
  prefectl work-queue resume high -p kubernetes")]
    Resume {
        #[command(flatten)]
        which: WhichQueue,

        #[command(flatten)]
        output: OutputArguments,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct WhichQueue {
    /// Name or ID of the queue
    #[arg(value_name = "QUEUE")]
    pub(crate) name: String,

    /// Work pool that contains the queue [default: the default work pool, or the only pool that has the queue]
    #[arg(long, short, value_name = "POOL")]
    pub(crate) pool: Option<String>,
}
