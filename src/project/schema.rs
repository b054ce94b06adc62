//! Generates the JSON schema for prefect.yaml from the table of keys.

use serde_json::{Map, Value as Json, json};

use super::{
    IgnorableField, environments,
    fields::{self, KnownKey, Shape},
    resources,
};

/// The file that a JSON schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SchemaOf {
    /// prefect.yaml.
    ProjectFile,
    /// An overlay file, such as prefect.prod.yaml.
    OverlayFile,
}

/// Returns a file's JSON schema, which conforms to draft 2020-12.
///
/// `steps` contains the name and input schema of each known step.
pub(crate) fn schema(file: SchemaOf, steps: impl IntoIterator<Item = (&'static str, Json)>) -> Json {
    let title = match file {
        SchemaOf::ProjectFile => "prefect.yaml",
        SchemaOf::OverlayFile => "overlay of prefect.yaml",
    };
    let head = [("$schema", "https://json-schema.org/draft/2020-12/schema"), ("title", title)];
    let mut root: Map<String, Json> =
        head.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
    root.extend(match file {
        SchemaOf::ProjectFile => object(fields::TOP, Unknown::Allowed),
        SchemaOf::OverlayFile => environment(),
    });
    let mut definitions = json!({
        "deployment": object(fields::DEPLOYMENT, Unknown::Allowed),
        "work_pool": object(fields::WORK_POOL, Unknown::Allowed),
        "schedule": schedule(),
        "concurrency_limit": object(fields::LIMIT, Unknown::Allowed),
        "environment": environment(),
        "environment_deployment": in_environment(object(fields::DEPLOYMENT, Unknown::Allowed)),
        "environment_work_pool": in_environment(object(fields::WORK_POOL, Unknown::Allowed)),
        "step": step(steps),
    });
    for (name, definition) in resources::definitions() {
        definitions[name] = definition;
    }
    root.insert("$defs".into(), definitions);
    Json::Object(root)
}

/// Returns the schema of an environment or overlay file.
fn environment() -> Map<String, Json> {
    let mut schema = in_environment(object(fields::TOP, Unknown::Allowed));
    let Some(Json::Object(properties)) = schema.get_mut("properties") else { return schema };
    properties.remove(environments::KEY);
    let deployment = json!({"$ref": "#/$defs/environment_deployment"});
    let own = [
        (
            "deployments",
            json!([
                {"type": "array", "items": deployment},
                {"type": "object", "additionalProperties": {"anyOf": [deployment, {"type": "null"}]}},
                {"type": "null"},
            ]),
            "deployments; merged by name; in a mapping, null removes a deployment",
        ),
        (
            environments::NAME_SUFFIX,
            json!([{"type": "string"}, {"type": "null"}]),
            "suffix that is added to the names of all deployments",
        ),
        (
            environments::WORK_POOL,
            json!([{"$ref": "#/$defs/environment_work_pool"}, {"type": "null"}]),
            "values for the work pools of all deployments",
        ),
        (
            environments::JOB_VARIABLES,
            json!([{"type": "object"}, {"type": "null"}]),
            "values for the job variables of all deployments",
        ),
    ];
    for (key, alternatives, meaning) in own {
        properties.insert(key.to_owned(), json!({"anyOf": alternatives, "description": meaning}));
    }
    schema
}

/// Converts a mapping schema to the schema of the mapping in an environment, where null removes a key.
fn in_environment(mut schema: Map<String, Json>) -> Map<String, Json> {
    let null = json!({"type": "null"});
    let Some(Json::Object(properties)) = schema.get_mut("properties") else { return schema };
    for property in properties.values_mut() {
        let Json::Object(property) = property else { continue };
        let mut alternatives = if let Some(Json::Array(alternatives)) = property.remove("anyOf") {
            alternatives
        } else {
            let description = property.remove("description");
            let only = std::mem::take(property);
            property.extend(description.map(|description| ("description".to_owned(), description)));
            vec![Json::Object(only)]
        };
        for alternative in &mut alternatives {
            for name in ["work_pool", "resources"] {
                if alternative["$ref"] == format!("#/$defs/{name}") {
                    *alternative = json!({"$ref": format!("#/$defs/environment_{name}")});
                }
            }
        }
        if !alternatives.contains(&null) {
            alternatives.push(null.clone());
        }
        property.insert("anyOf".into(), alternatives.into());
    }
    schema
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unknown {
    Allowed,
    Refused,
}

fn object(fields: &[KnownKey], unknown: Unknown) -> Map<String, Json> {
    let properties: Map<String, Json> =
        fields.iter().map(|field| (field.key.to_owned(), property(field))).collect();
    let mut object = Map::new();
    object.insert("type".into(), "object".into());
    object.insert("properties".into(), properties.into());
    if unknown == Unknown::Refused {
        object.insert("additionalProperties".into(), false.into());
    }
    object
}

fn property(field: &KnownKey) -> Json {
    let mut alternatives = alternatives(field);
    if field.nullable {
        alternatives.push(json!({"type": "null"}));
    }
    let mut property = match (alternatives.len(), alternatives.pop()) {
        (1, Some(Json::Object(only))) => only,
        (_, last) => {
            alternatives.extend(last);
            Map::from_iter([("anyOf".to_owned(), Json::Array(alternatives))])
        }
    };
    property.insert("description".into(), field.meaning.into());
    Json::Object(property)
}

/// Regular expression for a boolean written as a string.
const FLAG_WORDS: &str = "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy]([Ee][Ss])?|[Nn]([Oo])?|[Oo][Nn]|[Oo][Ff][Ff]|[TtFf]|[01](\\.0)?)$";

/// Returns the schemas of all accepted notations for a value.
fn alternatives(field: &KnownKey) -> Vec<Json> {
    let step = json!({"$ref": "#/$defs/step"});
    match field.shape {
        Shape::Text => vec![json!({"type": "string"})],
        Shape::Moment => vec![json!({"type": ["string", "number"]})],
        Shape::Flag => {
            vec![
                json!({"type": "boolean"}),
                json!({"enum": [0, 1]}),
                json!({"type": "string", "pattern": FLAG_WORDS}),
            ]
        }
        Shape::FlagOrText => vec![json!({"type": ["boolean", "string"]}), json!({"enum": [0, 1]})],
        Shape::Count => count(),
        Shape::Tags => vec![json!({"type": "array"}), json!({"type": "string"})],
        Shape::Parameters => vec![json!({"type": "object"})],
        Shape::Steps => vec![json!({"type": "array", "items": step}), step],
        Shape::Interval => vec![
            json!({"type": "number"}),
            json!({"type": "string", "pattern": "^(?=.*[0-9])(?=.*[A-Za-z:])(?!.*\\{\\{).*$"}),
        ],
        Shape::Limit => {
            let mut alternatives = count();
            alternatives.push(json!({"$ref": "#/$defs/concurrency_limit"}));
            alternatives
        }
        Shape::Schedule => {
            vec![json!({"$ref": "#/$defs/schedule"}), json!({"type": "object", "maxProperties": 0})]
        }
        Shape::Schedules => vec![json!({"type": "array", "items": {"$ref": "#/$defs/schedule"}})],
        Shape::Environments => {
            let environment = json!({"anyOf": [{"$ref": "#/$defs/environment"}, {"type": "null"}]});
            vec![json!({"type": "object", "additionalProperties": environment})]
        }
        Shape::Resources => vec![json!({"$ref": "#/$defs/resources"})],
        Shape::WorkPool => vec![json!({"$ref": "#/$defs/work_pool"})],
        Shape::Mappings if field.key == "deployments" => {
            vec![json!({"type": "array", "items": {"$ref": "#/$defs/deployment"}})]
        }
        Shape::Mappings => vec![json!({"type": "array", "items": {"type": "object"}})],
        Shape::IgnoredFields => vec![json!({"type": "array", "items": ignored_path()})],
    }
}

/// Returns the schema of an item in `ignore_changes`: a field path.
fn ignored_path() -> Json {
    let names: Vec<&str> = IgnorableField::names().collect();
    let nested = "^((work_pool\\.)?(job_variables|parameters)[.\\[].+|work_pool\\.[a-z_]+)$";
    json!({"anyOf": [{"enum": names}, {"type": "string", "pattern": nested}]})
}

fn count() -> Vec<Json> {
    let text = "^\\s*[+-]?[0-9]+(_[0-9]+)*(\\.0*)?\\s*$";
    vec![json!({"type": ["integer", "boolean"]}), json!({"type": "string", "pattern": text})]
}

/// Returns the schedule schema. A schedule must have exactly one type and no unknown keys.
fn schedule() -> Map<String, Json> {
    let mut schedule = object(fields::SCHEDULE, Unknown::Refused);
    let given = |kind: &str| json!({"required": [kind], "properties": {kind: {"not": {"type": "null"}}}});
    schedule.insert("oneOf".into(), fields::SCHEDULE_KINDS.iter().map(|kind| given(kind)).collect());
    schedule
}

/// Returns the schema of a step. A step with an unknown name accepts arbitrary inputs.
fn step(steps: impl IntoIterator<Item = (&'static str, Json)>) -> Json {
    let properties: Map<String, Json> =
        steps.into_iter().map(|(name, inputs)| (name.to_owned(), inputs)).collect();
    json!({"type": "object", "properties": properties, "additionalProperties": {"type": "object"}, "maxProperties": 1})
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::{project::load, value};

    fn validator() -> jsonschema::Validator {
        validator_of(SchemaOf::ProjectFile)
    }

    fn validator_of(file: SchemaOf) -> jsonschema::Validator {
        let schema = schema(file, crate::steps::schemas());
        jsonschema::options().should_validate_formats(false).build(&schema).unwrap()
    }

    fn json_of(yaml: &str) -> Json {
        let source = crate::source::Source::new("prefect.yaml", yaml);
        value::to_json(&crate::yaml::load(&source).unwrap().root.to_value().unwrap())
    }

    /// Returns all project files in the repository.
    fn files() -> Vec<std::path::PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut folders = vec![root.join("tests/conformance/cases"), root.join("examples")];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
                    files.push(path);
                }
            }
        }
        files
    }

    #[test]
    fn valid_files_match_the_schema() {
        let validator = validator();
        let mut count = 0;
        for file in files() {
            let Ok((project, _)) = load(&file, Path::new("/"), None) else { continue };
            let instance = value::to_json(&project.document.unwrap().root.to_value().unwrap());
            let errors: Vec<_> =
                validator.iter_errors(&instance).map(|e| format!("{}: {e}", e.instance_path())).collect();
            // These files contain invalid steps. Steps are tested at run time.
            let file_name = file.to_string_lossy();
            if !["error-failing-step", "step-shapes"].iter().any(|case| file_name.contains(case)) {
                assert_eq!(errors, [""; 0], "{}", file.display());
                count += 1;
            }
        }
        assert!(count > 40, "{count} files");
    }

    #[test]
    fn invalid_files_do_not_match_the_schema() {
        let validator = validator();
        for yaml in [
            "[]",
            "deployments: null",
            "deployments: [1]",
            "deployments: [{version: 1.1}]",
            "deployments: [{paused: maybe}]",
            "deployments: [{concurrency_limit: many}]",
            "deployments: [{schedules: [{cron: x, max_scheduled_runs: 3}]}]",
            "deployments: [{schedules: [{cron: x, interval: 3}]}]",
            "deployments: [{schedules: [{interval: '60'}]}]",
            "deployments: [{work_pool: {job_variables: null}}]",
            "build: [{prefect.deployments.steps.run_shell_script: {scripts: x}}]",
            "build: [{a.b: {}, c: 1}]",
            "ignore_changes: paused",
            "ignore_changes: [pasued]",
            "deployments: [{ignore_changes: [1]}]",
        ] {
            assert!(!validator.is_valid(&json_of(yaml)), "{yaml}");
        }
        for yaml in [
            "{}",
            "definitions: {a: 1}",
            "deployments: [{schedule: {}, paused: 'yes', concurrency_limit: '3', tags: a}]",
            "deployments: [{schedules: [{interval: PT1H, cron: null, active: '{{ x }}'}], anything: 1}]",
            "build: [{my.step: {a: 1}}, {}]",
            "ignore_changes: [paused, job_variables.env.X, 'parameters[\"a b\"]', work_pool.name]",
            "deployments: [{ignore_changes: null}]",
            "environments: {dev: {name_suffix: -dev, deployments: {a: null}}, empty: null}",
        ] {
            assert!(validator.is_valid(&json_of(yaml)), "{yaml}");
        }
        assert!(!validator.is_valid(&json_of("environments: {dev: {name_suffix: 1}}")));
        assert!(!validator.is_valid(&json_of("environments: []")));
    }

    #[test]
    fn overlay_files_match_their_schema() {
        let validator = validator_of(SchemaOf::OverlayFile);
        for yaml in [
            "{}",
            "{name_suffix: -prod, work_pool: {name: k8s, job_variables: null}, job_variables: {a: null}}",
            "deployments: [{name: a, parameters: null, work_pool: {job_variables: {a: null}}, build: null}]",
            "deployments: {a: null, b: {tags: [x], schedules: null}}",
            "deployments: null",
        ] {
            assert!(validator.is_valid(&json_of(yaml)), "{yaml}");
        }
        for yaml in [
            "name_suffix: 1",
            "work_pool: k8s",
            "job_variables: []",
            "deployments: {a: 1}",
            "deployments: [{paused: maybe}]",
            "deployments: {a: {work_pool: {name: 1}}}",
        ] {
            assert!(!validator.is_valid(&json_of(yaml)), "{yaml}");
        }
    }
}
