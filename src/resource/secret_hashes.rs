//! Hashes of secrets written to blocks. A deploy uses them to detect rotated secrets.
//!
//! The server masks secrets in its responses, and prefectl never stores them. Instead, a Prefect variable records a
//! salted hash of each secret, the block ID, and the block's last modification time.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
};

use ring::pbkdf2;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{BlockSecrets, ResourceKey};
use crate::{
    api::{ApiError, Client, Feature},
    block_schema::FieldPath,
    digest::hexadecimal,
    secret::Secret,
};

/// Name prefix of the variables, with dashes or, for old servers, underscores.
const PREFIX: &str = "prefectl-secret-";

/// Number of hash rounds. Slow hashes protect short secrets from guessing.
const ROUNDS: NonZeroU32 = NonZeroU32::new(100_000).unwrap();

/// The hashes of a block's secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SecretHash {
    /// `TYPE/NAME` of the block.
    block: String,
    id: Uuid,
    /// The block's last modification time as reported by the server.
    updated: String,
    salt: String,
    /// Hashes of the secrets, keyed by field.
    hashes: BTreeMap<String, String>,
}

/// The recorded hashes of all blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SecretHashes {
    /// Maps each block to the name of the variable that stores the block's hash, and the hash.
    blocks: BTreeMap<String, (String, SecretHash)>,
}

impl SecretHashes {
    /// Reads all records. Ignores unreadable records, so their secrets are written again.
    pub(crate) async fn read(client: &Client) -> Result<Self, ApiError> {
        let mut blocks = BTreeMap::new();
        for variable in client.variables_like("prefectl").await? {
            if !Self::is_record_name(&variable.name) {
                continue;
            }
            if let Ok(hash) = serde_json::from_value::<SecretHash>(variable.value) {
                blocks.insert(hash.block.clone(), (variable.name, hash));
            }
        }
        Ok(Self { blocks })
    }

    /// Returns whether a variable name belongs to a hash record.
    pub(crate) fn is_record_name(name: &str) -> bool {
        name.replace('_', "-").starts_with(PREFIX)
    }

    /// Returns the secrets that differ from the recorded secrets. If the block has changed since the last recorded
    /// write, all secrets may differ.
    pub(crate) fn changed(
        &self,
        key: &ResourceKey,
        id: Uuid,
        updated: &str,
        secrets: &BlockSecrets,
    ) -> BTreeSet<FieldPath> {
        let recorded = self.blocks.get(&key.name).map(|(_, hash)| hash);
        let recorded = recorded.filter(|hash| hash.id == id && hash.updated == updated);
        let is_same = |field: &FieldPath, secret: &Secret| {
            recorded
                .is_some_and(|hash| hash.hashes.get(&field.to_string()) == Some(&digest(secret, &hash.salt)))
        };
        let changed = secrets.iter().filter(|(field, secret)| !is_same(field, secret));
        changed.map(|(field, _)| field.clone()).collect()
    }

    /// Records the secrets written to a block.
    pub(crate) async fn record(
        client: &Client,
        key: &ResourceKey,
        id: Uuid,
        updated: &str,
        secrets: &BlockSecrets,
    ) -> Result<(), ApiError> {
        let salt = new_salt();
        let hashes =
            secrets.iter().map(|(field, secret)| (field.to_string(), digest(secret, &salt))).collect();
        let hash = SecretHash { block: key.name.clone(), id, updated: updated.to_owned(), salt, hashes };
        client.set_variable(&variable_name(client, key).await?, &json!(hash)).await
    }

    /// Records that a block has changed without its secrets. `previous` and `updated` are the modification times before
    /// and after the change. Keeps a record with a different modification time, so the secrets are written again.
    pub(crate) async fn renew(
        client: &Client,
        key: &ResourceKey,
        previous: &str,
        updated: &str,
    ) -> Result<(), ApiError> {
        let mut hashes = Self::read(client).await?;
        let Some((name, hash)) = hashes.blocks.remove(&key.name) else { return Ok(()) };
        if hash.updated != previous {
            return Ok(());
        }
        client.set_variable(&name, &json!(SecretHash { updated: updated.to_owned(), ..hash })).await
    }

    /// Deletes a block's record.
    pub(crate) async fn forget(client: &Client, key: &ResourceKey) -> Result<(), ApiError> {
        client.delete_variable(&variable_name(client, key).await?).await.map(drop)
    }
}

/// Returns the name of the variable that records a block's secrets.
async fn variable_name(client: &Client, key: &ResourceKey) -> Result<String, ApiError> {
    let name = format!("{PREFIX}{}", key.name.replace('/', "--"));
    let allows_dashes = client.capabilities().await?.supports(Feature::VariableNamesWithDashes);
    Ok(if allows_dashes { name } else { name.replace('-', "_") })
}

/// A salted hash of all of a block's secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SecretsDigest {
    salt: String,
    hash: String,
}

impl SecretsDigest {
    /// Returns the digest of a block's secrets, or `None` if the block has no secrets.
    pub(crate) fn new(secrets: &BlockSecrets) -> Option<Self> {
        let salt = new_salt();
        (!secrets.is_empty()).then(|| Self { hash: digest(&joined(secrets), &salt), salt })
    }

    /// Returns whether this is the digest of the given secrets.
    pub(crate) fn matches(&self, secrets: &BlockSecrets) -> bool {
        self.hash == digest(&joined(secrets), &self.salt)
    }
}

/// Returns a string that contains all of a block's secrets and their fields.
fn joined(secrets: &BlockSecrets) -> Secret {
    let fields = secrets.iter().map(|(field, secret)| (field.to_string(), secret.expose()));
    Secret::new(json!(fields.collect::<Vec<_>>()).to_string())
}

fn new_salt() -> String {
    hexadecimal(&rand::random::<[u8; 16]>())
}

fn digest(secret: &Secret, salt: &str) -> String {
    let mut hash = [0; 32];
    let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
    pbkdf2::derive(algorithm, ROUNDS, salt.as_bytes(), secret.expose().as_bytes(), &mut hash);
    hexadecimal(&hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::ResourceKind;

    fn secrets(fields: &[(&str, &str)]) -> BlockSecrets {
        let mut secrets = BlockSecrets::default();
        for (field, text) in fields {
            secrets.insert((*field).into(), Secret::new(*text), (*text).into());
        }
        secrets
    }

    #[test]
    fn detects_rotated_secrets_and_changed_blocks() {
        let key = ResourceKey::new(ResourceKind::Block, "aws-credentials/api");
        let hash = |text: &str| digest(&Secret::new(text), "salt");
        let hashes = BTreeMap::from([("a".to_owned(), hash("hunter2")), ("b".to_owned(), hash("hunter4"))]);
        let (block, id) = (key.name.clone(), Uuid::from_u128(1));
        let hash = SecretHash { block, id, updated: "today".to_owned(), salt: "salt".to_owned(), hashes };
        let text = json!(hash).to_string();
        assert!(!text.contains("hunter2"), "{text}");
        let known = SecretHashes { blocks: [(key.name.clone(), (String::new(), hash))].into() };
        for (id, updated, fields, expected) in [
            (1, "today", &[("a", "hunter2"), ("b", "hunter4")][..], &[][..]),
            (1, "today", &[("a", "hunter3"), ("b", "hunter4")], &["a"]),
            (1, "today", &[("b", "hunter4")], &[]),
            (1, "today", &[("b", "hunter4"), ("c", "x")], &["c"]),
            (1, "tomorrow", &[("a", "hunter2"), ("b", "hunter4")], &["a", "b"]),
            (2, "today", &[("a", "hunter2")], &["a"]),
        ] {
            let changed = known.changed(&key, Uuid::from_u128(id), updated, &secrets(fields));
            let changed: Vec<String> = changed.iter().map(ToString::to_string).collect();
            assert_eq!(changed, expected, "{id} {updated} {fields:?}");
        }
    }

    #[test]
    fn digests_match_the_same_secrets() {
        let digest = SecretsDigest::new(&secrets(&[("a", "x"), ("b", "y")])).unwrap();
        assert_eq!(SecretsDigest::new(&secrets(&[])), None);
        for (fields, expected) in [
            (&[("a", "x"), ("b", "y")][..], true),
            (&[("a", "y"), ("b", "x")], false),
            (&[("a", "x")], false),
        ] {
            assert_eq!(digest.matches(&secrets(fields)), expected, "{fields:?}");
        }
    }
}
