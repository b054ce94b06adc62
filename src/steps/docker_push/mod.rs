//! The `push_docker_image` step pushes an image to its registry.

use serde::Deserialize;

use super::{
    Input, Kind, LocalAccess, RunFuture, Section, Step, StepContext, StepEntry, StepError, StepKind,
    docker_build::{check_backend, check_tags},
    image_policy::Replacement,
    inputs,
};
use crate::{
    diagnostics::{Code, Diagnostic},
    docker::{
        auth::{CredentialStore, Credentials},
        config::Config,
        engine::Engine,
        error::DockerError,
        fingerprint::is_fingerprint,
        image_lock::StepTag,
        inputs::{OneOrMany, Tag},
        reference::{self, ImageName},
        registry::RegistryImage,
    },
    secret::Secret,
    value::{Mapping, Value},
};

pub(crate) const ENTRY: StepEntry = StepEntry {
    name: "prefect_docker.deployments.steps.push_docker_image",
    aliases: &[],
    kind: StepKind::PushDockerImage,
    section: Some(Section::Push),
    sharing: super::Sharing::SameImage,
    access: |_| LocalAccess::Reads,
    inputs: INPUTS,
    outputs: &["image_name", "tag", "image", "additional_tags", "digest", "image_by_digest", "reused"],
    create: |inputs| Ok(Box::new(PushDockerImage { inputs: Inputs::parse(inputs)? })),
};

const INPUTS: &[Input] = &[
    Input::required("image_name", Kind::Text, "name of the image, including the registry"),
    Input::optional("tag", Kind::Scalar, "", "tag to push; defaults to all tags of the image in the engine"),
    Input::optional("additional_tags", Kind::Any, "", "additional tags to push, as a string or a list"),
    Input::optional(
        "credentials",
        Kind::Mapping,
        "",
        "`username`, `password` and `registry_url`; defaults to the credentials of `docker login`",
    ),
    Input::optional(
        "ignore_cache",
        Kind::Boolean,
        "false",
        "push the image even if an identical step has already run in the same command",
    ),
    Input::optional(
        "build_backend",
        Kind::Text,
        "",
        "ignored: the engine pushes the image with either builder",
    ),
];

#[derive(Debug, Deserialize)]
struct Inputs {
    image_name: String,
    tag: Option<Value>,
    #[serde(default)]
    additional_tags: OneOrMany<Tag>,
    credentials: Option<GivenCredentials>,
    build_backend: Option<String>,
}

/// Contents of a Docker registry credentials block.
#[derive(Deserialize)]
struct GivenCredentials {
    username: Option<String>,
    password: Option<String>,
    registry_url: Option<String>,
}

impl std::fmt::Debug for GivenCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GivenCredentials")
    }
}

impl Inputs {
    fn parse(given: Mapping) -> Result<Self, StepError> {
        let mut inputs: Self = inputs::typed(given)?;
        // Like Prefect, accept a tag in `image_name` if the input `tag` is not set.
        if Tag::of(inputs.tag.as_ref()).is_none()
            && let (name, Some(tag)) = reference::split_tag(&inputs.image_name)
        {
            inputs.tag = Some(tag.into());
            inputs.image_name = name.to_owned();
        }
        ImageName::parse(&inputs.image_name, None)
            .map_err(|error| StepError::input("image_name", error.to_string()))?;
        if let Some(tag) = Tag::of(inputs.tag.as_ref()) {
            check_tags("tag", &[tag])?;
        }
        check_tags("additional_tags", &inputs.additional_tags.0)?;
        check_backend(inputs.build_backend.as_deref())?;
        Ok(inputs)
    }
}

#[derive(Debug)]
struct PushDockerImage {
    inputs: Inputs,
}

impl Step for PushDockerImage {
    fn run<'a>(&'a self, context: &'a mut StepContext<'_>) -> RunFuture<'a> {
        Box::pin(async move {
            let name = ImageName::parse(&self.inputs.image_name, context.docker_namespace)
                .map_err(|error| StepError::input("image_name", error.to_string()))?;
            let tag = Tag::of(self.inputs.tag.as_ref());
            let tag_text = tag.as_ref().map(Tag::text);
            let step_tag = tag_text.as_deref().map_or(StepTag::Unknown, StepTag::Rendered);
            if let Some(replacement) = context.images.replacement(name.as_str(), step_tag)? {
                return Ok(Some(outputs_of(replacement)));
            }
            let config = Config::load(&context.environment)?;
            let credentials = self.credentials(context, &config, &name).await?;
            let engine = Engine::connect(&context.environment, &config).await?;
            let existing = match &tag {
                Some(tag) if is_fingerprint(&tag.text()) && !context.images.rebuild => {
                    let tags = std::iter::once(tag).chain(&self.inputs.additional_tags.0);
                    let references: Vec<String> = tags.map(|tag| name.with_tag(&tag.text())).collect();
                    context.digests.common(&engine, &references, credentials.as_ref()).await
                }
                _ => None,
            };
            let reused = existing.is_some();
            let digest = match existing {
                Some(digest) => {
                    let image = name.with_tag(&tag.as_ref().map(Tag::text).unwrap_or_default());
                    context
                        .progress
                        .status(&format!("reusing {image}, which already exists in the registry"));
                    Some(digest)
                }
                None => self.push(context, &engine, &name, tag.as_ref(), credentials.as_ref()).await?,
            };
            if let (true, Some(tag), Some(digest)) = (context.images.writes_lock(), &tag_text, &digest) {
                let reference = format!("{}@{digest}", name.as_str());
                let image = engine.registry_image(&reference, credentials.as_ref()).await;
                let platforms = image.map(|image| image.platforms).unwrap_or_default();
                context.digests.record(&name, tag, RegistryImage { digest: digest.clone(), platforms });
            }
            Ok(Some(self.outputs(&name, tag.as_ref(), digest, reused)))
        })
    }
}

impl PushDockerImage {
    /// Pushes all tags in order. Returns the first tag's digest. Stops at the first failure.
    async fn push(
        &self,
        context: &StepContext<'_>,
        engine: &Engine,
        name: &ImageName,
        tag: Option<&Tag>,
        credentials: Option<&Credentials>,
    ) -> Result<Option<String>, DockerError> {
        let tag = tag.map(Tag::text);
        let digest = engine.push(name, tag.as_deref(), credentials, context.progress).await?;
        for tag in &self.inputs.additional_tags.0 {
            engine.push(name, Some(&tag.text()), credentials, context.progress).await?;
        }
        Ok(digest)
    }

    /// Returns the credentials for the image's registry. The step's credentials take precedence over the Docker
    /// configuration if they are for this registry.
    async fn credentials(
        &self,
        context: &StepContext<'_>,
        config: &Config,
        name: &ImageName,
    ) -> Result<Option<Credentials>, StepError> {
        let registry = reference::registry_host(name.registry());
        if let Some(given) = &self.inputs.credentials {
            let given_for = reference::registry_host(given.registry_url.as_deref().unwrap_or_default());
            if given_for == registry {
                return given.as_credentials().map(Some);
            }
            context.progress.warn(&not_for_this_registry(given_for, registry));
        }
        let store = CredentialStore { config, environment: &context.environment };
        Ok(store.get(registry).await?)
    }

    fn outputs(&self, name: &ImageName, tag: Option<&Tag>, digest: Option<String>, reused: bool) -> Mapping {
        let image = tag.map_or_else(|| name.as_str().to_owned(), |tag| name.with_tag(&tag.text()));
        let additional_tags = self.inputs.additional_tags.0.iter().map(Tag::value).collect();
        let by_digest = digest.as_ref().map(|digest| format!("{}@{digest}", name.as_str()));
        let outputs = [
            ("image_name", name.as_str().into()),
            ("tag", tag.map_or(Value::Null, Tag::value)),
            ("image", image.into()),
            ("additional_tags", Value::Sequence(additional_tags)),
            ("digest", digest.map_or(Value::Null, Value::from)),
            ("image_by_digest", by_digest.map_or(Value::Null, Value::from)),
            ("reused", reused.into()),
        ];
        outputs.into_iter().map(|(key, value)| (key.into(), value)).collect()
    }
}

/// Returns the outputs for a push that was skipped in favor of an existing image. If the digest is unknown,
/// `image_by_digest` contains the image name.
pub(super) fn outputs_of(Replacement { image, tag }: Replacement<'_>) -> Mapping {
    let digest = image.digest();
    let by_digest = digest.map_or_else(|| image.to_string(), |digest| format!("{}@{digest}", image.name()));
    let outputs = [
        ("image_name", image.name().into()),
        ("tag", tag.map_or(Value::Null, Value::from)),
        ("image", image.to_string().into()),
        ("additional_tags", Value::Sequence(Vec::new())),
        ("digest", digest.map_or(Value::Null, Value::from)),
        ("image_by_digest", by_digest.into()),
        ("reused", true.into()),
    ];
    outputs.into_iter().map(|(key, value)| (key.into(), value)).collect()
}

impl GivenCredentials {
    fn as_credentials(&self) -> Result<Credentials, StepError> {
        match (&self.username, &self.password) {
            (Some(username), Some(password)) => {
                Ok(Credentials::Password { username: username.clone(), password: Secret::new(password) })
            }
            _ => Err(StepError::input("credentials", "`credentials` requires `username` and `password`")),
        }
    }
}

fn not_for_this_registry(given_for: &str, registry: &str) -> Diagnostic {
    let message = format!("the credentials are for '{given_for}', but the image is pushed to '{registry}'");
    Diagnostic::warning(Code::REGISTRY_MISMATCH, message).help(format!(
        "set `registry_url: {registry}` to use these credentials; otherwise, the credentials in the Docker configuration are used"
    ))
}

#[cfg(test)]
mod engine_tests;
#[cfg(test)]
mod tests;
