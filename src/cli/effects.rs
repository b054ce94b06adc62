//! Output, writes and API use of each command.

use super::{
    AutomationCommand, Command, DeploymentCommand, FlowRunCommand, PreviewCommand, ScheduleCommand,
    VariableCommand, WorkPoolCommand, WorkQueueCommand,
};

impl Command {
    /// Returns whether JSON events are written to stderr instead of text.
    pub(crate) fn writes_events(&self) -> bool {
        matches!(self, Self::Deploy(arguments) if arguments.events.is_some())
    }

    /// Returns whether the command might have changed the server before it fails to print its result.
    pub(crate) fn changes_server(&self) -> bool {
        match self {
            Self::Deploy(arguments) => !arguments.dry_run,
            Self::Destroy(_) | Self::Rollback(_) => true,
            Self::Automation(group) => {
                !matches!(group.command, AutomationCommand::Ls { .. } | AutomationCommand::Inspect { .. })
            }
            Self::Deployment(group) => match group.command {
                DeploymentCommand::Ls { .. }
                | DeploymentCommand::Inspect { .. }
                | DeploymentCommand::Schedule(ScheduleCommand::Ls { .. }) => false,
                DeploymentCommand::Run(_) | DeploymentCommand::Delete(_) | DeploymentCommand::Schedule(_) => {
                    true
                }
            },
            Self::FlowRun(group) => matches!(group.command, FlowRunCommand::Cancel { .. }),
            Self::Preview(group) => !matches!(group.command, PreviewCommand::Ls { .. }),
            Self::Variable(group) => {
                matches!(group.command, VariableCommand::Set { .. } | VariableCommand::Unset { .. })
            }
            Self::WorkPool(group) => !matches!(
                group.command,
                WorkPoolCommand::Ls { .. }
                    | WorkPoolCommand::Inspect { .. }
                    | WorkPoolCommand::Preview { .. }
                    | WorkPoolCommand::DiffTemplate { .. }
                    | WorkPoolCommand::GetDefaultBaseJobTemplate { .. }
            ),
            Self::WorkQueue(group) => !matches!(
                group.command,
                WorkQueueCommand::Ls { .. }
                    | WorkQueueCommand::Inspect { .. }
                    | WorkQueueCommand::Preview { .. }
            ),
            _ => false,
        }
    }

    /// Returns whether the command needs an API. If no API is configured, prefectl may start a temporary
    /// server for the command.
    pub(crate) fn needs_api(&self) -> bool {
        match self {
            Self::Automation(_)
            | Self::Block(_)
            | Self::Deploy(_)
            | Self::Deployment(_)
            | Self::Destroy(_)
            | Self::Drift(_)
            | Self::Export(_)
            | Self::FlowRun(_)
            | Self::Job(_)
            | Self::Open(_)
            | Self::Preview(_)
            | Self::Rollback(_)
            | Self::Variable(_)
            | Self::WorkPool(_)
            | Self::WorkQueue(_)
            | Self::Worker(_) => true,
            Self::Plan(arguments) => !arguments.offline,
            Self::Check(_)
            | Self::Cloud(_)
            | Self::Completions { .. }
            | Self::Config(_)
            | Self::Doctor(_)
            | Self::Explain { .. }
            | Self::Flow(_)
            | Self::Generate(_)
            | Self::Init(_)
            | Self::Profile(_)
            | Self::Render(_)
            | Self::Schema { .. }
            | Self::Server(_)
            | Self::Steps(_)
            | Self::Version { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::cli::Cli;

    #[test]
    fn knows_the_commands_that_change_the_server() {
        for (line, expected) in [
            ("deploy --all", true),
            ("deploy --all --dry-run", false),
            ("plan --all", false),
            ("rollback", true),
            ("automation inspect nightly", false),
            ("automation pause nightly", true),
            ("deployment run hello/a", true),
            ("deployment schedule ls hello/a", false),
            ("deployment schedule clear hello/a", true),
            ("flow-run ls", false),
            ("flow-run cancel wise-owl", true),
            ("preview ls", false),
            ("preview delete pr-1", true),
            ("variable get region", false),
            ("variable unset region", true),
            ("work-pool preview k8s", false),
            ("work-pool pause k8s", true),
            ("work-queue inspect high", false),
            ("work-queue delete high", true),
        ] {
            let parsed = Cli::try_parse_from(["prefectl"].into_iter().chain(line.split(' ')));
            assert_eq!(parsed.unwrap().command.changes_server(), expected, "{line}");
        }
    }
}
