//! Arguments of `prefectl doctor`.

use std::path::PathBuf;

use super::OutputFormat;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  prefectl doctor
  prefectl doctor --prefect-file deploy/prod.yaml --output json")]
pub(crate) struct DoctorArguments {
    /// Project file to check
    #[arg(long, short = 'f', alias = "file", value_name = "FILE", default_value = "prefect.yaml")]
    pub(crate) prefect_file: PathBuf,

    /// Format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,
}
