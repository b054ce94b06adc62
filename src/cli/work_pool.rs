//! `prefectl work-pool`.

use std::path::PathBuf;

use clap::Subcommand;

use super::OutputFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum WorkPoolCommand {
    /// Create a work pool
    Create(CreateArguments),

    /// List work pools
    Ls {
        /// Format of the result
        #[arg(long, short, value_name = "FORMAT", default_value = "text")]
        output: OutputFormat,
    },

    /// Show a work pool
    Inspect {
        /// Name of the work pool
        name: String,

        /// Format of the result
        #[arg(long, short, value_name = "FORMAT", default_value = "text")]
        output: OutputFormat,
    },

    /// Print the base job template that a new work pool of a type starts with, as JSON
    GetDefaultBaseJobTemplate {
        /// Type of the work pool, such as kubernetes, docker or process
        #[arg(long = "type", short, value_name = "TYPE")]
        kind: Option<String>,

        /// Write to this file in place of standard output
        #[arg(long, short, value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct CreateArguments {
    /// Name of the work pool
    pub(crate) name: String,

    /// Type of the work pool, such as kubernetes, docker or process
    #[arg(long = "type", short, value_name = "TYPE")]
    pub(crate) kind: Option<String>,

    /// JSON file with the base job template
    #[arg(long, value_name = "FILE")]
    pub(crate) base_job_template: Option<PathBuf>,

    /// Create the work pool paused
    #[arg(long)]
    pub(crate) paused: bool,

    /// Change the work pool if it exists; only what is given is changed
    #[arg(long)]
    pub(crate) overwrite: bool,
}
