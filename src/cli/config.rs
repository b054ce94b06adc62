//! Arguments of `prefectl config`.

use clap::Subcommand;

use super::OutputFormat;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum ConfigCommand {
    /// Show the effective settings and their sources
    View(ConfigViewArguments),

    /// Set settings in the current profile
    #[command(after_help = "Example:
  prefectl config set PREFECT_API_URL=http://127.0.0.1:4200/api")]
    Set {
        /// Settings as NAME=VALUE
        #[arg(required = true, value_name = "NAME=VALUE")]
        settings: Vec<String>,
    },

    /// Remove settings from the current profile
    #[command(after_help = "Example:
  prefectl config unset PREFECT_API_URL --yes")]
    Unset {
        /// Names of the settings
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,

        /// Do not ask for confirmation
        #[arg(long, short)]
        yes: bool,
    },

    /// Check the current profile and rename deprecated settings
    #[command(after_help = "Example:
  prefectl config validate")]
    Validate,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  prefectl config view
  prefectl config view --show-defaults --hide-sources")]
pub(crate) struct ConfigViewArguments {
    /// Also show settings that have their default values
    #[arg(long, overrides_with = "hide_defaults")]
    pub(crate) show_defaults: bool,

    #[arg(long, hide = true)]
    hide_defaults: bool,

    /// Show where the value of each setting comes from; this is the default
    #[arg(long, overrides_with = "hide_sources")]
    show_sources: bool,

    /// Do not show where the values of settings come from
    #[arg(long, overrides_with = "show_sources")]
    pub(crate) hide_sources: bool,

    /// Show the values of secret settings
    #[arg(long, overrides_with = "hide_secrets")]
    pub(crate) show_secrets: bool,

    #[arg(long, hide = true)]
    hide_secrets: bool,

    /// Format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text", ignore_case = true)]
    pub(crate) output: OutputFormat,
}
