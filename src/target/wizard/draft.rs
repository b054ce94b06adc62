//! The state of a deployment while the wizard asks for its fields.

use crate::{
    api::JsonObject,
    project::{Declared, Project, Section},
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

/// The fields of a deployment, to which the wizard adds the answers.
#[derive(Debug)]
pub(super) struct Draft {
    /// Fields with options applied. The wizard does not ask for values that are present here.
    known: Mapping,
    /// Fields without options, because the deploy applies the options again.
    declared: Mapping,
    is_in_file: bool,
    pub(super) pool: Option<NewPool>,
    pub(super) blocks: Vec<NewBlock>,
}

/// A deployment that contains all answers, with the objects to create on the server.
pub(super) struct Completed {
    pub(super) fields: Mapping,
    pub(super) pool: Option<NewPool>,
    pub(super) blocks: Vec<NewBlock>,
}

impl Draft {
    /// Creates a draft. `known` contains the fields of `declared`, with options applied.
    pub(super) fn new(declared: &Declared, known: Mapping) -> Self {
        let is_in_file = declared.index.is_some();
        let declared = Mapping::clone(&declared.fields);
        Self { known, declared, is_in_file, pool: None, blocks: Vec::new() }
    }

    /// Returns whether the file contains all fields that a deployment requires.
    pub(super) fn is_declared_in_full(&self) -> bool {
        let has_all = self.text("entrypoint").is_some() && self.text("name").is_some();
        self.is_in_file && has_all && self.pool_name().is_some()
    }

    pub(super) fn fields(&self) -> &Mapping {
        &self.known
    }

    /// Returns the value of a string field. Returns `None` if the field is missing or empty.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        non_empty(self.known.get(key))
    }

    pub(super) fn pool_name(&self) -> Option<&str> {
        non_empty(self.in_pool("name"))
    }

    /// Returns whether the job variables specify an image.
    pub(super) fn has_image(&self) -> bool {
        let image = self.in_pool("job_variables").and_then(|variables| variables.get("image"));
        image.is_some_and(|image| !image.is_null() && image.as_str() != Some(""))
    }

    fn in_pool(&self, key: &str) -> Option<&Value> {
        self.known.get("work_pool").and_then(|pool| pool.get(key))
    }

    pub(super) fn set(&mut self, key: &str, value: impl Into<Value>) {
        let value = value.into();
        for fields in [&mut self.known, &mut self.declared] {
            fields.insert(key.into(), value.clone());
        }
    }

    pub(super) fn set_pool(&mut self, name: &str) {
        for fields in [&mut self.known, &mut self.declared] {
            mapping(fields, "work_pool").insert("name".into(), name.into());
        }
    }

    pub(super) fn set_image(&mut self, image: &str) {
        for fields in [&mut self.known, &mut self.declared] {
            let variables = mapping(mapping(fields, "work_pool"), "job_variables");
            variables.insert("image".into(), image.into());
        }
    }

    /// Returns the steps that take effect, either from the deployment itself or from the top level of the
    /// file.
    pub(super) fn section(&self, project: &Project, key: &str) -> Section {
        match Section::of(&self.known, key) {
            Section::Absent => match key {
                "build" => project.build.clone(),
                "push" => project.push.clone(),
                _ => project.pull.clone(),
            },
            // A null `push` or `pull` uses the steps of the file.
            Section::Null if key == "push" => project.push.clone(),
            Section::Null if key == "pull" => project.pull.clone(),
            own => own,
        }
    }

    /// Appends a step to the steps that take effect.
    pub(super) fn add_step(&mut self, project: &Project, key: &str, name: &str, inputs: Mapping) {
        let mut steps = self.section(project, key).steps().to_vec();
        steps.push(Mapping::from_iter([(name.into(), Value::Mapping(inputs))]).into());
        self.set(key, Value::Sequence(steps));
    }

    pub(super) fn completed(self) -> Completed {
        Completed { fields: self.declared, pool: self.pool, blocks: self.blocks }
    }
}

fn non_empty(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Returns the mapping under a key. Creates the mapping if the key is missing.
fn mapping<'a>(fields: &'a mut Mapping, key: &str) -> &'a mut Mapping {
    crate::deployment::section(fields, key)
}

/// Creates a mapping of step inputs from strings.
pub(super) fn inputs<const N: usize>(inputs: [(&str, &str); N]) -> Mapping {
    inputs.into_iter().map(|(key, value)| (Value::from(key), Value::from(value))).collect()
}
