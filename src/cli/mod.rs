//! The command line: clap structures only. Their doc comments are the help text: those of the variants that of commands,
//! so structures of arguments have none, which would take its place.

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
#[cfg(test)]
mod examples;
mod flow;
mod flow_run;
mod generate;
mod help;
mod init;
mod job;
mod number;
mod profile;
mod python;
mod reference;
mod selection;
mod server;
mod shared;
mod steps;
mod topics;
mod variable;
mod work_pool;
mod work_queue;
mod worker;

use clap::{ArgAction, CommandFactory as _, Parser, Subcommand, ValueEnum};

pub(crate) use arguments::normalise;
pub(crate) use automation::{AutomationCommand, WhichAutomation};
pub(crate) use block::{BlockCommand, BlockTypeCommand};
pub(crate) use check::{CheckArguments, FindingsFormat};
pub(crate) use cloud::{CloudCommand, WorkspaceCommand};
pub(crate) use config::{ConfigCommand, ConfigViewArguments};
pub(crate) use deploy::{
    DeployArguments, DriftArguments, ExportArguments, OwnershipArguments, PlanArguments, PlanFormat,
    RenderArguments, RenderFormat,
};
pub(crate) use deployment::{
    ActivateScheduleArguments, CreateScheduleArguments, DeleteDeploymentArguments, DeploymentCommand,
    RunArguments, ScheduleCommand,
};
pub(crate) use destroy::DestroyArguments;
pub(crate) use doctor::DoctorArguments;
pub(crate) use flow::FlowCommand;
pub(crate) use flow_run::{FlowRunCommand, ListRunsArguments, LogsArguments, WatchTimes};
pub(crate) use generate::GenerateCommand;
pub(crate) use help::print as print_instead;
pub(crate) use init::InitArguments;
pub(crate) use job::{JobCommand, PreviewArguments};
pub(crate) use profile::ProfileCommand;
pub(crate) use python::PythonArguments;
pub(crate) use reference::{PYTHON_CLI, unknown_word};
pub(crate) use selection::SelectionArguments;
pub(crate) use server::ServerCommand;
pub(crate) use shared::{ConsentArguments, Group, OutputArguments, OutputFormat};
pub(crate) use steps::{RunStepsArguments, StepsCommand};
pub(crate) use topics::Topic;
pub(crate) use variable::VariableCommand;
pub(crate) use work_pool::{CreateArguments, TemplateArguments, UpdateArguments, WorkPoolCommand};
pub(crate) use work_queue::{WhichQueue, WorkQueueCommand};
pub(crate) use worker::{ValuesArguments, WorkerCommand};

/// Deploy Prefect flows from prefect.yaml, fast and without Python
///
/// prefectl reads the same prefect.yaml, takes the same options and settings, and registers the same
/// deployments through the same API as `prefect deploy`.
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
    /// All commands with their options. Parsing describes the options of one command only, since a small command would
    /// take longer to describe the others than to do its work.
    pub(crate) fn in_full() -> clap::Command {
        let mut command = Self::command();
        command.build();
        command
    }
}

// Options that every command takes, before or after its name.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = help::GLOBAL_OPTIONS)]
pub(crate) struct GlobalArguments {
    /// Use this profile of profiles.toml (`-p` works too, before the command)
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// Ask for what is missing
    #[arg(long, global = true, conflicts_with = "no_prompt", hide_short_help = true)]
    pub(crate) prompt: bool,

    /// Never ask for anything
    #[arg(long, global = true)]
    pub(crate) no_prompt: bool,

    /// Print results and errors only
    #[arg(long, global = true)]
    pub(crate) quiet: bool,

    /// Print all that steps print, and every request
    #[arg(long, global = true, conflicts_with = "quiet", hide_short_help = true)]
    pub(crate) verbose: bool,

    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_short_help = true)]
    pub(crate) color: ColorChoice,

    /// Print the version
    #[arg(long, short = 'v', visible_short_alias = 'V', action = ArgAction::Version)]
    version: Option<bool>,

    /// Run the Python Prefect's command line with all that follows; only as the first word
    #[arg(long, hide_short_help = true)]
    pub(crate) python_cli: bool,

    /// Exit with 1 for every failure, as `prefect` does
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) compat_exit_codes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    /// Deploy flows: all of prefect.yaml, some of it by name, or one by its entrypoint
    ///
    /// Runs the build and push steps once for all deployments that share them, and registers the deployments.
    /// Everything that can be checked is checked before anything is written.
    Deploy(Box<DeployArguments>),

    /// Show what a deploy would change, and write nothing
    ///
    /// Compares the selected deployments with the server, field by field. No step is run: what depends on the output of
    /// one is known after the build.
    Plan(Box<PlanArguments>),

    /// Print what a deploy would send, without asking a server
    ///
    /// The bodies of the requests that would create the deployments. Blocks and variables stay as they are written, and
    /// what depends on the output of a step is known after the build.
    Render(Box<RenderArguments>),

    /// Show what differs on the server from the file
    ///
    /// Exits with 10 if anything does, for a job that runs every night. Also tells of what a deploy would leave as it is,
    /// such as schedules that somebody has paused. What depends on steps is not compared.
    Drift(Box<DriftArguments>),

    /// Delete the deployments that a file declares from the server
    ///
    /// With the automations of their triggers. A project that has an id deletes only what it has registered, and what
    /// another project has registered stays in any case.
    Destroy(DestroyArguments),

    /// Write deployments of the server as a prefect.yaml that deploys them as they are
    Export(ExportArguments),

    /// Find every mistake in the file, without asking the server or running anything
    ///
    /// Environment variables are filled in where they are set; blocks and Prefect variables stay as they are written.
    Check(CheckArguments),

    /// Explain the code of a finding, or list all codes
    #[command(after_help = "Examples:
  prefectl explain
  prefectl explain unknown-key")]
    Explain {
        /// A code, such as `unknown-key`
        code: Option<String>,
    },

    /// Write a prefect.yaml for the flows in this folder
    ///
    /// Flows, the Git remote, a Dockerfile and requirements.txt are found by reading. A file that is there is never touched.
    Init(InitArguments),

    /// Print the JSON schema of prefect.yaml, for editors
    #[command(after_help = "Example:
  prefectl schema > prefect.schema.json")]
    Schema,

    /// Run, list and delete deployments, and see to their schedules
    #[command(after_help = "Examples:
  prefectl deployment ls
  prefectl deployment run hello/default --watch
  prefectl deployment schedule ls hello/default")]
    #[command(visible_alias = "deployments")]
    Deployment(Group<DeploymentCommand>),

    /// List, watch and cancel runs, and read their logs
    #[command(after_help = "Examples:
  prefectl flow-run ls --deployment hello/default
  prefectl flow-run watch wise-owl")]
    #[command(visible_alias = "flow-runs")]
    FlowRun(Group<FlowRunCommand>),

    /// Find flows in source files, and read what is in them
    #[command(after_help = "Examples:
  prefectl flow ls
  prefectl flow inspect flows/hello.py:hello")]
    #[command(visible_alias = "flows")]
    Flow(Group<FlowCommand>),

    /// List the steps of build, push and pull sections, with their inputs
    #[command(after_help = "Examples:
  prefectl steps ls
  prefectl steps show build_docker_image
  prefectl steps run --build -n hello/default")]
    Steps(Group<StepsCommand>),

    /// Create and inspect work pools
    #[command(after_help = "Examples:
  prefectl work-pool ls
  prefectl work-pool create kubernetes --type kubernetes")]
    #[command(visible_alias = "work-pools")]
    WorkPool(Group<WorkPoolCommand>),

    /// Create, list and pause the queues of work pools
    #[command(after_help = "Examples:
  prefectl work-queue ls -p kubernetes
  prefectl work-queue create high -p kubernetes --priority 1")]
    #[command(visible_alias = "work-queues")]
    WorkQueue(Group<WorkQueueCommand>),

    /// See the workers of a work pool, and set one up in a cluster
    #[command(after_help = "Examples:
  prefectl worker ls -p kubernetes
  prefectl worker values -p kubernetes > values.yaml")]
    #[command(visible_alias = "workers")]
    Worker(Group<WorkerCommand>),

    /// Read and set variables
    #[command(after_help = "Examples:
  prefectl variable ls
  prefectl variable set region eu-west-1")]
    Variable(Group<VariableCommand>),

    /// See blocks, with their secrets hidden, and the types of blocks
    #[command(after_help = "Examples:
  prefectl block ls
  prefectl block inspect secret/api-token")]
    #[command(visible_alias = "blocks")]
    Block(Group<BlockCommand>),

    /// See the jobs that workers submit
    #[command(after_help = "Example:
  prefectl job preview hello/default")]
    Job(Group<JobCommand>),

    /// List, pause, resume and delete automations
    #[command(after_help = "Examples:
  prefectl automation ls
  prefectl automation pause nightly-report")]
    #[command(visible_alias = "automations")]
    Automation(Group<AutomationCommand>),

    /// Print the script that completes commands, deployments, work pools and profiles in a shell
    #[command(after_help = "Examples:
  source <(prefectl completions bash)
  prefectl completions zsh > ~/.zfunc/_prefectl
  prefectl completions fish > ~/.config/fish/completions/prefectl.fish
  prefectl completions powershell >> $PROFILE")]
    Completions {
        /// The shell
        shell: Shell,
    },

    /// View and change settings
    #[command(after_help = "Examples:
  prefectl config view
  prefectl config set PREFECT_API_URL=http://127.0.0.1:4200/api")]
    Config(Group<ConfigCommand>),

    /// Choose and manage profiles, which are sets of settings
    #[command(after_help = "Examples:
  prefectl profile ls
  prefectl profile create staging --from default
  prefectl profile use staging")]
    #[command(visible_alias = "profiles")]
    Profile(Group<ProfileCommand>),

    /// Log in to Prefect Cloud, and choose a workspace
    #[command(after_help = "Examples:
  prefectl cloud login --workspace my-account/production
  prefectl cloud workspace ls")]
    Cloud(Group<CloudCommand>),

    /// Start a Prefect server on this machine
    #[command(after_help = "Example:
  prefectl server start")]
    Server(Group<ServerCommand>),

    /// Check everything that a deploy needs: API, work pools, Docker, git, Python
    Doctor(DoctorArguments),

    /// Write manual pages and completions, for packages
    #[command(after_help = "Examples:
  prefectl generate man target/man
  prefectl generate completions target/completions")]
    #[command(hide = true)]
    Generate(Group<GenerateCommand>),
}

impl Command {
    /// Whether what happens is told as events for programs.
    pub(crate) fn tells_events(&self) -> bool {
        matches!(self, Self::Deploy(arguments) if arguments.events.is_some())
    }

    /// Whether it speaks to the API, for which a temporary server may be started where there is none.
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
            | Self::Schema
            | Self::Server(_)
            | Self::Steps(_) => false,
        }
    }
}

/// The shells that can be told how to complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell")]
    Power,
}

impl Shell {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Power => "powershell",
        }
    }
}

/// A list option, or the flag that asks for an empty list, as the reference has them.
fn list(values: &[String], empty: bool) -> Option<Vec<String>> {
    (empty || !values.is_empty()).then(|| values.to_vec())
}

/// The action of options that may be repeated, with one value each.
const REPEATED: ArgAction = ArgAction::Append;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// What is said of a command in the help of its group must not wait for the command to be described, and its own help
    /// must say the same.
    #[test]
    fn every_command_is_told_in_the_help_of_its_group() {
        let help = |line: &str| Cli::try_parse_from(line.split_whitespace()).unwrap_err().to_string();
        let mut groups: Vec<String> = vec![String::new()];
        let (mut told, mut wrong) = (0, Vec::new());
        while let Some(group) = groups.pop() {
            let text = help(&format!("prefectl {group} --help"));
            let Some((_, commands)) = text.split_once("Commands:\n") else { continue };
            for line in commands.lines().take_while(|line| !line.is_empty()) {
                let Some(line) = line.strip_prefix("  ").filter(|line| !line.starts_with(' ')) else {
                    continue;
                };
                let (name, meaning) = line.split_once(' ').unwrap_or((line, ""));
                if name == "help" {
                    continue;
                }
                // What does not fit goes on further right, and aliases come last.
                let meaning = meaning.trim().split(" [alias").next().unwrap_or_default();
                for option in ["-h", "--help"] {
                    if meaning.is_empty()
                        || !help(&format!("prefectl {group} {name} {option}")).starts_with(meaning)
                    {
                        wrong.push(format!("{group} {name} {option}: {meaning}"));
                    }
                }
                told += 1;
                groups.push(format!("{group} {name}"));
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
        assert!(told > 70, "{told}");
    }
}
