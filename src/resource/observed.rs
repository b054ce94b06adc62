//! Server state of the declared resources.

use std::{borrow::Cow, collections::BTreeSet};

use super::{
    DesiredResource, LiveResource, LiveResources, ReferenceKind, References, ResourceKey, ResourceKind,
    ResourceReference, SecretHashes,
    requests::{self, PoolQueues},
};
use crate::api::{ApiError, Client, JsonObject};

/// The server state to compare with the declared resources.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    pub(crate) live: LiveResources,
    pub(crate) hashes: SecretHashes,
    pub(crate) references: References,
    /// All queues in work pools with declared queues.
    pub(crate) queues: PoolQueues,
}

impl Observed {
    /// Reads the existing resources, the recorded secret hashes, the IDs of referenced objects, and the queues.
    pub(crate) async fn read(client: &Client, desired: &[DesiredResource]) -> Result<Self, ApiError> {
        let has_secrets = desired.iter().any(|resource| !resource.secrets.is_empty());
        let hashes = async || {
            if has_secrets { SecretHashes::read(client).await } else { Ok(SecretHashes::default()) }
        };
        let keys = desired.iter().map(|resource| (&resource.key, resource.id));
        let live = requests::read_with_queues(client, keys);
        let references = Self::references(client, desired);
        let ((live, queues), hashes, references) = tokio::try_join!(live, hashes(), references)?;
        Ok(Self { live, hashes, references, queues })
    }

    /// Reads the IDs of the objects that the resources refer to.
    pub(crate) async fn references(
        client: &Client,
        desired: impl IntoIterator<Item = &DesiredResource>,
    ) -> Result<References, ApiError> {
        let (mut referenced, mut selected) = (BTreeSet::new(), Vec::new());
        for DesiredResource { key, id, references, .. } in desired {
            referenced.extend(references.iter().map(|(reference, _)| reference.clone()));
            if let (ResourceKind::Automation, Some(id)) = (key.kind, id) {
                let name = key.name.clone();
                selected.push((ResourceReference { kind: ReferenceKind::Automation, name }, *id));
            }
        }
        let mut found = References::read(client, referenced).await?;
        for (reference, id) in selected {
            found.insert(reference, id);
        }
        Ok(found)
    }

    /// Returns a live resource's fields. Actions refer to known objects by name, as in declarations.
    pub(crate) fn fields<'a>(&self, key: &ResourceKey, live: &'a LiveResource) -> Cow<'a, JsonObject> {
        match key.kind {
            ResourceKind::Automation => Cow::Owned(self.references.with_names(&live.fields)),
            _ => Cow::Borrowed(&live.fields),
        }
    }
}
