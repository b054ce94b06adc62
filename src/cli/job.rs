//! `prefectl job`.

use clap::Subcommand;

use super::{OutputArguments, REPEATED};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum JobCommand {
    /// Show the job that a worker would submit for a run of a deployment
    ///
    /// The base job template of the work pool is filled in with the job variables of the deployment. For a kubernetes
    /// pool that gives the manifest of the Job.
    #[command(after_help = "Examples:
  prefectl job preview hello/default
  prefectl job preview hello/default --job-variable namespace=test --output json")]
    Preview(PreviewArguments),
}

#[derive(Debug, clap::Args)]
pub(crate) struct PreviewArguments {
    /// The deployment: FLOW/NAME
    #[arg(value_name = "FLOW/NAME")]
    pub(crate) name: String,

    /// Job variable of the run, `key=value` with JSON values (also `-jv`); may be repeated
    #[arg(long, action = REPEATED, value_name = "KEY=VALUE")]
    pub(crate) job_variable: Vec<String>,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}
