//! Keys of earlier Prefect releases, with their replacements.

/// A key that current Prefect releases reject or ignore.
pub(super) struct Removed {
    pub(super) key: &'static str,
    /// First release without the key.
    pub(super) since: &'static str,
    pub(super) instead: &'static str,
}

/// Removed keys of a deployment.
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

/// Removed keys of a work pool.
pub(super) const WORK_POOL: &[Removed] =
    &[Removed { key: "infra_overrides", since: "3.0", instead: "use `job_variables`" }];

/// Removed keys of a schedule, where unknown keys are errors.
pub(super) const SCHEDULE: &[Removed] = &[
    Removed { key: "catchup", since: "3.0", instead: "remove it: Prefect 3 never catches up on missed runs" },
    Removed { key: "max_active_runs", since: "3.0", instead: "use `concurrency_limit` in the deployment" },
    Removed { key: "max_scheduled_runs", since: "3.0", instead: "remove it" },
    Removed { key: "is_active", since: "3.0", instead: "use `active`" },
];

pub(super) fn find<'a>(table: &'a [Removed], key: &str) -> Option<&'a Removed> {
    table.iter().find(|removed| removed.key == key)
}
