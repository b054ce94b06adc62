//! Arguments of `prefectl flow`.

use std::path::PathBuf;

use clap::Subcommand;

use super::{OutputFormat, PythonArguments};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum FlowCommand {
    /// List the flows in files and directories
    #[command(after_help = "Examples:
  prefectl flow ls
  prefectl flow ls flows/ --output json")]
    Ls {
        /// Files and directories to search; files ignored by Git are skipped
        #[arg(value_name = "PATH", default_value = ".")]
        paths: Vec<PathBuf>,

        /// Format of the result
        #[arg(long, short, value_name = "FORMAT", default_value = "text", ignore_case = true)]
        output: OutputFormat,
    },

    /// Show a flow's name, description, version and parameters
    #[command(after_help = "Example:
  prefectl flow inspect flows/hello.py:hello")]
    Inspect {
        /// Entrypoint: `path/to/file.py:function` or `package.module.function`
        entrypoint: String,

        #[command(flatten)]
        python: PythonArguments,

        /// Format of the result
        #[arg(long, short, value_name = "FORMAT", default_value = "text", ignore_case = true)]
        output: OutputFormat,
    },
}
