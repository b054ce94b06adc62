//! Loads and validates project files and records the positions of their values.

mod checker;
mod deployment;
mod duplicates;
mod environments;
mod fields;
mod files;
mod findings;
#[cfg(test)]
mod fix_tests;
mod load;
mod lossy_scalars;
mod misplaced;
mod misspelled;
mod removed;
mod repair;
pub(crate) mod resources;
mod schema;
pub(crate) mod text;

pub(crate) use deployment::{
    ConcurrencyLimit, Field, Fields, IgnorableField, IgnoredFields, Key, PoolKey, ScheduleItem, StepList,
    TriggerItem, literals,
};
pub(crate) use environments::{
    EnvironmentName, EnvironmentSource, ProjectSources, SelectedEnvironment, UndefinedEnvironment, load,
    overlay_path,
};
pub(crate) use files::{FilePattern, FilesError, ProjectFile, ProjectFiles, find};
pub(crate) use findings::{Findings, Origin, Part};
pub(crate) use load::ProjectError;
#[cfg(test)]
pub(crate) use load::load_source;
pub(crate) use misspelled::blame_misspelled_key;
pub(crate) use schema::{SchemaOf, schema};

use crate::{
    diagnostics::{Code, Diagnostic, Fix, Place},
    pointer::Pointer,
    steps::Section,
    value::{Mapping, Value},
    yaml::Document,
};

/// Name of the default project file.
pub(crate) const DEFAULT_FILE: &str = "prefect.yaml";

/// Path that represents stdin.
pub(crate) const STDIN: &str = "-";

/// A valid project file. Its templates have not been rendered.
#[derive(Debug)]
pub(crate) struct Project {
    /// The parsed document, or `None` if the project has no file.
    pub(crate) document: Option<Document>,
    pub(crate) build: StepList,
    pub(crate) push: StepList,
    pub(crate) pull: StepList,
    pub(crate) deployments: Vec<Declared>,
    /// The top-level `ignore_changes` list, which applies to all deployments.
    pub(crate) ignore_changes: IgnoredFields,
    /// Value of the `prefectl` key, which declares resources. `None` if the key is missing or null.
    pub(crate) resources: Option<Mapping>,
    /// Position of the environment's deployment name suffix.
    pub(crate) name_suffix: Option<Place>,
}

impl Project {
    /// Returns a project without a file, for deployments defined on the command line.
    pub(crate) fn empty() -> Self {
        let [build, push, pull] = [StepList::Absent, StepList::Absent, StepList::Absent];
        Self {
            document: None,
            build,
            push,
            pull,
            deployments: Vec::new(),
            ignore_changes: IgnoredFields::default(),
            resources: None,
            name_suffix: None,
        }
    }

    /// Returns the steps that the file defines for all deployments.
    pub(crate) fn steps(&self, section: Section) -> &StepList {
        match section {
            Section::Build => &self.build,
            Section::Push => &self.push,
            Section::Pull => &self.pull,
        }
    }

    /// Returns whether the file declares resources.
    pub(crate) fn declares_resources(&self) -> bool {
        self.resources.as_ref().is_some_and(resources::declares_any)
    }

    /// Returns the names of the declared automations.
    pub(crate) fn automation_names(&self) -> impl Iterator<Item = &str> {
        self.resource_names("automations")
    }

    /// Returns the names of the declared work pools.
    pub(crate) fn work_pool_names(&self) -> impl Iterator<Item = &str> {
        self.resource_names("work_pools")
    }

    fn resource_names(&self, kind: &str) -> impl Iterator<Item = &str> {
        let declared = self.resources.as_ref().and_then(|section| section.get(kind));
        let items = declared.and_then(Value::as_sequence).into_iter().flatten();
        items.filter_map(|item| item.get("name")?.as_str())
    }

    /// Returns a warning if the project contains no deployments and no resources.
    pub(crate) fn missing_deployments(&self) -> Option<Diagnostic> {
        if !self.deployments.is_empty() || self.declares_resources() {
            return None;
        }
        let place =
            self.document.as_ref().map(|document| document.key_place(&Pointer::root().join("deployments")));
        let diagnostic = Diagnostic::warning(Code::NO_DEPLOYMENTS, "the file contains no deployments");
        Some(diagnostic.at(place).help("add an item to `deployments`, for example with `prefectl init`"))
    }

    /// Returns the fixes that replace deprecated keys that still have an effect.
    pub(crate) fn modernizations(&self) -> Vec<Fix> {
        self.document.as_ref().map(repair::modernize).unwrap_or_default()
    }

    /// Returns the position of a value in the file. If the file does not contain the value, returns the position of the
    /// key that removed the value, or else the position of the nearest ancestor.
    ///
    /// Returns `None` if the project has no file or if only the command line specifies the value.
    pub(crate) fn place(&self, pointer: &Pointer) -> Option<Place> {
        let document = self.document.as_ref().filter(|_| pointer.is_in_document())?;
        Some(document.value_place(pointer))
    }
}

#[cfg(test)]
impl Project {
    /// Returns a project that declares deployments with the given names and entrypoints. Omits empty strings.
    pub(crate) fn for_test(deployments: &[(&str, &str)]) -> Self {
        let declared = |(index, (name, entrypoint)): (usize, &(&str, &str))| {
            let mut fields = Fields::default();
            for (key, value) in [(Key::Name, *name), (Key::Entrypoint, *entrypoint)] {
                if !value.is_empty() {
                    fields.set(key, value);
                }
            }
            Declared { index: Some(index), fields, ignored: IgnoredFields::default() }
        };
        Self { deployments: deployments.iter().enumerate().map(declared).collect(), ..Self::empty() }
    }
}

/// A deployment as declared in the project file.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    /// Index in the list of deployments. `None` for a deployment defined on the command line.
    pub(crate) index: Option<usize>,
    /// The fields of the deployment, shared with the selected deployments.
    pub(crate) fields: Fields,
    /// Union of the file's and the deployment's `ignore_changes` lists.
    pub(crate) ignored: IgnoredFields,
}

impl Declared {
    /// Returns a deployment without fields that is not declared in the file.
    pub(crate) fn undeclared() -> Self {
        Self { index: None, fields: Fields::default(), ignored: IgnoredFields::default() }
    }

    /// Returns the name with unrendered templates, or `None` if the name is missing or empty.
    pub(crate) fn name(&self) -> Option<&str> {
        self.fields.name().unresolved()
    }

    pub(crate) fn entrypoint(&self) -> Option<&str> {
        self.fields.entrypoint().unresolved()
    }

    /// Returns the deployment's path in the project file. Returns a command-line path for a deployment that is not
    /// declared in the file.
    pub(crate) fn pointer(&self) -> Pointer {
        self.index.map_or_else(Pointer::command_line, |index| Pointer::root().join("deployments").join(index))
    }
}
