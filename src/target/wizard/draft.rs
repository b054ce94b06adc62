//! The state of a deployment while the wizard asks for its fields.

use crate::{
    api::JsonObject,
    project::{Declared, Fields, Key, PoolKey, Project, StepList},
    steps::{self, Section, StepKind},
    target::wizard::NewBlock,
    value::{Mapping, Value},
};

/// A work pool to create.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewPool {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) base_job_template: JsonObject,
}

/// A deployment's fields, completed with the answers of the user.
#[derive(Debug)]
pub(super) struct Draft {
    /// Fields with options applied. The wizard does not ask for values that are present here.
    known: Fields,
    /// Fields of the file together with the answers. Options are not included, because the deploy applies
    /// them again.
    declared: Fields,
    is_in_file: bool,
    pub(super) pool: Option<NewPool>,
    pub(super) blocks: Vec<NewBlock>,
    /// New name of `Dockerfile`.
    pub(super) renamed_dockerfile: Option<String>,
}

/// A deployment that contains all answers, with the objects to create on the server.
pub(super) struct Completed {
    pub(super) fields: Fields,
    pub(super) pool: Option<NewPool>,
    pub(super) blocks: Vec<NewBlock>,
    pub(super) renamed_dockerfile: Option<String>,
}

impl Draft {
    /// Creates a draft. `known` contains the fields of `declared`, with options applied.
    pub(super) fn new(declared: &Declared, known: Fields) -> Self {
        let is_in_file = declared.index.is_some();
        let declared = declared.fields.clone();
        Self { known, declared, is_in_file, pool: None, blocks: Vec::new(), renamed_dockerfile: None }
    }

    /// Returns whether the file contains all fields that a deployment requires.
    pub(super) fn is_declared_in_full(&self) -> bool {
        let has_all = self.entrypoint().is_some() && self.name().is_some();
        self.is_in_file && has_all && self.pool_name().is_some()
    }

    pub(super) fn fields(&self) -> &Fields {
        &self.known
    }

    /// Returns the deployment's name, or `None` if the name is missing or empty.
    pub(super) fn name(&self) -> Option<&str> {
        self.known.name().unresolved()
    }

    pub(super) fn entrypoint(&self) -> Option<&str> {
        self.known.entrypoint().unresolved()
    }

    pub(super) fn pool_name(&self) -> Option<&str> {
        self.known.work_pool().unresolved()
    }

    /// Returns whether the work pool is specified in the file rather than by an option.
    pub(super) fn declares_pool(&self) -> bool {
        let declared = self.declared.work_pool().unresolved();
        declared.is_some() && declared == self.pool_name()
    }

    /// Returns whether the job variables specify an image.
    pub(super) fn has_image(&self) -> bool {
        self.known.image().is_some_and(|image| !image.is_null() && image.as_str() != Some(""))
    }

    pub(super) fn set(&mut self, key: Key, value: impl Into<Value>) {
        let value = value.into();
        for fields in [&mut self.known, &mut self.declared] {
            fields.set(key, value.clone());
        }
    }

    pub(super) fn set_pool(&mut self, name: &str) {
        for fields in [&mut self.known, &mut self.declared] {
            fields.set_in_pool(PoolKey::Name, name);
        }
    }

    pub(super) fn set_image(&mut self, image: &str) {
        for fields in [&mut self.known, &mut self.declared] {
            fields.job_variables_mut().insert(Fields::IMAGE.into(), image.into());
        }
    }

    /// Returns the steps that take effect, either from the deployment itself or from the top level of the
    /// file.
    pub(super) fn section(&self, project: &Project, section: Section) -> StepList {
        match self.known.steps(section) {
            StepList::Absent => project.steps(section).clone(),
            // A null `push` or `pull` uses the steps of the file.
            StepList::Null if section != Section::Build => project.steps(section).clone(),
            own => own,
        }
    }

    /// Appends a step to a section of the deployment. The section first inherits the steps at the top level
    /// of the file.
    pub(super) fn add_step(&mut self, project: &Project, section: Section, kind: StepKind, inputs: Mapping) {
        let mut list = self.section(project, section).steps().to_vec();
        list.push(steps::step(kind, inputs));
        self.set(Key::Steps(section), list);
    }

    pub(super) fn completed(self) -> Completed {
        let Self { declared, pool, blocks, renamed_dockerfile, .. } = self;
        Completed { fields: declared, pool, blocks, renamed_dockerfile }
    }
}

/// Creates a mapping of step inputs from strings.
pub(super) fn inputs<const N: usize>(inputs: [(&str, &str); N]) -> Mapping {
    inputs.into_iter().map(|(key, value)| (Value::from(key), Value::from(value))).collect()
}
