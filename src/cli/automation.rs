//! `prefectl automation`.

use clap::Subcommand;
use uuid::Uuid;

use super::{ConsentArguments, OutputArguments};

#[derive(Debug, Subcommand)]
pub(crate) enum AutomationCommand {
    /// List automations
    Ls {
        #[command(flatten)]
        output: OutputArguments,
    },

    /// Show an automation
    Inspect {
        #[command(flatten)]
        which: WhichAutomation,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Delete automations
    Delete {
        #[command(flatten)]
        which: WhichAutomation,

        /// Delete all automations
        #[arg(long, conflicts_with_all = ["name", "id"])]
        all: bool,

        #[command(flatten)]
        consent: ConsentArguments,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Switch an automation off
    #[command(visible_alias = "disable")]
    Pause {
        #[command(flatten)]
        which: WhichAutomation,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Switch an automation on
    #[command(visible_alias = "enable")]
    Resume {
        #[command(flatten)]
        which: WhichAutomation,

        #[command(flatten)]
        output: OutputArguments,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct WhichAutomation {
    /// Name of the automation
    pub(crate) name: Option<String>,

    /// The automation's id, in place of its name
    #[arg(long, value_name = "UUID", conflicts_with = "name")]
    pub(crate) id: Option<Uuid>,
}
