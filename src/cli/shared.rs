//! Options shared by many commands.

use clap::{ArgAction, ValueEnum, builder::BoolishValueParser};

/// Output format of a command's result on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum OutputFormat {
    Text,
    Json,
}

/// Output format of an object from the API. Text is YAML, or Python's notation if prefectl replaces Prefect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum ObjectFormat {
    Text,
    Json,
    Yaml,
}

impl From<OutputFormat> for ObjectFormat {
    fn from(format: OutputFormat) -> Self {
        match format {
            OutputFormat::Text => Self::Text,
            OutputFormat::Json => Self::Json,
        }
    }
}

/// A JSON document that has a published schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DocumentKind {
    Check,
    Deploy,
    Drift,
    Events,
    Plan,
    Preview,
}

#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct OutputArguments {
    /// Format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text", ignore_case = true)]
    pub(crate) output: OutputFormat,
}

// The option that confirms an action that cannot be undone.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct ConsentArguments {
    /// Do not ask for confirmation; required if there is no terminal
    #[arg(
        long,
        short = 'y',
        alias = "accept-yes",
        env = "PREFECTL_YES",
        hide_env_values = true,
        value_parser = BoolishValueParser::new()
    )]
    pub(crate) yes: bool,
}

// The option `--help` of commands whose `-h` has the meaning that it has in Prefect. Such a command must disable
// clap's help option.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct LongHelpOption {
    /// Print help
    #[arg(long, action = ArgAction::Help)]
    help: Option<bool>,
}

// This has no doc comment, because clap would show it as the help of every command group.
#[derive(Debug, clap::Args)]
pub(crate) struct Group<C: clap::Subcommand> {
    #[command(subcommand)]
    pub(crate) command: C,
}
