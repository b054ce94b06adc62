//! A deployment while it is asked about.

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

/// What is known of a deployment, and what the answers add to it.
#[derive(Debug)]
pub(super) struct Draft {
    /// With the options over them: what is known.
    known: Mapping,
    /// Without: what is deployed in the end, where the options are laid over it.
    declared: Mapping,
    is_in_file: bool,
    pub(super) pool: Option<NewPool>,
    pub(super) blocks: Vec<NewBlock>,
}

/// The deployment with all answers, and what they want on the server.
pub(super) struct Completed {
    pub(super) fields: Mapping,
    pub(super) pool: Option<NewPool>,
    pub(super) blocks: Vec<NewBlock>,
}

impl Draft {
    /// `known` are the fields of `declared` with the options over them.
    pub(super) fn new(declared: &Declared, known: Mapping) -> Self {
        let is_in_file = declared.index.is_some();
        let declared = Mapping::clone(&declared.fields);
        Self { known, declared, is_in_file, pool: None, blocks: Vec::new() }
    }

    /// Whether the file says all that a deployment needs: then there is nothing to ask.
    pub(super) fn is_declared_in_full(&self) -> bool {
        let has_all = self.text("entrypoint").is_some() && self.text("name").is_some();
        self.is_in_file && has_all && self.pool_name().is_some()
    }

    pub(super) fn fields(&self) -> &Mapping {
        &self.known
    }

    /// A text field; nothing if it is empty.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        non_empty(self.known.get(key))
    }

    pub(super) fn pool_name(&self) -> Option<&str> {
        non_empty(self.in_pool("name"))
    }

    /// Whether an image is named.
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

    /// A section of steps as it is in effect: the deployment's own, or else the file's.
    pub(super) fn section(&self, project: &Project, key: &str) -> Section {
        match Section::of(&self.known, key) {
            Section::Absent => match key {
                "build" => project.build.clone(),
                "push" => project.push.clone(),
                _ => project.pull.clone(),
            },
            // The file's still run, as for any deployment that has these.
            Section::Null if key == "push" => project.push.clone(),
            Section::Null if key == "pull" => project.pull.clone(),
            own => own,
        }
    }

    /// Adds a step behind those that are in effect.
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

/// The mapping under a key, made if there is none.
fn mapping<'a>(fields: &'a mut Mapping, key: &str) -> &'a mut Mapping {
    crate::deployment::section(fields, key)
}

/// The inputs of a step.
pub(super) fn inputs<const N: usize>(inputs: [(&str, &str); N]) -> Mapping {
    inputs.into_iter().map(|(key, value)| (Value::from(key), Value::from(value))).collect()
}
