//! Arguments of `prefectl check` and `prefectl explain`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{EnvironmentOption, REPEATED};
use crate::{
    deployment::{Options, Selector},
    project::ProjectFiles,
};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  prefectl check
  prefectl check deploy/prod.yaml --strict
  prefectl check 'services/**/prefect.yaml'
  prefectl check --diff
  prefectl check --fix
  prefectl check --output github")]
pub(crate) struct CheckArguments {
    /// Project files: paths, globs such as `services/**/prefect.yaml`, or `-` for stdin [default: prefect.yaml]
    #[arg(conflicts_with = "prefect_file")]
    file: Vec<PathBuf>,

    #[arg(long, short = 'f', alias = "file", action = REPEATED, hide = true, value_name = "FILE")]
    prefect_file: Vec<PathBuf>,

    /// Environment whose values override the project file, such as `prod` for prefect.prod.yaml
    #[arg(long, value_name = "NAME", env = "PREFECTL_ENV")]
    env: Option<EnvironmentOption>,

    /// Name of a deployment to check: `name`, `flow/name` or a pattern with `*`; repeatable
    #[arg(long, short, action = REPEATED, value_name = "NAME")]
    name: Vec<String>,

    /// Check only deployments that meet conditions such as `tag:etl,!pool:gpu`; repeat the option for alternatives
    #[arg(long, action = REPEATED, value_name = "EXPR")]
    select: Vec<Selector>,

    /// Fix problems in the project file if the fix is unambiguous; comments are kept
    #[arg(long)]
    pub(crate) fix: bool,

    /// Show what `--fix` would change without changing the file
    #[arg(long)]
    pub(crate) diff: bool,

    /// Treat warnings as errors
    #[arg(long, env = "PREFECTL_STRICT", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) strict: bool,

    /// Format of the findings
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: FindingsFormat,
}

/// Format of the findings; text is written to stderr, all other formats to stdout
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum FindingsFormat {
    Text,
    Json,
    /// Annotations for GitHub Actions
    Github,
    Sarif,
}

impl CheckArguments {
    /// Converts the arguments to options that select the named deployments. Without names, all deployments
    /// are selected.
    pub(crate) fn options(&self) -> Options {
        Options {
            all: self.name.is_empty(),
            resources: true,
            names: self.name.clone(),
            selectors: self.select.clone(),
            files: ProjectFiles::from_arguments(if self.file.is_empty() {
                &self.prefect_file
            } else {
                &self.file
            }),
            environment: EnvironmentOption::selected(self.env.as_ref()),
            strict: self.strict,
            ..Options::default()
        }
    }
}
