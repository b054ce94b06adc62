//! Applies command-line options to the fields of a deployment. Templates are not rendered.

use crate::{
    deployment::{DeploymentSpec, Options},
    project::{Declared, Fields, Key, PoolKey},
    schedule::{self, BothKeys, ScheduleOptions},
    target::item_options::ItemOptionError,
    value::{self, JsonError, Mapping, UnsupportedNumber, Value},
};

/// The error for an invalid option.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OptionError {
    #[error("Can only pass one of `param` or `params` options")]
    ParamAndParams,
    #[error("`--param {0}` does not contain `=`: use `--param key=value`")]
    Param(String),
    #[error("`--params` must be a JSON object: {0}")]
    Params(String),
    #[error(
        "Could not parse variable: \"{0}\". Please ensure variables are either in the format `key=value` or are \
         strings containing a valid JSON object."
    )]
    JobVariable(String),
    #[error("invalid value of {option}: {error}")]
    Number { option: &'static str, error: UnsupportedNumber },
    #[error(transparent)]
    ScheduleAndSchedules(#[from] BothKeys),
    #[error(transparent)]
    Item(#[from] ItemOptionError),
}

impl OptionError {
    /// Returns the option with an invalid value, unless the message names it.
    pub(crate) fn option(&self) -> Option<&'static str> {
        match self {
            Self::JobVariable(_) => Some("--job-variable"),
            Self::Item(error) => Some(error.kind.option()),
            Self::ParamAndParams
            | Self::Param(_)
            | Self::Params(_)
            | Self::Number { .. }
            | Self::ScheduleAndSchedules(_) => None,
        }
    }
}

/// Returns a deployment's spec as declared in the file, without command-line options.
///
/// # Errors
///
/// Fails if the deployment sets both `schedule` and `schedules`.
pub(crate) fn plain(declared: Declared) -> Result<DeploymentSpec, OptionError> {
    let mut fields = declared.fields.clone();
    normalize_sections(&mut fields);
    legacy_schedule(&mut fields)?;
    Ok(DeploymentSpec { declared, fields, variables: Mapping::new(), reasons: Vec::new() })
}

/// Applies the options to a declared deployment and returns the resulting spec. `name` replaces the name in the file.
pub(crate) fn with_options(
    declared: Declared,
    options: &Options,
    name: Option<&str>,
) -> Result<DeploymentSpec, OptionError> {
    if !options.param.is_empty() && options.params.is_some() {
        return Err(OptionError::ParamAndParams);
    }
    let mut spec = plain(declared)?;
    let fields = &mut spec.fields;
    let texts = [
        (Key::Name, name),
        (Key::Description, options.description.as_deref()),
        (Key::Entrypoint, options.entrypoint.as_deref()),
        (Key::Version, options.version.as_deref()),
        (Key::VersionType, options.version_type.as_deref()),
    ];
    for (key, text) in texts {
        replace(fields, key, text);
    }
    let tags = options.tags.as_ref();
    replace(fields, Key::Tags, tags.map(|tags| tags.iter().map(String::as_str).collect::<Value>()));
    replace(fields, Key::ConcurrencyLimit, concurrency_limit(options));
    replace(fields, Key::EnforceParameterSchema, options.enforce_parameter_schema);
    for (key, text) in [(PoolKey::Name, &options.pool), (PoolKey::WorkQueueName, &options.work_queue)] {
        if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
            fields.set_in_pool(key, text);
        }
    }
    let variables = job_variables(&options.job_variables)?;
    if !options.job_variables.is_empty() {
        fields.set_in_pool(PoolKey::JobVariables, variables.clone());
    }
    let parameters = parameters(options)?;
    fields.mapping_mut(Key::Parameters).extend(parameters);
    schedules(fields, options);
    spec.variables = variables;
    Ok(spec)
}

/// Replaces sections of a different type, such as null, with empty sections. Missing sections stay missing,
/// so that most deployments share their fields with the project.
fn normalize_sections(fields: &mut Fields) {
    if fields.get(Key::Tags).is_some_and(Value::is_null) {
        fields.set(Key::Tags, Vec::<Value>::new());
    }
    for key in [Key::Parameters, Key::WorkPool] {
        if fields.get(key).is_some_and(|value| !value.is_mapping()) {
            fields.set(key, Mapping::new());
        }
    }
    if fields.get_in_pool(PoolKey::JobVariables).is_some_and(|value| !value.is_mapping()) {
        fields.set_in_pool(PoolKey::JobVariables, Mapping::new());
    }
}

fn replace(fields: &mut Fields, key: Key, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        fields.set(key, value);
    }
}

/// Converts the deprecated key `schedule` to `schedules`. Fails if both keys are present.
fn legacy_schedule(fields: &mut Fields) -> Result<(), OptionError> {
    if fields.get(Key::Schedule).is_none() {
        return Ok(());
    }
    let Some(old) = fields.remove(Key::Schedule).filter(|old| !old.is_null()) else { return Ok(()) };
    if !fields.schedules().is_absent() {
        return Err(BothKeys.into());
    }
    fields.set(Key::Schedules, vec![old]);
    Ok(())
}

fn concurrency_limit(options: &Options) -> Option<Value> {
    let limit = options.concurrency_limit?;
    let Some(strategy) = &options.collision_strategy else { return Some(limit.into()) };
    let both = [("limit", Value::from(limit)), ("collision_strategy", strategy.as_str().into())];
    Some(both.into_iter().map(|(key, value)| (Value::from(key), value)).collect::<Mapping>().into())
}

/// Parses job variables. Each option is either `key=value` or a JSON object. Variables from all options are
/// merged.
fn job_variables(options: &[String]) -> Result<Mapping, OptionError> {
    let mut variables = Mapping::new();
    for text in options {
        // JSON is tried first, because the reference splits `{"A":"x=y"}` at `=`.
        match (value::parse_json(text), text.split_once('=')) {
            (Ok(serde_json::Value::Object(object)), _) => variables.extend(entries(&object)),
            (Err(JsonError::Number(error)), _) => {
                return Err(OptionError::Number { option: "--job-variable", error });
            }
            (_, Some((key, value))) => {
                variables.insert(key.into(), value.into());
            }
            (_, None) => return Err(OptionError::JobVariable(text.clone())),
        }
    }
    Ok(variables)
}

fn parameters(options: &Options) -> Result<Mapping, OptionError> {
    let mut parameters = Mapping::new();
    for text in &options.param {
        let (key, text) = text.split_once('=').ok_or_else(|| OptionError::Param(text.clone()))?;
        let parsed = match value::parse_json(text) {
            Ok(json) => value::from_json(&json),
            Err(JsonError::Syntax(_)) => text.into(),
            Err(JsonError::Number(error)) => return Err(OptionError::Number { option: "--param", error }),
        };
        parameters.insert(key.into(), parsed);
    }
    if let Some(text) = options.params.as_deref().filter(|text| !text.is_empty()) {
        match value::parse_json(text) {
            Ok(serde_json::Value::Object(object)) => parameters.extend(entries(&object)),
            Ok(_) => return Err(OptionError::Params("found another type".into())),
            Err(JsonError::Number(error)) => {
                return Err(OptionError::Number { option: "--params", error });
            }
            Err(error) => return Err(OptionError::Params(error.to_string())),
        }
    }
    Ok(parameters)
}

fn entries(object: &serde_json::Map<String, serde_json::Value>) -> impl Iterator<Item = (Value, Value)> {
    object.iter().map(|(key, json)| (Value::from(key.as_str()), value::from_json(json)))
}

fn schedules(fields: &mut Fields, options: &Options) {
    let options = ScheduleOptions {
        cron: options.cron.clone(),
        interval: options.interval.clone(),
        rrule: options.rrule.clone(),
        anchor_date: options.anchor_date.clone(),
        timezone: options.timezone.clone(),
    };
    let declared = fields.schedules().literal().unwrap_or_default();
    let items = declared.iter().filter_map(Value::as_mapping).cloned().collect();
    let items: Vec<Mapping> = schedule::with_options(items, &options);
    if !items.is_empty() {
        fields.set(Key::Schedules, items.into_iter().map(Value::Mapping).collect::<Value>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::IgnoredFields;

    fn fields(yaml: &str, options: &Options) -> Result<Value, OptionError> {
        let fields = serde_yaml::from_str::<Mapping>(yaml).unwrap().into();
        let declared = Declared { index: Some(0), fields, ignored: IgnoredFields::default() };
        with_options(declared, options, None).map(|spec| spec.fields.to_template())
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn options_replace_or_extend_fields() {
        let options = Options {
            tags: Some(texts(&["x"])),
            pool: Some("other".into()),
            param: texts(&["n=7", "s=abc", "q=\"7\""]),
            job_variables: texts(&["cpu=4", r#"{"env": {"A": "x=y"}}"#]),
            concurrency_limit: Some(4),
            collision_strategy: Some("CANCEL_NEW".into()),
            ..Options::default()
        };
        let file = "{tags: [a], parameters: {n: 1, k: 2}, work_pool: {name: p, job_variables: {image: i}}}";
        let fields = fields(file, &options).unwrap();
        assert_eq!(fields["tags"], Value::from(vec!["x"]));
        assert_eq!(value::to_json(&fields["parameters"]).to_string(), r#"{"n":7,"k":2,"s":"abc","q":"7"}"#);
        let pool = value::to_json(&fields["work_pool"]);
        assert_eq!(pool["name"], "other");
        assert_eq!(pool["job_variables"].to_string(), r#"{"cpu":"4","env":{"A":"x=y"}}"#);
        assert_eq!(fields["concurrency_limit"]["limit"], Value::from(4));
    }

    #[test]
    fn replaces_null_sections_with_empty_sections() {
        let file = "{work_pool: {job_variables: null}, parameters: null, tags: null}";
        let fields = fields(file, &Options::default()).unwrap();
        assert!(fields["work_pool"]["job_variables"].is_mapping());
        assert!(fields["parameters"].is_mapping() && fields["tags"].is_sequence());
    }

    #[test]
    fn shares_the_fields_of_the_project_if_no_options_apply() {
        let fields = serde_yaml::from_str::<Mapping>("{name: a, entrypoint: f.py:f}").unwrap().into();
        let declared = Declared { index: Some(0), fields, ignored: IgnoredFields::default() };
        let spec = plain(declared).unwrap();
        assert!(std::ptr::eq(spec.fields.tree(), spec.declared.fields.tree()));
    }

    #[test]
    fn converts_the_deprecated_schedule_key_to_a_list() {
        let options = Options::default();
        assert!(fields("{schedule: {cron: 0 0 * * *}}", &options).unwrap()["schedules"].is_sequence());
        assert_eq!(
            fields("{schedule: {cron: x}, schedules: null}", &options).unwrap_err(),
            OptionError::ScheduleAndSchedules(BothKeys)
        );
    }

    #[test]
    fn errors_name_the_invalid_option() {
        for (options, message) in [
            (Options { param: texts(&["a"]), ..Options::default() }, "--param a"),
            (Options { params: Some("[1]".into()), ..Options::default() }, "JSON object"),
            (Options { params: Some("{".into()), ..Options::default() }, "JSON object"),
            (
                Options { job_variables: texts(&["neither"]), ..Options::default() },
                "Could not parse variable",
            ),
            (
                Options { param: texts(&["a=1"]), params: Some(String::new()), ..Options::default() },
                "only pass one",
            ),
            (
                Options { param: texts(&["a=123456789012345678901"]), ..Options::default() },
                "invalid value of --param: the integer 123456789012345678901 does not fit in 64 bits",
            ),
            (
                Options { param: texts(&["a=[NaN]"]), ..Options::default() },
                "invalid value of --param: the number NaN is not finite; write it as the JSON string \"NaN\"",
            ),
            (
                Options { params: Some(r#"{"a": 123456789012345678901}"#.into()), ..Options::default() },
                "invalid value of --params: the integer",
            ),
            (
                Options { job_variables: texts(&[r#"{"a": 123456789012345678901}"#]), ..Options::default() },
                "invalid value of --job-variable: the integer",
            ),
        ] {
            let error = fields("{}", &options).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}
