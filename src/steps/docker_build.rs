//! `build_docker_image`: builds an image from a directory and a Dockerfile.

mod inputs;

use std::path::Path;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use self::inputs::{INPUTS, Inputs};
pub(super) use self::inputs::{check_backend, check_tags, optional, parse};
use super::{Phase, Step, StepContext, StepEntry, StepError};
use crate::{
    diagnostics::{Code, Diagnostic},
    docker::{
        auth::CredentialStore,
        build::{BuildOptions, BuildSource},
        buildx::BuildxBuild,
        config::Config,
        context::{BuildContext, Dockerfile},
        dockerfile::{AutoDockerfile, PREFECT_VERSION, PYTHON_VERSION, base_image},
        engine::Engine,
        error::DockerError,
        inputs::Tag,
        reference::{ImageName, ImageReference},
        requirements,
    },
    fs::FileError,
    value::{Mapping, Value},
};

pub(crate) const ENTRY: StepEntry = StepEntry {
    name: "prefect_docker.deployments.steps.build_docker_image",
    aliases: &[],
    phase: Phase::Build,
    sharing: super::Sharing::SameInputs,
    inputs: INPUTS,
    outputs: &["image_name", "tag", "image", "image_id", "additional_tags", "reused"],
    create: |inputs| Ok(Box::new(BuildDockerImage { inputs: Inputs::parse(inputs)? })),
};

/// The label that says which Prefect an image is for.
const VERSION_LABEL: &str = "io.prefect.version";

impl From<DockerError> for StepError {
    fn from(error: DockerError) -> Self {
        Self::Failed { message: error.to_string(), help: error.help() }
    }
}

#[derive(Debug)]
struct BuildDockerImage {
    inputs: Inputs,
}

impl Step for BuildDockerImage {
    fn run<'a>(&'a self, context: &'a mut StepContext<'_>) -> BoxFuture<'a, Result<Mapping, StepError>> {
        Box::pin(async move {
            let name = ImageName::parse(&self.inputs.image_name, context.docker_namespace)
                .map_err(|error| StepError::input("image_name", error.to_string()))?;
            if let Some(image) = context.images.in_place_of(name.as_str())? {
                context.progress.status(&format!("{image} is taken, nothing is built"));
                return Ok(outputs_of(image));
            }
            let tag =
                Tag::of(self.inputs.tag.as_ref()).unwrap_or_else(|| time_tag(context.clock.now()).into());
            let additional_tags = &self.inputs.additional_tags.0;
            let references: Vec<String> =
                std::iter::once(&tag).chain(additional_tags).map(|tag| name.with_tag(&tag.text())).collect();
            let id = self.build(context, &references).await?;
            let additional_tags = additional_tags.iter().map(Tag::value).collect();
            let outputs = [
                ("image_name", name.as_str().into()),
                ("tag", tag.value()),
                ("image", references[0].as_str().into()),
                ("image_id", id.into()),
                ("additional_tags", Value::Sequence(additional_tags)),
                ("reused", false.into()),
            ];
            Ok(outputs.into_iter().map(|(key, value)| (key.into(), value)).collect())
        })
    }
}

/// The outputs where an image is taken that is there already.
fn outputs_of(image: &ImageReference) -> Mapping {
    let outputs = [
        ("image_name", image.name().into()),
        ("tag", image.tag().map_or(Value::Null, Value::from)),
        ("image", image.to_string().into()),
        // As for an image that exists only in a registry.
        ("image_id", image.to_string().into()),
        ("additional_tags", Value::Sequence(Vec::new())),
        ("reused", true.into()),
    ];
    outputs.into_iter().map(|(key, value)| (key.into(), value)).collect()
}

impl BuildDockerImage {
    /// Builds under these names and returns the image's id.
    async fn build(&self, context: &StepContext<'_>, references: &[String]) -> Result<String, StepError> {
        let root = match self.inputs.path.as_deref() {
            None | Some("") => context.directory.clone(),
            Some(path) => context.directory.join(path),
        };
        let text = if self.inputs.is_auto() { Some(self.auto_dockerfile(context, &root)?) } else { None };
        let dockerfile = match &text {
            Some(text) => Dockerfile::Text(text),
            None => Dockerfile::Path(self.inputs.dockerfile()),
        };
        let mut options = self.inputs.options(context.environment);
        options.no_cache |= context.images.no_layer_cache;
        options.labels.insert(VERSION_LABEL.to_owned(), PREFECT_VERSION.to_owned());
        let config = Config::load(context.environment)?;
        context.progress.status(&format!("Building {}", references[0]));
        if self.inputs.uses_buildx() {
            let source = root.to_string_lossy();
            let build = BuildxBuild {
                source: self.inputs.remote().unwrap_or(&source),
                dockerfile,
                options: &options,
                buildx: &self.inputs.buildx_options(),
                references,
            };
            return Ok(build.run(&context.directory, context.environment, context.progress).await?);
        }
        let source = match (self.inputs.remote(), dockerfile) {
            (Some(url), Dockerfile::Path(path)) => {
                BuildSource::Remote { url: url.to_owned(), dockerfile: path.to_owned() }
            }
            (_, dockerfile) => BuildSource::Directory(BuildContext::open(&root, dockerfile)?),
        };
        Ok(self.build_with_engine(context, &config, source, options, references).await?)
    }

    async fn build_with_engine(
        &self,
        context: &StepContext<'_>,
        config: &Config,
        source: BuildSource,
        mut options: BuildOptions,
        references: &[String],
    ) -> Result<String, DockerError> {
        let engine = Engine::connect(context.environment, config).await?;
        if self.inputs.use_config_proxy == Some(true) {
            for (name, value) in config.proxy_arguments(&engine.address) {
                options.build_arguments.entry(name).or_insert(value);
            }
        }
        let store = CredentialStore { config, environment: context.environment };
        let (credentials, troubles) = store.all().await;
        for trouble in troubles {
            let help = "a base image from that registry can be built on only if it is public";
            context
                .progress
                .warn(&Diagnostic::warning(Code::REGISTRY_CREDENTIALS, trouble.to_string()).help(help));
        }
        engine.build(source, &options, references, &credentials, context.progress).await
    }

    /// The text of `dockerfile: auto`, also written to a file if that was asked for.
    fn auto_dockerfile(&self, context: &StepContext<'_>, root: &Path) -> Result<String, StepError> {
        let requirements = self.requirements(context, root)?;
        let directory = context.directory.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let base_image = base_image(PREFECT_VERSION, PYTHON_VERSION);
        let auto = AutoDockerfile {
            base_image: &base_image,
            directory: &directory,
            requirements: requirements.as_deref(),
        };
        let text = auto.text();
        if self.inputs.persist_dockerfile == Some(true) {
            let name = self.inputs.dockerfile_output_path.as_deref().unwrap_or("Dockerfile.generated");
            let path = context.directory.join(name);
            std::fs::write(&path, &text)
                .map_err(|error| StepError::failed(FileError::new("write", &path, error).to_string()))?;
            let line =
                format!("The Dockerfile was written to {name}: `dockerfile: {name}` will build with it");
            context.progress.status(&line);
        }
        Ok(text)
    }

    /// The requirements file to install, relative to the context.
    fn requirements(&self, context: &StepContext<'_>, root: &Path) -> Result<Option<String>, StepError> {
        match &self.inputs.requirements {
            Some(path) if root.join(path).is_file() && is_inside(path) => Ok(Some(path.clone())),
            Some(path) => Err(StepError::input(
                "requirements",
                format!("there is no file {path} in the build context, {}", root.display()),
            )),
            None if root.join("requirements.txt").is_file() => Ok(Some("requirements.txt".to_owned())),
            None => {
                if let Some(path) = requirements::elsewhere(root) {
                    context.progress.warn(&not_installed(&path));
                }
                Ok(None)
            }
        }
    }
}

/// Whether a path stays below the directory it is relative to.
fn is_inside(path: &str) -> bool {
    use std::path::Component;
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

fn not_installed(path: &str) -> Diagnostic {
    let message = format!("`dockerfile: auto` installs only requirements.txt; {path} is not installed");
    Diagnostic::warning(Code::AUTO_REQUIREMENTS_ELSEWHERE, message)
        .help(format!("set `requirements: {path}` in the build step to install it"))
}

/// The tag of an image that was given none: the time in UTC.
fn time_tag(now: Timestamp) -> String {
    let whole_second = now.subsec_nanosecond() / 1000 == 0;
    let format = if whole_second { "%Y-%m-%dt%H-%M-%S-00-00" } else { "%Y-%m-%dt%H-%M-%S-%6f-00-00" };
    now.strftime(format).to_string()
}

#[cfg(test)]
mod tests;
