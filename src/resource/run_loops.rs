//! Detects automations that start flow runs in an infinite loop. The server rejects such automations.

use serde_json::Value as Json;

/// Pattern that matches all flow run event names and all flow run resource IDs.
const EVERY_FLOW_RUN: &str = "prefect.flow-run.*";

/// Events that occur in every flow run of a deployment.
const EVENTS_OF_EVERY_RUN: [&str; 4] =
    ["prefect.flow-run.Scheduled", "prefect.flow-run.Pending", "prefect.flow-run.Running", EVERY_FLOW_RUN];

/// Returns the index of the action that starts flow runs in an infinite loop, and a hint for preventing the loop.
/// Returns `None` if the automation has no such action. The trigger and actions are in API format.
pub(super) fn looping_action(trigger: &Json, actions: &[Json]) -> Option<(usize, &'static str)> {
    let text = |value: &Json, key: &str| value.get(key).and_then(Json::as_str).map(str::to_owned);
    let is_reactive = text(trigger, "type").as_deref() == Some("event")
        && text(trigger, "posture").as_deref() == Some("Reactive");
    let mut expected = trigger.get("expect").and_then(Json::as_array).into_iter().flatten();
    let is_for_runs =
        expected.any(|event| event.as_str().is_some_and(|event| EVENTS_OF_EVERY_RUN.contains(&event)));
    if !is_reactive || !is_for_runs {
        return None;
    }
    let related = match trigger.get("match_related") {
        Some(Json::Array(items)) => items.iter().any(matches_every_run),
        related => related.is_none_or(matches_every_run),
    };
    let is_unfiltered = trigger.get("match").is_none_or(matches_every_run) && related;
    let mut runs = actions
        .iter()
        .enumerate()
        .filter(|(_, action)| text(action, "type").as_deref() == Some("run-deployment"));
    runs.find_map(|(index, action)| match text(action, "source").as_deref() {
        Some("inferred") => Some((index, "select a deployment, and add labels to `match` or `match_related` of the trigger")),
        _ if is_unfiltered => Some((index, "add labels to `match` or `match_related` of the trigger that exclude the runs of this deployment")),
        _ => None,
    })
}

/// Returns whether labels match every flow run.
fn matches_every_run(labels: &Json) -> bool {
    let Some(labels) = labels.as_object() else { return false };
    match labels.get("prefect.resource.id") {
        _ if labels.is_empty() => true,
        Some(Json::String(id)) if labels.len() == 1 => id == EVERY_FLOW_RUN,
        Some(Json::Array(ids)) if labels.len() == 1 => ids.iter().any(|id| id == EVERY_FLOW_RUN),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_the_loops_that_the_server_rejects() {
        let inferred = json!({"type": "run-deployment", "source": "inferred"});
        let selected = json!({"type": "run-deployment", "source": "selected", "deployment": "a/b"});
        let every = "prefect.flow-run.*";
        for (trigger, action, is_loop) in [
            (json!({"expect": [every]}), &inferred, true),
            (json!({"expect": ["prefect.flow-run.Running"], "match": {"a": "b"}}), &inferred, true),
            (json!({"expect": ["prefect.flow-run.Failed"]}), &inferred, false),
            (json!({"expect": [every], "posture": "Proactive"}), &inferred, false),
            (json!({"expect": [every]}), &selected, true),
            (json!({"expect": [every], "match": {"prefect.resource.id": every}}), &selected, true),
            (json!({"expect": [every], "match": {"prefect.resource.id": [every, "x"]}}), &selected, true),
            (json!({"expect": [every], "match": {"prefect.resource.id": "x"}}), &selected, false),
            (json!({"expect": [every], "match_related": {"prefect.resource.id": "x"}}), &selected, false),
            (
                json!({"expect": [every], "match_related": [{"prefect.resource.id": "x"}, {}]}),
                &selected,
                true,
            ),
            (json!({"expect": []}), &selected, false),
        ] {
            let mut whole = json!({"type": "event", "posture": "Reactive", "match": {}, "match_related": {}});
            if let (Some(whole), Some(given)) = (whole.as_object_mut(), trigger.as_object()) {
                whole.extend(given.clone());
            }
            let actions = [json!({"type": "do-nothing"}), action.clone()];
            let found = looping_action(&whole, &actions).map(|(index, _)| index);
            assert_eq!(found, is_loop.then_some(1), "{trigger} {action}");
        }
    }
}
