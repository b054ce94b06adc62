//! `prefectl cloud`.

use clap::Subcommand;

use super::OutputFormat;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum CloudCommand {
    /// Write a key and a workspace into the current profile
    #[command(after_help = "Example:
  prefectl cloud login --key \"$PREFECT_API_KEY\" --workspace my-account/production")]
    Login {
        /// API key (default: that of `PREFECT_API_KEY`)
        #[arg(long, short, value_name = "KEY")]
        key: Option<String>,

        /// Workspace, as ACCOUNT/WORKSPACE; not needed if the key may use one only
        #[arg(long, short, value_name = "HANDLE")]
        workspace: Option<String>,
    },

    /// Remove key and workspace from the current profile
    #[command(after_help = "Example:
  prefectl cloud logout")]
    Logout,

    /// View and choose workspaces
    #[command(after_help = "Examples:
  prefectl cloud workspace ls
  prefectl cloud workspace set --workspace my-account/production")]
    #[command(subcommand, visible_alias = "workspaces")]
    Workspace(WorkspaceCommand),
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum WorkspaceCommand {
    /// List the workspaces that the key may use
    #[command(after_help = "Example:
  prefectl cloud workspace ls")]
    Ls {
        /// Format of the result
        #[arg(long, short, value_name = "FORMAT", default_value = "text")]
        output: OutputFormat,
    },

    /// Use another workspace
    #[command(after_help = "Example:
  prefectl cloud workspace set --workspace my-account/production")]
    Set {
        /// Workspace, as ACCOUNT/WORKSPACE
        #[arg(long, short, value_name = "HANDLE")]
        workspace: Option<String>,
    },
}
