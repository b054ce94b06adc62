//! Options that many commands have.

use clap::{ValueEnum, builder::BoolishValueParser};

/// How a result is written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum OutputFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct OutputArguments {
    /// Format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text", ignore_case = true)]
    pub(crate) output: OutputFormat,
}

// The consent to something that cannot be undone.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct ConsentArguments {
    /// Do it without asking; needed where there is no terminal
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

// No documentation, since that would be the help of every group.
#[derive(Debug, clap::Args)]
pub(crate) struct Group<C: clap::Subcommand> {
    #[command(subcommand)]
    pub(crate) command: C,
}
