//! Content tags (`tag: auto`). A content tag is derived from all data that affects an image, so an existing image with
//! the same tag does not have to be rebuilt.

use std::{collections::HashMap, path::Path};

use futures_util::future::join_all;

use super::{
    super::{StepContext, StepError},
    Build,
};
use crate::docker::{
    auth::Credentials,
    base_images::base_images,
    context::{BuildContext, Dockerfile},
    engine::Engine,
    error::DockerError,
    fingerprint::Fingerprint,
    named_context::NamedContext,
    reference::{registry_host, registry_of},
    registry::RegistryImage,
};

/// Value of the input `tag` that enables content tags.
pub(in super::super) const AUTO: &str = "auto";

/// A Docker engine connection and all registry credentials, keyed by host.
pub(super) struct Registries {
    pub(super) engine: Engine,
    pub(super) credentials: HashMap<String, Credentials>,
}

impl Registries {
    /// Returns an image from its registry, or `None` if the registry does not have the image.
    pub(super) async fn image(&self, reference: &str) -> Option<RegistryImage> {
        let credentials = self.credentials.get(registry_host(registry_of(reference)));
        self.engine.registry_image(reference, credentials).await
    }

    async fn digest(&self, reference: &str) -> Option<String> {
        let credentials = self.credentials.get(registry_host(registry_of(reference)));
        self.engine.digest_in_registry(reference, credentials).await
    }

    /// Returns the digest of the base image that the build would use. If the build pulls base images, reads the digest
    /// from the registry first. Otherwise, reads the digest from the engine first.
    async fn base_digest(&self, reference: &str, pull: bool) -> Option<String> {
        if pull && let Some(digest) = self.digest(reference).await {
            return Some(digest);
        }
        match self.engine.local_digest(reference).await {
            None if !pull => self.digest(reference).await,
            local => local,
        }
    }

    /// Returns the content tag of an image build that runs in `directory`.
    ///
    /// # Errors
    ///
    /// Fails if the Dockerfile or a build context cannot be read.
    pub(super) async fn content_tag(
        &self,
        build: &Build,
        dockerfile: Dockerfile<'_>,
        directory: &Path,
    ) -> Result<String, StepError> {
        let Build { root, options, buildkit, .. } = build;
        let context = BuildContext::open(root, dockerfile)?;
        let text = context.dockerfile_text()?;
        let mut fingerprint = Fingerprint::new();
        options.describe(&mut fingerprint);
        buildkit.describe(&mut fingerprint);
        if options.platforms.is_empty() {
            fingerprint.add("engine", self.engine.platform().await.unwrap_or_default());
            fingerprint.add("builder", buildkit.builder.as_deref().unwrap_or_default());
        }
        let mut images = base_images(&text, &options.build_arguments);
        images.retain(|image| !buildkit.build_contexts.contains_key(image));
        let mut directories = Vec::new();
        for (name, source) in &buildkit.build_contexts {
            match NamedContext::parse(source) {
                NamedContext::Directory(path) => {
                    let context = BuildContext::without_dockerfile(&directory.join(path))?;
                    directories.push((name.clone(), context));
                }
                NamedContext::Image(image) => {
                    fingerprint.add("image context", name);
                    fingerprint.add("image", image);
                    images.push(image.to_owned());
                }
                // Input validation has rejected these contexts.
                NamedContext::Remote => {}
            }
        }
        let digests = join_all(images.iter().map(|image| self.base_digest(image, options.pull))).await;
        for (image, digest) in images.iter().zip(digests) {
            fingerprint.add("base", image);
            // If a base image cannot be found, only its name affects the tag. The build reports the error.
            fingerprint.add("digest", digest.unwrap_or_default());
        }
        let visited = tokio::task::spawn_blocking(move || {
            fingerprint.add("dockerfile", context.dockerfile());
            context.visit(&mut fingerprint)?;
            for (name, context) in directories {
                fingerprint.add("directory context", name);
                context.visit(&mut fingerprint)?;
            }
            Ok::<_, DockerError>(fingerprint)
        });
        let fingerprint = visited.await.map_err(|error| DockerError::Context(error.to_string()))??;
        Ok(fingerprint.tag())
    }

    /// Returns the ID of an existing image that has all names in `references`, or `None` if the image must be built.
    /// The first name must contain the content tag. `is_pushed` specifies whether the build also pushes the image. If
    /// so, an image that only exists locally must be built again.
    ///
    /// If the image only exists in the registry, returns the first name instead of the ID. Adds missing names to a
    /// local image.
    pub(super) async fn existing(
        &self,
        context: &StepContext<'_>,
        references: &[String],
        is_pushed: bool,
    ) -> Result<Option<String>, StepError> {
        let Some((first, others)) = references.split_first() else { return Ok(None) };
        let credentials = self.credentials.get(registry_host(registry_of(first)));
        let in_registry = context.digests.common(&self.engine, references, credentials);
        let (local, in_registry) = tokio::join!(self.engine.image_id(first), in_registry);
        if in_registry.is_some() {
            context.progress.status(&format!("reusing {first}, which already exists in the registry"));
            return Ok(Some(local.unwrap_or_else(|| first.clone())));
        }
        let Some(id) = local.filter(|_| !is_pushed) else { return Ok(None) };
        for other in others {
            self.engine.tag(&id, other).await?;
        }
        context.progress.status(&format!("reusing {first}, which already exists on this machine"));
        Ok(Some(id))
    }
}
