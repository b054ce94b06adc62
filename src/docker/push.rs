//! Pushes images to their registries.

use std::time::{Duration, Instant};

use bollard::{models::PushImageInfo, query_parameters::PushImageOptions};
use futures_util::StreamExt;

use super::{
    auth::Credentials,
    build::make_credentials_url_safe,
    engine::{Engine, message},
    error::DockerError,
    reference::ImageName,
};
use crate::progress::{Amount, Progress, Stream as OutputStream};

/// Minimum time between two status messages about a push. The last message is not delayed.
const STATUS_INTERVAL: Duration = Duration::from_secs(5);

impl Engine {
    /// Pushes a tag of an image, or all local tags of the image if `tag` is `None`. Returns the digest if a
    /// single tag was pushed.
    pub(crate) async fn push(
        &self,
        name: &ImageName,
        tag: Option<&str>,
        credentials: Option<&Credentials>,
        progress: &dyn Progress,
    ) -> Result<Option<String>, DockerError> {
        let reference = tag.map_or_else(|| name.as_str().to_owned(), |tag| name.with_tag(tag));
        let client = self.client.clone().with_request_modifier(make_credentials_url_safe);
        let options = PushImageOptions { tag: tag.map(str::to_owned), platform: None };
        let credentials = credentials.map(|credentials| credentials.for_engine(name.registry()));
        let mut layers = Layers::default();
        let mut digest = None;
        let mut events = std::pin::pin!(client.push_image(name.as_str(), Some(options), credentials));
        while let Some(event) = events.next().await {
            let event = event.map_err(|error| DockerError::Push {
                reference: reference.clone(),
                message: message(&error),
            })?;
            let Some(status) = event.status.as_deref() else { continue };
            if let Some(pushed) = digest_in(status) {
                digest = Some(pushed.to_owned());
            }
            if layers.count(&event) {
                progress.advance(layers.amount());
                if layers.is_due(Instant::now()) {
                    let Layers { done, all, .. } = layers;
                    progress.status(&format!("Pushing {reference}: {done} of {all} layers"));
                }
            } else if !is_transfer(status) {
                progress.output(OutputStream::Stdout, status);
            }
        }
        match (tag, digest) {
            (None, _) => Ok(None),
            (Some(_), Some(digest)) => Ok(Some(digest)),
            (Some(_), None) => Ok(self.pushed_digest(name, &reference).await),
        }
    }

    /// Looks up the digest of a pushed image in the engine, because some engines do not report the digest
    /// during the push.
    async fn pushed_digest(&self, name: &ImageName, reference: &str) -> Option<String> {
        let image = self.client.inspect_image(reference).await.ok()?;
        let matching_digest = |known: &String| {
            let (repository, digest) = known.split_once('@')?;
            (repository == name.as_str()).then(|| digest.to_owned())
        };
        image.repo_digests?.iter().find_map(matching_digest)
    }
}

/// Push progress: the number of layers, and the number of layers that are in the registry.
#[derive(Debug, Default, PartialEq, Eq)]
struct Layers {
    all: usize,
    done: usize,
    /// Time of the last status message.
    reported: Option<Instant>,
}

impl Layers {
    fn amount(&self) -> Amount {
        let [done, total] = [self.done, self.all].map(|count| u64::try_from(count).unwrap_or(u64::MAX));
        Amount { done, total, unit: "layers" }
    }

    /// Processes an event of the engine. Returns `true` if a layer was added or completed.
    fn count(&mut self, event: &PushImageInfo) -> bool {
        let status = event.status.as_deref().unwrap_or_default();
        if status == "Preparing" {
            self.all += 1;
        } else if matches!(status, "Pushed" | "Layer already exists") || status.starts_with("Mounted from ") {
            self.done += 1;
        } else {
            return false;
        }
        true
    }

    /// Returns whether a status message is due and records the time of a due message. No message is due before the
    /// first layer is done.
    fn is_due(&mut self, now: Instant) -> bool {
        let is_late = self.reported.is_none_or(|last| now.duration_since(last) >= STATUS_INTERVAL);
        let is_due = self.done > 0 && (is_late || self.done == self.all);
        if is_due {
            self.reported = Some(now);
        }
        is_due
    }
}

/// Checks whether a status describes the ongoing upload of a single layer.
fn is_transfer(status: &str) -> bool {
    matches!(status, "Waiting" | "Pushing" | "Retrying") || status.starts_with("Retrying in ")
}

/// Returns the digest from a status line such as `v1: digest: sha256:0123... size: 522`.
fn digest_in(status: &str) -> Option<&str> {
    let (_, rest) = status.split_once("digest: ")?;
    rest.split_whitespace().next().filter(|digest| digest.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_digest_from_the_last_line() {
        assert_eq!(digest_in("v1: digest: sha256:01ab size: 522"), Some("sha256:01ab"));
        assert_eq!(digest_in("The push refers to repository [localhost:5000/img]"), None);
        assert_eq!(digest_in("digest: none"), None);
    }

    #[test]
    fn counts_layers() {
        let mut layers = Layers::default();
        let events =
            ["Preparing", "Preparing", "Waiting", "Pushing", "Pushed", "Layer already exists", "v1: digest"];
        let counted = events.map(|status| {
            layers.count(&PushImageInfo { status: Some(status.to_owned()), ..PushImageInfo::default() })
        });
        assert_eq!(counted, [true, true, false, false, true, true, false]);
        assert_eq!((layers.all, layers.done), (2, 2));
    }

    #[test]
    fn limits_status_messages_in_time() {
        let start = Instant::now();
        let mut layers = Layers { all: 100, ..Layers::default() };
        assert!(!layers.is_due(start));
        let mut reported = Vec::new();
        for second in 1..=12 {
            layers.done += if second == 12 { 89 } else { 1 };
            if layers.is_due(start + Duration::from_secs(second)) {
                reported.push(layers.done);
            }
        }
        assert_eq!(reported, [1, 6, 11, 100]);
    }
}
