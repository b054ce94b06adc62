//! prefect.yaml: read, checked for its shape, and kept with the places of everything in it.

mod fields;
mod findings;
mod load;
mod removed;
mod schema;
pub(crate) mod text;

pub(crate) use findings::Findings;
pub(crate) use load::{ProjectError, load};
pub(crate) use schema::schema;

use std::sync::Arc;

use crate::{
    diagnostics::Place,
    pointer::Pointer,
    value::{Mapping, Value},
    yaml::Document,
};

/// What prefectl reads when no other file is named.
pub(crate) const DEFAULT_FILE: &str = "prefect.yaml";

/// A project file whose shape is right; its templates are untouched.
#[derive(Debug)]
pub(crate) struct Project {
    /// The text with its places; `None` where there is no file.
    pub(crate) document: Option<Document>,
    pub(crate) build: Section,
    pub(crate) push: Section,
    pub(crate) pull: Section,
    pub(crate) deployments: Vec<Declared>,
}

impl Project {
    /// A project without a file: everything comes from the command line.
    pub(crate) fn empty() -> Self {
        let [build, push, pull] = [Section::Absent, Section::Absent, Section::Absent];
        Self { document: None, build, push, pull, deployments: Vec::new() }
    }

    /// Where a value is written; the nearest place around it if the file does not have it.
    pub(crate) fn place(&self, pointer: &Pointer) -> Option<Place> {
        Some(self.document.as_ref()?.value_place(pointer))
    }
}

/// A section of steps, at the top of the file or in a deployment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Section {
    Absent,
    /// `null` or `{}`.
    Null,
    Steps(Vec<Value>),
}

impl Section {
    /// The section under a key: a lone mapping is a list of one step.
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

/// A deployment as the file declares it.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    /// Its place in the list; `None` for one that only the command line describes.
    pub(crate) index: Option<usize>,
    /// Shared, because a selection has them, too.
    pub(crate) fields: Arc<Mapping>,
}

impl Declared {
    /// The name before templating, if it has one.
    pub(crate) fn name(&self) -> Option<&str> {
        self.text("name")
    }

    pub(crate) fn entrypoint(&self) -> Option<&str> {
        self.text("entrypoint")
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.fields.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Where the deployment is in the file.
    pub(crate) fn pointer(&self) -> Pointer {
        self.index.map_or_else(Pointer::root, |index| Pointer::root().join("deployments").join(index))
    }
}
