//! Options that edit a base job template: `--set`, `--add-variable` and `--place`.

use serde_json::Value;

use crate::{
    api::JsonObject,
    base_job_template::{BaseJobTemplate, EditError, NewVariable, VariableType},
    value::parse_json,
};

/// The error returned if an edit cannot be parsed or applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    #[error("invalid `--set {0}`: expected KEY=VALUE")]
    NotAnAssignment(String),
    #[error("invalid `--add-variable {0}`: expected NAME:TYPE or NAME:TYPE=DEFAULT, where TYPE is one of \
             {types}", types = VariableType::ALL.map(VariableType::as_str).join(", "))]
    NotAVariable(String),
    #[error("invalid `--place {0}`: expected NAME=PATH, where NAME is a variable from `--add-variable`")]
    BadPlace(String),
    #[error("{}{}", .0, place_option(.0))]
    Edit(#[from] EditError),
}

/// Returns the message suffix that suggests the option for a missing location. Returns an empty string for other
/// errors.
fn place_option(error: &EditError) -> String {
    match error {
        EditError::NoPlace(name) => {
            format!("; set its location, for example with `--place {name}=nodeSelector`")
        }
        _ => String::new(),
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

    /// Returns the base job template for a pool of the given type, with all edits applied.
    ///
    /// # Errors
    ///
    /// Fails if a default does not match the type of its variable, or if the job does not use a new variable.
    pub(crate) fn apply(&self, kind: &str, template: &JsonObject) -> Result<JsonObject, TemplateError> {
        let mut template = BaseJobTemplate::new(kind, template.clone());
        for text in &self.add {
            template.add_variable(&self.variable(text)?)?;
        }
        for text in &self.places {
            let names_added = |name: &str| self.add.iter().any(|added| added.split(':').next() == Some(name));
            if !text.split_once('=').is_some_and(|(name, _)| names_added(name)) {
                return Err(TemplateError::BadPlace(text.clone()));
            }
        }
        for text in &self.set {
            set(&mut template, text)?;
        }
        Ok(template.into_document())
    }

    /// Parses a value of `--add-variable`. The location comes from `--place`.
    fn variable(&self, text: &str) -> Result<NewVariable, TemplateError> {
        let malformed = || TemplateError::NotAVariable(text.to_owned());
        let (name, rest) = text.split_once(':').ok_or_else(malformed)?;
        let (kind, default) = rest.split_once('=').map_or((rest, None), |(kind, text)| (kind, Some(text)));
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(malformed());
        }
        let kind: VariableType = kind.parse().map_err(|_| malformed())?;
        let default = default.map(|text| match kind {
            VariableType::String => text.into(),
            _ => parse_json(text).unwrap_or_else(|_| text.into()),
        });
        let mut places = self.places.iter().filter_map(|place| place.split_once('='));
        let place = places.find(|(placed, _)| *placed == name).map(|(_, path)| path.to_owned());
        Ok(NewVariable { name: name.to_owned(), kind, default, place })
    }
}

/// Sets the default of a variable, specified as `KEY=VALUE`. `env.NAME=VALUE` sets a single entry of an
/// object.
fn set(template: &mut BaseJobTemplate, text: &str) -> Result<(), TemplateError> {
    let (key, value) = text.split_once('=').ok_or_else(|| TemplateError::NotAnAssignment(text.to_owned()))?;
    let mut set_default = |value: Value| match key.split_once('.') {
        Some((name, entry)) if template.variable(key).is_err() => {
            template.set_default_entry(name, entry, value)
        }
        _ => template.set_default(key, value),
    };
    // A value that can be parsed as JSON may be intended as a string, such as a tag that consists of digits.
    let text = Value::from(value);
    match parse_json(value) {
        Ok(parsed) => set_default(parsed).or_else(|error| set_default(text).map_err(|_| error))?,
        Err(_) => set_default(text)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template() -> JsonObject {
        let template = json!({
            "job_configuration": {"command": "{{ command }}"},
            "variables": {"type": "object", "properties": {
                "command": {"type": "string"},
                "ttl": {"type": "integer"},
                "env": {"type": "object", "default": {"A": "1"}, "additionalProperties": {"type": "string"}},
            }},
        });
        template.as_object().unwrap().clone()
    }

    fn edits(set: &[&str], add: &[&str], places: &[&str]) -> TemplateEdits {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        TemplateEdits { set: owned(set), add: owned(add), places: owned(places) }
    }

    #[test]
    fn parses_options() {
        let edits = edits(
            &["command=123", "ttl=60", "env.B=2"],
            &["cpu:string=2", "count:integer=2"],
            &["cpu=cpus", "count=command"],
        );
        let mut expected = template();
        let configuration = expected.get_mut("job_configuration").unwrap();
        *configuration = json!({"command": "{{ count }}"});
        let error = edits.apply("docker", &template()).unwrap_err();
        assert!(error.to_string().starts_with("invalid location 'cpus' for variable 'cpu'"), "{error}");

        let edits = TemplateEdits { add: vec!["count:integer=2".into()], ..edits };
        let edits = TemplateEdits { places: vec!["count=command".into()], ..edits };
        let properties = expected["variables"]["properties"].as_object_mut().unwrap();
        properties["command"]["default"] = "123".into();
        properties["ttl"]["default"] = 60.into();
        properties["env"]["default"]["B"] = "2".into();
        properties.insert("count".into(), json!({"title": "Count", "type": "integer", "default": 2}));
        assert_eq!(edits.apply("docker", &template()).unwrap(), expected);
    }

    #[test]
    fn rejects_invalid_options() {
        for (set, add, place, expected) in [
            ("command", "", "", "invalid `--set command`: expected KEY=VALUE"),
            ("ttl=soon", "", "", "invalid value \"soon\" for variable 'ttl'"),
            ("", "cpu", "", "invalid `--add-variable cpu`"),
            ("", "cpu:text", "", "invalid `--add-variable cpu:text`"),
            ("", ":string", "", "invalid `--add-variable :string`"),
            ("", "n:integer=many", "n=command", "invalid value \"many\" for variable 'n'"),
            (
                "",
                "zone:string",
                "",
                "the job does not use the variable 'zone'; set its location, for example with",
            ),
            ("", "zone:string", "zoo=command", "the job does not use the variable 'zone'"),
            ("", "", "command=command", "invalid `--place command=command`: expected NAME=PATH"),
        ] {
            let given = |text: &'static str| if text.is_empty() { vec![] } else { vec![text] };
            let edits = edits(&given(set), &given(add), &given(place));
            let error = edits.apply("kubernetes", &template()).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{set}{add}: {error}");
        }
    }
}
