//! Arguments of `prefectl work-pool`.

use std::path::PathBuf;

use clap::Subcommand;

use super::{ConsentArguments, OutputArguments, REPEATED, number, shared::LongHelpOption};

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
        /// Accepted for compatibility; `inspect` always shows the base job template
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

    /// Update a work pool
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

    /// Pause a work pool
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

    /// Set the concurrency limit of a work pool
    #[command(after_help = "Example:
  prefectl work-pool set-concurrency-limit kubernetes 20")]
    SetConcurrencyLimit {
        /// Name of the work pool
        #[arg(value_name = "POOL")]
        name: String,

        /// Maximum number of concurrent runs
        #[arg(value_name = "N", value_parser = number::unsigned::<u64>)]
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

    /// List the scheduled runs of a work pool
    #[command(disable_help_flag = true)]
    #[command(after_help = "Example:
  prefectl work-pool preview kubernetes --hours 12")]
    Preview {
        /// Name of the work pool
        #[arg(value_name = "POOL")]
        name: String,

        /// Number of hours to look ahead
        #[arg(long, short = 'h', value_name = "N", default_value_t = 1, value_parser = number::unsigned::<u32>)]
        hours: u32,

        #[command(flatten)]
        output: OutputArguments,

        #[command(flatten)]
        help: LongHelpOption,
    },

    /// Cancel the late runs of a work pool
    #[command(after_help = "Example:
  prefectl work-pool clear kubernetes --queue default --yes")]
    Clear {
        /// Name of the work pool
        #[arg(value_name = "POOL")]
        name: String,

        /// Cancel only runs in this work queue
        #[arg(long, short, value_name = "NAME")]
        queue: Option<String>,

        #[command(flatten)]
        consent: ConsentArguments,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Print the default base job template of a work pool type
    #[command(after_help = "Examples:
  prefectl work-pool get-default-base-job-template --type kubernetes
  prefectl work-pool get-default-base-job-template --type docker --file template.json")]
    GetDefaultBaseJobTemplate {
        /// Type of the work pool, such as kubernetes, docker or process
        #[arg(long = "type", short = 't', value_name = "TYPE")]
        kind: Option<String>,

        /// Write the template to this file instead of stdout
        #[arg(long, short, value_name = "FILE")]
        file: Option<PathBuf>,
    },

    /// Compare the base job template of a work pool with the default template
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

    /// Set the work pool as the default of the active profile
    #[arg(long)]
    pub(crate) set_as_default: bool,

    /// Update the work pool if it already exists; fields that are not specified keep their values
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

    /// Maximum number of concurrent runs
    #[arg(long, value_name = "N", value_parser = number::unsigned::<u64>)]
    pub(crate) concurrency_limit: Option<u64>,

    /// Description of the work pool; an empty string removes it
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

// Options that edit the base job template.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct TemplateArguments {
    /// JSON file that contains the base job template
    #[arg(long, value_name = "FILE")]
    pub(crate) base_job_template: Option<PathBuf>,

    /// Default value of a job variable, such as `namespace=prefect`; repeatable
    #[arg(long, action = REPEATED, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,

    /// Job variable to add, such as `cpu_request:string=500m`; repeatable
    #[arg(long, action = REPEATED, value_name = "NAME:TYPE[=DEFAULT]")]
    pub(crate) add_variable: Vec<String>,

    /// Location of an added variable in the job, such as `cpu=containers.0.resources.requests.cpu`; repeatable
    #[arg(long, action = REPEATED, value_name = "NAME=PATH", requires = "add_variable")]
    pub(crate) place: Vec<String>,
}
