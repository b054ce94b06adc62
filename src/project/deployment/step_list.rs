//! Step lists.

use crate::{
    steps::{Section, StepItem},
    value::{Mapping, Value},
};

/// The steps in a section such as `build`, either at the top level or in a deployment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum StepList {
    Absent,
    /// The section is `null` or `{}`.
    Null,
    Steps(Vec<Value>),
}

impl StepList {
    /// Reads a section's steps. A mapping is treated as a list with a single step.
    pub(crate) fn read(fields: &Mapping, section: Section) -> Self {
        match fields.get(section.name()) {
            None => Self::Absent,
            Some(Value::Sequence(steps)) => Self::Steps(steps.clone()),
            Some(Value::Mapping(step)) if !step.is_empty() => Self::Steps(vec![Value::Mapping(step.clone())]),
            Some(_) => Self::Null,
        }
    }

    pub(crate) fn steps(&self) -> &[Value] {
        if let Self::Steps(steps) = self { steps } else { &[] }
    }

    /// Returns whether a deployment with this section uses the file's top-level steps.
    ///
    /// An empty or null `build` and an empty `push` mean no steps, as in Prefect. A null `push` means the top-level
    /// steps.
    pub(crate) fn uses_shared(&self, section: Section) -> bool {
        match self {
            Self::Absent => true,
            Self::Null => section != Section::Build,
            Self::Steps(_) => false,
        }
    }

    /// Returns the well-formed steps.
    pub(crate) fn items(&self) -> impl Iterator<Item = StepItem<'_>> {
        self.steps().iter().filter_map(StepItem::parse)
    }

    pub(crate) fn is_absent(&self) -> bool {
        *self == Self::Absent
    }
}
