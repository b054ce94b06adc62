//! What the engine and registries know about images.

use std::time::Duration;

use bollard::query_parameters::TagImageOptionsBuilder;

use super::{
    auth::Credentials,
    build::make_credentials_url_safe,
    engine::{Engine, message},
    error::DockerError,
    reference::{registry_of, split_tag},
};

/// How long a registry may take to say whether it has an image.
const PATIENCE: Duration = Duration::from_secs(20);

impl Engine {
    /// The digest under which its registry has an image. `None` where it has none, or does not say: registries refuse
    /// to tell strangers what is missing.
    pub(crate) async fn digest_in_registry(
        &self,
        reference: &str,
        credentials: Option<&Credentials>,
    ) -> Option<String> {
        let client = self.client.clone().with_request_modifier(make_credentials_url_safe);
        let credentials = credentials.map(|credentials| credentials.for_engine(registry_of(reference)));
        let asked = client.inspect_registry_image(reference, credentials);
        let answer = tokio::time::timeout(PATIENCE, asked).await.ok()?;
        answer.ok()?.descriptor.digest
    }

    /// The id of an image on this machine.
    pub(crate) async fn image_id(&self, reference: &str) -> Option<String> {
        self.client.inspect_image(reference).await.ok()?.id
    }

    /// The digest under which an image on this machine was pulled, or else its id.
    pub(crate) async fn local_digest(&self, reference: &str) -> Option<String> {
        let image = self.client.inspect_image(reference).await.ok()?;
        let pulled = image.repo_digests.unwrap_or_default();
        let digest = pulled.first().and_then(|name| Some(name.split_once('@')?.1.to_owned()));
        digest.or(image.id)
    }

    /// What images are built for unless something else is asked for, such as `linux/amd64`.
    pub(crate) async fn platform(&self) -> Option<String> {
        let version = self.client.version().await.ok()?;
        Some(format!("{}/{}", version.os?, version.arch?))
    }

    /// Whether the engine itself would build with BuildKit, as Docker does since version 23 (API 1.42) on Linux.
    pub(crate) async fn prefers_buildkit(&self) -> bool {
        let Ok(version) = self.client.version().await else { return false };
        let is_docker =
            version.components.iter().flatten().all(|component| !component.name.contains("Podman"));
        let api = version.api_version.as_deref().and_then(|api| api.split_once('.'));
        let api = api.and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        is_docker && version.os.as_deref() == Some("linux") && api >= Some((1_u32, 42_u32))
    }

    /// Gives an image one more name.
    pub(crate) async fn tag(&self, image: &str, reference: &str) -> Result<(), DockerError> {
        let (name, tag) = split_tag(reference);
        let options = TagImageOptionsBuilder::new().repo(name).tag(tag.unwrap_or("latest")).build();
        self.client
            .tag_image(image, Some(options))
            .await
            .map_err(|error| DockerError::Engine { action: "tag the image", message: message(&error) })
    }
}
