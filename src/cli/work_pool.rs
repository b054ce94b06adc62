//! `prefectl work-pool`.

use std::path::PathBuf;

use clap::Subcommand;

use super::{ConsentArguments, OutputArguments, REPEATED};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum WorkPoolCommand {
    /// Create a work pool
    #[command(after_help = "Examples:
  prefectl work-pool create kubernetes --type kubernetes --set namespace=prefect --set finished_job_ttl=60
  prefectl work-pool create big --type kubernetes --add-variable cpu_request:string=500m")]
    Create(Box<CreateArguments>),

    /// List work pools
    #[command(after_help = "Examples:
  prefectl work-pool ls
  prefectl work-pool ls --output json")]
    Ls {
        /// Accepted for compatibility: `inspect` shows the base job template
        #[arg(short = 'v', hide = true)]
        with_template: bool,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Show a work pool
    #[command(after_help = "Example:
  prefectl work-pool inspect kubernetes")]
    Inspect {
        /// Name of the work pool
        #[arg(value_name = "POOL")]
        name: String,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Change a work pool; what is not given stays
    #[command(after_help = "Examples:
  prefectl work-pool update kubernetes --set namespace=flows --concurrency-limit 20
  prefectl work-pool update kubernetes --description 'Runs in the cluster'")]
    Update(Box<UpdateArguments>),

    /// Delete a work pool
    #[command(after_help = "Example:
  prefectl work-pool delete kubernetes --yes")]
    Delete {
        /// Name of the work pool
        #[arg(value_name = "POOL")]
        name: String,

        #[command(flatten)]
        consent: ConsentArguments,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Pause a work pool: its workers start no more runs
    #[command(after_help = "Example:
  prefectl work-pool pause kubernetes")]
    Pause {
        /// Name of the work pool
        #[arg(value_name = "POOL")]
        name: String,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Resume a work pool
    #[command(after_help = "Example:
  prefectl work-pool resume kubernetes")]
    Resume {
        /// Name of the work pool
        #[arg(value_name = "POOL")]
        name: String,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Set how many runs of a work pool may run at a time
    #[command(after_help = "Example:
  prefectl work-pool set-concurrency-limit kubernetes 20")]
    SetConcurrencyLimit {
        /// Name of the work pool
        #[arg(value_name = "POOL")]
        name: String,

        /// How many runs
        #[arg(value_name = "N")]
        concurrency_limit: u64,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Remove the concurrency limit of a work pool
    #[command(after_help = "Example:
  prefectl work-pool clear-concurrency-limit kubernetes")]
    ClearConcurrencyLimit {
        /// Name of the work pool
        #[arg(value_name = "POOL")]
        name: String,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// List the runs that wait for a worker of a work pool
    #[command(after_help = "Example:
  prefectl work-pool preview kubernetes --hours 12")]
    Preview {
        /// Name of the work pool
        #[arg(value_name = "POOL")]
        name: String,

        /// How many hours to look ahead
        #[arg(long, value_name = "N", default_value_t = 1)]
        hours: u32,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Cancel the runs that wait for a worker of a work pool and are late
    #[command(after_help = "Example:
  prefectl work-pool clear kubernetes --queue default --yes")]
    Clear {
        /// Name of the work pool
        #[arg(value_name = "POOL")]
        name: String,

        /// Only runs of this work queue
        #[arg(long, short, value_name = "NAME")]
        queue: Option<String>,

        #[command(flatten)]
        consent: ConsentArguments,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Print the base job template that a new work pool of a type starts with, as JSON
    #[command(after_help = "Examples:
  prefectl work-pool get-default-base-job-template --type kubernetes
  prefectl work-pool get-default-base-job-template --type docker --file template.json")]
    GetDefaultBaseJobTemplate {
        /// Type of the work pool, such as kubernetes, docker or process
        #[arg(long = "type", short = 't', value_name = "TYPE")]
        kind: Option<String>,

        /// Write to this file in place of standard output
        #[arg(long, short, value_name = "FILE")]
        file: Option<PathBuf>,
    },

    /// Show how the base job template of a work pool differs from the default of its type
    #[command(after_help = "Example:
  prefectl work-pool diff-template kubernetes")]
    DiffTemplate {
        /// Name of the work pool
        #[arg(value_name = "POOL")]
        name: String,

        #[command(flatten)]
        output: OutputArguments,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct CreateArguments {
    /// Name of the work pool
    #[arg(value_name = "POOL")]
    pub(crate) name: String,

    /// Type of the work pool, such as kubernetes, docker or process
    #[arg(long = "type", short = 't', value_name = "TYPE")]
    pub(crate) kind: Option<String>,

    #[command(flatten)]
    pub(crate) template: TemplateArguments,

    /// Create the work pool paused
    #[arg(long)]
    pub(crate) paused: bool,

    /// Make it the default work pool of the active profile
    #[arg(long)]
    pub(crate) set_as_default: bool,

    /// Change the work pool if it exists; only what is given is changed
    #[arg(long)]
    pub(crate) overwrite: bool,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, clap::Args)]
pub(crate) struct UpdateArguments {
    /// Name of the work pool
    #[arg(value_name = "POOL")]
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) template: TemplateArguments,

    /// How many runs may run at a time
    #[arg(long, value_name = "N")]
    pub(crate) concurrency_limit: Option<u64>,

    /// Description; an empty one removes it
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

// What is said of a base job template.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct TemplateArguments {
    /// JSON file with the base job template
    #[arg(long, value_name = "FILE")]
    pub(crate) base_job_template: Option<PathBuf>,

    /// Default of a variable of the base job template, such as `namespace=prefect`; may be repeated
    #[arg(long, action = REPEATED, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,

    /// Variable to add to the base job template, such as `cpu_request:string=500m`; may be repeated
    #[arg(long, action = REPEATED, value_name = "NAME:TYPE[=DEFAULT]")]
    pub(crate) add_variable: Vec<String>,

    /// Where an added variable goes in the job configuration; may be repeated
    #[arg(long, action = REPEATED, value_name = "NAME=PATH", requires = "add_variable")]
    pub(crate) place: Vec<String>,
}
