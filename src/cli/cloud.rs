//! Arguments of `prefectl cloud`.

use clap::Subcommand;

use super::OutputFormat;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum CloudCommand {
    /// Save an API key and workspace in the current profile
    #[command(after_help = "Example:
  prefectl cloud login --key \"$PREFECT_API_KEY\" --workspace my-account/production")]
    Login {
        /// API key [default: `PREFECT_API_KEY`]
        #[arg(long, short, value_name = "KEY")]
        key: Option<String>,

        /// Workspace as ACCOUNT/WORKSPACE; optional if the API key has access to only one workspace
        #[arg(long, short, value_name = "HANDLE")]
        workspace: Option<String>,
    },

    /// Remove the API key and workspace from the current profile
    #[command(after_help = "Example:
  prefectl cloud logout")]
    Logout,

    /// List and select workspaces
    #[command(after_help = "Examples:
  prefectl cloud workspace ls
  prefectl cloud workspace set --workspace my-account/production")]
    #[command(subcommand, visible_alias = "workspaces")]
    Workspace(WorkspaceCommand),
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum WorkspaceCommand {
    /// List the workspaces that the API key can access
    #[command(after_help = "Example:
  prefectl cloud workspace ls")]
    Ls {
        /// Format of the result
        #[arg(long, short, value_name = "FORMAT", default_value = "text", ignore_case = true)]
        output: OutputFormat,
    },

    /// Select a workspace
    #[command(after_help = "Example:
  prefectl cloud workspace set --workspace my-account/production")]
    Set {
        /// Workspace as ACCOUNT/WORKSPACE
        #[arg(long, short, value_name = "HANDLE")]
        workspace: Option<String>,
    },
}
