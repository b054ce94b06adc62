//! Records of substituted placeholders. Diagnostics are derived from these records.

use super::{budget::LARGEST_TOTAL, placeholder::Placeholder, trail::Trail};
use crate::{pointer::Pointer, value::Value};

/// A record of a placeholder that was substituted or has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Substitution {
    pub(crate) kind: SubstitutionKind,
    /// Path of the string that contains the placeholder.
    pub(crate) path: Pointer,
    /// Text of the placeholder, including the braces.
    pub(crate) placeholder: String,
    /// Name inside the placeholder.
    pub(crate) name: String,
    /// Whether the placeholder makes up the whole string. If so, the value keeps its type.
    pub(crate) alone: bool,
}

/// The outcome of a substitution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubstitutionKind {
    /// The placeholder has no value and was removed or kept.
    Missing,
    /// The Prefect variable does not exist, so the placeholder was replaced with an empty string.
    MissingVariable,
    /// A value other than a string or a number was embedded in a string. Contains the name of its type.
    Embedded(&'static str),
    /// A placeholder such as `{{ $NAME }}` was replaced with an environment variable.
    Environment,
    /// A placeholder without `$`, such as `{{ NAME }}`, was replaced with an environment variable.
    EnvironmentWithoutDollar,
    /// The placeholder was replaced with a block's secret data.
    Secret,
    /// The placeholder was kept because the templates insert too much data.
    TooLarge,
    /// The placeholder came from an inserted value, and was replaced with an environment variable or block
    /// data.
    Injected,
}

impl Substitution {
    pub(crate) fn new(
        kind: SubstitutionKind,
        trail: &Trail<'_>,
        placeholder: &Placeholder<'_>,
        alone: bool,
    ) -> Self {
        Self {
            kind,
            path: trail.path(),
            placeholder: placeholder.text.to_owned(),
            name: placeholder.name.to_owned(),
            alone,
        }
    }

    /// Returns a record if a value that is neither a string nor a number was embedded in a string.
    pub(crate) fn embedded(value: &Value, trail: &Trail<'_>, placeholder: &Placeholder<'_>) -> Option<Self> {
        let reads_well = value.is_string() || value.is_number();
        let kind = SubstitutionKind::Embedded(crate::value::kind(value));
        (!reads_well).then(|| Self::new(kind, trail, placeholder, false))
    }

    /// Returns a record of a mapping that refers to a block.
    pub(crate) fn of_mapping(kind: SubstitutionKind, trail: &Trail<'_>, name: String) -> Self {
        Self { kind, path: trail.path(), placeholder: name.clone(), name, alone: true }
    }

    /// Returns whether the placeholder refers to an environment variable.
    pub(crate) fn refers_to_environment(&self) -> bool {
        self.name.starts_with('$')
    }

    /// Returns the label that Prefect's warnings use: the name if the placeholder makes up the whole string,
    /// and otherwise the text of the placeholder.
    pub(crate) fn label(&self) -> &str {
        if self.alone { &self.name } else { &self.placeholder }
    }
}

/// The error about a placeholder that was kept because the templates insert too much data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{placeholder} cannot be replaced, because the templates insert more than {LARGEST_TOTAL} MiB")]
pub(crate) struct TooLarge {
    placeholder: String,
}

impl TooLarge {
    /// Returns the error for the first placeholder that was kept because of the limit, or `None` if there is none.
    pub(crate) fn find(records: &[Substitution]) -> Option<Self> {
        let record = records.iter().find(|record| record.kind == SubstitutionKind::TooLarge)?;
        Some(Self { placeholder: record.placeholder.clone() })
    }
}

/// Returns Prefect's warning about a placeholder without a value. The text must not change, because scripts
/// match it.
pub(crate) fn missing_value(label: &str) -> String {
    format!(
        "Value for placeholder '{label}' not found in provided values. Please ensure that the placeholder is spelled \
         correctly and that the corresponding value is provided."
    )
}
