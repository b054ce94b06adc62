//! Keys that earlier versions of Prefect took, and what stands in their place today.

/// A key that today's Prefect refuses or ignores.
pub(super) struct Removed {
    pub(super) key: &'static str,
    /// Since which version it is gone.
    pub(super) since: &'static str,
    pub(super) instead: &'static str,
}

/// Keys of a deployment.
pub(super) const DEPLOYMENT: &[Removed] = &[
    Removed { key: "infra_overrides", since: "3.0", instead: "use `job_variables` under `work_pool`" },
    Removed { key: "infrastructure", since: "3.0", instead: "use `work_pool`" },
    Removed { key: "is_schedule_active", since: "3.0", instead: "use `paused`, or `active` of a schedule" },
    Removed { key: "work_queue_name", since: "3.0", instead: "move it under `work_pool`" },
    Removed { key: "work_pool_name", since: "3.0", instead: "write `work_pool:` with `name:` under it" },
    Removed { key: "deployment_name", since: "3.0", instead: "use `name`" },
    Removed { key: "catchup", since: "3.0", instead: "remove it: schedules never catch up" },
    Removed { key: "max_active_runs", since: "3.0", instead: "use `concurrency_limit`" },
];

/// Keys of a work pool.
pub(super) const WORK_POOL: &[Removed] =
    &[Removed { key: "infra_overrides", since: "3.0", instead: "use `job_variables`" }];

/// Keys of a schedule, where an unknown key is an error.
pub(super) const SCHEDULE: &[Removed] = &[
    Removed { key: "catchup", since: "3.0", instead: "remove it: schedules never catch up" },
    Removed { key: "max_active_runs", since: "3.0", instead: "use `concurrency_limit` of the deployment" },
    Removed { key: "max_scheduled_runs", since: "3.0", instead: "remove it" },
    Removed { key: "is_active", since: "3.0", instead: "use `active`" },
];

pub(super) fn find<'a>(table: &'a [Removed], key: &str) -> Option<&'a Removed> {
    table.iter().find(|removed| removed.key == key)
}
