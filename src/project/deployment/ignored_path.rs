//! Paths in `ignore_changes`.

use std::{fmt, str::FromStr};

use crate::{diagnostics::did_you_mean, pointer::Pointer, template};

/// A deployment field that `ignore_changes` accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IgnorableField {
    ConcurrencyLimit,
    Description,
    EnforceParameterSchema,
    JobVariables,
    Parameters,
    Paused,
    Pull,
    Schedules,
    Sla,
    Tags,
    Triggers,
    Version,
    WorkPool,
    WorkPoolName,
    WorkQueueName,
}

impl IgnorableField {
    const ALL: [Self; 15] = [
        Self::ConcurrencyLimit,
        Self::Description,
        Self::EnforceParameterSchema,
        Self::JobVariables,
        Self::Parameters,
        Self::Paused,
        Self::Pull,
        Self::Schedules,
        Self::Sla,
        Self::Tags,
        Self::Triggers,
        Self::Version,
        Self::WorkPool,
        Self::WorkPoolName,
        Self::WorkQueueName,
    ];

    /// Returns the field as written in `ignore_changes`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ConcurrencyLimit => "concurrency_limit",
            Self::Description => "description",
            Self::EnforceParameterSchema => "enforce_parameter_schema",
            Self::JobVariables => "job_variables",
            Self::Parameters => "parameters",
            Self::Paused => "paused",
            Self::Pull => "pull",
            Self::Schedules => "schedules",
            Self::Sla => "sla",
            Self::Tags => "tags",
            Self::Triggers => "triggers",
            Self::Version => "version",
            Self::WorkPool => "work_pool",
            Self::WorkPoolName => "work_pool.name",
            Self::WorkQueueName => "work_queue_name",
        }
    }

    /// Returns the names of all fields.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> + Clone {
        Self::ALL.into_iter().map(Self::name)
    }

    /// Returns the update request fields that contain the value. Other requests write schedules, triggers and SLAs.
    pub(super) const fn api_fields(self) -> &'static [&'static str] {
        match self {
            Self::ConcurrencyLimit => &["concurrency_limit", "concurrency_options"],
            Self::Description => &["description"],
            Self::EnforceParameterSchema => &["enforce_parameter_schema"],
            Self::JobVariables => &["job_variables"],
            Self::Parameters => &["parameters"],
            Self::Paused => &["paused"],
            Self::Pull => &["pull_steps"],
            Self::Schedules | Self::Sla | Self::Triggers => &[],
            Self::Tags => &["tags"],
            Self::Version => &["version", "version_info"],
            Self::WorkPool => &["work_pool_name", "work_queue_name", "job_variables"],
            Self::WorkPoolName => &["work_pool_name"],
            Self::WorkQueueName => &["work_queue_name"],
        }
    }

    fn has_keys(self) -> bool {
        matches!(self, Self::JobVariables | Self::Parameters)
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// Fields of the file that every deploy writes.
const ALWAYS_WRITTEN: [&str; 6] = ["name", "entrypoint", "build", "push", "flow_name", "ignore_changes"];

/// A path in `ignore_changes`, such as `paused` or `job_variables.env.REGION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IgnoredPath {
    pub(crate) field: IgnorableField,
    /// Keys of the nested value. Empty if the path refers to the whole field.
    pub(crate) keys: Vec<String>,
}

/// The error returned if a path is invalid.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IgnoredPathError {
    #[error("`ignore_changes` does not accept templates")]
    Template,
    #[error("invalid path '{0}' in `ignore_changes`")]
    Syntax(String),
    #[error("unknown field '{0}' in `ignore_changes`")]
    Unknown(String),
    #[error("the field '{0}' cannot be ignored, because every deploy writes it")]
    AlwaysWritten(String),
    #[error("`ignore_changes` does not accept a part of '{0}'")]
    NoKeys(&'static str),
}

impl IgnoredPathError {
    /// Returns the help message.
    pub(crate) fn help(&self) -> String {
        match self {
            Self::Template => "write the path without a template".to_owned(),
            Self::Syntax(_) => {
                r#"separate keys with dots, and quote other keys as in `job_variables.labels["app/name"]`"#
                    .to_owned()
            }
            Self::Unknown(name) if name == "schedule" => "use `schedules`".to_owned(),
            Self::Unknown(name) => did_you_mean(name, IgnorableField::names()).map_or_else(
                || format!("valid fields are {}", IgnorableField::names().collect::<Vec<_>>().join(", ")),
                |known| format!("did you mean '{known}'?"),
            ),
            Self::AlwaysWritten(_) => "remove it from the list".to_owned(),
            Self::NoKeys(field) => format!("write `{field}`"),
        }
    }
}

impl FromStr for IgnoredPath {
    type Err = IgnoredPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if template::is_template(text) {
            return Err(IgnoredPathError::Template);
        }
        let mut keys = segments(text).ok_or_else(|| IgnoredPathError::Syntax(text.to_owned()))?;
        let is_in_pool = keys[0] == "work_pool" && keys.len() > 1;
        if is_in_pool {
            keys.remove(0);
        }
        let head = keys.remove(0);
        let field = match (is_in_pool, head.as_str()) {
            (true, "name") => Some(IgnorableField::WorkPoolName),
            (true, "work_queue_name") => Some(IgnorableField::WorkQueueName),
            (true, "job_variables") => Some(IgnorableField::JobVariables),
            (true, _) => None,
            (false, name) => IgnorableField::parse(name),
        };
        let Some(field) = field else {
            return Err(if is_in_pool {
                IgnoredPathError::Unknown(format!("work_pool.{head}"))
            } else if ALWAYS_WRITTEN.contains(&head.as_str()) {
                IgnoredPathError::AlwaysWritten(head)
            } else {
                IgnoredPathError::Unknown(head)
            });
        };
        if !keys.is_empty() && !field.has_keys() {
            return Err(IgnoredPathError::NoKeys(field.name()));
        }
        Ok(Self { field, keys })
    }
}

/// Splits a path such as `a.b["c.d"]` into its keys. Returns `None` if the syntax is invalid.
fn segments(text: &str) -> Option<Vec<String>> {
    let mut keys = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let key = &rest[..end];
        if key.is_empty() || key.contains(|next: char| next.is_whitespace() || "\"']".contains(next)) {
            return None;
        }
        keys.push(key.to_owned());
        rest = &rest[end..];
        while let Some(quoted) = rest.strip_prefix('[') {
            let mut values = serde_json::Deserializer::from_str(quoted).into_iter::<String>();
            keys.push(values.next()?.ok()?);
            rest = quoted[values.byte_offset()..].strip_prefix(']')?;
        }
        if rest.is_empty() {
            return Some(keys);
        }
        rest = rest.strip_prefix('.')?;
    }
}

impl fmt::Display for IgnoredPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.field.name())?;
        let keys = self.keys.iter().map(String::as_str);
        // A pointer's first segment is displayed without a dot.
        let path: Pointer = std::iter::once("x").chain(keys).collect();
        f.write_str(&path.to_string()[1..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_paths() {
        for (text, expected) in [
            ("paused", "paused"),
            ("work_pool", "work_pool"),
            ("work_pool.name", "work_pool.name"),
            ("work_pool.work_queue_name", "work_queue_name"),
            ("work_pool.job_variables.env.A", "job_variables.env.A"),
            ("job_variables", "job_variables"),
            ("parameters.a.b-c", "parameters.a.b-c"),
            (r#"job_variables.labels["a.b/c"].d"#, r#"job_variables.labels["a.b/c"].d"#),
            (r#"job_variables["env"]["A"]"#, "job_variables.env.A"),
        ] {
            let path: IgnoredPath = text.parse().unwrap();
            assert_eq!(path.to_string(), expected, "{text}");
            assert_eq!(path.to_string().parse(), Ok(path), "{text}");
        }
    }

    #[test]
    fn rejects_invalid_paths() {
        use IgnoredPathError::{AlwaysWritten, NoKeys, Syntax, Template, Unknown};
        let syntax = |text: &str| Syntax(text.to_owned());
        for (text, error) in [
            ("", syntax("")),
            ("parameters.", syntax("parameters.")),
            (".parameters", syntax(".parameters")),
            ("parameters..a", syntax("parameters..a")),
            ("parameters.a b", syntax("parameters.a b")),
            ("parameters[0]", syntax("parameters[0]")),
            ("parameters.[\"a\"]", syntax("parameters.[\"a\"]")),
            ("parameters[\"a\"]b", syntax("parameters[\"a\"]b")),
            ("parameters[\"a\"", syntax("parameters[\"a\"")),
            ("[\"parameters\"]", syntax("[\"parameters\"]")),
            ("{{ $FIELD }}", Template),
            ("<< field >>", Template),
            ("parameters.{{ x }}", Template),
            ("name", AlwaysWritten("name".into())),
            ("entrypoint", AlwaysWritten("entrypoint".into())),
            ("pasued", Unknown("pasued".into())),
            ("work_pool.image", Unknown("work_pool.image".into())),
            ("tags.a", NoKeys("tags")),
            ("work_pool.name.x", NoKeys("work_pool.name")),
        ] {
            assert_eq!(text.parse::<IgnoredPath>(), Err(error), "{text}");
        }
        assert_eq!(Unknown("pasued".into()).help(), "did you mean 'paused'?");
    }
}
