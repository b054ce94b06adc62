//! Arguments of `prefectl job`.

use clap::Subcommand;

use super::{OutputArguments, REPEATED};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum JobCommand {
    /// Show the job that a worker would submit for a deployment
    ///
    /// Renders the work pool's base job template with the deployment's job variables. For work pools of type
    /// kubernetes, the result includes the Job manifest.
    #[command(after_help = "Examples:
  prefectl job preview hello/default
  prefectl job preview hello/default --job-variable namespace=test --output json")]
    Preview(PreviewArguments),
}

#[derive(Debug, clap::Args)]
pub(crate) struct PreviewArguments {
    /// Deployment as FLOW/NAME
    #[arg(value_name = "FLOW/NAME")]
    pub(crate) name: String,

    /// Job variable of the run as `key=value`, where the value is JSON (or `-jv`); repeatable
    #[arg(long, action = REPEATED, value_name = "KEY=VALUE")]
    pub(crate) job_variable: Vec<String>,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}
