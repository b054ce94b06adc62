//! Arguments of `prefectl block`.

use clap::Subcommand;
use uuid::Uuid;

use super::OutputArguments;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum BlockCommand {
    /// List blocks
    #[command(after_help = "Examples:
  prefectl block ls
  prefectl block ls --output json")]
    Ls {
        #[command(flatten)]
        output: OutputArguments,
    },

    /// Show a block with its secrets redacted
    #[command(after_help = "Example:
  prefectl block inspect secret/api-token")]
    Inspect {
        /// Block type and name, such as `secret/api-token`
        #[arg(value_name = "TYPE/NAME")]
        slug: Option<String>,

        /// ID of the block, as an alternative to its name
        #[arg(long, value_name = "UUID", conflicts_with = "slug")]
        id: Option<Uuid>,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Show block types
    #[command(after_help = "Example:
  prefectl block type ls")]
    #[command(subcommand, visible_alias = "types")]
    Type(BlockTypeCommand),
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum BlockTypeCommand {
    /// List block types
    #[command(after_help = "Example:
  prefectl block type ls")]
    Ls {
        #[command(flatten)]
        output: OutputArguments,
    },
}
