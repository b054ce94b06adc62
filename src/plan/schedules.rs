//! Compares a deployment's schedules with the schedules on the server.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use crate::{
    api::DeploymentSchedule,
    deployment::desired::Schedules,
    schedule::Schedule,
    value::{self, Value},
};

/// Changes to a deployment's schedules.
#[derive(Debug, Default)]
pub(crate) struct ScheduleChanges<'a> {
    pub(crate) create: Vec<&'a Schedule>,
    /// Live schedules to update, with their request bodies.
    pub(crate) update: Vec<(&'a DeploymentSchedule, Map<String, Json>)>,
    pub(crate) delete: Vec<&'a DeploymentSchedule>,
}

impl ScheduleChanges<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.create.is_empty() && self.update.is_empty() && self.delete.is_empty()
    }

    /// Returns the number of requests that change the schedules individually. A single request creates all new
    /// schedules.
    fn requests(&self) -> usize {
        usize::from(!self.create.is_empty()) + self.update.len() + self.delete.len()
    }

    /// Returns the `schedules` field that changes the schedules together with the deployment. Returns `None` if the
    /// server would make different changes or if an additional request would be required.
    ///
    /// If all live and sent schedules have slugs, the server updates and adds the sent schedules and keeps all other
    /// schedules. Otherwise, the server replaces all schedules, which is only correct if no live schedule must be kept.
    pub(crate) fn together(
        &self,
        has_fields: bool,
        live: &[DeploymentSchedule],
        now: Timestamp,
    ) -> Option<Vec<Json>> {
        if !has_fields && self.requests() < 2 {
            return None;
        }
        let created = self.create.iter().map(|schedule| schedule.for_create(now));
        if !is_by_slug(live) {
            let replaces_all = self.update.is_empty() && self.delete.len() == live.len();
            return (replaces_all && !self.is_empty()).then(|| created.collect());
        }
        // Changing a slug requires a separate request because older servers do not support `replaces`.
        let has_new_slug = self.update.iter().any(|(_, body)| body.contains_key("slug"));
        let is_possible = self.delete.is_empty() && !has_new_slug && !self.is_empty();
        is_possible
            .then(|| self.update.iter().map(|(live, body)| by_slug(live, body)).chain(created).collect())
    }
}

/// The error for live schedules with slugs that cannot be matched because the file's schedules have no slugs.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("Please provide a slug for each schedule in your request to ensure schedules are updated correctly.")]
pub(crate) struct MissingSlugs;

/// Compares the schedules in the file with the schedules on the server.
///
/// If all schedules have slugs, they are matched by slug. Live schedules whose slug is not in the file are kept, as in
/// Prefect. Otherwise, schedules are matched by slug or by their run times, and live schedules without a match are
/// deleted.
pub(super) fn compare<'a>(
    desired: &'a Schedules,
    live: &'a [DeploymentSchedule],
    now: Timestamp,
) -> Result<ScheduleChanges<'a>, MissingSlugs> {
    let Schedules::Exactly(wanted) = desired else { return Ok(ScheduleChanges::default()) };
    if wanted.is_empty() {
        return Ok(ScheduleChanges { delete: live.iter().collect(), ..ScheduleChanges::default() });
    }
    let live_by_slug = is_by_slug(live);
    if wanted.iter().any(|schedule| schedule.slug.is_none()) {
        allow_missing_slugs(live)?;
    }
    let mut unmatched: Vec<&DeploymentSchedule> = live.iter().collect();
    let mut pairs: Vec<(&Schedule, Option<&DeploymentSchedule>)> =
        wanted.iter().map(|schedule| (schedule, None)).collect();
    for is_like in if live_by_slug { &CRITERIA[..BY_SLUG] } else { &CRITERIA[..] } {
        for (schedule, found) in pairs.iter_mut().filter(|(_, found)| found.is_none()) {
            let position = unmatched.iter().position(|live| is_like(schedule, live));
            *found = position.map(|position| unmatched.remove(position));
        }
    }
    let mut changes = ScheduleChanges::default();
    for (schedule, found) in pairs {
        match found.map(|live| (live, schedule_differences(schedule, live, now))) {
            None => changes.create.push(schedule),
            Some((_, body)) if body.is_empty() => {}
            Some(update) => changes.update.push(update),
        }
    }
    if !live_by_slug {
        changes.delete = unmatched;
    }
    Ok(changes)
}

/// Checks that schedules without slugs can be matched with live schedules.
///
/// # Errors
///
/// Fails if all live schedules have slugs.
pub(crate) fn allow_missing_slugs(live: &[DeploymentSchedule]) -> Result<(), MissingSlugs> {
    if is_by_slug(live) { Err(MissingSlugs) } else { Ok(()) }
}

/// Returns whether the server matches schedules by slug.
fn is_by_slug(live: &[DeploymentSchedule]) -> bool {
    !live.is_empty() && live.iter().all(|schedule| schedule.slug.is_some())
}

/// Returns a schedule's update for a request that matches schedules by slug.
fn by_slug(live: &DeploymentSchedule, body: &Map<String, Json>) -> Json {
    let mut body = live.with_parameters(body);
    body.insert("slug".into(), json!(live.slug));
    body.into()
}

/// Criteria for matching a declared schedule with a live schedule, in order of precedence. Schedules with an
/// explicit `active` value are matched first.
const CRITERIA: [fn(&Schedule, &DeploymentSchedule) -> bool; 5] = [
    |schedule, live| schedule.replaces.is_some() && schedule.replaces == live.slug,
    |schedule, live| schedule.slug.is_some() && schedule.slug == live.slug,
    |schedule, live| schedule.active.is_some() && is_same(schedule, live),
    is_same,
    |schedule, live| live.slug.is_none() && schedule.runs_as(&live.schedule),
];

/// Number of criteria at the start of `CRITERIA` that compare slugs.
const BY_SLUG: usize = 2;

fn is_same(schedule: &Schedule, live: &DeploymentSchedule) -> bool {
    live.slug.is_none()
        && schedule.runs_as(&live.schedule)
        && schedule_differences(schedule, live, Timestamp::UNIX_EPOCH).is_empty()
}

/// Returns the update body for a live schedule. The body is empty if the schedules are equal.
pub(crate) fn schedule_differences(
    schedule: &Schedule,
    live: &DeploymentSchedule,
    now: Timestamp,
) -> Map<String, Json> {
    let mut body = Map::new();
    if !schedule.runs_as(&live.schedule) {
        body.insert("schedule".into(), schedule.for_update(now)["schedule"].clone());
    }
    if let Some(active) = schedule.active.filter(|active| *active != live.active) {
        body.insert("active".into(), active.into());
    }
    let parameters = value::to_json(&Value::Mapping(schedule.parameters.clone()));
    if parameters != Json::Object(live.parameters.clone()) {
        body.insert("parameters".into(), parameters);
    }
    if schedule.slug.is_some() && schedule.slug != live.slug {
        body.insert("slug".into(), json!(schedule.slug));
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(yaml: &str) -> Schedules {
        let items: Vec<value::Mapping> = serde_yaml::from_str(yaml).unwrap();
        Schedules::Exactly(items.iter().map(|item| Schedule::from_item(item).unwrap()).collect())
    }

    fn live(items: &[(&str, Option<&str>, bool)]) -> Vec<DeploymentSchedule> {
        let schedule = |(cron, slug, active): &(&str, Option<&str>, bool)| {
            serde_json::from_value(json!({
                "id": uuid::Uuid::new_v4(), "active": active, "slug": slug, "parameters": {},
                "schedule": {"cron": cron, "timezone": null, "day_or": true},
            }))
        };
        items.iter().map(|item| schedule(item).unwrap()).collect()
    }

    /// Returns the numbers of created, updated and deleted schedules.
    fn counts(yaml: &str, items: &[(&str, Option<&str>, bool)]) -> (usize, usize, usize) {
        let (wanted, live) = (wanted(yaml), live(items));
        let changes = compare(&wanted, &live, Timestamp::UNIX_EPOCH).unwrap();
        (changes.create.len(), changes.update.len(), changes.delete.len())
    }

    #[test]
    fn schedules_are_matched_and_changed_in_place() {
        let paused = ("0 0 * * *", None, false);
        for (yaml, items, expected) in [
            ("[]", &[paused][..], (0, 0, 1)),
            ("[{cron: 0 0 * * *}]", &[paused], (0, 0, 0)), // a pause set by an operator is kept
            ("[{cron: 0 0 * * *, active: true}]", &[paused], (0, 1, 0)),
            ("[{cron: 0 0 * * *, slug: a}]", &[paused], (0, 1, 0)),
            ("[{cron: 0 1 * * *}]", &[paused], (1, 0, 1)),
            ("[{cron: 0 1 * * *}, {cron: 0 0 * * *}]", &[paused, ("0 2 * * *", None, true)], (1, 0, 1)),
            (
                "[{cron: 0 1 * * *, slug: a}]",
                &[("0 0 * * *", Some("a"), true), ("0 2 * * *", Some("b"), true)],
                (0, 1, 0),
            ),
            ("[{cron: 0 1 * * *, slug: c}]", &[("0 0 * * *", Some("a"), true)], (1, 0, 0)),
            ("[{cron: 0 1 * * *, slug: c, replaces: a}]", &[("0 0 * * *", Some("a"), true)], (0, 1, 0)),
            ("[{cron: 0 0 * * *}]", &[], (1, 0, 0)),
            // Schedules that run at the same times are matched by `active`.
            (
                "[{cron: 0 0 * * *}, {cron: 0 0 * * *, active: false}]",
                &[paused, ("0 0 * * *", None, true)],
                (0, 0, 0),
            ),
        ] {
            assert_eq!(counts(yaml, items), expected, "{yaml}");
        }
    }

    #[test]
    fn rejects_schedules_without_slugs_if_live_schedules_have_slugs() {
        let (wanted, live) = (wanted("[{cron: 0 0 * * *}]"), live(&[("0 0 * * *", Some("a"), true)]));
        assert_eq!(compare(&wanted, &live, Timestamp::UNIX_EPOCH).unwrap_err(), MissingSlugs);
    }

    #[test]
    fn keeps_schedules_if_the_file_has_none() {
        assert!(
            compare(&Schedules::Keep, &live(&[("0 0 * * *", None, true)]), Timestamp::UNIX_EPOCH)
                .unwrap()
                .is_empty()
        );
    }
}
