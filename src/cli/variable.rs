//! Arguments of `prefectl variable`.

use clap::Subcommand;

use super::{ConsentArguments, OutputArguments, REPEATED, number};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum VariableCommand {
    /// List variables
    #[command(after_help = "Example:
  prefectl variable ls --limit 20")]
    Ls {
        /// Maximum number of variables
        #[arg(long, value_name = "N", value_parser = number::unsigned::<usize>)]
        limit: Option<usize>,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Show a variable
    #[command(after_help = "Example:
  prefectl variable inspect region")]
    Inspect {
        /// Name of the variable
        name: String,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Print the value of a variable as JSON
    #[command(after_help = "Example:
  prefectl variable get region")]
    Get {
        /// Name of the variable
        name: String,
    },

    /// Set a variable
    #[command(after_help = "Examples:
  prefectl variable set region eu-west-1
  prefectl variable set limits '{\"small\": 2}' --overwrite")]
    Set {
        /// Name of the variable: lowercase letters, digits, `-` and `_`
        name: String,

        /// Value of the variable as JSON, or a plain string
        #[arg(allow_hyphen_values = true)]
        value: String,

        /// Update the variable if it already exists
        #[arg(long)]
        overwrite: bool,

        /// Tag of the variable; repeatable
        #[arg(long, action = REPEATED)]
        tag: Vec<String>,

        /// Remove all tags of the variable
        #[arg(long, conflicts_with = "tag")]
        empty_tag: bool,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Delete a variable
    #[command(after_help = "Example:
  prefectl variable unset region --yes")]
    #[command(visible_alias = "delete")]
    Unset {
        /// Name of the variable
        name: String,

        #[command(flatten)]
        consent: ConsentArguments,

        #[command(flatten)]
        output: OutputArguments,
    },
}
