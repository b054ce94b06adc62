//! Reports fields that the server's version of Prefect does not support.

use crate::{
    api::{Capabilities, Feature},
    deployment::{ResolvedDeployment, item_reader::duration_value},
    diagnostics::{Code, Diagnostic, Severity},
    pointer::Pointer,
    project::Findings,
    resolve::has_pending,
    schedule::duration::Seconds,
    value::{Mapping, Value},
};

/// Reports the fields of a deployment that the server does not support. If `is_allowed` is set, they are
/// reported as warnings instead of errors.
pub(crate) fn unsupported_fields(
    deployment: &ResolvedDeployment,
    capabilities: &Capabilities,
    is_allowed: bool,
    findings: &mut Findings<'_>,
) {
    for (feature, path) in used_features(&deployment.fields) {
        let Err(error) = capabilities.require(feature) else { continue };
        let (severity, message, help) = if is_allowed {
            (
                Severity::Warning,
                format!("{error}; the deployment is written without them"),
                "upgrade the server",
            )
        } else {
            let help =
                "upgrade the server, remove the key, or omit unsupported keys with `--allow-unsupported`";
            (Severity::Error, error.to_string(), help)
        };
        let diagnostic = Diagnostic { severity, ..Diagnostic::error(Code::UNSUPPORTED_BY_SERVER, message) };
        findings.at_key(&deployment.pointer([]).join_all(&path), diagnostic.help(help));
    }
}

/// Returns the features that a deployment uses, each with the path of the field that requires the feature.
fn used_features(fields: &Mapping) -> Vec<(Feature, Pointer)> {
    let mut used = Vec::new();
    let list = |key: &str| fields.get(key).and_then(Value::as_sequence).into_iter().flatten().enumerate();
    for (index, schedule) in list("schedules") {
        let at = Pointer::root().join("schedules").join(index);
        for (key, feature) in [("slug", Feature::ScheduleSlugs), ("parameters", Feature::ScheduleParameters)]
        {
            if schedule.get(key).is_some_and(|value| !is_empty(value)) {
                used.push((feature, at.join(key)));
            }
        }
    }
    for (index, trigger) in list("triggers") {
        if trigger.get("schedule_after").is_some_and(delays) {
            used.push((
                Feature::ScheduleAfter,
                Pointer::root().join("triggers").join(index).join("schedule_after"),
            ));
        }
    }
    let grace = fields.get("concurrency_limit").and_then(|limit| limit.get("grace_period_seconds"));
    if grace.is_some_and(|seconds| !seconds.is_null()) {
        let at = Pointer::root().join("concurrency_limit").join("grace_period_seconds");
        used.push((Feature::GracePeriod, at));
    }
    used
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Mapping(entries) => entries.is_empty(),
        _ => false,
    }
}

/// Returns whether `schedule_after` may delay a run. Null and zero do not.
fn delays(value: &Value) -> bool {
    has_pending(value) || duration_value(value).is_ok_and(|delay| delay != Seconds::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_features_only_where_fields_have_values() {
        for (yaml, expected) in [
            (
                "schedules: [{cron: '@daily', slug: a, parameters: {n: 1}}]",
                "schedules[0].slug schedules[0].parameters",
            ),
            ("schedules: [{cron: '@daily', slug: '', parameters: {}}, {slug: null}]", ""),
            (
                "concurrency_limit: {limit: 1, grace_period_seconds: 60}",
                "concurrency_limit.grace_period_seconds",
            ),
            ("concurrency_limit: 1", ""),
            ("triggers: [{schedule_after: 0}, {schedule_after: 60}, {}]", "triggers[1].schedule_after"),
            ("schedules: null", ""),
        ] {
            let fields: Mapping = serde_yaml::from_str(yaml).unwrap();
            let found: Vec<String> = used_features(&fields).iter().map(|(_, at)| at.to_string()).collect();
            assert_eq!(found.join(" "), expected, "{yaml}");
        }
    }
}
