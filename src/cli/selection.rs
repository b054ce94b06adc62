//! What to deploy: the deployments, and the options over the file.

use std::path::PathBuf;

use super::{
    PythonArguments, REPEATED, list,
    number::{self, Seconds},
};
use crate::{
    deploy::{OnError, Options},
    docker::reference::ImageReference,
    steps::ImagePolicy,
};

// The options that `deploy`, `plan`, `render` and `drift` share.
#[derive(Debug, clap::Args)]
pub(crate) struct SelectionArguments {
    /// The flow: `path/to/file.py:function` or `package.module.function`
    #[arg(value_name = "ENTRYPOINT", conflicts_with = "entrypoint_option")]
    entrypoint: Option<String>,

    #[arg(long = "entrypoint", id = "entrypoint_option", hide = true)]
    entrypoint_option: Option<String>,

    /// Deploy every deployment of the file
    #[arg(long, conflicts_with = "no_all", help_heading = "Selection")]
    all: bool,

    #[arg(long, hide = true)]
    no_all: bool,

    /// Name of a deployment: `name`, `flow/name` or a pattern with `*`; may be repeated
    #[arg(long, short, action = REPEATED, value_name = "NAME", help_heading = "Selection")]
    name: Vec<String>,

    #[arg(long, hide = true, conflicts_with = "name")]
    empty_name: bool,

    /// The file that describes the deployments
    #[arg(long, value_name = "FILE", help_heading = "Selection")]
    prefect_file: Option<PathBuf>,

    /// Description of the deployment
    #[arg(long, short, help_heading = "Deployment")]
    description: Option<String>,

    /// Version of the deployment
    #[arg(long, id = "deployment_version", value_name = "VERSION", help_heading = "Deployment")]
    version: Option<String>,

    /// How the version is found, such as `vcs:git` or `prefect:simple`
    #[arg(long, value_name = "TYPE", help_heading = "Deployment")]
    version_type: Option<String>,

    /// Tag, in place of the file's tags; may be repeated
    #[arg(long, short, action = REPEATED, help_heading = "Deployment")]
    tag: Vec<String>,

    #[arg(long, hide = true, conflicts_with = "tag")]
    empty_tag: bool,

    /// How many runs may be active at a time (also `-cl`)
    #[arg(long, value_name = "N", value_parser = number::integer, allow_negative_numbers = true, help_heading = "Deployment")]
    concurrency_limit: Option<i64>,

    /// What happens to runs above the limit: `ENQUEUE` or `CANCEL_NEW`
    #[arg(long, value_name = "STRATEGY", help_heading = "Deployment")]
    collision_strategy: Option<String>,

    /// Work pool that runs the flow
    #[arg(long, short, value_name = "NAME", help_heading = "Infrastructure")]
    pool: Option<String>,

    /// Queue of the work pool
    #[arg(long, short = 'q', value_name = "NAME", help_heading = "Infrastructure")]
    work_queue: Option<String>,

    /// Job variable, `key=value` or a JSON object, in place of the file's (also `-jv`); may be repeated
    #[arg(long, action = REPEATED, value_name = "VARIABLE", help_heading = "Infrastructure")]
    job_variable: Vec<String>,

    #[arg(long, hide = true, conflicts_with = "job_variable")]
    empty_job_variable: bool,

    /// Cron schedule to add; may be repeated
    #[arg(long, action = REPEATED, help_heading = "Schedules and triggers")]
    cron: Vec<String>,

    #[arg(long, hide = true, conflicts_with = "cron")]
    empty_cron: bool,

    /// Interval schedule to add, in seconds; may be repeated
    #[arg(long, action = REPEATED, value_name = "SECONDS", allow_negative_numbers = true, help_heading = "Schedules and triggers")]
    interval: Vec<Seconds>,

    #[arg(long, hide = true, conflicts_with = "interval")]
    empty_interval: bool,

    /// Anchor date of every interval schedule
    #[arg(long, value_name = "DATE", help_heading = "Schedules and triggers")]
    anchor_date: Option<String>,

    /// RRULE schedule to add, as text or JSON; may be repeated
    #[arg(long, action = REPEATED, help_heading = "Schedules and triggers")]
    rrule: Vec<String>,

    #[arg(long, hide = true, conflicts_with = "rrule")]
    empty_rrule: bool,

    /// Time zone of every schedule
    #[arg(long, value_name = "ZONE", help_heading = "Schedules and triggers")]
    timezone: Option<String>,

    /// Trigger, as JSON or a .yaml/.json file, in place of the file's; may be repeated
    #[arg(long, action = REPEATED, help_heading = "Schedules and triggers")]
    trigger: Vec<String>,

    #[arg(long, hide = true, conflicts_with = "trigger")]
    empty_trigger: bool,

    /// Parameter, `key=value` with JSON values, over the file's; may be repeated
    #[arg(long, action = REPEATED, value_name = "KEY=VALUE", help_heading = "Parameters")]
    param: Vec<String>,

    #[arg(long, hide = true, conflicts_with = "param")]
    empty_param: bool,

    /// Parameters as a JSON object, over the file's
    #[arg(long, value_name = "JSON", help_heading = "Parameters")]
    params: Option<String>,

    /// Check runs' parameters against the flow's schema
    #[arg(long, conflicts_with = "no_enforce_parameter_schema", help_heading = "Parameters")]
    enforce_parameter_schema: bool,

    #[arg(long, hide = true)]
    no_enforce_parameter_schema: bool,

    /// Service level agreement, as JSON or a file (Prefect Cloud); may be repeated
    #[arg(long, action = REPEATED, help_heading = "Schedules and triggers")]
    sla: Vec<String>,

    #[arg(long, hide = true, conflicts_with = "sla")]
    empty_sla: bool,

    /// How many images may be built or pushed at a time
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..), help_heading = "Images")]
    jobs: u16,

    /// Build and push images anew, also those with `tag: auto` that are there
    #[arg(long, help_heading = "Images")]
    rebuild: bool,

    /// Build without the layers of earlier builds
    #[arg(long, help_heading = "Images")]
    no_layer_cache: bool,

    /// Build and push no image: take the one of `--image`
    #[arg(long, requires = "image", conflicts_with_all = ["rebuild", "no_layer_cache"], help_heading = "Images")]
    skip_build: bool,

    /// The image that the Docker steps would give; may be repeated, one for each repository
    #[arg(long, action = REPEATED, value_name = "REF", requires = "skip_build", help_heading = "Images")]
    image: Vec<ImageReference>,

    #[command(flatten)]
    python: PythonArguments,

    /// Turn warnings into errors, before anything is written
    #[arg(long, env = "PREFECTL_STRICT", value_parser = clap::builder::FalseyValueParser::new(), help_heading = "Checks")]
    strict: bool,

    /// Write deployments that have not changed as well, and those that others have changed meanwhile
    #[arg(long, help_heading = "Checks")]
    force: bool,

    /// Omit fields that the server's release does not support
    #[arg(long, help_heading = "Checks")]
    allow_unsupported: bool,
}

impl SelectionArguments {
    /// The options as the operation takes them.
    pub(crate) fn options(&self) -> Options {
        Options {
            entrypoint: self.entrypoint.clone().or_else(|| self.entrypoint_option.clone()),
            all: self.all,
            names: self.name.clone(),
            prefect_file: self.prefect_file.clone(),
            description: self.description.clone(),
            version: self.version.clone(),
            version_type: self.version_type.clone(),
            tags: list(&self.tag, self.empty_tag),
            concurrency_limit: self.concurrency_limit,
            collision_strategy: self.collision_strategy.clone(),
            pool: self.pool.clone(),
            work_queue: self.work_queue.clone(),
            job_variables: self.job_variable.clone(),
            cron: self.cron.clone(),
            interval: self.interval.iter().flat_map(|seconds| seconds.0.clone()).collect(),
            anchor_date: self.anchor_date.clone(),
            rrule: self.rrule.clone(),
            timezone: self.timezone.clone(),
            triggers: self.trigger.clone(),
            param: self.param.clone(),
            params: self.params.clone(),
            enforce_parameter_schema: match (self.enforce_parameter_schema, self.no_enforce_parameter_schema)
            {
                (true, _) => Some(true),
                (_, true) => Some(false),
                (false, false) => None,
            },
            slas: list(&self.sla, self.empty_sla),
            python: self.python.python_use(),
            strict: self.strict,
            force: self.force,
            allow_unsupported: self.allow_unsupported,
            verify_pull: false,
            plan: None,
            on_error: OnError::default(),
            project: None,
            prune: false,
            max_deletes: 0,
            answered: None,
            jobs: self.jobs.into(),
            images: ImagePolicy {
                rebuild: self.rebuild,
                no_layer_cache: self.no_layer_cache,
                given: self.image.clone(),
            },
        }
    }
}
