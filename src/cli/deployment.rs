//! `prefectl deployment`.

use clap::Subcommand;
use uuid::Uuid;

use super::{ConsentArguments, OutputArguments, REPEATED, WatchTimes};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum DeploymentCommand {
    /// List deployments, all of them or those of some flows
    #[command(after_help = "Examples:
  prefectl deployment ls
  prefectl deployment ls hello --by-created --output json")]
    Ls {
        /// Names of flows
        #[arg(value_name = "FLOW")]
        flow_name: Vec<String>,

        /// The newest first, in place of by name
        #[arg(long)]
        by_created: bool,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Show a deployment
    #[command(after_help = "Example:
  prefectl deployment inspect hello/default")]
    Inspect {
        /// The deployment: FLOW/NAME
        #[arg(value_name = "FLOW/NAME")]
        name: String,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Start runs of deployments
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

    /// Create, change and list the schedules of a deployment
    #[command(after_help = "Examples:
  prefectl deployment schedule create hello/default --cron '0 9 * * *'
  prefectl deployment schedule ls hello/default
  prefectl deployment schedule pause --all")]
    #[command(subcommand)]
    Schedule(ScheduleCommand),
}

#[derive(Debug, clap::Args)]
pub(crate) struct DeleteDeploymentArguments {
    /// The deployment: FLOW/NAME, or a pattern such as 'hello/*'
    #[arg(value_name = "FLOW/NAME", conflicts_with = "id")]
    pub(crate) name: Option<String>,

    /// The deployment's id, in place of its name
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
    /// The deployments: FLOW/NAME, or patterns such as 'hello/*'
    #[arg(value_name = "FLOW/NAME", conflicts_with = "name_option")]
    name: Vec<String>,

    #[arg(long = "name", id = "name_option", hide = true)]
    name_option: Option<String>,

    /// The deployment's id, in place of its name
    #[arg(long, value_name = "UUID")]
    pub(crate) id: Option<Uuid>,

    /// Parameter, `key=value` with JSON values; may be repeated
    #[arg(long, short, action = REPEATED, value_name = "KEY=VALUE")]
    pub(crate) param: Vec<String>,

    /// Parameters as a JSON object, `@FILE`, or `-` for standard input
    #[arg(long, value_name = "JSON")]
    pub(crate) params: Option<String>,

    /// Job variable, `key=value` with JSON values (also `-jv`); may be repeated
    #[arg(long, action = REPEATED, value_name = "KEY=VALUE")]
    pub(crate) job_variable: Vec<String>,

    /// Tag of the run; may be repeated
    #[arg(long, action = REPEATED)]
    pub(crate) tag: Vec<String>,

    /// Name of the run; `{parameter}` is filled in
    #[arg(long, value_name = "NAME")]
    pub(crate) flow_run_name: Option<String>,

    /// When to start, from now: `10 minutes`, `1h30m`
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(crate) start_in: Option<String>,

    /// When to start: `17:30`, `tomorrow at 9am`, `2026-12-01T17:30:00Z`
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) start_at: Option<String>,

    /// Follow the runs to their end, with their logs; the exit code tells how they ended
    #[arg(long, overrides_with = "no_watch")]
    pub(crate) watch: bool,

    #[arg(long, hide = true)]
    no_watch: bool,

    #[command(flatten)]
    pub(crate) times: WatchTimes,

    /// Cancel the runs that are watched when you press Ctrl-C
    #[arg(long, requires = "watch")]
    pub(crate) cancel_on_interrupt: bool,

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
        /// The deployment: FLOW/NAME
        #[arg(value_name = "FLOW/NAME")]
        name: String,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Delete a schedule
    #[command(after_help = "Example:
  prefectl deployment schedule delete hello/default 5f8bd2b4-9c1e-4f0c-a1a5-0a4b0f6f6f1d --yes")]
    Delete {
        /// The deployment: FLOW/NAME
        #[arg(value_name = "FLOW/NAME")]
        name: String,

        /// The schedule's id
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
        /// The deployment: FLOW/NAME
        #[arg(value_name = "FLOW/NAME")]
        name: String,

        #[command(flatten)]
        consent: ConsentArguments,

        #[command(flatten)]
        output: OutputArguments,
    },

    /// Switch a schedule off, or all schedules of all deployments
    #[command(after_help = "Examples:
  prefectl deployment schedule pause hello/default 5f8bd2b4-9c1e-4f0c-a1a5-0a4b0f6f6f1d
  prefectl deployment schedule pause --all")]
    Pause(ActivateScheduleArguments),

    /// Switch a schedule on, or all schedules of all deployments
    #[command(after_help = "Examples:
  prefectl deployment schedule resume hello/default 5f8bd2b4-9c1e-4f0c-a1a5-0a4b0f6f6f1d
  prefectl deployment schedule resume --all")]
    Resume(ActivateScheduleArguments),
}

#[derive(Debug, clap::Args)]
pub(crate) struct CreateScheduleArguments {
    /// The deployment: FLOW/NAME
    #[arg(value_name = "FLOW/NAME")]
    pub(crate) name: String,

    /// Seconds between two runs
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    pub(crate) interval: Option<f64>,

    /// When an interval starts to count: a date, or a date and time
    #[arg(long, value_name = "DATE")]
    pub(crate) anchor_date: Option<String>,

    /// Recurrence rule of RFC 5545, such as `FREQ=DAILY;BYHOUR=9`
    #[arg(long, value_name = "RULE")]
    pub(crate) rrule: Option<String>,

    /// Cron expression, such as `0 9 * * *`
    #[arg(long, value_name = "CRON")]
    pub(crate) cron: Option<String>,

    /// With a day of the month and of the week, run on either of them; this is the default
    #[arg(long, alias = "day_or", overrides_with = "no_day_or", hide_short_help = true)]
    day_or: bool,

    /// With a day of the month and of the week, run only where both agree
    #[arg(long, alias = "no-day_or", overrides_with = "day_or")]
    pub(crate) no_day_or: bool,

    /// Time zone, such as `Europe/Rome`
    #[arg(long, value_name = "ZONE")]
    pub(crate) timezone: Option<String>,

    /// Start with the schedule switched on; this is the default
    #[arg(long, overrides_with = "no_active", hide_short_help = true)]
    active: bool,

    /// Start with the schedule switched off
    #[arg(long, overrides_with = "active")]
    pub(crate) no_active: bool,

    /// Delete the schedules that the deployment has
    #[arg(long)]
    pub(crate) replace: bool,

    #[command(flatten)]
    pub(crate) consent: ConsentArguments,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ActivateScheduleArguments {
    /// The deployment: FLOW/NAME
    #[arg(value_name = "FLOW/NAME")]
    pub(crate) name: Option<String>,

    /// The schedule's id
    #[arg(value_name = "UUID")]
    pub(crate) id: Option<Uuid>,

    /// All schedules of all deployments
    #[arg(long)]
    pub(crate) all: bool,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}
