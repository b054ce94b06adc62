//! Arguments of `prefectl doctor`.

use std::path::PathBuf;

use super::{EnvironmentOption, OutputFormat, REPEATED};
use crate::{deployment::Options, project::ProjectFiles};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  prefectl doctor
  prefectl doctor --prefect-file 'services/**/prefect.yaml' --env prod
  prefectl doctor --prefect-file deploy/prod.yaml --output json")]
pub(crate) struct DoctorArguments {
    /// Project file to check: a path or a glob; repeatable [default: prefect.yaml]
    #[arg(long, short = 'f', alias = "file", action = REPEATED, value_name = "FILE")]
    prefect_file: Vec<PathBuf>,

    /// Environment whose values override the project file, such as `prod` for prefect.prod.yaml
    #[arg(long, value_name = "NAME", env = "PREFECTL_ENV")]
    env: Option<EnvironmentOption>,

    /// Format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,
}

impl DoctorArguments {
    /// Converts the arguments to options that select all deployments.
    pub(crate) fn options(&self) -> Options {
        Options {
            all: true,
            resources: true,
            files: ProjectFiles::from_arguments(&self.prefect_file),
            environment: EnvironmentOption::selected(self.env.as_ref()),
            ..Options::default()
        }
    }
}
