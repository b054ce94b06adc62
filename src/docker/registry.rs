//! Queries container engines and registries for images.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bollard::{models::OciPlatform, query_parameters::TagImageOptionsBuilder};
use futures_util::future::join_all;

use super::{
    auth::Credentials,
    build::make_credentials_url_safe,
    engine::{Engine, message},
    error::DockerError,
    image_lock::LockedImage,
    reference::{ImageName, registry_of, split_tag},
};

/// Maximum duration of a query to a registry.
const PATIENCE: Duration = Duration::from_secs(20);

/// Image digests that a command has found in registries or pushed to registries.
#[derive(Debug, Default)]
pub(crate) struct ImageDigests {
    /// Images with content tags. Cached, so that later steps do not query the registry again.
    found: Mutex<HashMap<String, String>>,
    /// Images that were pushed or were already in the registry, keyed by reference.
    pushed: Mutex<BTreeMap<String, LockedImage>>,
}

/// An image in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegistryImage {
    pub(crate) digest: String,
    /// Platforms such as `linux/amd64`, sorted.
    pub(crate) platforms: Vec<String>,
}

impl ImageDigests {
    /// Returns the digest of the image to which all names in `references` refer in the registry, or `None` if a name is
    /// missing or refers to a different image.
    ///
    /// The first name must have a content tag, because its image never changes. The other names are always
    /// queried.
    pub(crate) async fn common(
        &self,
        engine: &Engine,
        references: &[String],
        credentials: Option<&Credentials>,
    ) -> Option<String> {
        let (first, others) = references.split_first()?;
        let known = self.found().get(first).cloned();
        let first_digest = async {
            match known {
                Some(digest) => Some(digest),
                None => engine.digest_in_registry(first, credentials).await,
            }
        };
        let others = join_all(others.iter().map(|other| engine.digest_in_registry(other, credentials)));
        let (digest, others) = tokio::join!(first_digest, others);
        let digest = digest?;
        self.found().insert(first.clone(), digest.clone());
        others.iter().all(|other| other.as_ref() == Some(&digest)).then_some(digest)
    }

    /// Records an image that exists in its registry.
    pub(crate) fn record(&self, name: &ImageName, tag: &str, image: RegistryImage) {
        let RegistryImage { digest, platforms } = image;
        let Ok(image) = format!("{}@{digest}", name.as_str()).parse() else { return };
        let image = LockedImage { image, tag: tag.to_owned(), platforms, deployments: BTreeSet::new() };
        let mut pushed = self.pushed.lock().unwrap_or_else(PoisonError::into_inner);
        pushed.insert(image.name_with_tag(), image);
    }

    /// Returns the recorded images, sorted by reference.
    pub(crate) fn pushed(&self) -> Vec<LockedImage> {
        self.pushed.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn found(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Formats a platform as `os/architecture[/variant]`. Returns `None` for attestations, because their platform
/// is unknown.
fn platform(platform: &OciPlatform) -> Option<String> {
    let part = |part: &Option<String>| part.clone().filter(|part| !part.is_empty() && part != "unknown");
    let (os, architecture) = (part(&platform.os)?, part(&platform.architecture)?);
    let variant = part(&platform.variant).map(|variant| format!("/{variant}")).unwrap_or_default();
    Some(format!("{os}/{architecture}{variant}"))
}

impl Engine {
    /// Returns the digest of an image in its registry, or `None` if the image does not exist or the registry denies
    /// access.
    pub(crate) async fn digest_in_registry(
        &self,
        reference: &str,
        credentials: Option<&Credentials>,
    ) -> Option<String> {
        Some(self.registry_image(reference, credentials).await?.digest)
    }

    /// Returns the digest and the platforms of an image in its registry, or `None` if the image does not exist or the
    /// registry denies access.
    pub(crate) async fn registry_image(
        &self,
        reference: &str,
        credentials: Option<&Credentials>,
    ) -> Option<RegistryImage> {
        let client = self.client.clone().with_request_modifier(make_credentials_url_safe);
        let credentials = credentials.map(|credentials| credentials.for_engine(registry_of(reference)));
        let asked = client.inspect_registry_image(reference, credentials);
        let answer = tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()?;
        let mut platforms: Vec<String> = answer.platforms.iter().filter_map(platform).collect();
        platforms.sort_unstable();
        Some(RegistryImage { digest: answer.descriptor.digest?, platforms })
    }

    /// Returns the ID of an image, or `None` if the engine does not have the image.
    pub(crate) async fn image_id(&self, reference: &str) -> Option<String> {
        self.client.inspect_image(reference).await.ok()?.id
    }

    /// Returns the digest that a local image was pulled by, or the image ID if the image was not pulled.
    /// Returns `None` if the engine does not have the image.
    pub(crate) async fn local_digest(&self, reference: &str) -> Option<String> {
        let image = self.client.inspect_image(reference).await.ok()?;
        let pulled = image.repo_digests.unwrap_or_default();
        let digest = pulled.first().and_then(|name| Some(name.split_once('@')?.1.to_owned()));
        digest.or(image.id)
    }

    /// Returns the engine's default build platform, such as `linux/amd64`.
    pub(crate) async fn platform(&self) -> Option<String> {
        let version = self.client.version().await.ok()?;
        Some(format!("{}/{}", version.os?, version.arch?))
    }

    /// Checks whether Docker builds with BuildKit by default: on Linux since version 23 (API version 1.42).
    pub(crate) async fn prefers_buildkit(&self) -> bool {
        let Ok(version) = self.client.version().await else { return false };
        let is_docker =
            version.components.iter().flatten().all(|component| !component.name.contains("Podman"));
        let api = version.api_version.as_deref().and_then(|api| api.split_once('.'));
        let api = api.and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        is_docker && version.os.as_deref() == Some("linux") && api >= Some((1_u32, 42_u32))
    }

    /// Tags an existing image with an additional name.
    pub(crate) async fn tag(&self, image: &str, reference: &str) -> Result<(), DockerError> {
        let (name, tag) = split_tag(reference);
        let options = TagImageOptionsBuilder::new().repo(name).tag(tag.unwrap_or("latest")).build();
        self.client
            .tag_image(image, Some(options))
            .await
            .map_err(|error| DockerError::Engine { action: "tag the image", message: message(&error) })
    }
}
