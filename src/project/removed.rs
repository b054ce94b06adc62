//! Keys removed from Prefect, with their replacements.

use super::repair::Repair;

/// A key that current releases of Prefect reject or ignore.
pub(super) struct Removed {
    pub(super) key: &'static str,
    /// First Prefect release without support for the key.
    pub(super) since: &'static str,
    pub(super) instead: &'static str,
    /// The edit that replaces or removes the key. `None` if the edit requires a user decision.
    pub(super) repair: Option<Repair>,
}

const fn removed(key: &'static str, instead: &'static str, repair: Option<Repair>) -> Removed {
    Removed { key, since: "3.0", instead, repair }
}

const NO_CATCHUP: &str = "remove the key, because Prefect 3 never catches up on missed runs";

/// Keys removed from deployments.
pub(super) const DEPLOYMENT: &[Removed] = &[
    removed(
        "infra_overrides",
        "use `job_variables` under `work_pool`",
        Some(Repair::Nest(&["work_pool"], Some("job_variables"))),
    ),
    removed("infrastructure", "use `work_pool`", None),
    removed(
        "is_schedule_active",
        "use `paused` in the deployment, or `active` in a schedule",
        Some(Repair::Invert("paused")),
    ),
    removed("work_queue_name", "move the key under `work_pool`", Some(Repair::Nest(&["work_pool"], None))),
    removed(
        "work_pool_name",
        "use `name` under `work_pool`",
        Some(Repair::Nest(&["work_pool"], Some("name"))),
    ),
    removed("deployment_name", "use `name`", Some(Repair::Rename("name"))),
    removed("catchup", NO_CATCHUP, Some(Repair::Remove)),
    removed("max_active_runs", "use `concurrency_limit`", Some(Repair::Rename("concurrency_limit"))),
];

/// Keys removed from work pools.
pub(super) const WORK_POOL: &[Removed] =
    &[removed("infra_overrides", "use `job_variables`", Some(Repair::Rename("job_variables")))];

/// Keys removed from schedules, which reject unknown keys.
pub(super) const SCHEDULE: &[Removed] = &[
    removed("catchup", NO_CATCHUP, Some(Repair::Remove)),
    removed("max_active_runs", "use `concurrency_limit` in the deployment", None),
    removed("max_scheduled_runs", "remove the key", Some(Repair::Remove)),
    removed("is_active", "use `active`", Some(Repair::Rename("active"))),
];

pub(super) fn find<'a>(table: &'a [Removed], key: &str) -> Option<&'a Removed> {
    table.iter().find(|removed| removed.key == key)
}
