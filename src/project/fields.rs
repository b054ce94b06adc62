//! The keys of prefect.yaml and the shapes of their values, as one table.
//!
//! The shapes are what the reference accepts when it loads the file, before templates are filled in: a number
//! where text is wanted is an error, a placeholder where a number is wanted as well.

/// The shape of a value as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Text,
    /// `true`, `yes`, `on`, `1` and their opposites, as boolean, number or text.
    Flag,
    /// A flag, or text that a template makes one.
    FlagOrText,
    /// A whole number, also as text.
    Count,
    Tags,
    /// A mapping with text for keys; null is no mapping.
    Parameters,
    /// A list of steps, a lone step, `{}` or null.
    Steps,
    /// Number of seconds, or text with a unit.
    Interval,
    Limit,
    Schedule,
    Schedules,
    WorkPool,
    Mappings,
    Any,
}

/// A key and the shape of its value; null is accepted unless `required`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) shape: Shape,
    pub(super) nullable: bool,
}

const fn field(key: &'static str, shape: Shape) -> Field {
    Field { key, shape, nullable: true }
}

const fn never_null(key: &'static str, shape: Shape) -> Field {
    Field { key, shape, nullable: false }
}

pub(super) const TOP: &[Field] = &[
    field("prefect-version", Shape::Text),
    field("prefect_version", Shape::Text),
    field("name", Shape::Text),
    field("build", Shape::Steps),
    field("push", Shape::Steps),
    field("pull", Shape::Steps),
    never_null("deployments", Shape::Mappings),
];

pub(super) const DEPLOYMENT: &[Field] = &[
    field("name", Shape::Text),
    field("version", Shape::Text),
    field("version_type", Shape::Text),
    field("tags", Shape::Tags),
    field("description", Shape::Text),
    field("schedule", Shape::Schedule),
    field("schedules", Shape::Schedules),
    field("paused", Shape::Flag),
    field("concurrency_limit", Shape::Limit),
    field("flow_name", Shape::Text),
    field("entrypoint", Shape::Text),
    never_null("parameters", Shape::Parameters),
    field("enforce_parameter_schema", Shape::Flag),
    field("build", Shape::Steps),
    field("push", Shape::Steps),
    field("pull", Shape::Steps),
    field("work_pool", Shape::WorkPool),
    field("triggers", Shape::Mappings),
    field("sla", Shape::Mappings),
];

pub(super) const WORK_POOL: &[Field] = &[
    field("name", Shape::Text),
    field("work_queue_name", Shape::Text),
    never_null("job_variables", Shape::Parameters),
];

pub(super) const SCHEDULE: &[Field] = &[
    field("cron", Shape::Text),
    field("interval", Shape::Interval),
    field("rrule", Shape::Text),
    field("timezone", Shape::Text),
    field("anchor_date", Shape::Text),
    field("active", Shape::FlagOrText),
    never_null("parameters", Shape::Parameters),
    field("slug", Shape::Text),
    field("replaces", Shape::Text),
    field("day_or", Shape::FlagOrText),
];

pub(super) const LIMIT: &[Field] = &[
    field("limit", Shape::Count),
    field("collision_strategy", Shape::Text),
    field("grace_period_seconds", Shape::Count),
];

/// Keys that are free at the top of the file: people hang anchors on them.
pub(super) const FREE: &[&str] = &["definitions", "description", "required_inputs", "version"];

pub(super) fn find(fields: &'static [Field], key: &str) -> Option<&'static Field> {
    fields.iter().find(|field| field.key == key)
}
