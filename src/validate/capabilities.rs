//! Reports fields that the server's version of Prefect does not support.

use crate::{
    api::{Capabilities, Feature},
    deployment::ResolvedDeployment,
    diagnostics::{Code, Diagnostic, Severity},
    pointer::Pointer,
    project::{ConcurrencyLimit, Field, Fields, Findings, Key, ScheduleItem, TriggerItem},
    schedule::duration::Seconds,
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
                "upgrade the server, remove the key, or pass `--allow-unsupported` to omit unsupported keys";
            (Severity::Error, error.to_string(), help)
        };
        let diagnostic = Diagnostic { severity, ..Diagnostic::error(Code::UNSUPPORTED_BY_SERVER, message) };
        findings.at_key(&deployment.pointer().join_all(&path), diagnostic.help(help));
    }
}

/// Returns the features that a deployment uses. Each feature has the path of the field that requires it.
fn used_features(fields: &Fields) -> Vec<(Feature, Pointer)> {
    let mut used = Vec::new();
    let root = |key: Key| Pointer::root().join(key);
    for (index, item) in fields.schedules().literal().into_iter().flatten().enumerate() {
        let (at, item) = (root(Key::Schedules).join(index), ScheduleItem(item));
        if item.slug().is_set_and(|slug| !slug.is_empty()) {
            used.push((Feature::ScheduleSlugs, at.join(ScheduleItem::SLUG)));
        }
        if item.parameters().is_set_and(|parameters| !parameters.is_empty()) {
            used.push((Feature::ScheduleParameters, at.join(ScheduleItem::PARAMETERS)));
        }
    }
    for (index, item) in fields.triggers().literal().into_iter().flatten().enumerate() {
        if may_delay(TriggerItem(item).schedule_after()) {
            let at = root(Key::Triggers).join(index).join(TriggerItem::SCHEDULE_AFTER);
            used.push((Feature::ScheduleAfter, at));
        }
    }
    if fields.grace_period().is_set() {
        let at = root(Key::ConcurrencyLimit).join(ConcurrencyLimit::GRACE_PERIOD);
        used.push((Feature::GracePeriod, at));
    }
    used
}

/// Returns whether `schedule_after` can delay a run. Null and zero do not delay runs.
fn may_delay(schedule_after: Field<'_, Seconds>) -> bool {
    match schedule_after {
        Field::Literal(delay) => delay != Seconds::ZERO,
        Field::Template(_) => true,
        Field::Absent | Field::Null | Field::Mismatch(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Mapping;

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
            let fields = serde_yaml::from_str::<Mapping>(yaml).unwrap().into();
            let found: Vec<String> = used_features(&fields).iter().map(|(_, at)| at.to_string()).collect();
            assert_eq!(found.join(" "), expected, "{yaml}");
        }
    }
}
