//! Keys of prefect.yaml and the types of their values, in one table.
//!
//! The types are those that Prefect accepts before templates are rendered. A number is invalid where a string is
//! expected, and so is a placeholder where a number is expected.

/// Type of a value as written in the file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Text,
    /// Date and time, or seconds since 1970.
    Moment,
    /// `true`, `yes`, `on`, `1` or their opposites, as a boolean, number or string.
    Flag,
    /// A flag, or a template that renders to one.
    FlagOrText,
    /// Whole number, also as a string.
    Count,
    Tags,
    /// Mapping with string keys. Null is invalid.
    Parameters,
    /// List of steps, a single step, `{}` or null.
    Steps,
    /// Number of seconds, or a string with a unit.
    Interval,
    Limit,
    Schedule,
    Schedules,
    WorkPool,
    Mappings,
}

/// A key and the type of its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) shape: Shape,
    pub(super) nullable: bool,
    /// Description in the JSON schema for editors.
    pub(super) meaning: &'static str,
}

const fn field(key: &'static str, shape: Shape, meaning: &'static str) -> Field {
    Field { key, shape, nullable: true, meaning }
}

const fn never_null(key: &'static str, shape: Shape, meaning: &'static str) -> Field {
    Field { key, shape, nullable: false, meaning }
}

pub(super) const TOP: &[Field] = &[
    field("prefect-version", Shape::Text, "the version of Prefect that wrote the file; not used"),
    field("prefect_version", Shape::Text, "another spelling of `prefect-version`"),
    field("name", Shape::Text, "the name of the project; not used"),
    field(
        "build",
        Shape::Steps,
        "steps that build images and the like, run before every deployment that lists none of its own",
    ),
    field("push", Shape::Steps, "steps that push what was built"),
    field("pull", Shape::Steps, "steps that workers run before the flow, to fetch its code"),
    never_null("deployments", Shape::Mappings, "the deployments"),
];

pub(super) const DEPLOYMENT: &[Field] = &[
    field("name", Shape::Text, "the name of the deployment"),
    field("version", Shape::Text, "the version; without one it is the commit or the hash of the flow's file"),
    field("version_type", Shape::Text, "where the version comes from, such as `vcs:git` or `prefect:simple`"),
    field("tags", Shape::Tags, "tags, as a list or as one text with commas"),
    field("description", Shape::Text, "a description in Markdown; without one it is that of the flow"),
    field("schedule", Shape::Schedule, "one schedule; use `schedules`"),
    field(
        "schedules",
        Shape::Schedules,
        "when the deployment runs; an empty list removes all, null leaves those of the server",
    ),
    field("paused", Shape::Flag, "whether its schedules are paused"),
    field("concurrency_limit", Shape::Limit, "how many runs may be active at a time"),
    field("flow_name", Shape::Text, "the name of the flow; not used, since the flow knows it"),
    field("entrypoint", Shape::Text, "the flow: `path/to/file.py:function` or `package.module.function`"),
    never_null("parameters", Shape::Parameters, "parameters of its runs"),
    field("enforce_parameter_schema", Shape::Flag, "whether parameters must fit the types of the flow"),
    field("build", Shape::Steps, "steps in place of the file's; null means none"),
    field("push", Shape::Steps, "steps in place of the file's; an empty list means none"),
    field("pull", Shape::Steps, "steps in place of the file's; an empty list means none"),
    field("work_pool", Shape::WorkPool, "where its runs go"),
    field("triggers", Shape::Mappings, "events that start a run"),
    field("sla", Shape::Mappings, "service level agreements (Prefect Cloud)"),
];

pub(super) const WORK_POOL: &[Field] = &[
    field("name", Shape::Text, "the name of the work pool"),
    field("work_queue_name", Shape::Text, "the queue of the work pool"),
    never_null("job_variables", Shape::Parameters, "values for the base job template of the work pool"),
];

pub(super) const SCHEDULE: &[Field] = &[
    field("cron", Shape::Text, "a cron expression, such as `0 6 * * *`"),
    field("interval", Shape::Interval, "seconds between two runs, or a length of time such as `PT1H`"),
    field("rrule", Shape::Text, "an RRULE of iCalendar"),
    field("timezone", Shape::Text, "a time zone, such as `Europe/Berlin`"),
    field("anchor_date", Shape::Moment, "the time that an interval counts from"),
    field("active", Shape::FlagOrText, "whether the schedule starts runs"),
    never_null("parameters", Shape::Parameters, "parameters over those of the deployment"),
    field("slug", Shape::Text, "a name by which the schedule is found again when it changes"),
    field("replaces", Shape::Text, "the slug of the schedule that this one takes the place of"),
    field(
        "day_or",
        Shape::FlagOrText,
        "whether a cron day of month or day of week is enough, if both are given",
    ),
];

/// Keys of a schedule of which exactly one is required.
pub(super) const SCHEDULE_KINDS: [&str; 3] = ["cron", "interval", "rrule"];

pub(super) const LIMIT: &[Field] = &[
    field("limit", Shape::Count, "how many runs may be active at a time"),
    field(
        "collision_strategy",
        Shape::Text,
        "what happens to runs above the limit: `ENQUEUE` or `CANCEL_NEW`",
    ),
    field("grace_period_seconds", Shape::Count, "how long a run that has not started keeps its place"),
];

/// Top-level keys that never cause a warning. They often hold anchors.
pub(super) const FREE: &[&str] = &["definitions", "description", "required_inputs", "version"];

pub(super) fn find(fields: &'static [Field], key: &str) -> Option<&'static Field> {
    fields.iter().find(|field| field.key == key)
}
