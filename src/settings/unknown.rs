//! Detects settings that do not exist in the tested Prefect version.

use std::path::Path;

use serde_json::{Map, Value};

use super::{catalogue, names, project_files, value::Origin};
use crate::{
    diagnostics::{Code, Diagnostic},
    fs,
};

/// Prefect and integration environment variables that are not in the catalogue. A name that ends in `_` is a prefix.
const OTHER_NAMES: [&str; 14] = [
    "PREFECT_API_SERVICES_RUN_IN_APP",
    "PREFECT_API_TELEMETRY_ENVIRONMENT",
    "PREFECT_DOCKER_",
    "PREFECT_FLOW_RUN_EXECUTE_SIGTERM_BEHAVIOR",
    "PREFECT_IMAGE_NAME", // used by Prefect's guide for Kubernetes
    "PREFECT_INTEGRATIONS_",
    "PREFECT_KUBERNETES_",
    "PREFECT_LOGFIRE_",
    "PREFECT_LOGGING_", // overrides every key of `logging.yml`
    "PREFECT_PROFILE",
    "PREFECT_REDIS_",
    "PREFECT_SERVER_ENCRYPTION_KEY",
    "PREFECT_TOML_PATH",
    "PREFECT__", // passed by workers to flow runs
];

const PROJECT_FILE: &str = "prefect.yaml";

/// Integration tables in `prefect.toml`.
const OTHER_TABLES: [&str; 2] = ["integrations", "redis"];

/// Returns the names of environment variables that are unknown settings.
pub(super) fn unknown_names<'a>(variables: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let services: Vec<&str> =
        variables.clone().filter_map(|name| name.strip_suffix("SERVICE_HOST")).collect();
    let is_unknown = |name: &&str| {
        *name != names::PROJECT.canonical
            && catalogue::find(name).is_none()
            && !OTHER_NAMES.iter().any(|known| is_or_starts_with(name, known))
            && !services.iter().any(|service| is_service_link(name, service))
    };
    variables.filter(is_unknown).map(str::to_owned).collect()
}

fn is_or_starts_with(name: &str, known: &str) -> bool {
    if known.ends_with('_') { name.starts_with(known) } else { name == known }
}

/// Returns whether Kubernetes sets the variable for a service. For example, the service `prefect-server` has
/// the variables `PREFECT_SERVER_SERVICE_HOST` and `PREFECT_SERVER_PORT_4200_TCP`.
fn is_service_link(name: &str, service: &str) -> bool {
    name.strip_prefix(service).is_some_and(|rest| rest.starts_with("SERVICE_") || rest.starts_with("PORT"))
}

/// Returns the dotted paths of unknown settings in a TOML file. Returns a single path for an unknown table.
pub(super) fn unknown_paths(root: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(table) = root.as_object() {
        collect_paths(table, "", &mut found);
    }
    found
}

fn collect_paths(table: &Map<String, Value>, parent: &str, found: &mut Vec<String>) {
    for (key, value) in table {
        let path = if parent.is_empty() { key.clone() } else { format!("{parent}.{key}") };
        if OTHER_TABLES.contains(&path.as_str()) || known_paths().any(|known| known == path) {
            continue;
        }
        let contains_settings = known_paths()
            .any(|known| known.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('.')));
        match value.as_object() {
            Some(table) if contains_settings => collect_paths(table, &path, found),
            _ => found.push(path),
        }
    }
}

fn known_paths() -> impl Iterator<Item = &'static str> {
    catalogue::ALL.iter().map(|entry| entry.name.path).chain([names::PROJECT.path, project_files::PATH])
}

/// Removes the variables mentioned in a directory's `prefect.yaml` because templates may use variables with any name.
pub(super) fn without_mentioned(
    mut unknown: Vec<(String, Origin)>,
    directory: &Path,
) -> Vec<(String, Origin)> {
    if unknown.is_empty() {
        return unknown;
    }
    // Ignore errors here because commands that use the file report them.
    let text = fs::read_text_if_exists(&directory.join(PROJECT_FILE)).ok().flatten().unwrap_or_default();
    unknown.retain(|(name, _)| !text.contains(name.as_str()));
    unknown
}

/// Returns a single warning about all unknown settings, or `None` if all settings are known.
pub(super) fn warning(unknown: &[(String, Origin)]) -> Option<Diagnostic> {
    let listed: Vec<String> =
        unknown.iter().map(|(name, origin)| format!("{name} (from {origin})")).collect();
    let listed = listed.join(", ");
    let message = match unknown {
        [] => return None,
        [_] => format!("unknown setting is ignored: {listed}"),
        _ => format!("unknown settings are ignored: {listed}"),
    };
    let warning = Diagnostic::warning(Code::UNKNOWN_SETTING, message);
    let similar: Vec<&str> =
        unknown.iter().filter_map(|(name, _)| catalogue::similar(&variable_name(name))).collect();
    Some(if similar.is_empty() {
        warning
    } else {
        warning.help(format!("did you mean {}?", similar.join(" and ")))
    })
}

/// Returns the environment variable for a dotted path. Returns other names unchanged.
fn variable_name(name: &str) -> String {
    if name.starts_with("PREFECT") {
        return name.to_owned();
    }
    format!("PREFECT_{}", name.replace('.', "_").to_uppercase())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_names_that_neither_prefect_nor_an_integration_defines() {
        for (name, is_unknown) in [
            ("PREFECT_API_URL", false),
            ("PREFECT_API_ULR", true),
            ("PREFECT_DEFAULT_WORK_POOL_NAME", false), // a former name
            ("PREFECT_NEXT_YEAR", true),
            ("PREFECT_HOME", false),
            ("PREFECT_PROFILE", false),
            ("PREFECT_PROFILES", true),
            ("PREFECT__FLOW_RUN_ID", false),
            ("PREFECT_REDIS_MESSAGING_HOST", false),
            ("PREFECT_INTEGRATIONS_AWS_ECS_OBSERVER_ENABLED", false),
            ("PREFECT_LOGGING_LOGGERS_PREFECT_LEVEL", false),
            ("PREFECT_SERVER_PORT", true),
            ("PREFECTL_PROJECT", false),
        ] {
            assert_eq!(!unknown_names([name].into_iter()).is_empty(), is_unknown, "{name}");
        }
    }

    #[test]
    fn ignores_variables_of_kubernetes_services() {
        let variables = [
            "PREFECT_SERVER_SERVICE_HOST",
            "PREFECT_SERVER_SERVICE_PORT",
            "PREFECT_SERVER_SERVICE_PORT_SERVER_SVC_PORT",
            "PREFECT_SERVER_PORT",
            "PREFECT_SERVER_PORT_4200_TCP_ADDR",
            "PREFECT_SERVER_NEW",
        ];
        assert_eq!(unknown_names(variables.into_iter()), ["PREFECT_SERVER_NEW"]);
    }

    #[test]
    fn finds_unknown_paths_of_toml_files() {
        let file = json!({
            "api": {"url": "http://h/api", "nope": 1},
            "client": {"custom_headers": {"X-Any": "1"}},
            "integrations": {"aws": {"region": "x"}},
            "prefectl": {"project": "team", "files": ["a.yaml"]},
            "future": {"setting": 1},
            "home": "/tmp",
        });
        assert_eq!(unknown_paths(&file), ["api.nope", "future"]);
        assert!(unknown_paths(&Value::Null).is_empty());
    }

    #[test]
    fn ignores_variables_that_the_project_file_mentions() {
        let directory = tempfile::tempdir().unwrap();
        let unknown =
            ["PREFECT_TEAM", "PREFECT_TYPO"].map(|name| (name.to_owned(), Origin::Environment)).to_vec();
        assert_eq!(without_mentioned(unknown.clone(), directory.path()), unknown);
        std::fs::write(directory.path().join(PROJECT_FILE), "name: '{{ $PREFECT_TEAM }}'\n").unwrap();
        assert_eq!(without_mentioned(unknown.clone(), directory.path()), unknown[1..]);
    }

    #[test]
    fn one_warning_lists_all_settings() {
        let text = |unknown: &[(&str, Origin)]| {
            let unknown: Vec<_> =
                unknown.iter().map(|(name, origin)| ((*name).to_owned(), *origin)).collect();
            warning(&unknown).map(|warning| (warning.message, warning.help))
        };
        assert_eq!(text(&[]), None);
        assert_eq!(
            text(&[("PREFECT_NEXT_YEAR", Origin::Profile)]),
            Some(("unknown setting is ignored: PREFECT_NEXT_YEAR (from profile)".to_owned(), None))
        );
        assert_eq!(
            text(&[("PREFECT_API_ULR", Origin::Environment), ("api.kex", Origin::PrefectToml)]),
            Some((
                "unknown settings are ignored: PREFECT_API_ULR (from env), api.kex (from prefect.toml)"
                    .to_owned(),
                Some("did you mean PREFECT_API_URL and PREFECT_API_KEY?".to_owned())
            ))
        );
    }
}
