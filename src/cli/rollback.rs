//! `prefectl rollback`.

use std::path::PathBuf;

use super::{OutputArguments, REPEATED};
use crate::project::ProjectFiles;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  prefectl rollback
  prefectl rollback --force --output json")]
pub(crate) struct RollbackArguments {
    /// Project file of the deploy; the command fails if the deploy used a different file; repeatable
    #[arg(long, short = 'f', alias = "file", action = REPEATED, value_name = "FILE")]
    prefect_file: Vec<PathBuf>,

    /// Also restore deployments that someone else has changed since the deploy
    #[arg(long)]
    pub(crate) force: bool,

    /// Do not ask for confirmation
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

impl RollbackArguments {
    /// Returns the project files that the deploy must have used.
    pub(crate) fn files(&self) -> ProjectFiles {
        ProjectFiles::from_arguments(&self.prefect_file)
    }
}
