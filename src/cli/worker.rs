//! `prefectl worker`.

use clap::Subcommand;

use super::OutputArguments;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum WorkerCommand {
    /// List the workers of a work pool, with their health
    #[command(after_help = "Example:
  prefectl worker ls -p kubernetes")]
    Ls {
        /// The work pool
        #[arg(long, short, value_name = "POOL")]
        pool: String,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Print the values.yaml with which the official Helm chart runs a worker for a work pool
    #[command(after_help = "Example:
  prefectl worker values -p kubernetes > values.yaml
  helm repo add prefect https://prefecthq.github.io/prefect-helm
  helm install prefect-worker prefect/prefect-worker --namespace prefect -f values.yaml")]
    Values(ValuesArguments),
}

#[derive(Debug, clap::Args)]
pub(crate) struct ValuesArguments {
    /// The work pool
    #[arg(long, short, value_name = "POOL")]
    pub(crate) pool: String,

    /// Namespace of the worker
    #[arg(long, value_name = "NAME", default_value = "prefect")]
    pub(crate) namespace: String,

    /// Image of the worker
    #[arg(long, value_name = "IMAGE", default_value = "prefecthq/prefect:3-latest-kubernetes")]
    pub(crate) image: String,

    /// API as the cluster reaches it, where that is another address than yours
    #[arg(long, value_name = "URL")]
    pub(crate) api_url: Option<String>,
}
