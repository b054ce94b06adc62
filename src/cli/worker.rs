//! Arguments of `prefectl worker`.

use clap::Subcommand;

use super::OutputArguments;
use crate::work_pool::KubernetesName;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum WorkerCommand {
    /// List the workers of a work pool
    #[command(after_help = "Example:
  prefectl worker ls -p kubernetes")]
    Ls {
        /// Name of the work pool
        #[arg(long, short, value_name = "POOL")]
        pool: String,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Print values for the official Helm chart of Prefect workers
    #[command(after_help = "Example:
  prefectl worker values -p kubernetes > values.yaml
  helm repo add prefect https://prefecthq.github.io/prefect-helm
  helm install prefect-worker prefect/prefect-worker --namespace prefect -f values.yaml")]
    Values(WorkerArguments),

    /// Print Kubernetes objects that run a worker without Helm
    #[command(after_help = "Example:
  prefectl worker manifest -p kubernetes > worker.yaml
  kubectl apply -f worker.yaml")]
    Manifest(ManifestArguments),
}

// Options of a worker that runs in a Kubernetes cluster.
#[derive(Debug, clap::Args)]
pub(crate) struct WorkerArguments {
    /// Name of the work pool
    #[arg(long, short, value_name = "POOL")]
    pub(crate) pool: String,

    /// Kubernetes namespace of the worker
    #[arg(long, value_name = "NAME", default_value = "prefect")]
    pub(crate) namespace: KubernetesName,

    /// Container image of the worker
    #[arg(long, value_name = "IMAGE", default_value = "prefecthq/prefect:3-latest-kubernetes")]
    pub(crate) image: String,

    /// API URL that is reachable from the cluster, if it differs from the configured API URL
    #[arg(long, value_name = "URL")]
    pub(crate) api_url: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ManifestArguments {
    #[command(flatten)]
    pub(crate) worker: WorkerArguments,

    /// Name of the Kubernetes objects, which must be unique in the namespace
    #[arg(long, value_name = "NAME", default_value = "prefect-worker")]
    pub(crate) name: KubernetesName,
}
