//! Suggests the correct location for misplaced keys in prefect.yaml.

use super::{
    environments,
    fields::{self, DEPLOYMENT, LIMIT, SCHEDULE, TOP, WORK_POOL},
    repair::{self, Repair},
};
use crate::{
    diagnostics::{Code, Diagnostic},
    pointer::Pointer,
    source::Span,
    value::{Mapping, Value},
    yaml::Document,
};

/// Common job variables, which are only valid under `job_variables`.
const JOB_VARIABLES: [&str; 12] = [
    "command",
    "cpu",
    "env",
    "image",
    "image_pull_policy",
    "labels",
    "memory",
    "namespace",
    "networks",
    "service_account_name",
    "volumes",
    "working_dir",
];

/// Keys that only occur in Prefect 2 deployment files.
const LEGACY: [&str; 7] = [
    "flow_name",
    "infra_overrides",
    "infrastructure",
    "is_schedule_active",
    "manifest_path",
    "parameter_openapi_schema",
    "work_queue_name",
];

/// A misplaced key's correct location.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misplaced {
    /// A hint for the user.
    pub(super) help: &'static str,
    /// The edit that moves the key. `None` if the edit requires a user decision.
    pub(super) repair: Option<Repair>,
}

fn misplaced(help: &'static str, repair: impl Into<Option<Repair>>) -> Misplaced {
    Misplaced { help, repair: repair.into() }
}

/// Returns the correct location of a misplaced deployment key, or `None` if the key is not valid elsewhere.
pub(super) fn in_deployment(key: &str) -> Option<Misplaced> {
    const POOL: &[&str] = &["work_pool"];
    Some(match key {
        "pool" | "work_pool_name" => {
            misplaced("use `work_pool: {name: ...}`", Repair::Nest(POOL, Some("name")))
        }
        "queue" | "work_queue" => {
            misplaced("use `work_queue_name` under `work_pool`", Repair::Nest(POOL, Some("work_queue_name")))
        }
        _ if fields::find(WORK_POOL, key).is_some() => {
            misplaced("move the key under `work_pool`", Repair::Nest(POOL, None))
        }
        _ if JOB_VARIABLES.contains(&key) => misplaced(
            "move the key under `job_variables` in `work_pool`",
            Repair::Nest(&["work_pool", "job_variables"], None),
        ),
        _ if fields::find(SCHEDULE, key).is_some() => {
            misplaced("move the key into an item of `schedules`", Repair::Schedule)
        }
        _ if fields::find(LIMIT, key).is_some() => {
            misplaced("move the key under `concurrency_limit`", Repair::Nest(&["concurrency_limit"], None))
        }
        _ if fields::find(TOP, key).is_some() => misplaced("move the key to the top level of the file", None),
        _ => return None,
    })
}

/// Returns the correct location of a misplaced work pool key, or `None` if the key is not valid elsewhere.
pub(super) fn in_work_pool(key: &str) -> Option<Misplaced> {
    Some(match key {
        "queue" | "work_queue" => misplaced("use `work_queue_name`", Repair::Rename("work_queue_name")),
        _ if fields::find(DEPLOYMENT, key).is_some() => {
            misplaced("move the key one level up, to the deployment", Repair::Unnest)
        }
        _ if JOB_VARIABLES.contains(&key) => {
            misplaced("move the key under `job_variables`", Repair::Nest(&["job_variables"], None))
        }
        _ => return None,
    })
}

/// Returns warnings about top-level keys that are only valid in a deployment.
///
/// Ignores keys whose values contain an anchor because deployments may refer to such definitions.
pub(super) fn at_top_level(fields: &Mapping, document: &Document) -> Vec<(Pointer, Diagnostic)> {
    let is_misplaced = |key: &&str| {
        let is_known = fields::find(TOP, key).is_some() || fields::FREE.contains(key);
        let is_used_below = fields::find(DEPLOYMENT, key).is_some() || fields::find(WORK_POOL, key).is_some();
        !is_known && is_used_below && !has_anchor(document, key)
    };
    let diagnostic = |key: &str| {
        let message = format!("the key `{key}` has no effect at the top level");
        let help = if fields::find(DEPLOYMENT, key).is_some() {
            "move the key into an item of `deployments`"
        } else {
            "move the key under `work_pool` in an item of `deployments`"
        };
        let fix = repair::into_only_deployment(document, key);
        let diagnostic = Diagnostic::warning(Code::MISPLACED_KEY, message).help(help).fix(fix);
        (Pointer::root().join(key), diagnostic)
    };
    let mut found: Vec<_> =
        fields.keys().filter_map(Value::as_str).filter(is_misplaced).map(diagnostic).collect();
    if fields.contains_key(environments::NAME_SUFFIX) {
        let message = format!("the key `{}` only has an effect in environments", environments::NAME_SUFFIX);
        let diagnostic = Diagnostic::warning(Code::MISPLACED_KEY, message)
            .help("move the key to an overlay file, or to an entry of `environments`");
        found.push((Pointer::root().join(environments::NAME_SUFFIX), diagnostic));
    }
    found
}

/// Fails if the file is a Prefect 2 deployment file. The error contains the path of the identifying key.
pub(super) fn legacy_deployment(fields: &Mapping) -> Option<(Pointer, Diagnostic)> {
    if fields.contains_key("deployments") || !fields.contains_key("entrypoint") {
        return None;
    }
    let keys: Vec<&str> = LEGACY.into_iter().filter(|key| fields.contains_key(key)).collect();
    let [first, _, ..] = keys[..] else { return None };
    let message = "this is a deployment file of Prefect 2 (`prefect deployment build`)";
    let diagnostic = Diagnostic::error(Code::LEGACY_DEPLOYMENT_FILE, message)
        .help("convert the file to an item of `deployments` in prefect.yaml");
    Some((Pointer::root().join(first), diagnostic))
}

/// Returns whether a top-level key's value has or contains an anchor.
fn has_anchor(document: &Document, key: &str) -> bool {
    let pointer = Pointer::root().join(key);
    let (key, value) = (document.key_span(&pointer), document.value_span(&pointer));
    let (document, span) = document.written(Span::new(key.end.min(value.start), value.end));
    document.source.text().get(span.range()).is_some_and(|text| text.contains('&'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{source::Source, yaml};

    #[test]
    fn suggests_where_keys_belong() {
        for (key, help) in [
            ("job_variables", Some("move the key under `work_pool`")),
            ("pool", Some("use `work_pool: {name: ...}`")),
            ("image", Some("move the key under `job_variables` in `work_pool`")),
            ("cron", Some("move the key into an item of `schedules`")),
            ("collision_strategy", Some("move the key under `concurrency_limit`")),
            ("x", None),
        ] {
            assert_eq!(in_deployment(key).map(|found| found.help), help, "{key}");
        }
        for (key, help) in [
            ("concurrency_limit", Some("move the key one level up, to the deployment")),
            ("tags", Some("move the key one level up, to the deployment")),
            ("env", Some("move the key under `job_variables`")),
            ("x", None),
        ] {
            assert_eq!(in_work_pool(key).map(|found| found.help), help, "{key}");
        }
    }

    #[test]
    fn warns_about_keys_of_deployments_at_the_top_level() {
        let text = "name: a\ntriggers: []\ntags: &tags [a]\nschedules:\n- &daily {cron: x}\nentrypoint: f.py:f\nother: 1\n\
                    job_variables: {}\n";
        let document = yaml::load(&Source::new("prefect.yaml", text)).unwrap();
        let fields = document.root.to_value().unwrap();
        let found = at_top_level(fields.as_mapping().unwrap(), &document);
        let keys: Vec<_> = found.iter().map(|(pointer, _)| pointer.to_string()).collect();
        assert_eq!(keys, ["triggers", "entrypoint", "job_variables"]);
    }
}
