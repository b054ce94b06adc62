//! Arguments of `prefectl open`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum OpenCommand {
    /// Open a deployment
    #[command(after_help = "Example:
  prefectl open deployment hello/default")]
    Deployment {
        /// Deployment as FLOW/NAME
        #[arg(value_name = "FLOW/NAME")]
        name: String,
    },

    /// Open a flow run
    #[command(after_help = "Example:
  prefectl open flow-run wise-owl")]
    FlowRun {
        /// ID or name of the flow run
        #[arg(value_name = "RUN")]
        run: String,
    },

    /// Open a work pool
    #[command(after_help = "Example:
  prefectl open work-pool kubernetes")]
    WorkPool {
        /// Name of the work pool
        #[arg(value_name = "POOL")]
        name: String,
    },
}
