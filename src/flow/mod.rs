//! Reads flows from Python source, without running Python.
//!
//! For an entrypoint such as `flow.py:train`, [`Inspector`] returns what Prefect would register after importing the
//! file: the flow's name, description, version and parameter schema. The target is Prefect 3.9 with pydantic 2.14.
//!
//! # How a flow is read
//!
//! Reading a flow has three stages, each in its own directory:
//!
//! 1. [`program`] reads source. It parses files into a small syntax tree, finds imported modules, and resolves a name
//!    at a position to an *entity*: a class, a function, an assigned expression, a module, or an external name such as
//!    `pydantic.BaseModel`. Modules are loaded on demand.
//! 2. [`evaluate`] computes constants: the expressions behind defaults, enum members and decorator arguments.
//! 3. [`schema`] generates JSON schemas from annotations ([`schema::annotation`]) and from the classes they mention
//!    ([`schema::class`]).
//!
//! [`decorator`] combines the stages. It follows the entrypoint to a function through the function's decorators.
//! [`signature`] then builds one schema property per parameter.
//!
//! Evaluation is lazy and recursive, like in Python: a default may be an instance of a model whose field type
//! is an alias imported from another module. Every step returns an [`EvalResult`](eval_error::EvalResult). A
//! step that would require running the program returns [`EvalError::Unknown`](eval_error::EvalError::Unknown)
//! with a reason. The affected parameter then accepts any value, the flow's [`Grade`] is `Approximate`, and
//! the [`Reason`] becomes a warning. Nothing is ever guessed.
//!
//! # Example
//!
//! ```python
//! from prefect import flow
//! from pydantic import BaseModel
//!
//! class Window(BaseModel):
//!     days: int = 7
//!
//! @flow(name="load")
//! def load_table(table: str, window: Window = Window(days=2 * 7)):
//!     """Loads a table."""
//! ```
//!
//! - `load_table` is a function entity. Its decorator `flow` resolves to `prefect.flow`, so the function is a
//!   flow. The argument `name="load"` evaluates to its name, and the docstring is its description. The
//!   decorator sets no version, so the version is the MD5 of the file.
//! - `table: str` resolves to the external name `str`. Its schema `{"type": "string"}` comes from a table.
//!   There is no default, so `table` is required.
//! - `window: Window` resolves to a class. Its base is `pydantic.BaseModel`, so it is a model: it becomes the
//!   definition `Window` with one property, and the parameter becomes a `$ref`.
//! - `Window(days=2 * 7)` is a call of that class. The arguments evaluate to constants, and the instance is
//!   encoded by its fields: `{"days": 14}`.
//!
//! ```json
//! {
//!   "title": "Parameters",
//!   "type": "object",
//!   "properties": {
//!     "table": {"type": "string", "title": "table", "position": 0},
//!     "window": {"$ref": "#/definitions/Window", "title": "window", "position": 1, "default": {"days": 14}}
//!   },
//!   "required": ["table"],
//!   "definitions": {
//!     "Window": {
//!       "properties": {"days": {"default": 7, "title": "Days", "type": "integer"}},
//!       "title": "Window",
//!       "type": "object"
//!     }
//!   }
//! }
//! ```
//!
//! # When the source is not enough
//!
//! If the user allows it, [`python`] imports the flows that remain approximate or unreadable with the user's own
//! interpreter. All other code in this module only reads source and never runs it.

mod decorator;
mod discovery;
mod docstring;
mod entrypoint;
mod error;
mod eval_error;
mod evaluate;
mod failing_imports;
mod inspector;
mod interpret;
mod parameter_names;
mod program;
mod python;
mod schema;
mod signature;
mod sources;
mod step_pool;
mod string_annotations;

#[cfg(test)]
mod tests;

pub(crate) use discovery::DiscoveredFlow;
pub(crate) use entrypoint::Entrypoint;
pub(crate) use error::FlowError;
pub(crate) use inspector::Inspector;
pub(crate) use python::{ImportContext, ImportMode, PythonUse};
pub(crate) use sources::FlowSources;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::diagnostics::{Diagnostic, Place};

/// A flow, with the properties that Prefect registers for it.
#[derive(Debug, Clone)]
pub(crate) struct Flow {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// The version from the `@flow` decorator, or the MD5 of the file that defines the flow.
    pub(crate) version: Option<String>,
    /// The JSON schema of the flow's parameters: an object with `title`, `type`, `properties`, `required` and
    /// `definitions`.
    pub(crate) parameters: Arc<serde_json::Value>,
    pub(crate) grade: Grade,
    /// Reasons why the parameter schema is only approximate. Empty if the schema is exact.
    pub(crate) reasons: Vec<Reason>,
    /// Problems that will make the flow fail when a worker runs it.
    pub(crate) warnings: Vec<Diagnostic>,
    /// The position of the function's name in the source.
    pub(crate) place: Place,
}

/// The accuracy of the data that was determined for a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Grade {
    /// The data is identical to the result of importing the flow with Prefect.
    Exact,
    /// The parameter schema accepts every value that the flow accepts, but possibly also other values.
    Approximate,
}

impl Grade {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Approximate => "approximate",
        }
    }
}

/// A detail of a flow that cannot be determined without running the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    /// The affected parameter, or `None` if the detail concerns the whole flow.
    pub(crate) parameter: Option<String>,
    /// Whether the detail is the default value of the parameter, rather than its type.
    pub(crate) is_default: bool,
    pub(crate) reason: String,
}
