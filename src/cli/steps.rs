//! Arguments of `prefectl steps`.

use std::path::PathBuf;

use clap::Subcommand;

use super::{EnvironmentOption, OutputFormat, REPEATED, python::PythonArguments};
use crate::{build::StepSelection, deployment::Options, project::ProjectFiles};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum StepsCommand {
    /// List the built-in steps
    #[command(after_help = "Example:
  prefectl steps ls")]
    Ls,

    /// Show the inputs and outputs of a step
    #[command(after_help = "Example:
  prefectl steps show build_docker_image")]
    Show {
        /// Name of the step, with or without its module
        name: String,
    },

    /// Run the steps of deployments without deploying
    ///
    /// Runs build, push and pull steps unless --build, --push or --pull is passed. Pull steps run in an empty
    /// directory, as on a worker, with the values that a deploy would store. The pulled code must contain the
    /// flow.
    #[command(after_help = "Examples:
  prefectl steps run --build -n hello/default
  prefectl steps run --pull -n hello/default --into /tmp/look
  prefectl steps run --stored -n hello/default")]
    Run(RunStepsArguments),
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunStepsArguments {
    /// Name of a deployment: `name`, `flow/name` or a pattern with `*`; repeatable
    #[arg(long, short, action = REPEATED, value_name = "NAME", required_unless_present = "all")]
    pub(crate) name: Vec<String>,

    /// Run the steps of all deployments in the file
    #[arg(long)]
    all: bool,

    /// Run the build steps
    #[arg(long)]
    build: bool,

    /// Run the push steps
    #[arg(long)]
    push: bool,

    /// Run the pull steps and check that the pulled code contains the flow
    #[arg(long)]
    pull: bool,

    /// Run the pull steps of FLOW/NAME that are stored on the server; does not require a project file
    #[arg(long, conflicts_with_all = ["build", "push", "all", "prefect_file"])]
    pub(crate) stored: bool,

    /// Directory to pull into; it is kept afterwards
    #[arg(long, value_name = "DIRECTORY")]
    into: Option<PathBuf>,

    /// Project file: a path, a glob such as `services/**/prefect.yaml`, or `-` for stdin; repeatable [default:
    /// prefect.yaml]
    #[arg(long, short = 'f', alias = "file", action = REPEATED, value_name = "FILE")]
    prefect_file: Vec<PathBuf>,

    /// Environment whose values override the project file, such as `prod` for prefect.prod.yaml
    #[arg(long, value_name = "NAME", env = "PREFECTL_ENV")]
    env: Option<EnvironmentOption>,

    /// Maximum number of concurrent image builds and pushes
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,

    #[command(flatten)]
    python: PythonArguments,

    /// Format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,
}

impl RunStepsArguments {
    /// Converts the command-line arguments to the steps to run.
    pub(crate) fn options(&self) -> Options {
        Options {
            all: self.all,
            names: self.name.clone(),
            files: ProjectFiles::from_arguments(&self.prefect_file),
            environment: EnvironmentOption::selected(self.env.as_ref()),
            jobs: self.jobs.into(),
            python: self.python.python_use().with_project_scope(),
            ..Options::default()
        }
    }

    pub(crate) fn step_selection(&self) -> StepSelection {
        let all = !(self.build || self.push || self.pull);
        StepSelection {
            build: self.build || all,
            push: self.push || all,
            pull: self.pull || all || self.into.is_some(),
            into: self.into.clone(),
        }
    }
}
