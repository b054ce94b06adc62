//! Creates a prefect.yaml based on the contents of a directory.

mod recipe;
mod schema;

use std::{
    io,
    path::{Path, PathBuf},
};

pub(crate) use self::{
    recipe::{FieldQuestion, Recipe},
    schema::SchemaLocation,
};
use crate::{
    environment::Environment,
    flow::{DiscoveredFlow, Inspector},
    fs::{self, FileError},
    git,
    storage::ignore_file,
};

/// Name of the created file.
pub(crate) use crate::project::DEFAULT_FILE as FILE;

/// Options of `prefectl init`.
#[derive(Debug, Clone, Default)]
pub(crate) struct InitOptions {
    /// Project name. If `None`, the directory name is used.
    pub(crate) name: Option<String>,
    /// Recipe that determines how workers obtain the flow's code. If `None`, the recipe is detected.
    pub(crate) recipe: Option<Recipe>,
    /// Recipe field values, as `KEY=VALUE`.
    pub(crate) fields: Vec<String>,
    pub(crate) schema: SchemaLocation,
}

/// The error returned if the file cannot be created.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InitError {
    #[error("{} already exists", .0.display())]
    Exists(PathBuf),
    #[error("unknown recipe '{name}'; the recipes are {}", Recipe::names().join(", "))]
    UnknownRecipe { name: String },
    #[error("invalid `--field {0}`: expected KEY=VALUE")]
    InvalidField(String),
    #[error("the recipe '{recipe}' has no field '{field}'; its fields are {}", .known.join(", "))]
    UnknownField { recipe: &'static str, field: String, known: &'static [&'static str] },
    #[error("invalid `--schema {0}`: expected a URL or a path without spaces")]
    InvalidSchemaLocation(String),
    #[error(transparent)]
    File(#[from] FileError),
}

/// Properties of a directory.
#[derive(Debug, Clone, Default)]
pub(crate) struct DirectoryFacts {
    /// Project name. Defaults to the directory name.
    pub(crate) name: String,
    pub(crate) directory: PathBuf,
    pub(crate) directory_name: String,
    /// Discovered flows, with paths relative to the directory.
    pub(crate) flows: Vec<DiscoveredFlow>,
    pub(crate) remote: Option<String>,
    pub(crate) branch: Option<String>,
    pub(crate) has_dockerfile: bool,
    pub(crate) has_requirements: bool,
}

/// The created files, and details for the message to the user.
#[derive(Debug)]
pub(crate) struct Created {
    pub(crate) file: PathBuf,
    /// Whether the default ignore file was created. An existing file is kept.
    pub(crate) has_new_ignore_file: bool,
    pub(crate) recipe: Recipe,
    pub(crate) flows: usize,
    /// Fields with placeholder values. The user must replace them.
    pub(crate) placeholders: Vec<&'static str>,
}

/// A directory in which a project file can be created.
#[derive(Debug)]
pub(crate) struct NewProject {
    file: PathBuf,
    facts: DirectoryFacts,
}

impl NewProject {
    /// Collects facts about a directory.
    ///
    /// # Errors
    ///
    /// Fails if the directory already has a project file.
    pub(crate) fn in_directory(directory: &Path, environment: &Environment) -> Result<Self, InitError> {
        let file = directory.join(FILE);
        if file.exists() {
            return Err(InitError::Exists(file));
        }
        Ok(Self { file, facts: facts(directory, environment) })
    }

    /// Returns the recipe that fits the contents of the directory.
    pub(crate) fn detected_recipe(&self) -> Recipe {
        Recipe::detect(&self.facts)
    }

    /// Returns the fields of a recipe that `fields` does not contain and that the user should be asked for.
    pub(crate) fn questions(
        &self,
        recipe: Recipe,
        fields: &[String],
    ) -> Result<Vec<FieldQuestion>, InitError> {
        recipe.questions(&self.facts, fields)
    }

    /// Creates a prefect.yaml, and an ignore file if there is none.
    ///
    /// # Errors
    ///
    /// Fails if the file already exists, if a field is invalid, or if the file cannot be written.
    pub(crate) fn create(mut self, options: &InitOptions) -> Result<Created, InitError> {
        if let Some(name) = &options.name {
            self.facts.name.clone_from(name);
        }
        let recipe = options.recipe.unwrap_or_else(|| self.detected_recipe());
        let Self { file, facts } = self;
        let placeholders = recipe.placeholders(&facts, &options.fields)?;
        let text = options.schema.modeline() + &recipe.render(&facts, &options.fields)?;
        options.schema.write(&facts.directory)?;
        write_new(&file, &text)?;
        let has_new_ignore_file = ignore_file::create_default(&facts.directory)?;
        Ok(Created { file, has_new_ignore_file, recipe, flows: facts.flows.len(), placeholders })
    }
}

/// Collects properties of a directory without running code from the directory.
fn facts(directory: &Path, environment: &Environment) -> DirectoryFacts {
    let flows = Inspector::new().discover(&[PathBuf::new()], directory, environment);
    let facts = git::discover(directory);
    let directory_name = directory
        .file_name()
        .map_or_else(|| "project".to_owned(), |name| name.to_string_lossy().into_owned());
    DirectoryFacts {
        name: directory_name.clone(),
        directory: directory.to_owned(),
        directory_name,
        flows,
        remote: facts.as_ref().and_then(|facts| facts.remote.as_deref().map(git::without_credentials)),
        branch: facts.as_ref().and_then(|facts| facts.branch.clone()),
        has_dockerfile: directory.join("Dockerfile").is_file(),
        has_requirements: directory.join("requirements.txt").is_file(),
    }
}

/// Writes a new file. Fails if the file already exists, even if another process has just created it.
fn write_new(file: &Path, text: &str) -> Result<(), InitError> {
    fs::write_new(file, text).map_err(|error| match error.source.kind() {
        io::ErrorKind::AlreadyExists => InitError::Exists(file.to_owned()),
        _ => error.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn created(files: &[&str], remote: bool, options: &InitOptions) -> (Recipe, String) {
        let remote = remote.then_some("https://example.com/team/flows.git");
        let (folder, _) = git::testing::repository("one", remote);
        let directory = folder.path().join("repository");
        std::fs::create_dir(&directory).unwrap();
        for file in files {
            std::fs::write(directory.join(file), "").unwrap();
        }
        let project = NewProject::in_directory(&directory, &Environment::default()).unwrap();
        let created = project.create(options).unwrap();
        assert!(created.has_new_ignore_file && directory.join(ignore_file::NAME).is_file());
        (created.recipe, std::fs::read_to_string(created.file).unwrap())
    }

    #[test]
    fn detects_the_recipe_as_prefect_does() {
        for (files, remote, expected) in [
            (&[][..], false, Recipe::Local),
            (&[], true, Recipe::Git),
            (&["Dockerfile"], false, Recipe::Docker),
            (&["Dockerfile"], true, Recipe::DockerGit),
        ] {
            let (recipe, _) = created(files, remote, &InitOptions::default());
            assert_eq!(recipe, expected, "{files:?} {remote}");
        }
    }

    #[test]
    fn name_of_the_project_does_not_affect_directories() {
        for (recipe, expected) in
            [(Recipe::Docker, "directory: /opt/prefect/repository\n"), (Recipe::S3, "folder: repository\n")]
        {
            let options =
                InitOptions { name: Some("etl".to_owned()), recipe: Some(recipe), ..InitOptions::default() };
            let (_, text) = created(&[], false, &options);
            assert!(text.contains("name: etl\n") && text.contains(expected), "{text}");
        }
    }
}
