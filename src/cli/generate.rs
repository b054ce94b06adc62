//! Arguments of `prefectl generate`, for packagers.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum GenerateCommand {
    /// Write a manual page for every command
    #[command(after_help = "Example:
  prefectl generate man target/man")]
    Man {
        /// Directory to write to; it is created if it does not exist
        directory: PathBuf,
    },

    /// Write a completion script for every shell
    #[command(after_help = "Example:
  prefectl generate completions target/completions")]
    Completions {
        /// Directory to write to; it is created if it does not exist
        directory: PathBuf,
    },
}
