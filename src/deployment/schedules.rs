//! Manages the schedules of deployments on the server.

use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{DeploymentError, NamedDeployment};
use crate::{
    api::{ApiError, Client, Deployment, DeploymentSchedule, JsonObject},
    error::Incomplete,
    python,
};

/// Maximum number of schedules that are updated concurrently.
const AT_ONCE: usize = 10;

/// Adds a schedule to a deployment.
pub(crate) async fn create(
    client: &Client,
    deployment: &Deployment,
    schedule: &Value,
) -> Result<DeploymentSchedule, ApiError> {
    let created = client.create_schedules(deployment.id, std::slice::from_ref(schedule)).await?;
    created.into_iter().next().ok_or_else(|| ApiError::Unexpected {
        request: format!("POST /deployments/{}/schedules", deployment.id),
        reason: "it names no schedule".to_owned(),
    })
}

/// Removes the schedules listed in `deployment`.
///
/// # Errors
///
/// Fails at the first schedule that cannot be removed.
pub(crate) async fn clear(client: &Client, deployment: &Deployment) -> Result<(), Incomplete<ApiError>> {
    let count = deployment.schedules.len();
    for (done, schedule) in deployment.schedules.iter().enumerate() {
        let deleted = client.delete_schedule(deployment.id, schedule.id).await;
        deleted.map_err(|error| Incomplete { done, count, error })?;
    }
    Ok(())
}

/// Finds a deployment's schedule by the schedule's ID.
pub(crate) fn find(deployment: &Deployment, id: Uuid) -> Result<&DeploymentSchedule, DeploymentError> {
    deployment.schedules.iter().find(|schedule| schedule.id == id).ok_or(DeploymentError::ScheduleNotFound)
}

/// Activates or pauses a schedule.
pub(crate) async fn activate(
    client: &Client,
    deployment: &Deployment,
    schedule: &DeploymentSchedule,
    active: bool,
) -> Result<(), ApiError> {
    let change = JsonObject::from_iter([("active".to_owned(), json!(active))]);
    client.update_schedule(deployment.id, schedule, &change).await
}

/// Activates or pauses schedules. Returns the schedules that were changed, each with its deployment.
///
/// # Errors
///
/// Fails if a request fails. Waits for all concurrent requests first.
pub(crate) async fn activate_all<'a>(
    client: &Client,
    deployments: &'a [NamedDeployment],
    active: bool,
) -> Result<Vec<(&'a NamedDeployment, Uuid)>, Incomplete<ApiError>> {
    let schedules = deployments
        .iter()
        .flat_map(|named| named.deployment.schedules.iter().map(move |schedule| (named, schedule)));
    let unchanged: Vec<_> = schedules.filter(|(_, schedule)| schedule.active != active).collect();
    let mut changed = Vec::with_capacity(unchanged.len());
    for batch in unchanged.chunks(AT_ONCE) {
        let results =
            batch.iter().map(|(named, schedule)| activate(client, &named.deployment, schedule, active));
        let mut failure = None;
        for ((named, schedule), result) in batch.iter().zip(join_all(results).await) {
            match result {
                Ok(()) => changed.push((*named, schedule.id)),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        if let Some(error) = failure {
            return Err(Incomplete { done: changed.len(), count: unchanged.len(), error });
        }
    }
    Ok(changed)
}

/// Formats a schedule like Prefect's `schedule ls` command, as in `cron: 0 0 * * *`.
pub(crate) fn summary(schedule: &JsonObject) -> String {
    let text = |key: &str| schedule.get(key).and_then(Value::as_str).unwrap_or_default();
    if let Some(seconds) = schedule.get("interval").and_then(Value::as_f64) {
        format!("interval: {}s", python_timedelta(seconds))
    } else if schedule.contains_key("cron") {
        format!("cron: {}", text("cron"))
    } else if schedule.contains_key("rrule") {
        format!("rrule: {}", text("rrule"))
    } else {
        "unknown".to_owned()
    }
}

/// Formats a schedule as Prefect does when it pauses a schedule, as in `cron='0 0 * * *' timezone='UTC'
/// day_or=True`.
pub(crate) fn fields(schedule: &JsonObject) -> String {
    let field = |(key, value): (&String, &Value)| match (key.as_str(), value.as_f64()) {
        ("interval", Some(seconds)) => {
            format!("interval={}", python_timedelta(seconds))
        }
        _ => format!("{key}={}", python::json_repr(value)),
    };
    schedule.iter().map(field).collect::<Vec<_>>().join(" ")
}

/// Formats a number of seconds as Python formats a `timedelta`, as in `1 day, 2:00:00.500000`.
fn python_timedelta(seconds: f64) -> String {
    let whole = jiff::SignedDuration::try_from_secs_f64(seconds).unwrap_or_default();
    let (days, rest) = (whole.as_secs().div_euclid(86_400), whole.as_secs().rem_euclid(86_400));
    let clock = format!("{}:{:02}:{:02}", rest / 3600, rest % 3600 / 60, rest % 60);
    let micros = match whole.subsec_micros() {
        0 => String::new(),
        micros => format!(".{micros:06}"),
    };
    match days {
        0 => format!("{clock}{micros}"),
        1 => format!("1 day, {clock}{micros}"),
        days => format!("{days} days, {clock}{micros}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(json: &Value) -> JsonObject {
        json.as_object().unwrap().clone()
    }

    #[test]
    fn formats_schedules_like_prefect() {
        for (schedule, expected) in [
            (json!({"cron": "0 0 * * *", "timezone": "UTC"}), "cron: 0 0 * * *"),
            (json!({"interval": 3600.5, "anchor_date": "2026-01-01T00:00:00Z"}), "interval: 1:00:00.500000s"),
            (json!({"interval": 90_000.0}), "interval: 1 day, 1:00:00s"),
            (json!({"interval": 172_800.0}), "interval: 2 days, 0:00:00s"),
            (json!({"rrule": "FREQ=DAILY"}), "rrule: FREQ=DAILY"),
        ] {
            assert_eq!(summary(&object(&schedule)), expected);
        }
        let cron = json!({"cron": "2 * * * *", "timezone": "UTC", "day_or": true});
        assert_eq!(fields(&object(&cron)), "cron='2 * * * *' timezone='UTC' day_or=True");
    }
}
