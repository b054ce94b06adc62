//! `tag: auto`: a tag made of all that goes into an image, so that what is there already need not be built.

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

/// The value of `tag` that asks for it.
pub(in super::super) const AUTO: &str = "auto";

/// An engine, with the credentials of all registries by host.
pub(super) struct Registries {
    pub(super) engine: Engine,
    pub(super) credentials: HashMap<String, Credentials>,
}

impl Registries {
    async fn digest(&self, reference: &str) -> Option<String> {
        let credentials = self.credentials.get(auth::host(registry_of(reference)));
        self.engine.digest_in_registry(reference, credentials).await
    }

    /// What a base image is at the moment, from where the build will take it.
    async fn base_digest(&self, reference: &str, pull: bool) -> Option<String> {
        if pull && let Some(digest) = self.digest(reference).await {
            return Some(digest);
        }
        match self.engine.local_digest(reference).await {
            None if !pull => self.digest(reference).await,
            local => local,
        }
    }

    /// The tag of what a build with these options would give.
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
            // One that nobody knows is told from others by its name alone; the build will say what is wrong with it.
            fingerprint.add("digest", digest.unwrap_or_default());
        }
        let visited = tokio::task::spawn_blocking(move || {
            fingerprint.add("dockerfile", context.dockerfile());
            context.visit(&mut fingerprint).map(|()| fingerprint)
        });
        let fingerprint = visited.await.map_err(|error| DockerError::Context(error.to_string()))??;
        Ok(fingerprint.tag())
    }

    /// The id of the image of these names, the first of which is of its content, if it need not be built.
    ///
    /// An image that is only in the registry is named by its first reference.
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
                context.progress.status(&format!("reused: {first} is in the registry already"));
                return Ok(Some(local.unwrap_or_else(|| first.clone())));
            }
        }
        let Some(id) = local else { return Ok(None) };
        for other in others {
            self.engine.tag(&id, other).await?;
        }
        context.progress.status(&format!("reused: {first} is on this machine already"));
        Ok(Some(id))
    }
}
