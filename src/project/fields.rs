//! A table of all keys in prefect.yaml and their value types.
//!
//! A type describes the values that Prefect accepts before template rendering. For example, a string field does not
//! accept a number, and a number field does not accept a placeholder.

/// The type of a value in a project file, before templates are rendered.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Text,
    /// A date and time, or a number of seconds since 1970.
    Moment,
    /// A boolean. Values such as `true`, `yes`, `on` and `1` are accepted as booleans, numbers or strings.
    Flag,
    /// A boolean, or a template that renders to a boolean.
    FlagOrText,
    /// An integer, or a string that contains an integer.
    Count,
    Tags,
    /// A mapping whose keys are strings. Null is not accepted.
    Parameters,
    /// A list of steps, a single step, `{}` or null.
    Steps,
    /// A number of seconds, or a string with a unit.
    Interval,
    Limit,
    Schedule,
    Schedules,
    WorkPool,
    Mappings,
    /// A list of fields that a deploy does not overwrite.
    IgnoredFields,
    /// A mapping from environment names to overrides.
    Environments,
    /// A mapping that declares resources. The mapping is checked together with the deployments.
    Resources,
}

/// A mapping key and its value type.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownKey {
    pub(super) key: &'static str,
    pub(super) shape: Shape,
    pub(super) nullable: bool,
    /// The key's description in the JSON schema. Editors display it.
    pub(super) meaning: &'static str,
}

const fn field(key: &'static str, shape: Shape, meaning: &'static str) -> KnownKey {
    KnownKey { key, shape, nullable: true, meaning }
}

const fn never_null(key: &'static str, shape: Shape, meaning: &'static str) -> KnownKey {
    KnownKey { key, shape, nullable: false, meaning }
}

const IGNORE_CHANGES: KnownKey = field(
    "ignore_changes",
    Shape::IgnoredFields,
    "fields that a deploy sets only when it creates the deployment, such as `paused` or `job_variables.env.X`",
);

pub(super) const TOP: &[KnownKey] = &[
    field("prefect-version", Shape::Text, "version of Prefect that created the file; has no effect"),
    field("prefect_version", Shape::Text, "alternative spelling of `prefect-version`"),
    field("name", Shape::Text, "name of the project; has no effect"),
    field("build", Shape::Steps, "build steps for deployments that have no `build` key"),
    field("push", Shape::Steps, "push steps for deployments that have no `push` key"),
    field("pull", Shape::Steps, "steps that workers run before the flow, for example to download its code"),
    never_null("deployments", Shape::Mappings, "list of deployments"),
    IGNORE_CHANGES,
    field(
        "environments",
        Shape::Environments,
        "values for environments such as `prod`, which `--env` merges with the file; Prefect ignores this key",
    ),
    field(
        "prefectl",
        Shape::Resources,
        "work pools, variables, concurrency limits, automations and blocks, which prefectl deploys",
    ),
];

pub(super) const DEPLOYMENT: &[KnownKey] = &[
    field("name", Shape::Text, "name of the deployment"),
    field(
        "version",
        Shape::Text,
        "version of the deployment; defaults to the Git commit or the hash of the flow's file",
    ),
    field("version_type", Shape::Text, "source of the version, such as `vcs:git` or `prefect:simple`"),
    field("tags", Shape::Tags, "list of tags, or a string with tags separated by commas"),
    field("description", Shape::Text, "description in Markdown; defaults to the description of the flow"),
    field("schedule", Shape::Schedule, "a single schedule; prefer `schedules`"),
    field(
        "schedules",
        Shape::Schedules,
        "schedules of the deployment; an empty list removes all schedules, and null keeps the \
         schedules on the server",
    ),
    field("paused", Shape::Flag, "whether the schedules of the deployment are paused"),
    field("concurrency_limit", Shape::Limit, "maximum number of concurrent flow runs"),
    field("flow_name", Shape::Text, "name of the flow; has no effect"),
    field(
        "entrypoint",
        Shape::Text,
        "entrypoint of the flow, as `path/to/file.py:function` or `package.module.function`",
    ),
    never_null("parameters", Shape::Parameters, "default parameters of flow runs"),
    field(
        "enforce_parameter_schema",
        Shape::Flag,
        "whether parameters must match the parameter types of the flow",
    ),
    field("build", Shape::Steps, "build steps that replace the top-level steps; null disables them"),
    field("push", Shape::Steps, "push steps that replace the top-level steps; an empty list disables them"),
    field("pull", Shape::Steps, "pull steps that replace the top-level steps; an empty list disables them"),
    field("work_pool", Shape::WorkPool, "work pool that runs the flow"),
    field("triggers", Shape::Mappings, "triggers that start flow runs in response to events"),
    field("sla", Shape::Mappings, "service level agreements (Prefect Cloud)"),
    IGNORE_CHANGES,
];

pub(super) const WORK_POOL: &[KnownKey] = &[
    field("name", Shape::Text, "name of the work pool"),
    field("work_queue_name", Shape::Text, "name of a work queue in the work pool"),
    never_null("job_variables", Shape::Parameters, "values for the base job template of the work pool"),
];

pub(super) const SCHEDULE: &[KnownKey] = &[
    field("cron", Shape::Text, "cron expression, such as `0 6 * * *`"),
    field("interval", Shape::Interval, "seconds between runs, or a duration such as `PT1H`"),
    field("rrule", Shape::Text, "iCalendar RRULE"),
    field("timezone", Shape::Text, "time zone, such as `Europe/Berlin`"),
    field("anchor_date", Shape::Moment, "start of the first interval"),
    field("active", Shape::FlagOrText, "whether the schedule is active and creates flow runs"),
    never_null("parameters", Shape::Parameters, "parameters that override the deployment's parameters"),
    field("slug", Shape::Text, "name that identifies the schedule even if its other fields change"),
    field("replaces", Shape::Text, "slug of the schedule that this schedule replaces"),
    field(
        "day_or",
        Shape::FlagOrText,
        "whether matching either the day of the month or the day of the week is enough, if the cron \
         expression restricts both",
    ),
];

/// Keys that determine a schedule's kind. A schedule must have exactly one of these keys.
pub(super) const SCHEDULE_KINDS: [&str; 3] = ["cron", "interval", "rrule"];

pub(super) const LIMIT: &[KnownKey] = &[
    field("limit", Shape::Count, "maximum number of concurrent flow runs"),
    field(
        "collision_strategy",
        Shape::Text,
        "handling of flow runs above the limit: `ENQUEUE` or `CANCEL_NEW`",
    ),
    field(
        "grace_period_seconds",
        Shape::Count,
        "maximum number of seconds that a run keeps its slot before it starts",
    ),
];

/// Top-level keys that are never reported as unknown because they often contain definitions with anchors.
pub(super) const FREE: &[&str] = &["definitions", "description", "required_inputs", "version"];

pub(super) fn find(fields: &'static [KnownKey], key: &str) -> Option<&'static KnownKey> {
    fields.iter().find(|field| field.key == key)
}
