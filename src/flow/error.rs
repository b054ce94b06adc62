//! The errors that occur when a flow is read from its source.

use crate::{
    diagnostics::{Code, Diagnostic, Place},
    fs::FileError,
};

/// An error that occurs when a flow is read from its source.
///
/// The entrypoint may be wrong, the flow may be invalid, or reading the flow may require running code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FlowError {
    #[error("file '{path}' does not exist")]
    FileMissing { path: String },
    #[error(transparent)]
    File(#[from] FileError),
    #[error("'{path}' is not a regular file")]
    NotRegular { path: String },
    #[error("'{path}' is larger than {limit} MiB, the size limit for Python files")]
    TooLarge { path: String, limit: u64 },
    #[error("'{path}' has a character encoding that is not supported")]
    Encoding { path: String },
    #[error("No module named '{module}'")]
    ModuleMissing { module: String },
    #[error("invalid Python: {message}")]
    Syntax { place: Place, message: String },
    #[error("Flow function with name '{name}' not found in '{location}'. ")]
    NotFound { name: String, location: String, suggestion: Option<String> },
    #[error("Function with name '{name}' is not a flow. Make sure that it is decorated with '@flow'.")]
    NotAFlow { name: String, place: Option<Place> },
    #[error("the name of flow '{function}' cannot be determined without running its program: {reason}")]
    NameUnknown { function: String, reason: String, place: Place },
    #[error(
        "flow name '{name}' contains an invalid character; names must not contain any of: '/', '%', '&', '>', '<'"
    )]
    InvalidName { name: String, place: Place },
    #[error("'{parameter}' is a reserved argument name and cannot be used in a flow")]
    ReservedParameter { parameter: String, place: Place },
    /// Importing the module raises an exception because Prefect or pydantic rejects the flow.
    #[error("flow '{function}' cannot be imported: {reason}")]
    Refused { function: String, reason: String, place: Place },
    /// The flow depends on code that can only be evaluated by running it.
    #[error("'{name}' cannot be read without running its program: {reason}")]
    Unknowable { name: String, reason: String, place: Option<Place> },
}

impl FlowError {
    /// Returns the stable code that identifies the kind of error in diagnostics.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::FileMissing { .. }
            | Self::File(_)
            | Self::NotRegular { .. }
            | Self::TooLarge { .. }
            | Self::Encoding { .. } => Code::FLOW_FILE,
            Self::ModuleMissing { .. } => Code::FLOW_MODULE,
            Self::Syntax { .. } => Code::FLOW_SYNTAX,
            Self::NotFound { .. } => Code::FLOW_NOT_FOUND,
            Self::NotAFlow { .. } => Code::NOT_A_FLOW,
            Self::NameUnknown { .. } | Self::InvalidName { .. } => Code::FLOW_NAME,
            Self::ReservedParameter { .. } => Code::FLOW_PARAMETER,
            Self::Refused { .. } => Code::FLOW_REFUSED,
            Self::Unknowable { .. } => Code::FLOW_UNKNOWABLE,
        }
    }

    /// Returns whether importing the flow with Python might succeed although reading its source failed.
    pub(super) fn is_open_to_python(&self) -> bool {
        match self {
            Self::NameUnknown { .. } | Self::Unknowable { .. } | Self::Encoding { .. } => true,
            // A module outside the project may still be installed.
            Self::ModuleMissing { module } => !module.contains('/'),
            _ => false,
        }
    }

    /// Returns the source position that caused the error, or `None` if the error has no position.
    pub(crate) fn place(&self) -> Option<&Place> {
        match self {
            Self::Syntax { place, .. }
            | Self::NameUnknown { place, .. }
            | Self::InvalidName { place, .. }
            | Self::ReservedParameter { place, .. }
            | Self::Refused { place, .. } => Some(place),
            Self::NotAFlow { place, .. } | Self::Unknowable { place, .. } => place.as_ref(),
            Self::FileMissing { .. }
            | Self::File(_)
            | Self::NotRegular { .. }
            | Self::TooLarge { .. }
            | Self::Encoding { .. }
            | Self::ModuleMissing { .. }
            | Self::NotFound { .. } => None,
        }
    }

    /// Returns a hint for fixing the error, or `None` if there is no hint.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::NotFound { suggestion: Some(name), .. } => Some(format!("did you mean '{name}'?")),
            Self::ModuleMissing { module } if module.contains('/') => {
                Some(format!("to refer to a file, use '{module}.py:<function>'"))
            }
            Self::NameUnknown { .. } => Some(
                "write the name as a string, as in @flow(name=\"...\"), or pass `--python PATH` to import the flow with Python"
                    .to_owned(),
            ),
            Self::Unknowable { .. } => Some(
                "pass `--python PATH` to import the flow with an interpreter in which Prefect and the project's packages are installed"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    pub(crate) fn diagnostic(&self) -> Diagnostic {
        let diagnostic =
            Diagnostic::error(self.code(), self.to_string().trim_end()).at(self.place().cloned());
        Diagnostic { help: self.help(), ..diagnostic }
    }
}
