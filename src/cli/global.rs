//! Options of every command.

use std::path::PathBuf;

use clap::{ArgAction, ValueEnum};

use super::help;

// Options that every command accepts, before or after its name.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = help::GLOBAL_OPTIONS)]
pub(crate) struct GlobalArguments {
    /// Profile from profiles.toml to use (or `-p` before the command)
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// Run in this directory; relative paths and globs are resolved against it
    #[arg(long, global = true, value_name = "DIR", hide_short_help = true)]
    pub(crate) project_dir: Option<PathBuf>,

    /// Prompt for missing values
    #[arg(long, global = true, conflicts_with = "no_prompt", hide_short_help = true)]
    pub(crate) prompt: bool,

    /// Never prompt
    #[arg(long, global = true)]
    pub(crate) no_prompt: bool,

    /// Print only results and errors
    #[arg(long, global = true)]
    pub(crate) quiet: bool,

    /// Print the complete output of steps, and every API request
    #[arg(long, global = true, conflicts_with = "quiet", hide_short_help = true)]
    pub(crate) verbose: bool,

    /// When to use colors
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_short_help = true)]
    pub(crate) color: ColorChoice,

    /// Print the version
    #[arg(long, short = 'v', visible_short_alias = 'V', action = ArgAction::Version)]
    version: Option<bool>,

    /// Pass all following arguments to the command line of the Python package `prefect`; must be the first
    /// argument
    #[arg(long, hide_short_help = true)]
    pub(crate) python_cli: bool,

    /// Exit with code 1 on every failure, like `prefect`
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) compat_exit_codes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    Auto,
    Always,
    Never,
}
