//! A new prefect.yaml, made of what is in a folder.

mod recipe;
mod schema;

use std::{
    io,
    path::{Path, PathBuf},
};

pub(crate) use self::{recipe::Recipe, schema::SchemaPlace};
use crate::{
    environment::Environment,
    flow::{DiscoveredFlow, Inspector},
    fs::{self, FileError},
    git,
};

/// The file that is made.
pub(crate) use crate::project::DEFAULT_FILE as FILE;

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub(crate) struct InitOptions {
    /// The project's name; the folder's if absent.
    pub(crate) name: Option<String>,
    /// How flows get to where they run; chosen by what is in the folder if absent.
    pub(crate) recipe: Option<Recipe>,
    /// `KEY=VALUE` each: what a recipe needs to know.
    pub(crate) fields: Vec<String>,
    pub(crate) schema: SchemaPlace,
}

/// Why no file was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InitError {
    #[error("{} is there already; it is left as it is", .0.display())]
    Exists(PathBuf),
    #[error("there is no recipe '{name}'; recipes are {}", Recipe::names().join(", "))]
    UnknownRecipe { name: String },
    #[error("`--field {0}` is not of the form KEY=VALUE")]
    NotAField(String),
    #[error("the recipe '{recipe}' has no field '{field}'; {}", if .known.is_empty() { "it has none".to_owned() } else { format!("it has {}", .known.join(", ")) })]
    UnknownField { recipe: &'static str, field: String, known: &'static [&'static str] },
    #[error("`--schema {0}` is no address and no path: editors take neither a space nor nothing")]
    NotAPlace(String),
    #[error(transparent)]
    File(#[from] FileError),
}

/// What is in a folder.
#[derive(Debug, Clone, Default)]
pub(crate) struct Survey {
    /// The folder's name.
    pub(crate) name: String,
    pub(crate) directory: PathBuf,
    /// By paths relative to the folder.
    pub(crate) flows: Vec<DiscoveredFlow>,
    pub(crate) remote: Option<String>,
    pub(crate) branch: Option<String>,
    pub(crate) has_dockerfile: bool,
    pub(crate) has_requirements: bool,
}

/// What was made.
#[derive(Debug)]
pub(crate) struct Created {
    pub(crate) file: PathBuf,
    pub(crate) recipe: Recipe,
    pub(crate) flows: usize,
    /// The fields of the recipe whose values have to be replaced.
    pub(crate) made_up: Vec<&'static str>,
}

/// Writes prefect.yaml into a folder that has none.
pub(crate) fn create(
    directory: &Path,
    options: &InitOptions,
    environment: &Environment,
) -> Result<Created, InitError> {
    let file = directory.join(FILE);
    if file.exists() {
        return Err(InitError::Exists(file));
    }
    let mut survey = survey(directory, environment);
    if let Some(name) = &options.name {
        survey.name.clone_from(name);
    }
    let recipe = options.recipe.unwrap_or_else(|| Recipe::fitting(&survey));
    let made_up = recipe.made_up(&survey, &options.fields)?;
    let text = options.schema.modeline() + &recipe.render(&survey, &options.fields)?;
    options.schema.provide(directory)?;
    write_new(&file, &text)?;
    Ok(Created { file, recipe, flows: survey.flows.len(), made_up })
}

/// Looks at a folder. Nothing in it is run.
fn survey(directory: &Path, environment: &Environment) -> Survey {
    let flows = Inspector::new().discover(&[PathBuf::new()], directory, environment);
    let facts = git::discover(directory);
    Survey {
        name: directory
            .file_name()
            .map_or_else(|| "project".to_owned(), |name| name.to_string_lossy().into_owned()),
        directory: directory.to_owned(),
        flows,
        remote: facts.as_ref().and_then(|facts| facts.remote.as_deref().map(git::without_credentials)),
        branch: facts.as_ref().and_then(|facts| facts.branch.clone()),
        has_dockerfile: directory.join("Dockerfile").is_file(),
        has_requirements: directory.join("requirements.txt").is_file(),
    }
}

/// Writes a file that must not be there, even if somebody else makes it at the same time.
fn write_new(file: &Path, text: &str) -> Result<(), InitError> {
    fs::write_new(file, text).map_err(|error| match error.source.kind() {
        io::ErrorKind::AlreadyExists => InitError::Exists(file.to_owned()),
        _ => error.into(),
    })
}
