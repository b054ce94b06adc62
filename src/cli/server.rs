//! Arguments of `prefectl server`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum ServerCommand {
    /// Start a server in the foreground; requires the Python package `prefect`
    #[command(after_help = "Examples:
  prefectl server start
  prefectl server start --port 4201 --no-ui")]
    Start {
        /// Options passed to `prefect server start`, such as --host, --port and --no-ui
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTION")]
        options: Vec<String>,
    },
}
