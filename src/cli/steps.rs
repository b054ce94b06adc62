//! `prefectl steps`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum StepsCommand {
    /// List the steps that run here
    Ls,

    /// Show a step: its inputs with types and defaults, and its outputs
    Show {
        /// Name of the step; its last part is enough
        name: String,
    },
}
