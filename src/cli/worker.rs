//! Arguments of `prefectl worker`.

use std::path::PathBuf;

use clap::Subcommand;

use super::{EnvironmentOption, OutputArguments, REPEATED};
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
    #[command(after_help = "Examples:
  prefectl worker manifest -p kubernetes > worker.yaml
  prefectl worker manifest --for-pool kubernetes --api-url http://prefect-server:4200/api > worker.yaml")]
    Manifest(ManifestArguments),
}

// Options of a worker that runs in a Kubernetes cluster.
#[derive(Debug, clap::Args)]
pub(crate) struct WorkerArguments {
    /// Name of a work pool on the server
    #[arg(
        long,
        short,
        value_name = "POOL",
        required_unless_present = "for_pool",
        conflicts_with = "for_pool"
    )]
    pub(crate) pool: Option<String>,

    /// Name of a work pool that the project file declares; no server is needed
    #[arg(long, value_name = "POOL")]
    pub(crate) for_pool: Option<String>,

    /// Project file [default: prefect.yaml]
    #[arg(long, short = 'f', alias = "file", action = REPEATED, value_name = "FILE", requires = "for_pool")]
    pub(crate) prefect_file: Vec<PathBuf>,

    /// Environment whose values override the project file, such as `prod` for prefect.prod.yaml
    #[arg(long, value_name = "NAME", env = "PREFECTL_ENV")]
    pub(crate) env: Option<EnvironmentOption>,

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

    /// Name of the Kubernetes objects; must be unique in the namespace
    #[arg(long, value_name = "NAME", default_value = "prefect-worker")]
    pub(crate) name: KubernetesName,
}
