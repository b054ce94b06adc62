//! Keys that were removed from Prefect, together with their replacements.

/// A key that current releases of Prefect reject or ignore.
pub(super) struct Removed {
    pub(super) key: &'static str,
    /// The first release of Prefect that does not support the key.
    pub(super) since: &'static str,
    pub(super) instead: &'static str,
}

/// Keys that were removed from deployments.
pub(super) const DEPLOYMENT: &[Removed] = &[
    Removed { key: "infra_overrides", since: "3.0", instead: "use `job_variables` below `work_pool`" },
    Removed { key: "infrastructure", since: "3.0", instead: "use `work_pool`" },
    Removed { key: "is_schedule_active", since: "3.0", instead: "use `paused`, or `active` in a schedule" },
    Removed { key: "work_queue_name", since: "3.0", instead: "move it below `work_pool`" },
    Removed { key: "work_pool_name", since: "3.0", instead: "use `name` below `work_pool`" },
    Removed { key: "deployment_name", since: "3.0", instead: "use `name`" },
    Removed { key: "catchup", since: "3.0", instead: "remove it: Prefect 3 never catches up on missed runs" },
    Removed { key: "max_active_runs", since: "3.0", instead: "use `concurrency_limit`" },
];

/// Keys that were removed from work pools.
pub(super) const WORK_POOL: &[Removed] =
    &[Removed { key: "infra_overrides", since: "3.0", instead: "use `job_variables`" }];

/// Keys that were removed from schedules. In a schedule, unknown keys are errors.
pub(super) const SCHEDULE: &[Removed] = &[
    Removed { key: "catchup", since: "3.0", instead: "remove it: Prefect 3 never catches up on missed runs" },
    Removed { key: "max_active_runs", since: "3.0", instead: "use `concurrency_limit` in the deployment" },
    Removed { key: "max_scheduled_runs", since: "3.0", instead: "remove it" },
    Removed { key: "is_active", since: "3.0", instead: "use `active`" },
];

pub(super) fn find<'a>(table: &'a [Removed], key: &str) -> Option<&'a Removed> {
    table.iter().find(|removed| removed.key == key)
}
