//! Edits base job templates: sets the defaults of variables, and adds new variables and their location in the
//! job.

use serde_json::{Map, Value, json};

use crate::{
    api::JsonObject,
    diagnostics::did_you_mean,
    json_diff::{ChangedValue, changed_values},
    json_schema,
    pointer::{Pointer, Segment},
};

/// Locations of common variables in the job configuration of a Kubernetes work pool.
const CONTAINER: &str = "job_manifest.spec.template.spec.containers.0";
const POD: &str = "job_manifest.spec.template.spec";
const KUBERNETES_LOCATIONS: [(&str, &str, &str); 12] = [
    ("cpu_request", CONTAINER, "resources.requests.cpu"),
    ("cpu_limit", CONTAINER, "resources.limits.cpu"),
    ("memory_request", CONTAINER, "resources.requests.memory"),
    ("memory", CONTAINER, "resources.requests.memory"),
    ("memory_limit", CONTAINER, "resources.limits.memory"),
    ("ephemeral_storage_request", CONTAINER, "resources.requests.ephemeral-storage"),
    ("ephemeral_storage_limit", CONTAINER, "resources.limits.ephemeral-storage"),
    ("gpu_limit", CONTAINER, "resources.limits.nvidia.com/gpu"),
    ("node_selector", POD, "nodeSelector"),
    ("tolerations", POD, "tolerations"),
    ("affinity", POD, "affinity"),
    ("priority_class_name", POD, "priorityClassName"),
];

const TYPES: [&str; 6] = ["string", "integer", "number", "boolean", "object", "array"];

/// The error returned if an edit cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    #[error("invalid `--set {0}`: expected KEY=VALUE")]
    NotAnAssignment(String),
    #[error("the base job template has no variable '{name}'; {}", known_names(.suggestion.as_deref(), .known))]
    UnknownVariable { name: String, suggestion: Option<String>, known: Vec<String> },
    #[error("invalid value {value} for variable '{name}': {reason}")]
    Value { name: String, value: Value, reason: String },
    #[error("invalid `--add-variable {0}`: expected NAME:TYPE or NAME:TYPE=DEFAULT, where TYPE is one of \
             {types}", types = TYPES.join(", "))]
    NotAVariable(String),
    #[error("the base job template already has a variable '{name}' of type {existing}")]
    OtherType { name: String, existing: String },
    #[error(
        "the job does not use the variable '{0}'; set its location, for example with `--place \
         {0}=job_manifest.spec.template.spec.nodeSelector`"
    )]
    NoPlace(String),
    #[error("invalid `--place {0}`: expected NAME=PATH, where NAME is a variable from `--add-variable`")]
    BadPlace(String),
    #[error("invalid location '{path}' in the job configuration: {reason}")]
    Place { path: String, reason: String },
    #[error("the base job template does not contain `{0}`")]
    Incomplete(&'static str),
}

fn known_names(suggestion: Option<&str>, known: &[String]) -> String {
    match suggestion {
        Some(name) => format!("did you mean '{name}'?"),
        None => format!("it has {}", known.join(", ")),
    }
}

/// Edits of a base job template that are specified on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TemplateEdits {
    /// Values of `--set`: `KEY=VALUE`.
    pub(crate) set: Vec<String>,
    /// Values of `--add-variable`: `NAME:TYPE=DEFAULT`.
    pub(crate) add: Vec<String>,
    /// Values of `--place`: `NAME=PATH`.
    pub(crate) places: Vec<String>,
}

impl TemplateEdits {
    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.add.is_empty() && self.places.is_empty()
    }

    /// Returns the template with all edits applied.
    ///
    /// # Errors
    ///
    /// Fails if a default does not match the type of its variable, or if the job does not use a new variable.
    pub(crate) fn apply(&self, kind: &str, template: &JsonObject) -> Result<JsonObject, TemplateError> {
        let mut changed = template.clone();
        for text in &self.add {
            let variable = Variable::parse(text)?;
            variable.declare(&mut changed)?;
            let given = self.place_of(&variable.name);
            place(&variable.name, given, kind, &mut changed)?;
        }
        for text in &self.places {
            let names_added = |name: &str| self.add.iter().any(|added| added.split(':').next() == Some(name));
            if !text.split_once('=').is_some_and(|(name, _)| names_added(name)) {
                return Err(TemplateError::BadPlace(text.clone()));
            }
        }
        for text in &self.set {
            set(&mut changed, text)?;
        }
        Ok(changed)
    }

    fn place_of(&self, variable: &str) -> Option<&str> {
        let mut places = self.places.iter().filter_map(|place| place.split_once('='));
        places.find(|(name, _)| *name == variable).map(|(_, path)| path)
    }
}

/// Returns the schema properties of the template's variables.
fn properties(template: &mut JsonObject) -> Result<&mut Map<String, Value>, TemplateError> {
    let properties = template.get_mut("variables").and_then(|variables| variables.get_mut("properties"));
    properties.and_then(Value::as_object_mut).ok_or(TemplateError::Incomplete("variables.properties"))
}

/// Sets the default of a variable, which is specified as `KEY=VALUE`. `env.NAME=VALUE` sets a single entry of
/// an object.
fn set(template: &mut JsonObject, text: &str) -> Result<(), TemplateError> {
    let (key, value) = text.split_once('=').ok_or_else(|| TemplateError::NotAnAssignment(text.to_owned()))?;
    let known: Vec<String> = properties(template)?.keys().cloned().collect();
    let is_known = |name: &str| known.iter().any(|known| known == name);
    let (name, entry) = match key.split_once('.') {
        Some((name, entry)) if !is_known(key) => (name, Some(entry)),
        _ => (key, None),
    };
    if !is_known(name) {
        let suggestion = did_you_mean(name, known.iter().map(String::as_str)).map(str::to_owned);
        return Err(TemplateError::UnknownVariable { name: name.to_owned(), suggestion, known });
    }
    let with_entry = |value: Value, template: &mut JsonObject| match entry {
        None => Ok(value),
        Some(entry) => {
            let default = properties(template)?.get(name).and_then(|variable| variable.get("default"));
            let mut entries = default.and_then(Value::as_object).cloned().unwrap_or_default();
            entries.insert(entry.to_owned(), value);
            Ok(Value::Object(entries))
        }
    };
    // A value that can be parsed as a number may be intended as a string, such as a tag.
    let candidates = [serde_json::from_str(value).ok(), Some(Value::from(value))];
    let mut first_error = None;
    for candidate in candidates.into_iter().flatten() {
        let default = with_entry(candidate, template)?;
        match check(template, name, &default) {
            Ok(()) => {
                if let Some(variable) = properties(template)?.get_mut(name).and_then(Value::as_object_mut) {
                    variable.insert("default".to_owned(), default);
                }
                return Ok(());
            }
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    first_error.map_or(Ok(()), Err)
}

/// Validates a value against the schema of a variable.
fn check(template: &JsonObject, name: &str, value: &Value) -> Result<(), TemplateError> {
    let schema = template.get("variables").unwrap_or(&Value::Null);
    match json_schema::violations(&json!({name: value}), schema, true).into_iter().next() {
        None => Ok(()),
        Some(violation) => Err(TemplateError::Value {
            name: name.to_owned(),
            value: value.clone(),
            reason: violation.message,
        }),
    }
}

/// A new variable.
#[derive(Debug, PartialEq)]
struct Variable {
    name: String,
    kind: String,
    default: Option<String>,
}

impl Variable {
    fn parse(text: &str) -> Result<Self, TemplateError> {
        let malformed = || TemplateError::NotAVariable(text.to_owned());
        let (name, rest) = text.split_once(':').ok_or_else(malformed)?;
        let (kind, default) = rest.split_once('=').map_or((rest, None), |(kind, text)| (kind, Some(text)));
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || !name.chars().all(is_name) || !TYPES.contains(&kind) {
            return Err(malformed());
        }
        Ok(Self { name: name.to_owned(), kind: kind.to_owned(), default: default.map(str::to_owned) })
    }

    /// Adds the variable to the template. If a variable of the same type exists, only its default is set.
    fn declare(&self, template: &mut JsonObject) -> Result<(), TemplateError> {
        let title = title(&self.name);
        let variables = properties(template)?;
        let existing =
            variables.entry(self.name.clone()).or_insert_with(|| json!({"title": title, "type": self.kind}));
        let kind = existing.get("type").and_then(Value::as_str).unwrap_or("another type");
        if kind != self.kind {
            return Err(TemplateError::OtherType { name: self.name.clone(), existing: kind.to_owned() });
        }
        match &self.default {
            Some(default) => set(template, &format!("{}={default}", self.name)),
            None => Ok(()),
        }
    }
}

/// Converts a name such as `cpu_request` to a title such as `Cpu Request`.
fn title(name: &str) -> String {
    let capitalised = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect::<String>())
    };
    name.split(['_', '-']).map(capitalised).collect::<Vec<_>>().join(" ")
}

/// Inserts a placeholder for a variable at the given location. If no location is given, the common location
/// for the variable's name is used.
///
/// No location is required if the job already uses the variable.
fn place(
    name: &str,
    given: Option<&str>,
    kind: &str,
    template: &mut JsonObject,
) -> Result<(), TemplateError> {
    let configuration =
        template.get_mut("job_configuration").ok_or(TemplateError::Incomplete("job_configuration"))?;
    let placeholder = format!("{{{{ {name} }}}}");
    let (base, rest) = match given {
        Some(path) => (path, None),
        None if is_used(configuration, name) => return Ok(()),
        None => {
            let known = KUBERNETES_LOCATIONS
                .iter()
                .find(|(known, ..)| *known == name && kind.starts_with("kubernetes"));
            let (_, base, rest) = known.ok_or_else(|| TemplateError::NoPlace(name.to_owned()))?;
            (*base, Some(*rest))
        }
    };
    let mut steps: Vec<&str> = base.split('.').collect();
    match rest {
        // The name of a resource, such as `nvidia.com/gpu`, may contain dots.
        Some(rest) if rest.contains('/') => steps.extend(rest.splitn(3, '.')),
        Some(rest) => steps.extend(rest.split('.')),
        None => {}
    }
    put(configuration, &steps, placeholder.into())
        .map_err(|reason| TemplateError::Place { path: steps.join("."), reason })
}

/// Returns whether a value contains a placeholder for the variable.
fn is_used(value: &Value, name: &str) -> bool {
    match value {
        Value::String(text) => text.split("{{").skip(1).any(|rest| {
            rest.split("}}")
                .next()
                .is_some_and(|inner| inner.split('.').next().is_some_and(|first| first.trim() == name))
        }),
        Value::Array(items) => items.iter().any(|item| is_used(item, name)),
        Value::Object(entries) => entries.values().any(|entry| is_used(entry, name)),
        _ => false,
    }
}

/// Inserts a value at a path. Creates objects that are missing.
///
/// # Errors
///
/// Returns the reason if the path is invalid.
fn put(target: &mut Value, path: &[&str], value: Value) -> Result<(), String> {
    let Some((step, rest)) = path.split_first() else {
        *target = value;
        return Ok(());
    };
    match target {
        Value::Object(entries) => put(entries.entry(*step).or_insert_with(|| json!({})), rest, value),
        Value::Array(items) => {
            let length = items.len();
            let item = step.parse().ok().and_then(|index: usize| items.get_mut(index));
            put(
                item.ok_or_else(|| format!("'{step}' is not a valid index for a list of {length} items"))?,
                rest,
                value,
            )
        }
        other => Err(format!("{other} is not an object or a list")),
    }
}

/// A difference between two templates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Difference {
    /// Keys and indexes of the path, joined with dots.
    pub(crate) path: String,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

/// Returns the differences between two templates.
pub(crate) fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let difference = |change: ChangedValue<'_>| Difference {
        path: dotted(&change.path),
        before: change.old.cloned(),
        after: change.new.cloned(),
    };
    changed_values(Pointer::root(), before, after).into_iter().map(difference).collect()
}

/// Formats a path in the form that `--place` accepts, such as `spec.containers.0`.
fn dotted(path: &Pointer) -> String {
    let segment = |segment: &Segment| match segment {
        Segment::Key(key) => key.clone(),
        Segment::Index(index) => index.to_string(),
    };
    path.segments().iter().map(segment).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> JsonObject {
        let template = json!({
            "job_configuration": {
                "command": "{{ command }}",
                "job_manifest": {"spec": {"template": {"spec": {"containers": [{"image": "{{ image }}"}]}}}},
            },
            "variables": {"type": "object", "properties": {
                "command": {"type": "string"},
                "image": {"type": "string", "default": "old"},
                "finished_job_ttl": {"type": "integer"},
                "pull": {"enum": ["Always", "Never"], "type": "string"},
                "env": {"type": "object", "default": {"A": "1"}, "additionalProperties": {"type": "string"}},
            }},
        });
        template.as_object().unwrap().clone()
    }

    fn edits(set: &[&str], add: &[&str], places: &[&str]) -> TemplateEdits {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        TemplateEdits { set: owned(set), add: owned(add), places: owned(places) }
    }

    fn changed(edits: &TemplateEdits) -> Result<Vec<String>, String> {
        let before = template();
        let after = edits.apply("kubernetes", &before).map_err(|error| error.to_string())?;
        let line =
            |difference: Difference| format!("{}: {}", difference.path, difference.after.unwrap_or_default());
        Ok(differences(&before.into(), &after.into()).into_iter().map(line).collect())
    }

    #[test]
    fn sets_and_checks_defaults() {
        let sets = ["image=new:1", "finished_job_ttl=60", "env.B=2", "pull=Never", "command=123"];
        assert_eq!(
            changed(&edits(&sets, &[], &[])).unwrap(),
            [
                "variables.properties.command.default: \"123\"",
                "variables.properties.image.default: \"new:1\"",
                "variables.properties.finished_job_ttl.default: 60",
                "variables.properties.pull.default: \"Never\"",
                "variables.properties.env.default.B: \"2\"",
            ]
        );
        for (set, expected) in [
            ("imge=x", "the base job template has no variable 'imge'; did you mean 'image'?"),
            ("finished_job_ttl=soon", "invalid value \"soon\" for variable 'finished_job_ttl'"),
            ("pull=Sometimes", "invalid value \"Sometimes\" for variable 'pull'"),
            ("image", "invalid `--set image`: expected KEY=VALUE"),
        ] {
            let error = changed(&edits(&[set], &[], &[])).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn adds_variables_at_their_locations() {
        let containers = "job_configuration.job_manifest.spec.template.spec.containers.0";
        assert_eq!(
            changed(&edits(&[], &["cpu_request:string=500m"], &[])).unwrap(),
            [
                format!("{containers}.resources: {{\"requests\":{{\"cpu\":\"{{{{ cpu_request }}}}\"}}}}"),
                "variables.properties.cpu_request: {\"title\":\"Cpu Request\",\"type\":\"string\",\"default\":\"500m\"}".into(),
            ]
        );
        assert_eq!(
            changed(&edits(&[], &["gpu_limit:integer"], &[])).unwrap()[0],
            format!("{containers}.resources: {{\"limits\":{{\"nvidia.com/gpu\":\"{{{{ gpu_limit }}}}\"}}}}")
        );
        assert_eq!(
            changed(&edits(&[], &["zone:string"], &["zone=job_manifest.spec.zone"])).unwrap()[0],
            "job_configuration.job_manifest.spec.zone: \"{{ zone }}\""
        );
        assert_eq!(
            changed(&edits(&[], &["image:string=x"], &[])).unwrap(),
            ["variables.properties.image.default: \"x\""]
        );
    }

    #[test]
    fn rejects_invalid_edits() {
        for (add, place, expected) in [
            ("cpu", "", "invalid `--add-variable cpu`"),
            ("cpu:text", "", "invalid `--add-variable cpu:text`"),
            (":string", "", "invalid `--add-variable :string`"),
            ("image:integer", "", "the base job template already has a variable 'image' of type string"),
            ("zone:string", "", "the job does not use the variable 'zone'"),
            ("n:integer=many", "n=job_manifest.n", "invalid value \"many\" for variable 'n'"),
            ("zone:string", "zone=command.x", "invalid location 'command.x' in the job configuration"),
            (
                "zone:string",
                "zone=job_manifest.spec.template.spec.containers.7.x",
                "invalid location 'job_manifest.spec.template.spec.containers.7.x'",
            ),
            ("zone:string", "zoo=command", "the job does not use the variable 'zone'"),
        ] {
            let places: &[&str] = if place.is_empty() { &[] } else { &[place] };
            let error = changed(&edits(&[], &[add], places)).unwrap_err();
            assert!(error.starts_with(expected), "{add}: {error}");
        }
        let error = changed(&edits(&[], &[], &["image=command"])).unwrap_err();
        assert!(error.contains("a variable from `--add-variable`"), "{error}");
    }
}
