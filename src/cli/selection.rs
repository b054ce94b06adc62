//! Options that select deployments and override values from the project file.

use std::path::PathBuf;

use super::{
    EnvironmentOption, PythonArguments, REPEATED, list,
    number::{self, Seconds},
};
use crate::{
    deployment::{OnError, Options, PreviewName, Selector},
    docker::reference::ImageReference,
    project::ProjectFiles,
    steps::{ImagePolicy, LockUse},
};

// The options that `deploy`, `plan`, `render` and `drift` share.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("existing_images").args(["image", "image_lock"]).multiple(true))]
pub(crate) struct SelectionArguments {
    /// Entrypoint of a flow: `path/to/file.py:function` or `package.module.function`
    #[arg(value_name = "ENTRYPOINT", conflicts_with = "entrypoint_option")]
    entrypoint: Option<String>,

    #[arg(long = "entrypoint", id = "entrypoint_option", hide = true)]
    entrypoint_option: Option<String>,

    /// Select all deployments in the file
    #[arg(long, conflicts_with = "no_all", help_heading = "Selection")]
    all: bool,

    #[arg(long, hide = true)]
    no_all: bool,

    /// Name of a deployment to select: `name`, `flow/name` or a pattern with `*`; repeatable
    #[arg(long, short, action = REPEATED, value_name = "NAME", help_heading = "Selection")]
    name: Vec<String>,

    #[arg(long, hide = true, conflicts_with = "name")]
    empty_name: bool,

    /// Select deployments by conditions such as `tag:etl,!pool:gpu`; repeat the option for alternatives
    #[arg(
        long,
        action = REPEATED,
        value_name = "EXPR",
        conflicts_with_all = ["entrypoint", "entrypoint_option"],
        help_heading = "Selection"
    )]
    select: Vec<Selector>,

    /// Deploy copies named `NAME--PREVIEW`, with inactive schedules and without triggers; requires a project ID
    #[arg(long, value_name = "PREVIEW", help_heading = "Selection")]
    preview: Option<PreviewName>,

    /// Project file: a path, a glob such as `services/**/prefect.yaml`, or `-` for stdin; repeatable [default:
    /// prefect.yaml]
    #[arg(long, short = 'f', alias = "file", action = REPEATED, value_name = "FILE", help_heading = "Selection")]
    prefect_file: Vec<PathBuf>,

    /// Environment whose values override the project file, such as `prod` for prefect.prod.yaml
    #[arg(long, value_name = "NAME", env = "PREFECTL_ENV", help_heading = "Selection")]
    env: Option<EnvironmentOption>,

    /// Description of the deployment
    #[arg(long, short, help_heading = "Deployment")]
    description: Option<String>,

    /// Version of the deployment
    #[arg(long, id = "deployment_version", value_name = "VERSION", help_heading = "Deployment")]
    version: Option<String>,

    /// Version type, such as `vcs:git` or `prefect:simple`
    #[arg(long, value_name = "TYPE", help_heading = "Deployment")]
    version_type: Option<String>,

    /// Tag of the deployment; replaces the tags in the file; repeatable
    #[arg(long, short, action = REPEATED, help_heading = "Deployment")]
    tag: Vec<String>,

    #[arg(long, hide = true, conflicts_with = "tag")]
    empty_tag: bool,

    /// Maximum number of concurrent runs (or `-cl`)
    #[arg(long, value_name = "N", value_parser = number::integer, allow_negative_numbers = true, help_heading = "Deployment")]
    concurrency_limit: Option<i64>,

    /// Action for runs that exceed the limit: `ENQUEUE` or `CANCEL_NEW`
    #[arg(long, value_name = "STRATEGY", help_heading = "Deployment")]
    collision_strategy: Option<String>,

    /// Name of the work pool that runs the flow
    #[arg(long, short, value_name = "NAME", help_heading = "Infrastructure")]
    pool: Option<String>,

    /// Queue of the work pool
    #[arg(long, short = 'q', value_name = "NAME", help_heading = "Infrastructure")]
    work_queue: Option<String>,

    /// Job variable as `key=value` or a JSON object (or `-jv`); replaces the job variables in the file;
    /// repeatable
    #[arg(long, action = REPEATED, value_name = "VARIABLE", help_heading = "Infrastructure")]
    job_variable: Vec<String>,

    #[arg(long, hide = true, conflicts_with = "job_variable")]
    empty_job_variable: bool,

    /// Cron schedule to add; repeatable
    #[arg(long, action = REPEATED, help_heading = "Schedules and triggers")]
    cron: Vec<String>,

    #[arg(long, hide = true, conflicts_with = "cron")]
    empty_cron: bool,

    /// Interval in seconds of a schedule to add; repeatable
    #[arg(long, action = REPEATED, value_name = "SECONDS", allow_negative_numbers = true, help_heading = "Schedules and triggers")]
    interval: Vec<Seconds>,

    #[arg(long, hide = true, conflicts_with = "interval")]
    empty_interval: bool,

    /// Anchor date of all interval schedules
    #[arg(long, value_name = "DATE", help_heading = "Schedules and triggers")]
    anchor_date: Option<String>,

    /// RRULE of a schedule to add, as a rule or a JSON object; repeatable
    #[arg(long, action = REPEATED, help_heading = "Schedules and triggers")]
    rrule: Vec<String>,

    #[arg(long, hide = true, conflicts_with = "rrule")]
    empty_rrule: bool,

    /// Time zone of every schedule
    #[arg(long, value_name = "ZONE", help_heading = "Schedules and triggers")]
    timezone: Option<String>,

    /// Trigger as JSON, or a .yaml or .json file with triggers; replaces the triggers in the file; repeatable
    #[arg(long, action = REPEATED, help_heading = "Schedules and triggers")]
    trigger: Vec<String>,

    #[arg(long, hide = true, conflicts_with = "trigger")]
    empty_trigger: bool,

    /// Parameter as `key=value`, where the value is JSON; merged with the parameters in the file; repeatable
    #[arg(long, action = REPEATED, value_name = "KEY=VALUE", help_heading = "Parameters")]
    param: Vec<String>,

    #[arg(long, hide = true, conflicts_with = "param")]
    empty_param: bool,

    /// Parameters as a JSON object; merged with the parameters in the file
    #[arg(long, value_name = "JSON", help_heading = "Parameters")]
    params: Option<String>,

    /// Validate the parameters of runs against the flow's parameter schema
    #[arg(long, conflicts_with = "no_enforce_parameter_schema", help_heading = "Parameters")]
    enforce_parameter_schema: bool,

    #[arg(long, hide = true)]
    no_enforce_parameter_schema: bool,

    /// Service level agreement as JSON or a file (Prefect Cloud only); repeatable
    #[arg(long, action = REPEATED, help_heading = "Schedules and triggers")]
    sla: Vec<String>,

    #[arg(long, hide = true, conflicts_with = "sla")]
    empty_sla: bool,

    /// Maximum number of concurrent image builds and pushes
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..), help_heading = "Images")]
    jobs: u16,

    /// Build and push images with `tag: auto` even if they already exist
    #[arg(long, help_heading = "Images")]
    rebuild: bool,

    /// Build images without using the layer cache
    #[arg(long, help_heading = "Images")]
    no_layer_cache: bool,

    /// Skip building and pushing images; requires `--image` or `--image-lock`
    #[arg(long, requires = "existing_images", conflicts_with_all = ["rebuild", "no_layer_cache"], help_heading = "Images")]
    pub(crate) skip_build: bool,

    /// Image to use instead of the result of Docker steps; one for each repository; repeatable
    #[arg(long, action = REPEATED, value_name = "REF", requires = "skip_build", help_heading = "Images")]
    image: Vec<ImageReference>,

    /// File for the digests of the images that a deploy pushes; with `--skip-build`, use the images in the file
    #[arg(long, value_name = "FILE", help_heading = "Images")]
    pub(crate) image_lock: Option<PathBuf>,

    #[command(flatten)]
    python: PythonArguments,

    /// Treat warnings as errors
    #[arg(long, env = "PREFECTL_STRICT", value_parser = clap::builder::FalseyValueParser::new(), help_heading = "Checks")]
    strict: bool,

    /// Write all deployments, even if they are unchanged or were changed on the server in the meantime
    #[arg(long, help_heading = "Checks")]
    force: bool,

    /// Omit fields that the server's version does not support
    #[arg(long, help_heading = "Checks")]
    allow_unsupported: bool,
}

impl SelectionArguments {
    /// Converts the command-line arguments to the options of a deploy, without the image lock.
    pub(crate) fn options(&self) -> Options {
        Options {
            resources: true,
            entrypoint: self.entrypoint.clone().or_else(|| self.entrypoint_option.clone()),
            all: self.all,
            names: self.name.clone(),
            selectors: self.select.clone(),
            preview: self.preview.clone(),
            why: false,
            files: ProjectFiles::from_arguments(&self.prefect_file),
            environment: EnvironmentOption::selected(self.env.as_ref()),
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
            on_error: OnError::default(),
            resume: false,
            project: None,
            prune: false,
            max_deletes: 0,
            only_compares: false,
            jobs: self.jobs.into(),
            images: ImagePolicy {
                rebuild: self.rebuild,
                no_layer_cache: self.no_layer_cache,
                given: self.image.clone(),
                lock: LockUse::None,
            },
        }
    }
}
