//! Loads and validates project files and records the positions of their values.

mod fields;
mod findings;
mod load;
mod misplaced;
mod removed;
mod schema;
pub(crate) mod text;

pub(crate) use findings::{Findings, Part};
pub(crate) use load::{ProjectError, load};
pub(crate) use schema::schema;

use std::sync::Arc;

use crate::{
    diagnostics::{Code, Diagnostic, Place},
    pointer::Pointer,
    value::{Mapping, Value},
    yaml::Document,
};

/// The name of the project file that prefectl reads by default.
pub(crate) const DEFAULT_FILE: &str = "prefect.yaml";

/// A valid project file, whose templates have not been rendered.
#[derive(Debug)]
pub(crate) struct Project {
    /// The parsed document, or `None` if the project has no file.
    pub(crate) document: Option<Document>,
    pub(crate) build: Section,
    pub(crate) push: Section,
    pub(crate) pull: Section,
    pub(crate) deployments: Vec<Declared>,
}

impl Project {
    /// Returns a project without a file. It is used for deployments that are defined on the command line.
    pub(crate) fn empty() -> Self {
        let [build, push, pull] = [Section::Absent, Section::Absent, Section::Absent];
        Self { document: None, build, push, pull, deployments: Vec::new() }
    }

    /// Returns a warning if the project contains no deployments.
    pub(crate) fn missing_deployments(&self) -> Option<Diagnostic> {
        if !self.deployments.is_empty() {
            return None;
        }
        let place =
            self.document.as_ref().map(|document| document.key_place(&Pointer::root().join("deployments")));
        let diagnostic = Diagnostic::warning(Code::NO_DEPLOYMENTS, "there are no deployments in this file");
        Some(diagnostic.at(place).help("add an item to `deployments`, for example with `prefectl init`"))
    }

    /// Returns the position of a value. If the value is not in the file, returns the position of its nearest ancestor.
    ///
    /// Returns `None` if the project has no file.
    pub(crate) fn place(&self, pointer: &Pointer) -> Option<Place> {
        Some(self.document.as_ref()?.value_place(pointer))
    }
}

/// The steps of a section such as `build`, either at the top level or in a deployment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Section {
    Absent,
    /// The value of the section is `null` or `{}`.
    Null,
    Steps(Vec<Value>),
}

impl Section {
    /// Reads the section under a key. A mapping is treated as a list with a single step.
    pub(crate) fn of(fields: &Mapping, key: &str) -> Self {
        match fields.get(key) {
            None => Self::Absent,
            Some(Value::Sequence(steps)) => Self::Steps(steps.clone()),
            Some(Value::Mapping(step)) if !step.is_empty() => Self::Steps(vec![Value::Mapping(step.clone())]),
            Some(_) => Self::Null,
        }
    }

    pub(crate) fn steps(&self) -> &[Value] {
        if let Self::Steps(steps) = self { steps } else { &[] }
    }

    pub(crate) fn is_absent(&self) -> bool {
        *self == Self::Absent
    }
}

/// A deployment as it is declared in the project file.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    /// The index in the list of deployments, or `None` for a deployment that is defined on the command line.
    pub(crate) index: Option<usize>,
    /// The fields of the deployment, shared with the selected deployments.
    pub(crate) fields: Arc<Mapping>,
}

impl Declared {
    /// Returns the name before templates are rendered, or `None` if the name is missing or empty.
    pub(crate) fn name(&self) -> Option<&str> {
        self.text("name")
    }

    pub(crate) fn entrypoint(&self) -> Option<&str> {
        self.text("entrypoint")
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.fields.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Returns the path of the deployment in the project file.
    pub(crate) fn pointer(&self) -> Pointer {
        self.index.map_or_else(Pointer::root, |index| Pointer::root().join("deployments").join(index))
    }
}
