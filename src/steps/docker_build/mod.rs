//! The `build_docker_image` step builds an image from a directory and a Dockerfile.

mod auto;
mod backend;
mod builder;
mod inputs;
mod reuse;
mod table;

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use self::{backend::Backend, builder::Builder, inputs::Inputs, reuse::Registries, table::INPUTS};
pub(super) use self::{backend::check_backend, inputs::check_tags, reuse::AUTO};
use super::{
    LocalAccess, RunFuture, Section, Step, StepContext, StepEntry, StepError, StepKind,
    image_policy::Replacement,
};
use crate::{
    api::TESTED_RELEASE,
    diagnostics::{Code, Diagnostic},
    docker::{
        auth::CredentialStore,
        build::{BuildOptions, BuildSource},
        buildkit::{BuildKitBuild, BuildKitOptions},
        config::Config,
        context::{BuildContext, Dockerfile},
        engine::Engine,
        error::DockerError,
        image_lock::StepTag,
        inputs::Tag,
        named_context::is_remote,
        reference::{ImageName, registry_host},
    },
    fs,
    value::{Mapping, Value},
};

pub(crate) const ENTRY: StepEntry = StepEntry {
    name: "prefect_docker.deployments.steps.build_docker_image",
    aliases: &[],
    kind: StepKind::BuildDockerImage,
    section: Some(Section::Build),
    sharing: super::Sharing::SameBuild,
    access: |inputs| match inputs.get("persist_dockerfile") {
        None | Some(Value::Null | Value::Bool(false)) => LocalAccess::Reads,
        // The build writes the generated Dockerfile into the project.
        Some(_) => LocalAccess::Writes,
    },
    inputs: INPUTS,
    outputs: &["image_name", "tag", "image", "image_id", "additional_tags", "reused"],
    create: |inputs| Ok(Box::new(BuildDockerImage { inputs: Inputs::parse(inputs)? })),
};

/// Image label that contains the image's Prefect release.
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
    fn run<'a>(&'a self, context: &'a mut StepContext<'_>) -> RunFuture<'a> {
        Box::pin(async move {
            let name = ImageName::parse(&self.inputs.image_name, context.docker_namespace)
                .map_err(|error| StepError::input("image_name", error.to_string()))?;
            let tag = Tag::of(self.inputs.tag.as_ref()).filter(|_| !self.inputs.has_content_tag());
            let tag = tag.as_ref().map(Tag::text);
            let tag = tag.as_deref().map_or(StepTag::Unknown, StepTag::Rendered);
            if let Some(replacement) = context.images.replacement(name.as_str(), tag)? {
                context.progress.status(&format!("using {}; skipping the build", replacement.image));
                return Ok(Some(outputs_of(replacement)));
            }
            let build = self.prepare(context).await?;
            let registries = self.registries(context, &build).await?;
            let tag = self.tag(context, &build, registries.as_ref()).await?;
            let tags = std::iter::once(&tag).chain(&self.inputs.additional_tags.0);
            let references: Vec<String> = tags.map(|tag| name.with_tag(&tag.text())).collect();
            let may_reuse = self.inputs.has_content_tag() && !context.images.rebuild;
            let existing = match &registries {
                Some(registries) if may_reuse => {
                    registries.existing(context, &references, build.buildkit.push).await?
                }
                _ => None,
            };
            let reused = existing.is_some();
            let id = match existing {
                Some(id) => id,
                None => self.build(context, &build, registries.as_ref(), &references).await?,
            };
            if context.images.writes_lock() && build.buildkit.push {
                self.record(context, &build, registries.as_ref(), &name, &tag.text()).await?;
            }
            let additional_tags = self.inputs.additional_tags.0.iter().map(Tag::value).collect();
            let outputs = [
                ("image_name", name.as_str().into()),
                ("tag", tag.value()),
                ("image", references[0].as_str().into()),
                ("image_id", id.into()),
                ("additional_tags", Value::Sequence(additional_tags)),
                ("reused", reused.into()),
            ];
            Ok(Some(outputs.into_iter().map(|(key, value)| (key.into(), value)).collect()))
        })
    }
}

/// Returns the outputs for a build that was skipped in favor of an existing image.
pub(super) fn outputs_of(Replacement { image, tag }: Replacement<'_>) -> Mapping {
    let outputs = [
        ("image_name", image.name().into()),
        ("tag", tag.map_or(Value::Null, Value::from)),
        ("image", image.to_string().into()),
        // The image may only exist in a registry, so its name is used instead of an ID.
        ("image_id", image.to_string().into()),
        ("additional_tags", Value::Sequence(Vec::new())),
        ("reused", true.into()),
    ];
    outputs.into_iter().map(|(key, value)| (key.into(), value)).collect()
}

/// A prepared image build without a final tag.
struct Build {
    root: PathBuf,
    /// The generated Dockerfile for `dockerfile: auto`.
    generated: Option<String>,
    options: BuildOptions,
    buildkit: BuildKitOptions,
    config: Config,
}

/// Returns a step's Dockerfile path, relative to the working directory.
///
/// Returns `None` if the step does not read a local Dockerfile or if the path contains a template.
pub(crate) fn dockerfile_path(inputs: &Mapping) -> Option<PathBuf> {
    let text = |key: &str| match inputs.get(key) {
        None | Some(Value::Null) => Some(""),
        Some(value) => value.as_str().filter(|text| !text.contains("{{") && !text.contains("<<")),
    };
    let (path, dockerfile) = (text("path")?, text("dockerfile")?);
    if dockerfile == "auto" || is_remote(path) {
        return None;
    }
    Some(Path::new(path).join(if dockerfile.is_empty() { "Dockerfile" } else { dockerfile }))
}

/// Returns the build context directory relative to the working directory, or `None` if the context is not a local
/// directory.
pub(crate) fn build_context(inputs: &Mapping) -> Option<&str> {
    let path = inputs.get("path").and_then(Value::as_str).unwrap_or_default();
    (!is_remote(path)).then_some(path)
}

/// Returns the directory that a build reads: the build context, relative to the working directory.
///
/// Returns `None` if the build context is remote or if other inputs may refer to the working directory.
pub(super) fn shared_context(inputs: &Mapping, directory: &Path) -> Option<PathBuf> {
    const RELATIVE_TO_DIRECTORY: [&str; 5] = ["build_contexts", "cache_from", "cache_to", "secrets", "ssh"];
    let is_given = |key: &&str| inputs.get(*key).is_some_and(|value| !value.is_null());
    let is_auto = inputs.get("dockerfile").and_then(Value::as_str) == Some("auto");
    let path = match inputs.get("path") {
        None | Some(Value::Null) => "",
        Some(path) => path.as_str()?,
    };
    if is_auto || is_remote(path) || RELATIVE_TO_DIRECTORY.iter().any(is_given) {
        return None;
    }
    let context = directory.join(path);
    Some(context.canonicalize().unwrap_or(context))
}

impl BuildDockerImage {
    async fn prepare(&self, context: &StepContext<'_>) -> Result<Build, StepError> {
        let root = match self.inputs.path.as_deref() {
            None | Some("") => context.directory.clone(),
            Some(path) => context.directory.join(path),
        };
        let prefect = self.prefect_version(context).await;
        let generated =
            if self.inputs.is_auto() { Some(self.auto_dockerfile(context, &root, &prefect)?) } else { None };
        let mut options = self.inputs.options(&context.environment);
        options.no_cache |= context.images.no_layer_cache;
        options.labels.insert(VERSION_LABEL.to_owned(), prefect);
        let buildkit = self.inputs.buildkit_options();
        Ok(Build { root, generated, options, buildkit, config: Config::load(&context.environment)? })
    }

    /// Returns the Prefect release to install in the image.
    ///
    /// The step's input takes precedence. By default, the release matches the server because old servers do not record
    /// newer clients' task runs. If the server version is unknown, returns the installed Prefect release. The last
    /// fallback is the release that prefectl is tested against.
    async fn prefect_version(&self, context: &StepContext<'_>) -> String {
        if let Some(version) = &self.inputs.prefect_version {
            return version.clone();
        }
        if let Some(version) = context.resolver.server_version().await {
            return version;
        }
        let installed = context.search_python().version_of("prefect").await;
        installed.unwrap_or_else(|| TESTED_RELEASE.to_string())
    }

    fn dockerfile<'b>(&'b self, build: &'b Build) -> Dockerfile<'b> {
        match &build.generated {
            Some(text) => Dockerfile::Text(text),
            None => Dockerfile::Path(self.inputs.dockerfile()),
        }
    }

    /// Connects to the Docker engine and reads all registry credentials. Returns `None` if the build does not require
    /// the engine: a BuildKit build without a content tag.
    async fn registries(
        &self,
        context: &StepContext<'_>,
        build: &Build,
    ) -> Result<Option<Registries>, StepError> {
        let needs_no_engine = self.inputs.backend()? == Backend::BuildKit && !self.inputs.has_content_tag();
        if needs_no_engine {
            return Ok(None);
        }
        let engine = Engine::connect(&context.environment, &build.config).await?;
        let store = CredentialStore { config: &build.config, environment: &context.environment };
        let (credentials, errors) = store.all().await;
        for error in errors {
            let help = "only public base images can be pulled from this registry";
            context
                .progress
                .warn(&Diagnostic::warning(Code::REGISTRY_CREDENTIALS, error.to_string()).help(help));
        }
        Ok(Some(Registries { engine, credentials }))
    }

    async fn tag(
        &self,
        context: &StepContext<'_>,
        build: &Build,
        registries: Option<&Registries>,
    ) -> Result<Tag, StepError> {
        if let Some(registries) = registries.filter(|_| self.inputs.has_content_tag()) {
            let tag = registries.content_tag(build, self.dockerfile(build), &context.directory).await?;
            return Ok(tag.into());
        }
        Ok(Tag::of(self.inputs.tag.as_ref()).unwrap_or_else(|| time_tag(context.clock.now()).into()))
    }

    /// Records the digest of an image pushed by the build.
    async fn record(
        &self,
        context: &StepContext<'_>,
        build: &Build,
        registries: Option<&Registries>,
        name: &ImageName,
        tag: &str,
    ) -> Result<(), StepError> {
        let reference = name.with_tag(tag);
        let image = if let Some(registries) = registries {
            registries.image(&reference).await
        } else {
            let engine = Engine::connect(&context.environment, &build.config).await?;
            let store = CredentialStore { config: &build.config, environment: &context.environment };
            let credentials = store.get(registry_host(name.registry())).await?;
            engine.registry_image(&reference, credentials.as_ref()).await
        };
        if let Some(image) = image {
            context.digests.record(name, tag, image);
        }
        Ok(())
    }

    /// Builds the image and tags it with the given names. Returns the image ID.
    async fn build(
        &self,
        context: &StepContext<'_>,
        build: &Build,
        registries: Option<&Registries>,
        references: &[String],
    ) -> Result<String, StepError> {
        let dockerfile = self.dockerfile(build);
        let text = match dockerfile {
            Dockerfile::Text(text) => Some(Cow::Borrowed(text)),
            Dockerfile::Path(path) => match fs::read_bytes(&build.root.join(path)) {
                // The builder would wait for the writer of a pipe.
                Err(error) if error.is_irregular() => return Err(error.into()),
                read => read.ok().map(|bytes| Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())),
            },
        };
        context.progress.status(&format!("Building {}", references[0]));
        match builder::choose(&self.inputs, text.as_deref(), context, registries).await? {
            Builder::BuildKit(program) => {
                let source = build.root.to_string_lossy();
                let build = BuildKitBuild {
                    source: self.inputs.remote().unwrap_or(&source),
                    dockerfile,
                    options: &build.options,
                    buildkit: &build.buildkit,
                    references,
                    docker_host: registries.and_then(|registries| registries.engine.docker_host()),
                };
                let (directory, environment) = (&context.directory, &context.environment);
                Ok(build.run(program, directory, environment, context.progress).await?)
            }
            Builder::Classic(Registries { engine, credentials }) => {
                let source = match (self.inputs.remote(), dockerfile) {
                    (Some(url), Dockerfile::Path(path)) => {
                        BuildSource::Remote { url: url.to_owned(), dockerfile: path.to_owned() }
                    }
                    (_, dockerfile) => BuildSource::Directory(BuildContext::open(&build.root, dockerfile)?),
                };
                let options = self.with_proxies(build, &engine.address);
                Ok(engine.build(source, &options, references, credentials, context.progress).await?)
            }
        }
    }

    /// Returns the options for a classic build, including the configured proxies for the engine at `address`. BuildKit
    /// adds the proxies itself. Proxies do not affect the content tag because they are machine-specific.
    fn with_proxies(&self, build: &Build, address: &str) -> BuildOptions {
        let mut options = build.options.clone();
        if self.inputs.use_config_proxy != Some(false) {
            for (name, value) in build.config.proxy_arguments(address) {
                options.build_arguments.entry(name).or_insert(value);
            }
        }
        options
    }
}

/// Returns the default image tag: the current time in UTC.
fn time_tag(now: Timestamp) -> String {
    let whole_second = now.subsec_nanosecond() / 1000 == 0;
    let format = if whole_second { "%Y-%m-%dt%H-%M-%S-00-00" } else { "%Y-%m-%dt%H-%M-%S-%6f-00-00" };
    now.strftime(format).to_string()
}

#[cfg(test)]
mod tests;
