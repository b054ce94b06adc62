//! `prefectl steps`.

use std::path::PathBuf;

use clap::Subcommand;

use super::{OutputFormat, REPEATED, python::PythonArguments};
use crate::deploy::{Options, Sought};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum StepsCommand {
    /// List the steps that run here
    #[command(after_help = "Example:
  prefectl steps ls")]
    Ls,

    /// Show a step: its inputs with types and defaults, and its outputs
    #[command(after_help = "Example:
  prefectl steps show build_docker_image")]
    Show {
        /// Name of the step; its last part is enough
        name: String,
    },

    /// Run the steps of deployments without registering anything
    ///
    /// Without --build, --push and --pull all of them. Pull steps run as on a worker: in an empty directory, with what
    /// a deploy would store; then the flow is looked for in what they have brought.
    #[command(after_help = "Examples:
  prefectl steps run --build -n hello/default
  prefectl steps run --pull -n hello/default --into /tmp/look
  prefectl steps run --stored -n hello/default")]
    Run(RunStepsArguments),
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunStepsArguments {
    /// Name of a deployment: `name`, `flow/name` or a pattern with `*`; may be repeated
    #[arg(long, short, action = REPEATED, value_name = "NAME", required_unless_present = "all")]
    pub(crate) name: Vec<String>,

    /// The steps of every deployment of the file
    #[arg(long)]
    all: bool,

    /// Run the build steps
    #[arg(long)]
    build: bool,

    /// Run the push steps
    #[arg(long)]
    push: bool,

    /// Run the pull steps, and find the flow in what they bring
    #[arg(long)]
    pull: bool,

    /// Run the pull steps that the server has of FLOW/NAME; the file is not needed
    #[arg(long, conflicts_with_all = ["build", "push", "all", "prefect_file"])]
    pub(crate) stored: bool,

    /// Pull into this directory, which is kept
    #[arg(long, value_name = "DIRECTORY")]
    into: Option<PathBuf>,

    /// The file that describes the deployments
    #[arg(long, value_name = "FILE")]
    prefect_file: Option<PathBuf>,

    /// How many images may be built or pushed at a time
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,

    #[command(flatten)]
    python: PythonArguments,

    /// Format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,
}

impl RunStepsArguments {
    /// The options as the operation takes them.
    pub(crate) fn options(&self) -> Options {
        Options {
            all: self.all,
            names: self.name.clone(),
            prefect_file: self.prefect_file.clone(),
            jobs: self.jobs.into(),
            python: self.python.python_use(),
            ..Options::default()
        }
    }

    pub(crate) fn sought(&self) -> Sought {
        let all = !(self.build || self.push || self.pull);
        Sought {
            build: self.build || all,
            push: self.push || all,
            pull: self.pull || all || self.into.is_some(),
            into: self.into.clone(),
        }
    }
}
