//! What filling in a template comes upon that its author may want to know, each with its place.

use super::{placeholder::Placeholder, trail::Trail};
use crate::{pointer::Pointer, value::Value};

/// Something to know about a placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Substitution {
    pub(crate) kind: SubstitutionKind,
    /// Where the text with the placeholder stands.
    pub(crate) path: Pointer,
    /// The placeholder as it is written, with its braces.
    pub(crate) placeholder: String,
    /// The name in it.
    pub(crate) name: String,
    /// Whether it is the whole text and so keeps the type of its value.
    pub(crate) alone: bool,
}

/// What there is to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubstitutionKind {
    /// There is no such value; the placeholder was removed or kept.
    Missing,
    /// There is no such Prefect variable, and empty text stands in its place.
    MissingVariable,
    /// A value that is neither text nor a number became part of a text; what it is, in the words of messages.
    Embedded(&'static str),
    /// `{{ $NAME }}` was filled in from the environment.
    Environment,
    /// `{{ NAME }}`, without the `$`, was filled in from the environment.
    EnvironmentWithoutDollar,
    /// The value of a block, which is a secret, now stands here in clear.
    Secret,
    /// A value that was put in here has this placeholder, and it was filled in from the environment or a block.
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

    /// A note that a value became part of a text, unless it is text or a number.
    pub(crate) fn embedded(value: &Value, trail: &Trail<'_>, placeholder: &Placeholder<'_>) -> Option<Self> {
        let reads_well = value.is_string() || value.is_number();
        let kind = SubstitutionKind::Embedded(crate::value::kind(value));
        (!reads_well).then(|| Self::new(kind, trail, placeholder, false))
    }

    /// A note that a mapping which stands for a block gave way to its data.
    pub(crate) fn secret_at(trail: &Trail<'_>, name: String) -> Self {
        Self {
            kind: SubstitutionKind::Secret,
            path: trail.path(),
            placeholder: name.clone(),
            name,
            alone: true,
        }
    }

    /// What the reference's warnings quote: the name of a placeholder that is the whole text, or else all of it.
    pub(crate) fn label(&self) -> &str {
        if self.alone { &self.name } else { &self.placeholder }
    }
}

/// The reference's warning of a placeholder without a value, which scripts look for.
pub(crate) fn missing_value(label: &str) -> String {
    format!(
        "Value for placeholder '{label}' not found in provided values. Please ensure that the placeholder is spelled \
         correctly and that the corresponding value is provided."
    )
}
