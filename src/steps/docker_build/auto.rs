//! Generates the Dockerfile for an image build with `dockerfile: auto`.

use std::path::Path;

use super::{
    super::{StepContext, StepError},
    BuildDockerImage,
};
use crate::{
    diagnostics::{Code, Diagnostic},
    docker::{
        dockerfile::{AutoDockerfile, PYTHON_VERSION, base_image},
        requirements,
    },
    fs::FileError,
};

const REQUIREMENTS: &str = "requirements.txt";
const PYPROJECT: &str = "pyproject.toml";

impl BuildDockerImage {
    /// Returns the generated Dockerfile for a Prefect release. Also writes the Dockerfile to a file if the
    /// build step requests a copy.
    pub(super) fn auto_dockerfile(
        &self,
        context: &StepContext<'_>,
        root: &Path,
        prefect: &str,
    ) -> Result<String, StepError> {
        let requirements = self.requirement_files(context, root)?;
        let directory = context.directory.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let base_image = base_image(prefect, PYTHON_VERSION);
        let auto =
            AutoDockerfile { base_image: &base_image, directory: &directory, requirements: &requirements };
        let text = auto.text();
        if self.inputs.persist_dockerfile == Some(true) {
            let name = self.inputs.dockerfile_output_path.as_deref().unwrap_or("Dockerfile.generated");
            let path = context.directory.join(name);
            std::fs::write(&path, &text).map_err(|error| FileError::new("write", &path, error))?;
            let line = format!(
                "Wrote the generated Dockerfile to {name}; set `dockerfile: {name}` to build with it"
            );
            context.progress.status(&line);
        }
        Ok(text)
    }

    /// Returns the requirements files to install, as paths relative to the build context.
    fn requirement_files(&self, context: &StepContext<'_>, root: &Path) -> Result<Vec<String>, StepError> {
        let pyproject = self.inputs.pyproject == Some(true);
        let absent = |input: &str, path: &str| {
            let message = format!("file '{path}' does not exist in the build context '{}'", root.display());
            StepError::input(input, message)
        };
        let mut files = Vec::new();
        match &self.inputs.requirements {
            Some(path) if root.join(path).is_file() && is_inside(path) => files.push(path.clone()),
            Some(path) => return Err(absent("requirements", path)),
            None if root.join(REQUIREMENTS).is_file() => files.push(REQUIREMENTS.to_owned()),
            None if pyproject => {}
            None => {
                if let Some(path) = requirements::elsewhere(root) {
                    context.progress.warn(&not_installed(&path));
                }
            }
        }
        if pyproject && !root.join(PYPROJECT).is_file() {
            return Err(absent("pyproject", PYPROJECT));
        }
        if pyproject && !files.iter().any(|file| file == PYPROJECT) {
            files.push(PYPROJECT.to_owned());
        }
        Ok(files)
    }
}

/// Returns whether a relative path stays inside its base directory.
fn is_inside(path: &str) -> bool {
    use std::path::Component;
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

fn not_installed(path: &str) -> Diagnostic {
    let message = format!("`dockerfile: auto` installs only requirements.txt and ignores {path}");
    Diagnostic::warning(Code::AUTO_REQUIREMENTS_ELSEWHERE, message).help(match path {
        PYPROJECT => "set `pyproject: true` in the build step to install its dependencies".to_owned(),
        path => format!("set `requirements: {path}` in the build step to install it"),
    })
}
