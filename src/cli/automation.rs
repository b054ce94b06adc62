//! Arguments of `prefectl automation`.

use clap::Subcommand;
use uuid::Uuid;

use super::{ConsentArguments, ObjectFormat, OutputArguments};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum AutomationCommand {
    /// List automations
    #[command(after_help = "Examples:
  prefectl automation ls
  prefectl automation ls --output json")]
    Ls {
        #[command(flatten)]
        output: OutputArguments,
    },

    /// Show an automation
    ///
    /// The result for a name is a list, because multiple automations can have the same name.
    #[command(after_help = "Examples:
  prefectl automation inspect nightly-report
  prefectl automation inspect nightly-report --output yaml")]
    Inspect {
        #[command(flatten)]
        which: WhichAutomation,

        #[command(flatten)]
        format: ObjectFormatArguments,
    },

    /// Delete automations
    #[command(after_help = "Example:
  prefectl automation delete nightly-report --yes")]
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

    /// Pause an automation
    #[command(after_help = "Example:
  prefectl automation pause nightly-report")]
    #[command(visible_alias = "disable")]
    Pause {
        #[command(flatten)]
        which: WhichAutomation,

        #[command(flatten)]
        consent: ConsentArguments,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Resume an automation
    #[command(after_help = "Example:
  prefectl automation resume nightly-report")]
    #[command(visible_alias = "enable")]
    Resume {
        #[command(flatten)]
        which: WhichAutomation,

        #[command(flatten)]
        consent: ConsentArguments,

        #[command(flatten)]
        output: OutputArguments,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct WhichAutomation {
    /// Name of the automation
    pub(crate) name: Option<String>,

    /// ID of the automation, as an alternative to its name
    #[arg(long, value_name = "UUID", conflicts_with = "name")]
    pub(crate) id: Option<Uuid>,
}

#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct ObjectFormatArguments {
    /// Format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text", ignore_case = true)]
    output: ObjectFormat,

    /// The same as `--output json`
    #[arg(long, hide = true, conflicts_with = "output")]
    json: bool,

    /// The same as `--output yaml`
    #[arg(long, hide = true, conflicts_with_all = ["output", "json"])]
    yaml: bool,
}

impl ObjectFormatArguments {
    pub(crate) fn format(self) -> ObjectFormat {
        match self {
            Self { json: true, .. } => ObjectFormat::Json,
            Self { yaml: true, .. } => ObjectFormat::Yaml,
            Self { output, .. } => output,
        }
    }
}
