//! Arguments of `prefectl destroy`.

use std::path::PathBuf;

use super::{ConsentArguments, EnvironmentOption, OutputArguments, PythonArguments, REPEATED};
use crate::{
    deployment::{Options, Selector},
    project::ProjectFiles,
};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  prefectl destroy --all --yes
  prefectl destroy -n hello/default")]
pub(crate) struct DestroyArguments {
    /// Delete all deployments and declared resources in the file
    #[arg(long, conflicts_with = "name", required_unless_present_any = ["name", "select"])]
    all: bool,

    /// Name of a deployment to delete: `name`, `flow/name` or a pattern with `*`; repeatable
    #[arg(long, short, action = REPEATED, value_name = "NAME")]
    name: Vec<String>,

    /// Delete only deployments that meet conditions such as `tag:etl,!pool:gpu`; repeat the option for alternatives
    #[arg(long, action = REPEATED, value_name = "EXPR")]
    select: Vec<Selector>,

    /// Project file: a path, a glob such as `services/**/prefect.yaml`, or `-` for stdin; repeatable [default:
    /// prefect.yaml]
    #[arg(long, short = 'f', alias = "file", action = REPEATED, value_name = "FILE")]
    prefect_file: Vec<PathBuf>,

    /// Environment whose values override the project file, such as `prod` for prefect.prod.yaml
    #[arg(long, value_name = "NAME", env = "PREFECTL_ENV")]
    env: Option<EnvironmentOption>,

    /// ID of the project that owns the deployments [setting: `prefectl.project`, `PREFECTL_PROJECT`]
    #[arg(long, value_name = "ID")]
    pub(crate) project: Option<String>,

    #[command(flatten)]
    python: PythonArguments,

    #[command(flatten)]
    pub(crate) consent: ConsentArguments,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

impl DestroyArguments {
    /// Converts the arguments to options that select the deployments to delete.
    pub(crate) fn options(&self) -> Options {
        Options {
            all: self.all,
            resources: self.all && self.select.is_empty(),
            names: self.name.clone(),
            selectors: self.select.clone(),
            files: ProjectFiles::from_arguments(&self.prefect_file),
            environment: EnvironmentOption::selected(self.env.as_ref()),
            python: self.python.python_use(),
            ..Options::default()
        }
    }
}
