//! `prefectl work-queue`.

use clap::Subcommand;

use super::OutputArguments;

#[derive(Debug, Subcommand)]
pub(crate) enum WorkQueueCommand {
    /// List work queues
    Ls {
        /// Queues of this work pool; of all if not given
        #[arg(long, short, value_name = "POOL")]
        pool: Option<String>,

        /// Only queues whose names start so
        #[arg(long = "match", short = 'm', value_name = "PREFIX")]
        prefix: Option<String>,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Create a work queue
    Create {
        /// Name of the queue
        name: String,

        /// Work pool of the queue; the default work pool of the settings if not given
        #[arg(long, short, value_name = "POOL")]
        pool: Option<String>,

        /// How many runs of the queue may run at a time
        #[arg(long, short, value_name = "N")]
        limit: Option<u32>,

        /// Priority among the pool's queues; 1 is the highest
        #[arg(long, short = 'q', value_name = "N")]
        priority: Option<u32>,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Pause a work queue
    Pause {
        #[command(flatten)]
        which: WhichQueue,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Resume a work queue
    Resume {
        #[command(flatten)]
        which: WhichQueue,

        #[command(flatten)]
        output: OutputArguments,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct WhichQueue {
    /// Name of the queue
    pub(crate) name: String,

    /// Work pool of the queue; the default work pool of the settings if not given
    #[arg(long, short, value_name = "POOL")]
    pub(crate) pool: Option<String>,
}
