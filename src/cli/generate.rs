//! `prefectl generate`, for those who make packages.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum GenerateCommand {
    /// Write a manual page for each command
    #[command(after_help = "Example:
  prefectl generate man target/man")]
    Man {
        /// Where to write them; the folder is made if it is not there
        directory: PathBuf,
    },

    /// Write the script that completes commands, for each shell
    #[command(after_help = "Example:
  prefectl generate completions target/completions")]
    Completions {
        /// Where to write them; the folder is made if it is not there
        directory: PathBuf,
    },
}
