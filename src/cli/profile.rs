//! Arguments of `prefectl profile`.

use clap::Subcommand;

use super::OutputFormat;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum ProfileCommand {
    /// List profiles
    #[command(after_help = "Example:
  prefectl profile ls")]
    Ls {
        /// Format of the result
        #[arg(long, short, value_name = "FORMAT", default_value = "text", ignore_case = true)]
        output: OutputFormat,
    },

    /// Show the settings of a profile
    #[command(after_help = "Examples:
  prefectl profile inspect
  prefectl profile inspect staging --output json")]
    Inspect {
        /// Name of the profile [default: the active profile]
        #[arg(value_name = "PROFILE")]
        name: Option<String>,

        /// Show the values of secret settings
        #[arg(long)]
        show_secrets: bool,

        /// Format of the result
        #[arg(long, short, value_name = "FORMAT", default_value = "text", ignore_case = true)]
        output: OutputFormat,
    },

    /// Create a profile
    #[command(after_help = "Example:
  prefectl profile create staging --from default")]
    Create {
        /// Name of the profile
        name: String,

        /// Name of a profile whose settings are copied
        #[arg(long, value_name = "PROFILE")]
        from: Option<String>,
    },

    /// Activate a profile and check its API
    #[command(after_help = "Example:
  prefectl profile use staging")]
    Use {
        /// Name of the profile
        #[arg(value_name = "PROFILE")]
        name: String,
    },

    /// Delete a profile
    #[command(after_help = "Example:
  prefectl profile delete staging")]
    Delete {
        /// Name of the profile
        #[arg(value_name = "PROFILE")]
        name: String,
    },

    /// Rename a profile
    #[command(after_help = "Example:
  prefectl profile rename staging production")]
    Rename {
        /// Name of the profile
        #[arg(value_name = "PROFILE")]
        name: String,

        /// New name
        new_name: String,
    },
}
