//! Records of substituted placeholders, for diagnostics.

use super::{placeholder::Placeholder, trail::Trail};
use crate::{pointer::Pointer, value::Value};

/// Record of one substituted or missing placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Substitution {
    pub(crate) kind: SubstitutionKind,
    /// Path of the string that contains the placeholder.
    pub(crate) path: Pointer,
    /// Text of the placeholder including its braces.
    pub(crate) placeholder: String,
    /// Name in the placeholder.
    pub(crate) name: String,
    /// Whether the placeholder makes up the whole string. If so, the value keeps its type.
    pub(crate) alone: bool,
}

/// Kind of substitution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubstitutionKind {
    /// The value does not exist. The placeholder was removed or kept.
    Missing,
    /// The Prefect variable does not exist. It was replaced by an empty string.
    MissingVariable,
    /// A value other than a string or number was embedded in a string. Contains its type for messages.
    Embedded(&'static str),
    /// `{{ $NAME }}` was replaced by an environment variable.
    Environment,
    /// `{{ NAME }}` without `$` was replaced by an environment variable.
    EnvironmentWithoutDollar,
    /// The value comes from a block and is secret.
    Secret,
    /// The placeholder comes from an inserted value, and was replaced by an environment variable or a block.
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

    /// Returns a record if a value other than a string or number was embedded in a string.
    pub(crate) fn embedded(value: &Value, trail: &Trail<'_>, placeholder: &Placeholder<'_>) -> Option<Self> {
        let reads_well = value.is_string() || value.is_number();
        let kind = SubstitutionKind::Embedded(crate::value::kind(value));
        (!reads_well).then(|| Self::new(kind, trail, placeholder, false))
    }

    /// Returns a record for a mapping that was replaced by the data of a block.
    pub(crate) fn secret_at(trail: &Trail<'_>, name: String) -> Self {
        Self {
            kind: SubstitutionKind::Secret,
            path: trail.path(),
            placeholder: name.clone(),
            name,
            alone: true,
        }
    }

    /// Returns the label in Prefect's warnings: the name if the placeholder is the whole string, or else its full
    /// text.
    pub(crate) fn label(&self) -> &str {
        if self.alone { &self.name } else { &self.placeholder }
    }
}

/// Returns Prefect's warning about a placeholder without a value. Scripts match this text.
pub(crate) fn missing_value(label: &str) -> String {
    format!(
        "Value for placeholder '{label}' not found in provided values. Please ensure that the placeholder is spelled \
         correctly and that the corresponding value is provided."
    )
}
