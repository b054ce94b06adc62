//! Flows: what Prefect would learn by importing a flow's file, learnt from its source without running Python.
//!
//! The name, description, version and parameter schema are those of Prefect 3.8 with pydantic 2.14. The source is
//! parsed ([`syntax`]), names are followed through the project's imports ([`program`], [`scope`]), defaults are
//! evaluated ([`constant`]) and annotations turned into JSON schemas ([`annotation`], [`class`]). What would need
//! Python is never guessed: the parameter accepts anything, and a [`Reason`] says why.

mod annotation;
mod class;
mod constant;
mod decorator;
mod discover;
mod docstring;
mod entrypoint;
mod error;
mod externals;
mod file;
mod inspector;
mod obstacle;
mod program;
mod python;
mod quoted;
mod scope;
mod signature;
mod syntax;

#[cfg(test)]
mod differential;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;

pub(crate) use discover::FoundFlow;
pub(crate) use entrypoint::Entrypoint;
pub(crate) use error::FlowError;
pub(crate) use inspector::Inspector;
pub(crate) use python::{AskPython, Asking, PythonUse};

use std::sync::Arc;

use crate::diagnostics::Place;

/// A flow as Prefect would register it.
#[derive(Debug, Clone)]
pub(crate) struct Flow {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// The version its decorator gives, else the MD5 of the file that defines it.
    pub(crate) version: Option<String>,
    /// The schema of its parameters: `title`, `type`, `properties` in order, `required`, `definitions`.
    pub(crate) parameters: Arc<serde_json::Value>,
    pub(crate) grade: Grade,
    /// Why the schema is only approximate; empty when it is exact.
    pub(crate) reasons: Vec<Reason>,
    /// The function's name where it is defined.
    pub(crate) place: Place,
}

/// How sure the schema is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grade {
    /// Equal to what importing the flow gives.
    Exact,
    /// Accepts all that the flow accepts, and maybe more.
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

/// Something that is not known without running the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    /// The parameter it is about.
    pub(crate) parameter: Option<String>,
    pub(crate) reason: String,
}
