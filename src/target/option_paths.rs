//! Determines which values command-line options replace, so that findings about these values name the option.

use serde_json::Value as Json;

use crate::{
    deployment::Options,
    pointer::Pointer,
    project::{Fields, Key, PoolKey},
};

/// Returns the paths of the values that `options` replace. The paths are relative to the deployment. Each path is
/// paired with the option as typed by the user.
///
/// `fields` contains the deployment's fields in the file. Schedules from options are numbered after the
/// schedules in the file.
pub(super) fn option_paths(options: &Options, fields: &Fields, name: Option<&str>) -> Vec<(Pointer, String)> {
    let mut paths = Vec::new();
    let mut add = |path: Pointer, option: String| paths.push((path, option));
    let root = |key: Key| Pointer::root().join(key);
    let pool = |key: PoolKey| root(Key::WorkPool).join(key);
    let texts = [
        // An identical name only selects the deployment.
        (Key::Name, "--name ", name.filter(|name| fields.name().unresolved() != Some(*name))),
        (Key::Description, "--description ", options.description.as_deref()),
        (Key::Entrypoint, "entrypoint ", options.entrypoint.as_deref()),
        (Key::Version, "--version ", options.version.as_deref()),
        (Key::VersionType, "--version-type ", options.version_type.as_deref()),
    ];
    for (key, option, text) in texts {
        if let Some(text) = text {
            add(root(key), format!("{option}{text}"));
        }
    }
    if let Some(limit) = options.concurrency_limit {
        let strategy =
            options.collision_strategy.as_ref().map(|name| format!(" --collision-strategy {name}"));
        let option = format!("--concurrency-limit {limit}{}", strategy.unwrap_or_default());
        add(root(Key::ConcurrencyLimit), option);
    }
    if let Some(name) = options.pool.as_deref().filter(|name| !name.is_empty()) {
        add(pool(PoolKey::Name), format!("--pool {name}"));
    }
    if let Some(queue) = &options.work_queue {
        add(pool(PoolKey::WorkQueueName), format!("--work-queue {queue}"));
    }
    for (key, option) in options.job_variables.iter().flat_map(|text| keyed("--job-variable", text)) {
        add(pool(PoolKey::JobVariables).join(key), option);
    }
    for (key, option) in options.param.iter().flat_map(|text| keyed("--param", text)) {
        add(root(Key::Parameters).join(key), option);
    }
    for key in options.params.iter().flat_map(|text| object_keys(text)) {
        add(root(Key::Parameters).join(key), "--params".to_owned());
    }
    if options.tags.is_some() {
        add(root(Key::Tags), "--tag".to_owned());
    }
    if !options.triggers.is_empty() {
        add(root(Key::Triggers), "--trigger".to_owned());
    }
    if options.slas.is_some() {
        add(root(Key::Sla), "--sla".to_owned());
    }
    paths.extend(schedule_paths(options, fields));
    paths
}

fn schedule_paths(options: &Options, fields: &Fields) -> Vec<(Pointer, String)> {
    let first = match (fields.schedules().literal(), fields.get(Key::Schedule)) {
        (Some(items), _) => items.iter().filter(|item| item.is_mapping()).count(),
        (None, Some(old)) if old.is_mapping() => 1,
        (None, _) => 0,
    };
    let cron = options.cron.iter().map(|cron| format!("--cron '{cron}'"));
    let interval = options.interval.iter().map(|seconds| format!("--interval {seconds}"));
    let rrule = options.rrule.iter().map(|rrule| format!("--rrule '{rrule}'"));
    let schedules = cron.chain(interval).chain(rrule).enumerate();
    schedules
        .map(|(index, option)| (Pointer::root().join(Key::Schedules).join(first + index), option))
        .collect()
}

/// Returns the keys that a `key=value` or JSON option sets. Each key is returned with the option as typed by
/// the user.
fn keyed(option: &str, text: &str) -> Vec<(String, String)> {
    let keys = object_keys(text);
    if !keys.is_empty() {
        return keys.into_iter().map(|key| (key, option.to_owned())).collect();
    }
    let key = text.split_once('=').map(|(key, _)| key.to_owned());
    key.map(|key| (key, format!("{option} {text}"))).into_iter().collect()
}

fn object_keys(text: &str) -> Vec<String> {
    match serde_json::from_str(text) {
        Ok(Json::Object(object)) => object.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Mapping;

    #[test]
    fn a_name_that_selects_a_deployment_replaces_nothing() {
        let fields = serde_yaml::from_str::<Mapping>("name: x").unwrap().into();
        assert_eq!(option_paths(&Options::default(), &fields, Some("x")), []);
        let [(path, option)] = &option_paths(&Options::default(), &fields, Some("y"))[..] else {
            panic!("the name is not replaced")
        };
        assert_eq!((path.to_string().as_str(), option.as_str()), ("name", "--name y"));
    }

    #[test]
    fn lists_the_values_that_options_replace() {
        let options = Options {
            entrypoint: Some("a.py:f".into()),
            param: vec!["n=1=2".into()],
            params: Some(r#"{"k": 1}"#.into()),
            job_variables: vec![r#"{"env": {"A": "x=y"}}"#.into(), "cpu=4".into()],
            cron: vec!["61 * * * *".into()],
            interval: vec![0],
            ..Options::default()
        };
        let fields = serde_yaml::from_str::<Mapping>("schedules: [{cron: 0 0 * * *}]").unwrap().into();
        let found: Vec<String> = option_paths(&options, &fields, Some("x"))
            .iter()
            .map(|(path, option)| format!("{path}: {option}"))
            .collect();
        assert_eq!(
            found,
            [
                "name: --name x",
                "entrypoint: entrypoint a.py:f",
                "work_pool.job_variables.env: --job-variable",
                "work_pool.job_variables.cpu: --job-variable cpu=4",
                "parameters.n: --param n=1=2",
                "parameters.k: --params",
                "schedules[1]: --cron '61 * * * *'",
                "schedules[2]: --interval 0",
            ]
        );
    }
}
