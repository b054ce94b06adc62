//! `prefectl cloud`.

use clap::Subcommand;

use super::OutputFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum CloudCommand {
    /// Write a key and a workspace into the current profile
    Login {
        /// API key (default: that of `PREFECT_API_KEY`)
        #[arg(long, short, value_name = "KEY")]
        key: Option<String>,

        /// Workspace, as ACCOUNT/WORKSPACE; not needed if the key may use one only
        #[arg(long, short, value_name = "HANDLE")]
        workspace: Option<String>,
    },

    /// Remove key and workspace from the current profile
    Logout,

    /// View and choose workspaces
    #[command(subcommand, visible_alias = "workspaces")]
    Workspace(WorkspaceCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum WorkspaceCommand {
    /// List the workspaces that the key may use
    Ls {
        /// Format of the result
        #[arg(long, short, value_name = "FORMAT", default_value = "text")]
        output: OutputFormat,
    },

    /// Use another workspace
    Set {
        /// Workspace, as ACCOUNT/WORKSPACE
        #[arg(long, short, value_name = "HANDLE")]
        workspace: Option<String>,
    },
}
