//! Checks the keys and types of a project file and normalizes its values.

use super::{
    Findings,
    deployment::IgnoredPath,
    environments::EnvironmentName,
    fields::{self, KnownKey, Shape},
    misplaced::{self, Misplaced},
    removed::{self, Removed},
    repair::Repair,
};
use crate::{
    coerce,
    diagnostics::{Code, Diagnostic, Fix, did_you_mean},
    pointer::Pointer,
    python,
    value::{self, Mapping, Value},
    yaml::{self, Document},
};

pub(super) struct Checker<'a, 'b> {
    pub(super) findings: &'a mut Findings<'b>,
}

impl Checker<'_, '_> {
    pub(super) fn deployment(&mut self, fields: Mapping, pointer: &Pointer) -> Mapping {
        self.unused_keys(&fields, fields::DEPLOYMENT, removed::DEPLOYMENT, misplaced::in_deployment, pointer);
        self.mapping(fields, fields::DEPLOYMENT, pointer)
    }

    fn unused_keys(
        &mut self,
        fields: &Mapping,
        known: &'static [KnownKey],
        removed: &'static [Removed],
        misplaced: fn(&str) -> Option<Misplaced>,
        pointer: &Pointer,
    ) {
        for key in fields.keys() {
            let text = python::to_text(key);
            let pointer = pointer.join(json_text(key));
            let diagnostic = match key.as_str() {
                Some(name) if fields::find(known, name).is_some() => continue,
                Some(name) => {
                    let (diagnostic, repair) = unused_key(name, known, removed, misplaced(name).as_ref());
                    diagnostic.fix(self.repaired(repair, &pointer))
                }
                None => {
                    let message = format!("the key `{text}` is {} and has no effect", value::kind(key));
                    Diagnostic::warning(Code::UNKNOWN_KEY, message).help(quote_key(key))
                }
            };
            self.findings.at_key(&pointer, diagnostic);
        }
    }

    /// Returns the fix that repairs the key at a path.
    fn repaired(&self, repair: Option<Repair>, pointer: &Pointer) -> Option<Fix> {
        repair?.fix(self.findings.document()?, pointer)
    }

    /// Checks a mapping's known keys and normalizes their values. Keeps unknown keys unchanged.
    pub(super) fn mapping(
        &mut self,
        fields: Mapping,
        known: &'static [KnownKey],
        pointer: &Pointer,
    ) -> Mapping {
        let normal = |(key, value): (Value, Value)| {
            let value = match key.as_str().and_then(|name| fields::find(known, name)) {
                Some(field)
                    if value.is_null()
                        && field.nullable
                        && !self.findings.is_no_number(&pointer.join(field.key)) =>
                {
                    Value::Null
                }
                Some(field) => self.value(field, value, &pointer.join(field.key)),
                None => value,
            };
            (key, value)
        };
        fields.into_iter().map(normal).collect()
    }

    /// Normalizes a value. Reports a value of the wrong type and returns it unchanged.
    fn value(&mut self, field: &KnownKey, value: Value, pointer: &Pointer) -> Value {
        self.replacement(field, &value, pointer).unwrap_or(value)
    }

    /// Checks a value. Returns the normalized value, or `None` if the value is unchanged.
    fn replacement(&mut self, field: &KnownKey, value: &Value, pointer: &Pointer) -> Option<Value> {
        match (field.shape, value) {
            (Shape::Text | Shape::Tags, Value::String(_)) if self.findings.is_date(pointer) => {
                self.mismatch(field, value, pointer);
                None
            }
            (Shape::Text, Value::String(_))
            | (Shape::Moment, Value::String(_) | Value::Number(_))
            | (Shape::Tags, Value::String(_) | Value::Sequence(_))
            | (Shape::FlagOrText, Value::Bool(_) | Value::String(_))
            | (Shape::Interval, Value::Number(_))
            | (Shape::Resources, Value::Mapping(_)) => None,
            (Shape::Environments, _) => {
                self.environments(value, pointer);
                None
            }
            (Shape::Steps, Value::Sequence(steps)) => {
                self.steps(field, steps, pointer);
                None
            }
            (Shape::Mappings, Value::Sequence(items)) => {
                self.items_are_mappings(field, items, pointer);
                None
            }
            (Shape::Interval, Value::String(text)) if is_duration(text) => None,
            (Shape::FlagOrText, Value::Number(_)) | (Shape::Flag, _) => {
                self.converted(coerce::boolean(value).map(Value::Bool), field, value, pointer)
            }
            (Shape::Count | Shape::Limit, Value::Number(_) | Value::String(_) | Value::Bool(_)) => {
                self.converted(coerce::integer(value).map(Value::from), field, value, pointer)
            }
            (Shape::Limit, Value::Mapping(limit)) => {
                self.unused_keys(limit, fields::LIMIT, &[], |_| None, pointer);
                Some(self.mapping(limit.clone(), fields::LIMIT, pointer).into())
            }
            (Shape::Parameters | Shape::Steps, Value::Mapping(entries)) => {
                self.keys_are_text(field, entries, pointer);
                None
            }
            (Shape::WorkPool, Value::Mapping(pool)) => Some(self.work_pool(pool, pointer)),
            (Shape::IgnoredFields, Value::Sequence(items)) => {
                self.ignored_paths(items, pointer);
                None
            }
            (Shape::Schedule, Value::Mapping(schedule)) if schedule.is_empty() => Some(Value::Null),
            (Shape::Schedule, Value::Mapping(schedule)) => Some(self.schedule(schedule, pointer)),
            (Shape::Schedules, Value::Sequence(items)) => {
                let items = items.iter().enumerate();
                Some(items.map(|(index, item)| self.schedule_item(item, &pointer.join(index))).collect())
            }
            _ => {
                self.mismatch(field, value, pointer);
                None
            }
        }
    }

    fn work_pool(&mut self, pool: &Mapping, pointer: &Pointer) -> Value {
        let misplaced = misplaced::in_work_pool;
        self.unused_keys(pool, fields::WORK_POOL, removed::WORK_POOL, misplaced, pointer);
        self.mapping(pool.clone(), fields::WORK_POOL, pointer).into()
    }

    /// Returns a converted value. Reports the value if the conversion failed.
    fn converted(
        &mut self,
        converted: Option<Value>,
        field: &KnownKey,
        value: &Value,
        pointer: &Pointer,
    ) -> Option<Value> {
        if converted.is_none() {
            self.mismatch(field, value, pointer);
        }
        converted
    }

    /// Warns about environments that cannot be selected. Prefect ignores environments, so the file is still valid.
    fn environments(&mut self, value: &Value, pointer: &Pointer) {
        let Value::Mapping(environments) = value else {
            let message = format!("`environments` must be a mapping, not {}", value::kind(value));
            return self.findings.at_value(pointer, Diagnostic::warning(Code::WRONG_TYPE, message));
        };
        for (key, value) in environments {
            let pointer = pointer.join(json_text(key));
            if let Err(error) = python::to_text(key).parse::<EnvironmentName>() {
                self.findings
                    .at_key(&pointer, Diagnostic::warning(Code::ENVIRONMENT_OVERLAY, error.to_string()));
            } else if !key.is_string() {
                let message =
                    format!("the name of an environment must be a string, not {}", value::kind(key));
                self.findings
                    .at_key(&pointer, Diagnostic::warning(Code::WRONG_TYPE, message).help(quote_key(key)));
            } else if !matches!(value, Value::Mapping(_) | Value::Null) {
                let message = format!("an environment must be a mapping, not {}", value::kind(value));
                self.findings.at_value(&pointer, Diagnostic::warning(Code::WRONG_TYPE, message));
            }
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
        let mut is_kind_misspelled = false;
        for key in schedule.keys().filter_map(Value::as_str) {
            if fields::find(fields::SCHEDULE, key).is_some() {
                continue;
            }
            let (diagnostic, repair) = if let Some(removed) = removed::find(removed::SCHEDULE, key) {
                let diagnostic = Diagnostic::error(
                    Code::REMOVED_KEY,
                    format!("Prefect {} and later reject the key `{key}` in a schedule", removed.since),
                )
                .help(removed.instead);
                (diagnostic, removed.repair)
            } else {
                let known = fields::SCHEDULE.iter().map(|field| field.key);
                let similar = did_you_mean(key, known.clone());
                let help = similar.map_or_else(
                    || format!("valid keys are {}", known.collect::<Vec<_>>().join(", ")),
                    |known| format!("did you mean `{known}`?"),
                );
                is_kind_misspelled |= similar.is_some_and(|known| fields::SCHEDULE_KINDS.contains(&known));
                let message = format!("unknown key `{key}` in a schedule");
                (Diagnostic::error(Code::UNKNOWN_KEY, message).help(help), rename(key, similar))
            };
            let pointer = pointer.join(key);
            let fix = self.repaired(repair, &pointer);
            self.findings.at_key(&pointer, diagnostic.fix(fix));
        }
        let kinds: Vec<_> = fields::SCHEDULE_KINDS
            .into_iter()
            .filter(|key| schedule.get(key).is_some_and(|v| !v.is_null()))
            .collect();
        let is_explained = kinds.is_empty() && is_kind_misspelled;
        if kinds.len() != 1 && !is_explained {
            let message = match kinds.as_slice() {
                [] => "Unknown schedule type. Please provide a valid schedule.".to_owned(),
                kinds => format!("a schedule must have exactly one type, not {}", kinds.join(" and ")),
            };
            let diagnostic = Diagnostic::error(Code::SCHEDULE_KIND, message)
                .help("use one of `cron`, `interval` and `rrule`");
            self.findings.at_value(pointer, diagnostic);
        }
        self.mapping(schedule.clone(), fields::SCHEDULE, pointer).into()
    }

    fn steps(&mut self, field: &KnownKey, steps: &[Value], pointer: &Pointer) {
        self.items_are_mappings(field, steps, pointer);
        for (index, step) in steps.iter().enumerate() {
            if let Value::Mapping(step) = step {
                self.keys_are_text(field, step, &pointer.join(index));
            }
        }
    }

    fn items_are_mappings(&mut self, field: &KnownKey, items: &[Value], pointer: &Pointer) {
        for (index, item) in items.iter().enumerate().filter(|(_, item)| !item.is_mapping()) {
            let message =
                format!("each item of `{}` must be a mapping, not {}", field.key, value::kind(item));
            self.findings.at_value(&pointer.join(index), Diagnostic::error(Code::WRONG_TYPE, message));
        }
    }

    fn ignored_paths(&mut self, items: &[Value], pointer: &Pointer) {
        for (index, item) in items.iter().enumerate() {
            let diagnostic = match item.as_str().map(str::parse::<IgnoredPath>) {
                Some(Ok(_)) => continue,
                Some(Err(error)) => {
                    Diagnostic::error(Code::IGNORED_FIELD, error.to_string()).help(error.help())
                }
                None => {
                    let kind = value::kind(item);
                    let message = format!("each item of `ignore_changes` must be a string, not {kind}");
                    Diagnostic::error(Code::WRONG_TYPE, message)
                }
            };
            self.findings.at_value(&pointer.join(index), diagnostic);
        }
    }

    fn keys_are_text(&mut self, field: &KnownKey, mapping: &Mapping, pointer: &Pointer) {
        for key in mapping.keys().filter(|key| !key.is_string()) {
            let text = json_text(key);
            let message =
                format!("the keys of `{}` must be strings, but {text} is {}", field.key, value::kind(key));
            let pointer = pointer.join(text);
            let fix = self.findings.document().and_then(|document| yaml::quote_key(document, &pointer));
            let diagnostic = Diagnostic::error(Code::WRONG_TYPE, message).help(quote_key(key)).fix(fix);
            self.findings.at_key(&pointer, diagnostic);
        }
    }

    fn mismatch(&mut self, field: &KnownKey, value: &Value, pointer: &Pointer) {
        let kind = match value {
            Value::String(_) if self.findings.is_date(pointer) => "a date",
            Value::Null if self.findings.is_no_number(pointer) => "a float",
            value => value::kind(value),
        };
        let message = format!("`{}` must be {}, not {kind}", field.key, expected(field.shape));
        let help = match (field.shape, value) {
            (Shape::Parameters, Value::Null) => {
                Some(format!("remove the key, or write `{}: {{}}`", field.key))
            }
            (Shape::Mappings, Value::Null) => Some(format!("remove the key, or write `{}: []`", field.key)),
            (Shape::Schedule, Value::Sequence(_)) => {
                Some("use the key `schedules` for a list of schedules".to_owned())
            }
            (Shape::Schedules | Shape::Mappings, Value::Mapping(_)) => {
                Some("start each item of the list with `- `".to_owned())
            }
            (Shape::WorkPool, Value::String(_)) => {
                Some("write the name of the work pool as `work_pool: {name: ...}`".to_owned())
            }
            (Shape::Schedule, Value::String(_)) => {
                Some("write a cron expression as `schedules: [{cron: \"...\"}]`".to_owned())
            }
            (Shape::WorkPool | Shape::Parameters, Value::Sequence(items))
                if items.iter().all(Value::is_mapping) && !items.is_empty() =>
            {
                Some("remove the `- ` before the keys".to_owned())
            }
            _ => None,
        };
        let fix = self.findings.document().and_then(|document| type_fix(document, field, value, pointer));
        let diagnostic = Diagnostic { help, ..Diagnostic::error(Code::WRONG_TYPE, message) }.fix(fix);
        let diagnostic = match field.shape {
            Shape::Text | Shape::Tags => self.findings.with_quotes(pointer, diagnostic),
            _ => diagnostic,
        };
        self.findings.at_value(pointer, diagnostic);
    }
}

/// Returns the fix for a value of the wrong type, or `None` if the intended value is unclear.
fn type_fix(document: &Document, field: &KnownKey, value: &Value, pointer: &Pointer) -> Option<Fix> {
    match (field.shape, value) {
        (Shape::Parameters, Value::Null) => yaml::remove_entry(document, pointer),
        (Shape::Schedule, Value::Sequence(_)) => yaml::rename_key(document, pointer, "schedules"),
        (Shape::Schedules | Shape::Mappings, Value::Mapping(_)) => {
            yaml::wrap_in_list(document, pointer, None)
        }
        (Shape::WorkPool, Value::String(_)) => yaml::wrap_in_mapping(document, pointer, "name"),
        _ => None,
    }
}

/// Returns the diagnostic for a key without effect, and the edit that fixes it.
fn unused_key(
    key: &str,
    known: &'static [KnownKey],
    removed: &'static [Removed],
    misplaced: Option<&Misplaced>,
) -> (Diagnostic, Option<Repair>) {
    if let Some(removed) = removed::find(removed, key) {
        let message = format!("Prefect {} and later ignore the key `{key}`", removed.since);
        return (Diagnostic::warning(Code::REMOVED_KEY, message).help(removed.instead), removed.repair);
    }
    let diagnostic =
        Diagnostic::warning(Code::UNKNOWN_KEY, format!("the key '{key}' is unknown and has no effect"));
    if let Some(Misplaced { help, repair }) = misplaced {
        return (diagnostic.help(*help), *repair);
    }
    let similar = did_you_mean(key, known.iter().map(|field| field.key));
    let help = similar.map(|known| format!("did you mean `{known}`?"));
    (Diagnostic { help, ..diagnostic }, rename(key, similar))
}

/// Returns the edit that corrects a misspelled key. Other unknown keys require a user decision.
fn rename(key: &str, similar: Option<&'static str>) -> Option<Repair> {
    similar.filter(|similar| is_misspelling(key, similar)).map(Repair::Rename)
}

/// Returns whether a key is probably a misspelling of a known key.
pub(super) fn is_misspelling(key: &str, known: &str) -> bool {
    strsim::damerau_levenshtein(key, known) <= 2
}

fn json_text(key: &Value) -> String {
    key.as_str().map_or_else(|| value::to_json(key).to_string(), str::to_owned)
}

/// Returns whether a string might be an interval. A number without a unit is not an interval.
fn is_duration(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
        && text.contains(|c: char| c.is_ascii_alphabetic() || c == ':')
        && !text.contains("{{")
}

/// Returns a hint to quote a mapping key that is not a string.
fn quote_key(key: &Value) -> String {
    match key {
        Value::Bool(_) => "quote the key, because YAML interprets on, off, yes and no as booleans".to_owned(),
        key => format!("quote the key: \"{}\"", json_text(key)),
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
        Shape::Parameters | Shape::WorkPool | Shape::Environments | Shape::Resources => "a mapping",
        Shape::Steps => "a list of steps",
        Shape::Interval => "a number of seconds, or a string such as `1 day` or `PT1H`",
        Shape::Limit => "a whole number, or a mapping with `limit` and `collision_strategy`",
        Shape::Schedule => "one schedule",
        Shape::Schedules => "a list of schedules",
        Shape::Mappings => "a list of mappings",
        Shape::IgnoredFields => "a list of fields",
    }
}
