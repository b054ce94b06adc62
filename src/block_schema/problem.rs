//! Problems in a block's declared data.

use super::FieldPath;
use crate::names::{SHOWN, first_of};

/// A problem in a block's declared data. The messages never contain secret values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    /// A field in the project file that the block type does not have.
    #[error("unknown field '{field}'")]
    UnknownValue { field: String, similar: Option<String>, known: Vec<String> },
    /// A field in `value_from` that the block type does not have.
    #[error("unknown field '{field}'")]
    UnknownSource { field: FieldPath, similar: Option<String>, known: Vec<String> },
    /// A field in `value_from` that is not secret, so the server returns its value unmasked.
    #[error("field '{field}' is not secret, so the server shows its value")]
    PublicSource { field: FieldPath },
    /// A secret field in the project file.
    #[error("the file must not contain the value of the secret field '{field}'")]
    SecretInFile { field: FieldPath },
    #[error("invalid value for field '{field}': {reason}")]
    InvalidValue { field: FieldPath, reason: String, wants_text: bool },
    /// Data that does not match the schema as a whole.
    #[error("invalid data: {reason}")]
    InvalidData { reason: String },
    /// A scalar in a field that must refer to a block.
    #[error("field '{field}' must be a reference to a block")]
    NoReference { field: String, types: Vec<String> },
    /// A reference to a block of a type that the field does not accept.
    #[error("field '{field}' does not accept blocks of the type '{slug}'")]
    OtherType { field: String, slug: String, types: Vec<String> },
    /// A placeholder for a single value of another block. Servers do not resolve such placeholders.
    #[error("field '{field}' cannot contain a value of another block")]
    BlockValue { field: String, types: Vec<String> },
    #[error("the required field '{field}' is missing")]
    MissingField { field: String },
}

impl Problem {
    /// Returns `true` if the problem does not prevent a deploy.
    pub(crate) fn is_warning(&self) -> bool {
        matches!(self, Self::PublicSource { .. })
    }

    /// Returns whether the problem is an unknown field that is probably a misspelling of `name`.
    pub(super) fn suggests(&self, name: &str) -> bool {
        matches!(
            self,
            Self::UnknownValue { similar: Some(similar), .. } | Self::UnknownSource { similar: Some(similar), .. }
                if similar == name
        )
    }

    /// Returns a hint for fixing the problem, or `None` if there is no hint.
    pub(crate) fn help(&self) -> Option<String> {
        Some(match self {
            Self::UnknownValue { similar: Some(similar), .. }
            | Self::UnknownSource { similar: Some(similar), .. } => format!("did you mean '{similar}'?"),
            Self::UnknownValue { known, .. } | Self::UnknownSource { known, .. } if known.is_empty() => {
                "the block type has no fields".to_owned()
            }
            Self::UnknownValue { known, .. } | Self::UnknownSource { known, .. } => {
                format!("valid fields are {}", first_of(known, SHOWN))
            }
            Self::PublicSource { .. } => "if the value is not secret, set it in `values`".to_owned(),
            Self::SecretInFile { field } => {
                format!("set it in `value_from`, as in `value_from: {}`", source(field))
            }
            Self::OtherType { types, .. } => format!("use a block of the type {}", first_of(types, SHOWN)),
            Self::BlockValue { types, .. } if types.is_empty() => {
                "read the value from its source with `value_from`".to_owned()
            }
            Self::NoReference { types, .. } | Self::BlockValue { types, .. } => {
                let slug = types.first().map_or("TYPE", String::as_str);
                format!("use `\"{{{{ prefect.blocks.{slug}.NAME }}}}\"`")
            }
            Self::InvalidValue { .. } | Self::InvalidData { .. } => return None,
            Self::MissingField { field } => {
                format!(
                    "set it in `values`, or in `value_from` as in `{{{field}: env:NAME}}` if it is secret"
                )
            }
        })
    }
}

/// Returns an example source for a secret field.
fn source(field: &FieldPath) -> String {
    let mut segments: Vec<&str> = field.segments().collect();
    segments.reverse();
    segments.iter().fold("env:NAME".to_owned(), |source, segment| format!("{{{segment}: {source}}}"))
}
