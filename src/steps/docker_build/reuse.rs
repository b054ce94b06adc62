//! `tag: auto`: derives the tag from everything that goes into an image, so that existing images are reused.

use std::{collections::HashMap, path::Path};

use super::super::{StepContext, StepError};
use crate::docker::{
    auth::{self, Credentials},
    base_images::base_images,
    build::BuildOptions,
    context::{BuildContext, Dockerfile},
    engine::Engine,
    error::DockerError,
    fingerprint::Fingerprint,
    reference::registry_of,
};

/// The value of `tag` that enables content tags.
pub(in super::super) const AUTO: &str = "auto";

/// An engine and the credentials of all registries by host.
pub(super) struct Registries {
    pub(super) engine: Engine,
    pub(super) credentials: HashMap<String, Credentials>,
}

impl Registries {
    async fn digest(&self, reference: &str) -> Option<String> {
        let credentials = self.credentials.get(auth::host(registry_of(reference)));
        self.engine.digest_in_registry(reference, credentials).await
    }

    /// Returns the current digest of a base image, from the registry or the engine like the build.
    async fn base_digest(&self, reference: &str, pull: bool) -> Option<String> {
        if pull && let Some(digest) = self.digest(reference).await {
            return Some(digest);
        }
        match self.engine.local_digest(reference).await {
            None if !pull => self.digest(reference).await,
            local => local,
        }
    }

    /// Returns the content tag of a build.
    pub(super) async fn content_tag(
        &self,
        root: &Path,
        dockerfile: Dockerfile<'_>,
        options: &BuildOptions,
    ) -> Result<String, StepError> {
        let context = BuildContext::open(root, dockerfile)?;
        let text = context.dockerfile_text()?;
        let mut fingerprint = Fingerprint::new();
        options.describe(&mut fingerprint);
        if options.platform.is_none() {
            fingerprint.add("engine", self.engine.platform().await.unwrap_or_default());
        }
        for image in base_images(&text, &options.build_arguments) {
            let digest = self.base_digest(&image, options.pull).await;
            fingerprint.add("base", &image);
            // An unknown base image is identified by its name. The build reports the error.
            fingerprint.add("digest", digest.unwrap_or_default());
        }
        let visited = tokio::task::spawn_blocking(move || {
            fingerprint.add("dockerfile", context.dockerfile());
            context.visit(&mut fingerprint).map(|()| fingerprint)
        });
        let fingerprint = visited.await.map_err(|error| DockerError::Context(error.to_string()))??;
        Ok(fingerprint.tag())
    }

    /// Returns the id of an existing image with all these names. The first name has the content tag.
    ///
    /// If the image is only in the registry, its first name is returned instead of an id. `None` if it must be built.
    pub(super) async fn existing(
        &self,
        context: &StepContext<'_>,
        references: &[String],
    ) -> Result<Option<String>, StepError> {
        let Some((first, others)) = references.split_first() else { return Ok(None) };
        let local = self.engine.image_id(first).await;
        if let Some(digest) = self.digest(first).await {
            let mut all = true;
            for other in others {
                all &= self.digest(other).await.as_ref() == Some(&digest);
            }
            if all {
                context.progress.status(&format!("reused: {first} exists in the registry"));
                return Ok(Some(local.unwrap_or_else(|| first.clone())));
            }
        }
        let Some(id) = local else { return Ok(None) };
        for other in others {
            self.engine.tag(&id, other).await?;
        }
        context.progress.status(&format!("reused: {first} exists on this machine"));
        Ok(Some(id))
    }
}
