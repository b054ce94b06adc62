//! Loads project files and checks their keys and the types of their values.

use std::path::Path;

use super::{
    Declared, Findings, Project, StepList,
    fields::{self, KnownKey, Shape},
    misplaced,
    removed::{self, Removed},
};
use crate::{
    diagnostics::{Code, Diagnostic, did_you_mean},
    fs::{self, FileError},
    pointer::Pointer,
    python,
    source::Source,
    steps::Section,
    value::{self, Mapping, Value},
    yaml,
};

/// The reason why a project file could not be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProjectError {
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is not valid YAML, or some of its values are invalid.
    #[error("{} has {} error(s)", file, diagnostics.len())]
    Invalid { file: String, diagnostics: Vec<Diagnostic> },
}

/// Loads a project file. Returns the project and the warnings about it.
///
/// # Errors
///
/// Fails if the file cannot be read or is invalid. The error contains all problems that were found in the file.
pub(crate) fn load(path: &Path, directory: &Path) -> Result<(Project, Vec<Diagnostic>), ProjectError> {
    let name = path.to_string_lossy();
    let file = directory.join(path);
    let kind = if fs::is_link_outside(&file) { Source::private } else { Source::new };
    let source = yaml::decode(&name, fs::read_bytes(&file)?, kind)
        .map_err(|error| ProjectError::Invalid { file: name.into_owned(), diagnostics: vec![*error] })?;
    let invalid = |diagnostics| ProjectError::Invalid { file: source.name().to_owned(), diagnostics };
    let document = yaml::load(&source).map_err(|error| invalid(vec![error.diagnostic(&source)]))?;
    let root = document.root.to_value().map_err(|error| invalid(vec![error.diagnostic(&source)]))?;
    let mut findings = Findings::new(Some(&document));
    for key in &document.duplicate_keys {
        findings.push(key.diagnostic(&source));
    }
    for conflict in &document.merge_conflicts {
        findings.push(conflict.diagnostic(&source));
    }
    let mut fields = match root {
        Value::Mapping(fields) => checked(&fields, &mut findings),
        other => {
            let message = match &other {
                Value::Null => "the file is empty".to_owned(),
                other => format!("a project file must be a mapping, not {}", value::kind(other)),
            };
            findings.at_value(&Pointer::root(), Diagnostic::error(Code::NOT_A_MAPPING, message));
            Mapping::new()
        }
    };
    let diagnostics = findings.take();
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(invalid(diagnostics));
    }
    let deployments = match fields.shift_remove("deployments") {
        Some(Value::Sequence(items)) => items.into_iter().enumerate().filter_map(declared).collect(),
        _ => Vec::new(),
    };
    let [build, push, pull] = Section::ALL.map(|section| StepList::read(&fields, section));
    let project = Project { document: Some(document), build, push, pull, deployments };
    Ok((project, diagnostics))
}

fn declared((index, item): (usize, Value)) -> Option<Declared> {
    let Value::Mapping(fields) = item else { return None };
    Some(Declared { index: Some(index), fields: fields.into() })
}

/// Checks the content of the file and normalizes its values.
fn checked(fields: &Mapping, findings: &mut Findings<'_>) -> Mapping {
    let root = Pointer::root();
    let mut checker = Checker { findings };
    let mut result = checker.mapping(fields, fields::TOP, &root);
    for key in fields.keys().filter_map(Value::as_str) {
        let known = fields::TOP.iter().map(|field| field.key);
        if fields::find(fields::TOP, key).is_none()
            && !fields::FREE.contains(&key)
            && let Some(suggestion) = did_you_mean(key, known).filter(|known| close(key, known))
        {
            let message = format!("the key `{key}` has no effect; did you mean `{suggestion}`?");
            checker.findings.at_key(&root.join(key), Diagnostic::warning(Code::UNKNOWN_KEY, message));
        }
    }
    if let Some((pointer, diagnostic)) = misplaced::legacy_deployment(fields) {
        checker.findings.at_key(&pointer, diagnostic);
    } else if let Some(document) = checker.findings.document() {
        for (pointer, diagnostic) in misplaced::at_top_level(fields, document) {
            checker.findings.at_key(&pointer, diagnostic);
        }
    }
    if let Some(Value::Sequence(items)) = result.get_mut("deployments") {
        let pointer = root.join("deployments");
        for (index, item) in items.iter_mut().enumerate() {
            if let Value::Mapping(fields) = item {
                *item = Value::Mapping(checker.deployment(fields, &pointer.join(index)));
            }
        }
    }
    result
}

/// Returns whether a key is probably a misspelling of a known key.
///
/// The check is strict because arbitrary keys are allowed at the top level.
fn close(key: &str, known: &str) -> bool {
    strsim::damerau_levenshtein(key, known) <= 2
}

struct Checker<'a, 'b> {
    findings: &'a mut Findings<'b>,
}

impl Checker<'_, '_> {
    fn deployment(&mut self, fields: &Mapping, pointer: &Pointer) -> Mapping {
        self.unused_keys(fields, fields::DEPLOYMENT, removed::DEPLOYMENT, misplaced::in_deployment, pointer);
        self.mapping(fields, fields::DEPLOYMENT, pointer)
    }

    fn unused_keys(
        &mut self,
        fields: &Mapping,
        known: &'static [KnownKey],
        removed: &'static [Removed],
        misplaced: fn(&str) -> Option<&'static str>,
        pointer: &Pointer,
    ) {
        for key in fields.keys() {
            let text = python::to_text(key);
            let diagnostic = match key.as_str() {
                Some(name) if fields::find(known, name).is_some() => continue,
                Some(name) => unused_key(name, known, removed, misplaced(name)),
                None => {
                    let message = format!("the key `{text}` is {} and has no effect", value::kind(key));
                    Diagnostic::warning(Code::UNKNOWN_KEY, message).help(quote_key(key))
                }
            };
            self.findings.at_key(&pointer.join(json_text(key)), diagnostic);
        }
    }

    /// Checks the known keys of a mapping and normalizes their values. Unknown keys are kept unchanged.
    fn mapping(&mut self, fields: &Mapping, known: &'static [KnownKey], pointer: &Pointer) -> Mapping {
        let normal = |(key, value): (&Value, &Value)| {
            let value = match key.as_str().and_then(|name| fields::find(known, name)) {
                Some(field)
                    if value.is_null()
                        && field.nullable
                        && !self.findings.is_no_number(&pointer.join(field.key)) =>
                {
                    Value::Null
                }
                Some(field) => self.value(field, value, &pointer.join(field.key)),
                None => value.clone(),
            };
            (key.clone(), value)
        };
        fields.iter().map(normal).collect()
    }

    /// Normalizes a value. A value of a wrong type is reported and returned unchanged.
    fn value(&mut self, field: &KnownKey, value: &Value, pointer: &Pointer) -> Value {
        match (field.shape, value) {
            (Shape::Text | Shape::Tags, Value::String(_)) if self.findings.is_date(pointer) => {
                self.mismatch(field, value, pointer)
            }
            (Shape::Text, Value::String(_))
            | (Shape::Moment, Value::String(_) | Value::Number(_))
            | (Shape::Tags, Value::String(_) | Value::Sequence(_))
            | (Shape::FlagOrText, Value::Bool(_) | Value::String(_))
            | (Shape::Interval, Value::Number(_))
            | (Shape::Steps, Value::Mapping(_)) => value.clone(),
            (Shape::Steps, Value::Sequence(steps)) => {
                self.items_are_mappings(field, steps, pointer);
                value.clone()
            }
            (Shape::Mappings, Value::Sequence(items)) => {
                self.items_are_mappings(field, items, pointer);
                value.clone()
            }
            (Shape::Interval, Value::String(text)) if is_duration(text) => value.clone(),
            (Shape::FlagOrText, Value::Number(_)) | (Shape::Flag, _) => {
                flag(value).map_or_else(|| self.mismatch(field, value, pointer), Value::Bool)
            }
            (Shape::Count | Shape::Limit, Value::Number(_) | Value::String(_) | Value::Bool(_)) => {
                count(value).map_or_else(|| self.mismatch(field, value, pointer), Value::from)
            }
            (Shape::Limit, Value::Mapping(limit)) => {
                self.unused_keys(limit, fields::LIMIT, &[], |_| None, pointer);
                self.mapping(limit, fields::LIMIT, pointer).into()
            }
            (Shape::Parameters, Value::Mapping(parameters)) => {
                self.keys_are_text(field, parameters, pointer);
                value.clone()
            }
            (Shape::WorkPool, Value::Mapping(pool)) => {
                self.unused_keys(
                    pool,
                    fields::WORK_POOL,
                    removed::WORK_POOL,
                    misplaced::in_work_pool,
                    pointer,
                );
                self.mapping(pool, fields::WORK_POOL, pointer).into()
            }
            (Shape::Schedule, Value::Mapping(schedule)) if schedule.is_empty() => Value::Null,
            (Shape::Schedule, Value::Mapping(schedule)) => self.schedule(schedule, pointer),
            (Shape::Schedules, Value::Sequence(items)) => items
                .iter()
                .enumerate()
                .map(|(index, item)| self.schedule_item(item, &pointer.join(index)))
                .collect(),
            _ => self.mismatch(field, value, pointer),
        }
    }

    fn schedule_item(&mut self, item: &Value, pointer: &Pointer) -> Value {
        if let Value::Mapping(schedule) = item {
            return self.schedule(schedule, pointer);
        }
        let message = format!(
            "a schedule must be a mapping with `cron`, `interval` or `rrule`, not {}",
            value::kind(item)
        );
        self.findings.at_value(pointer, Diagnostic::error(Code::WRONG_TYPE, message));
        item.clone()
    }

    fn schedule(&mut self, schedule: &Mapping, pointer: &Pointer) -> Value {
        for key in schedule.keys().filter_map(Value::as_str) {
            if fields::find(fields::SCHEDULE, key).is_some() {
                continue;
            }
            let diagnostic = if let Some(removed) = removed::find(removed::SCHEDULE, key) {
                Diagnostic::error(
                    Code::REMOVED_KEY,
                    format!("Prefect {} and later reject the key `{key}` in a schedule", removed.since),
                )
                .help(removed.instead)
            } else {
                let known = fields::SCHEDULE.iter().map(|field| field.key);
                let help = did_you_mean(key, known.clone()).map_or_else(
                    || format!("valid keys are {}", known.collect::<Vec<_>>().join(", ")),
                    |known| format!("did you mean `{known}`?"),
                );
                Diagnostic::error(Code::UNKNOWN_KEY, format!("unknown key `{key}` in a schedule")).help(help)
            };
            self.findings.at_key(&pointer.join(key), diagnostic);
        }
        let kinds: Vec<_> = fields::SCHEDULE_KINDS
            .into_iter()
            .filter(|key| schedule.get(key).is_some_and(|v| !v.is_null()))
            .collect();
        if kinds.len() != 1 {
            let message = match kinds.as_slice() {
                [] => "Unknown schedule type. Please provide a valid schedule.".to_owned(),
                kinds => format!("a schedule must have exactly one kind, not {}", kinds.join(" and ")),
            };
            let diagnostic = Diagnostic::error(Code::SCHEDULE_KIND, message)
                .help("use one of `cron`, `interval` and `rrule`");
            self.findings.at_value(pointer, diagnostic);
        }
        self.mapping(schedule, fields::SCHEDULE, pointer).into()
    }

    fn items_are_mappings(&mut self, field: &KnownKey, items: &[Value], pointer: &Pointer) {
        for (index, item) in items.iter().enumerate().filter(|(_, item)| !item.is_mapping()) {
            let message =
                format!("each item of `{}` must be a mapping, not {}", field.key, value::kind(item));
            self.findings.at_value(&pointer.join(index), Diagnostic::error(Code::WRONG_TYPE, message));
        }
    }

    fn keys_are_text(&mut self, field: &KnownKey, mapping: &Mapping, pointer: &Pointer) {
        for key in mapping.keys().filter(|key| !key.is_string()) {
            let text = json_text(key);
            let message =
                format!("the keys of `{}` must be strings, but {text} is {}", field.key, value::kind(key));
            let diagnostic = Diagnostic::error(Code::WRONG_TYPE, message).help(quote_key(key));
            self.findings.at_key(&pointer.join(text), diagnostic);
        }
    }

    fn mismatch(&mut self, field: &KnownKey, value: &Value, pointer: &Pointer) -> Value {
        let kind = match value {
            Value::String(_) if self.findings.is_date(pointer) => "a date",
            Value::Null if self.findings.is_no_number(pointer) => "a float",
            value => value::kind(value),
        };
        let message = format!("`{}` must be {}, not {kind}", field.key, expected(field.shape));
        let diagnostic = Diagnostic::error(Code::WRONG_TYPE, message);
        let help = match (field.shape, value) {
            (Shape::Text, Value::Number(_) | Value::Bool(_)) => Some("put it in quotes".to_owned()),
            (Shape::Text | Shape::Tags, Value::String(_)) => {
                Some("put it in quotes: YAML reads it as a date".to_owned())
            }
            (Shape::Parameters, Value::Null) => {
                Some(format!("remove the key, or write `{}: {{}}`", field.key))
            }
            (Shape::Mappings, Value::Null) => Some(format!("remove the key, or write `{}: []`", field.key)),
            (Shape::Schedule, Value::Sequence(_)) => Some("use `schedules` for a list".to_owned()),
            _ => None,
        };
        self.findings.at_value(pointer, Diagnostic { help, ..diagnostic });
        value.clone()
    }
}

/// Returns the diagnostic for a key that has no effect because it is unknown or was removed from Prefect.
fn unused_key(
    key: &str,
    known: &'static [KnownKey],
    removed: &'static [Removed],
    misplaced: Option<&str>,
) -> Diagnostic {
    if let Some(removed) = removed::find(removed, key) {
        let message = format!("Prefect {} and later ignore the key `{key}`", removed.since);
        return Diagnostic::warning(Code::REMOVED_KEY, message).help(removed.instead);
    }
    let suggestion = did_you_mean(key, known.iter().map(|field| field.key));
    let help =
        misplaced.map(str::to_owned).or_else(|| suggestion.map(|known| format!("did you mean `{known}`?")));
    Diagnostic { help, ..Diagnostic::warning(Code::UNKNOWN_KEY, format!("the key `{key}` has no effect")) }
}

fn json_text(key: &Value) -> String {
    key.as_str().map_or_else(|| value::to_json(key).to_string(), str::to_owned)
}

/// Returns a suggestion for a key that is not a string.
fn quote_key(key: &Value) -> String {
    match key {
        Value::Bool(_) => "put the key in quotes: YAML reads on, off, yes and no as booleans".to_owned(),
        key => format!("put it in quotes: \"{}\"", json_text(key)),
    }
}

fn expected(shape: Shape) -> &'static str {
    match shape {
        Shape::Text => "a string",
        Shape::Moment => "a date and time, or a number of seconds since 1970",
        Shape::Flag => "true or false",
        Shape::FlagOrText => "true, false or a template",
        Shape::Count => "a whole number",
        Shape::Tags => "a list of tags",
        Shape::Parameters | Shape::WorkPool => "a mapping",
        Shape::Steps => "a list of steps",
        Shape::Interval => "a number of seconds, or a string such as `1 day` or `PT1H`",
        Shape::Limit => "a whole number, or a mapping with `limit` and `collision_strategy`",
        Shape::Schedule => "one schedule",
        Shape::Schedules => "a list of schedules",
        Shape::Mappings => "a list of mappings",
    }
}

/// Parses a boolean in any notation that Prefect accepts. Returns `None` if the value is not a boolean.
fn flag(value: &Value) -> Option<bool> {
    let text = match value {
        Value::Bool(flag) => return Some(*flag),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.to_lowercase(),
        _ => return None,
    };
    match text.as_str() {
        "true" | "yes" | "on" | "y" | "t" | "1" | "1.0" => Some(true),
        "false" | "no" | "off" | "n" | "f" | "0" | "0.0" => Some(false),
        _ => None,
    }
}

/// Parses a whole number, which may also be a string or a number with a fraction of zero.
///
/// Returns `None` if the value is not a whole number.
fn count(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::Bool(flag) => Some((*flag).into()),
        Value::String(text) => {
            let text = text.trim();
            let digits = text.split_once('.').map_or(text, |(digits, zeros)| {
                if zeros.bytes().all(|zero| zero == b'0') { digits } else { text }
            });
            let is_grouped = digits.contains('_')
                && digits.trim_start_matches(['+', '-']).split('_').all(|group| !group.is_empty());
            let digits = if is_grouped { digits.replace('_', "") } else { digits.to_owned() };
            digits.parse().ok()
        }
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

/// Returns whether a string may be an interval, which must be more than a number without a unit.
fn is_duration(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
        && text.contains(|c: char| c.is_ascii_alphabetic() || c == ':')
        && !text.contains("{{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_whole_numbers_as_pydantic_does() {
        for (yaml, expected) in [
            ("5", Some(5)),
            ("5.0", Some(5)),
            ("5.5", None),
            ("true", Some(1)),
            ("'5'", Some(5)),
            ("' 5 '", Some(5)),
            ("'5.0'", Some(5)),
            ("'5.1'", None),
            ("'1_0'", Some(10)),
            ("'1__0'", None),
            ("'_1'", None),
            ("five", None),
        ] {
            assert_eq!(count(&serde_yaml::from_str(yaml).unwrap()), expected, "{yaml}");
        }
    }

    #[test]
    fn converts_between_numbers_and_flags() {
        let text = "deployments:\n- name: a\n  schedules:\n  - {cron: '0 0 * * *', active: 0, day_or: 1}\n  \
                    - {interval: 1, anchor_date: 1704067200}\n";
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("prefect.yaml"), text).unwrap();
        let (project, findings) = load(Path::new("prefect.yaml"), folder.path()).unwrap();
        assert!(findings.is_empty(), "{findings:?}");
        let schedules = project.deployments[0].fields.schedules().literal().unwrap();
        let schedules = value::to_json(&schedules.to_vec().into()).to_string();
        assert_eq!(
            schedules,
            r#"[{"cron":"0 0 * * *","active":false,"day_or":true},{"interval":1,"anchor_date":1704067200}]"#
        );
    }
}
