//! `prefectl rollback`.

use std::path::PathBuf;

use super::OutputArguments;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  prefectl rollback
  prefectl rollback --force --output json")]
pub(crate) struct RollbackArguments {
    /// Project file of the deploy; the command fails if the deploy used a different file
    #[arg(long, short = 'f', alias = "file", value_name = "FILE")]
    pub(crate) prefect_file: Option<PathBuf>,

    /// Also restore deployments that others have changed since the deploy
    #[arg(long)]
    pub(crate) force: bool,

    /// Do not ask for confirmation
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}
