//! Arguments of `prefectl deployment`.

use clap::Subcommand;
use uuid::Uuid;

use super::{ConsentArguments, OutputArguments, REPEATED, WatchTimes, number};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum DeploymentCommand {
    /// List deployments
    #[command(after_help = "Examples:
  prefectl deployment ls
  prefectl deployment ls hello --by-created --output json")]
    Ls {
        /// Names of the flows whose deployments are listed [default: all]
        #[arg(value_name = "FLOW")]
        flow_name: Vec<String>,

        /// Sort deployments by creation time, newest first, instead of by name
        #[arg(long)]
        by_created: bool,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Show a deployment
    #[command(after_help = "Example:
  prefectl deployment inspect hello/default")]
    Inspect {
        /// Deployment as FLOW/NAME
        #[arg(value_name = "FLOW/NAME")]
        name: String,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Run deployments
    #[command(after_help = "Examples:
  prefectl deployment run hello/default --watch
  prefectl deployment run hello/default --param name=Marvin --start-in '10 minutes'
  prefectl deployment run 'hello/*' --watch --watch-timeout 600")]
    Run(Box<RunArguments>),

    /// Delete deployments
    #[command(after_help = "Examples:
  prefectl deployment delete hello/default
  prefectl deployment delete 'hello/*' --yes")]
    Delete(DeleteDeploymentArguments),

    /// Manage the schedules of a deployment
    #[command(after_help = "Examples:
  prefectl deployment schedule create hello/default --cron '0 9 * * *'
  prefectl deployment schedule ls hello/default
  prefectl deployment schedule pause --all")]
    #[command(subcommand)]
    Schedule(ScheduleCommand),
}

#[derive(Debug, clap::Args)]
pub(crate) struct DeleteDeploymentArguments {
    /// Name of the deployment as FLOW/NAME, or a pattern such as 'hello/*'
    #[arg(value_name = "FLOW/NAME", conflicts_with = "id")]
    pub(crate) name: Option<String>,

    /// ID of the deployment, as an alternative to its name
    #[arg(long, value_name = "UUID")]
    pub(crate) id: Option<Uuid>,

    /// Delete all deployments
    #[arg(long)]
    pub(crate) all: bool,

    #[command(flatten)]
    pub(crate) consent: ConsentArguments,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArguments {
    /// Names of the deployments as FLOW/NAME, or patterns such as 'hello/*'
    #[arg(value_name = "FLOW/NAME", conflicts_with = "name_option")]
    name: Vec<String>,

    #[arg(long = "name", id = "name_option", hide = true)]
    name_option: Option<String>,

    /// ID of the deployment, as an alternative to its name
    #[arg(long, value_name = "UUID")]
    pub(crate) id: Option<Uuid>,

    /// Parameter as `key=value`, where the value is JSON; repeatable
    #[arg(long, short, action = REPEATED, value_name = "KEY=VALUE")]
    pub(crate) param: Vec<String>,

    /// Parameters as a JSON object, `@FILE` to read a file, or `-` to read stdin
    #[arg(long, value_name = "JSON")]
    pub(crate) params: Option<String>,

    /// Job variable as `key=value`, where the value is JSON (or `-jv`); repeatable
    #[arg(long, action = REPEATED, value_name = "KEY=VALUE")]
    pub(crate) job_variable: Vec<String>,

    /// Tag of the run; repeatable
    #[arg(long, action = REPEATED)]
    pub(crate) tag: Vec<String>,

    /// Name of the flow run; `{parameter}` is replaced by the parameter's value
    #[arg(long, value_name = "NAME")]
    pub(crate) flow_run_name: Option<String>,

    /// Delay before the run starts, such as `10 minutes` or `1h30m`
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(crate) start_in: Option<String>,

    /// Start time of the run, such as `17:30`, `tomorrow at 9am` or `2026-12-01T17:30:00Z`
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) start_at: Option<String>,

    /// Wait for the runs to finish and print their logs; the exit code reflects their final states
    #[arg(long, overrides_with = "no_watch")]
    pub(crate) watch: bool,

    #[arg(long, hide = true)]
    no_watch: bool,

    #[command(flatten)]
    pub(crate) times: WatchTimes,

    /// Cancel the watched runs when Ctrl-C is pressed
    #[arg(long, requires = "watch")]
    pub(crate) cancel_on_interrupt: bool,

    #[command(flatten)]
    pub(crate) consent: ConsentArguments,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

impl RunArguments {
    pub(crate) fn names(&self) -> Vec<String> {
        self.name.iter().chain(&self.name_option).cloned().collect()
    }
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum ScheduleCommand {
    /// Add a schedule to a deployment
    #[command(after_help = "Examples:
  prefectl deployment schedule create hello/default --cron '0 9 * * *' --timezone Europe/Rome
  prefectl deployment schedule create hello/default --interval 3600 --replace --yes")]
    Create(Box<CreateScheduleArguments>),

    /// List the schedules of a deployment
    #[command(after_help = "Example:
  prefectl deployment schedule ls hello/default")]
    Ls {
        /// Deployment as FLOW/NAME
        #[arg(value_name = "FLOW/NAME")]
        name: String,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Delete a schedule
    #[command(after_help = "Example:
  prefectl deployment schedule delete hello/default 5f8bd2b4-9c1e-4f0c-a1a5-0a4b0f6f6f1d --yes")]
    Delete {
        /// Deployment as FLOW/NAME
        #[arg(value_name = "FLOW/NAME")]
        name: String,

        /// ID of the schedule
        #[arg(value_name = "UUID")]
        id: Uuid,

        #[command(flatten)]
        consent: ConsentArguments,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Delete all schedules of a deployment
    #[command(after_help = "Example:
  prefectl deployment schedule clear hello/default --yes")]
    Clear {
        /// Deployment as FLOW/NAME
        #[arg(value_name = "FLOW/NAME")]
        name: String,

        #[command(flatten)]
        consent: ConsentArguments,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Pause a schedule
    #[command(after_help = "Examples:
  prefectl deployment schedule pause hello/default 5f8bd2b4-9c1e-4f0c-a1a5-0a4b0f6f6f1d
  prefectl deployment schedule pause --all")]
    Pause(ActivateScheduleArguments),

    /// Resume a schedule
    #[command(after_help = "Examples:
  prefectl deployment schedule resume hello/default 5f8bd2b4-9c1e-4f0c-a1a5-0a4b0f6f6f1d
  prefectl deployment schedule resume --all")]
    Resume(ActivateScheduleArguments),
}

#[derive(Debug, clap::Args)]
pub(crate) struct CreateScheduleArguments {
    /// Deployment as FLOW/NAME
    #[arg(value_name = "FLOW/NAME")]
    pub(crate) name: String,

    /// Interval between runs in seconds
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true, value_parser = number::float)]
    pub(crate) interval: Option<f64>,

    /// Anchor date of the interval: a date, or a date and time
    #[arg(long, value_name = "DATE")]
    pub(crate) anchor_date: Option<String>,

    /// Recurrence rule (RFC 5545), such as `FREQ=DAILY;BYHOUR=9`
    #[arg(long, value_name = "RULE")]
    pub(crate) rrule: Option<String>,

    /// Cron expression, such as `0 9 * * *`
    #[arg(long, value_name = "CRON")]
    pub(crate) cron: Option<String>,

    /// Run if either the day of the month or the day of the week matches; this is the default
    #[arg(long, alias = "day_or", overrides_with = "no_day_or", hide_short_help = true)]
    day_or: bool,

    /// Run only if both the day of the month and the day of the week match
    #[arg(long, alias = "no-day_or", overrides_with = "day_or")]
    pub(crate) no_day_or: bool,

    /// Time zone, such as `Europe/Rome`
    #[arg(long, value_name = "ZONE")]
    pub(crate) timezone: Option<String>,

    /// Create the schedule as active; this is the default
    #[arg(long, overrides_with = "no_active", hide_short_help = true)]
    active: bool,

    /// Create the schedule paused
    #[arg(long, overrides_with = "active")]
    pub(crate) no_active: bool,

    /// Replace the existing schedules of the deployment
    #[arg(long)]
    pub(crate) replace: bool,

    #[command(flatten)]
    pub(crate) consent: ConsentArguments,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ActivateScheduleArguments {
    /// Deployment as FLOW/NAME
    #[arg(value_name = "FLOW/NAME")]
    pub(crate) name: Option<String>,

    /// ID of the schedule
    #[arg(value_name = "UUID")]
    pub(crate) id: Option<Uuid>,

    /// Pause or resume all schedules of all deployments
    #[arg(long)]
    pub(crate) all: bool,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}
