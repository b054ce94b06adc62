//! Defines the command line with clap.
//!
//! Doc comments of variants and fields are shown as help. Structs that contain arguments have no doc
//! comments, because clap would show them instead of the doc comments of the variants.

mod arguments;
mod automation;
mod block;
mod check;
mod cloud;
mod config;
mod deploy;
mod deployment;
mod destroy;
mod doctor;
mod effects;
mod environment;
#[cfg(test)]
mod example_tests;
mod flow;
mod flow_run;
mod generate;
mod global;
mod help;
mod init;
mod job;
mod number;
mod open;
mod preview;
mod profile;
mod python;
mod reference;
mod rollback;
mod selection;
mod server;
mod shared;
mod shell;
mod steps;
mod topics;
mod value_source;
mod variable;
mod work_pool;
mod work_queue;
mod worker;

use clap::{ArgAction, CommandFactory as _, Parser, Subcommand};

pub(crate) use arguments::{normalize, normalize_commands, normalize_flags};
pub(crate) use automation::{AutomationCommand, WhichAutomation};
pub(crate) use block::{BlockCommand, BlockTypeCommand};
pub(crate) use check::{CheckArguments, FindingsFormat};
pub(crate) use cloud::{CloudCommand, WorkspaceCommand};
pub(crate) use config::{ConfigCommand, ConfigViewArguments};
pub(crate) use deploy::{
    DeployArguments, DriftArguments, ExportArguments, OwnershipArguments, PlanArguments, PlanFormat,
    RenderArguments, RenderFormat, deploy_command,
};
pub(crate) use deployment::{
    ActivateScheduleArguments, CreateScheduleArguments, DeleteDeploymentArguments, DeploymentCommand,
    RunArguments, ScheduleCommand,
};
pub(crate) use destroy::DestroyArguments;
pub(crate) use doctor::DoctorArguments;
pub(crate) use environment::EnvironmentOption;
pub(crate) use flow::FlowCommand;
pub(crate) use flow_run::{FlowRunCommand, ListRunsArguments, LogsArguments, WatchTimes};
pub(crate) use generate::GenerateCommand;
pub(crate) use global::{ColorChoice, GlobalArguments};
pub(crate) use help::print_help_or_error;
pub(crate) use init::InitArguments;
pub(crate) use job::{JobCommand, PreviewArguments};
pub(crate) use open::OpenCommand;
pub(crate) use preview::PreviewCommand;
pub(crate) use profile::ProfileCommand;
pub(crate) use python::PythonArguments;
pub(crate) use reference::{PYTHON_CLI, explain_unknown};
pub(crate) use rollback::RollbackArguments;
pub(crate) use selection::SelectionArguments;
pub(crate) use server::ServerCommand;
pub(crate) use shared::{ConsentArguments, DocumentKind, Group, ObjectFormat, OutputArguments, OutputFormat};
pub(crate) use shell::Shell;
pub(crate) use steps::{RunStepsArguments, StepsCommand};
pub(crate) use topics::Topic;
pub(crate) use variable::VariableCommand;
pub(crate) use work_pool::{CreateArguments, TemplateArguments, UpdateArguments, WorkPoolCommand};
pub(crate) use work_queue::{WhichQueue, WorkQueueCommand};
pub(crate) use worker::{ManifestArguments, WorkerArguments, WorkerCommand};

/// Deploy Prefect flows from prefect.yaml, fast and without Python
///
/// prefectl is compatible with `prefect deploy`: it reads the same prefect.yaml, accepts the same options and settings, and
/// creates the same deployments.
#[derive(Debug, Parser)]
#[command(
    name = "prefectl",
    version,
    disable_version_flag = true,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = topics::after_help()
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArguments,

    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// Returns the complete command tree.
    ///
    /// Parsing only builds the selected command, because building all commands takes longer than running most
    /// of them.
    pub(crate) fn complete_command() -> clap::Command {
        let mut command = Self::command();
        command.build();
        command
    }
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    /// Deploy flows from prefect.yaml
    ///
    /// Select deployments with --all or --name, or deploy a single flow by its entrypoint. Build and push
    /// steps that multiple deployments share run only once. All checks run before anything is written.
    Deploy(Box<DeployArguments>),

    /// Show what a deploy would change
    ///
    /// Compares the selected deployments with the server field by field. Does not run any steps or write
    /// anything. Values that depend on the output of a step are shown as known after the build.
    Plan(Box<PlanArguments>),

    /// Print the API requests a deploy would send
    ///
    /// Does not connect to a server. References to blocks and variables are not resolved. Values that depend
    /// on the output of a step are shown as known after the build.
    Render(Box<RenderArguments>),

    /// Show how the server differs from prefect.yaml
    ///
    /// Exits with code 10 if there are differences. Also reports differences that a deploy would not
    /// overwrite, such as paused schedules. Values that depend on the output of a step are not compared.
    Drift(Box<DriftArguments>),

    /// Undo the last deploy if it did not complete
    ///
    /// Restores the state before a deploy from this directory that failed, was interrupted or was killed. Deployments
    /// that the deploy created are deleted. Deployments that someone else has changed since then are not restored.
    Rollback(RollbackArguments),

    /// Delete the deployments in prefect.yaml from the server
    ///
    /// Also deletes the automations created for their triggers. If a project ID is set, only deployments that
    /// the project created are deleted. Deployments that belong to other projects are always kept.
    Destroy(DestroyArguments),

    /// Manage previews created by `deploy --preview`
    #[command(after_help = "Examples:
  prefectl preview ls
  prefectl preview delete pr-123
  prefectl preview prune --older-than 7d")]
    Preview(Group<PreviewCommand>),

    /// Export deployments from the server to a prefect.yaml file
    Export(ExportArguments),

    /// Validate prefect.yaml
    ///
    /// Does not connect to a server or run any code. Environment variables are resolved if they are set.
    /// References to blocks and Prefect variables are not resolved.
    Check(CheckArguments),

    /// Explain a finding
    #[command(after_help = "Examples:
  prefectl explain
  prefectl explain unknown-key")]
    Explain {
        /// Code of a finding, such as `unknown-key` [default: list all codes]
        code: Option<String>,
    },

    /// Create a prefect.yaml for the flows in this directory
    ///
    /// Detects flows, the Git remote, the Dockerfile and requirements.txt without running any code. Existing
    /// files are never overwritten.
    Init(InitArguments),

    /// Print the JSON schema of prefect.yaml or of a command's output
    #[command(after_help = "Examples:
  prefectl schema > prefect.schema.json
  prefectl schema --overlay > prefect-overlay.schema.json
  prefectl schema --document plan")]
    Schema {
        /// Print the schema of overlay files, such as prefect.prod.yaml
        #[arg(long)]
        overlay: bool,

        /// Print the schema of a JSON document that prefectl prints
        #[arg(long, value_name = "DOCUMENT", conflicts_with = "overlay")]
        document: Option<DocumentKind>,
    },

    /// Run and manage deployments
    #[command(after_help = "Examples:
  prefectl deployment ls
  prefectl deployment run hello/default --watch
  prefectl deployment schedule ls hello/default")]
    #[command(visible_alias = "deployments")]
    Deployment(Group<DeploymentCommand>),

    /// Open a deployment, flow run or work pool in the Prefect UI
    #[command(after_help = "Examples:
  prefectl open deployment hello/default
  prefectl open flow-run wise-owl")]
    Open(Group<OpenCommand>),

    /// Watch and manage flow runs
    #[command(after_help = "Examples:
  prefectl flow-run ls --deployment hello/default
  prefectl flow-run watch wise-owl")]
    #[command(visible_alias = "flow-runs")]
    FlowRun(Group<FlowRunCommand>),

    /// Find and inspect flows in source files
    #[command(after_help = "Examples:
  prefectl flow ls
  prefectl flow inspect flows/hello.py:hello")]
    #[command(visible_alias = "flows")]
    Flow(Group<FlowCommand>),

    /// Show and run deployment steps
    #[command(after_help = "Examples:
  prefectl steps ls
  prefectl steps show build_docker_image
  prefectl steps run --build -n hello/default")]
    Steps(Group<StepsCommand>),

    /// Manage work pools
    #[command(after_help = "Examples:
  prefectl work-pool ls
  prefectl work-pool create kubernetes --type kubernetes")]
    #[command(visible_alias = "work-pools")]
    WorkPool(Group<WorkPoolCommand>),

    /// Manage work queues
    #[command(after_help = "Examples:
  prefectl work-queue ls -p kubernetes
  prefectl work-queue create high -p kubernetes --priority 1")]
    #[command(visible_alias = "work-queues")]
    WorkQueue(Group<WorkQueueCommand>),

    /// List and set up workers
    #[command(after_help = "Examples:
  prefectl worker ls -p kubernetes
  prefectl worker values -p kubernetes > values.yaml")]
    #[command(visible_alias = "workers")]
    Worker(Group<WorkerCommand>),

    /// Manage variables
    #[command(after_help = "Examples:
  prefectl variable ls
  prefectl variable set region eu-west-1")]
    Variable(Group<VariableCommand>),

    /// Print the version, the active profile and the server
    #[command(after_help = "Example:
  prefectl version")]
    Version {
        /// Accepted for compatibility
        #[arg(long, hide = true)]
        omit_integrations: bool,
    },

    /// Show blocks and block types
    #[command(after_help = "Examples:
  prefectl block ls
  prefectl block inspect secret/api-token")]
    #[command(visible_alias = "blocks")]
    Block(Group<BlockCommand>),

    /// Preview the jobs that workers submit
    #[command(after_help = "Example:
  prefectl job preview hello/default")]
    Job(Group<JobCommand>),

    /// Manage automations
    #[command(after_help = "Examples:
  prefectl automation ls
  prefectl automation pause nightly-report")]
    #[command(visible_alias = "automations")]
    Automation(Group<AutomationCommand>),

    /// Print a shell completion script
    #[command(after_help = "Examples:
  source <(prefectl completions bash)
  prefectl completions zsh > ~/.zfunc/_prefectl
  prefectl completions fish > ~/.config/fish/completions/prefectl.fish
  prefectl completions powershell >> $PROFILE")]
    Completions {
        /// Name of the shell
        shell: Shell,
    },

    /// View and change settings
    #[command(after_help = "Examples:
  prefectl config view
  prefectl config set PREFECT_API_URL=http://127.0.0.1:4200/api")]
    Config(Group<ConfigCommand>),

    /// Manage profiles
    #[command(after_help = "Examples:
  prefectl profile ls
  prefectl profile create staging --from default
  prefectl profile use staging")]
    #[command(visible_alias = "profiles")]
    Profile(Group<ProfileCommand>),

    /// Log in to Prefect Cloud
    #[command(after_help = "Examples:
  prefectl cloud login --workspace my-account/production
  prefectl cloud workspace ls")]
    Cloud(Group<CloudCommand>),

    /// Start a local Prefect server
    #[command(after_help = "Example:
  prefectl server start")]
    Server(Group<ServerCommand>),

    /// Check the requirements for a deploy
    Doctor(DoctorArguments),

    /// Generate manual pages and completion scripts
    #[command(after_help = "Examples:
  prefectl generate man target/man
  prefectl generate completions target/completions")]
    #[command(hide = true)]
    Generate(Group<GenerateCommand>),
}

/// Combines a list option with the flag that sets an empty list. Returns `None` if neither is passed.
fn list(values: &[String], empty: bool) -> Option<Vec<String>> {
    (empty || !values.is_empty()).then(|| values.to_vec())
}

/// Clap action for options that take one value and can be repeated.
const REPEATED: ArgAction = ArgAction::Append;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_the_debug_assertions_of_clap() {
        Cli::command().debug_assert();
    }

    #[test]
    fn output_formats_ignore_case() {
        for line in [
            "profile ls -o JSON",
            "profile inspect -o Json",
            "config view -o JSON",
            "cloud workspace ls -o JSON",
            "flow ls -o JSON",
            "flow inspect flow.py:hello -o JSON",
            "variable ls -o JSON",
            "automation inspect nightly -o YAML",
        ] {
            let parsed = Cli::try_parse_from(["prefectl"].into_iter().chain(line.split(' ')));
            assert!(parsed.is_ok(), "{line}");
        }
    }

    #[test]
    fn numbers_have_the_notations_of_the_reference() {
        for line in [
            "work-pool set-concurrency-limit p 2.5",
            "work-pool update p --concurrency-limit 1_000",
            "work-pool preview p -h 2.0",
            "work-queue create q -l 2.5 -q 0x1",
            "work-queue set-concurrency-limit q 2.5",
            "work-queue preview q -h 2.0",
            "variable ls --limit 1_000",
            "flow-run ls --limit 2.0",
            "flow-run logs wise-owl -n 2.0",
            "flow-run watch wise-owl --timeout 1_000",
            "deployment run hello/a --watch-interval 1_0",
            "deployment schedule create hello/a --interval 1_000.5",
        ] {
            let parsed = Cli::try_parse_from(["prefectl"].into_iter().chain(line.split(' ')));
            assert!(parsed.is_ok(), "{line}");
        }
    }
}
