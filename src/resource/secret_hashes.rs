//! Hashes of the secrets that were written to blocks, from which a deploy detects a rotated secret.
//!
//! The server masks secrets in its answers, and prefectl never stores them. Instead, a Prefect variable records a salted
//! hash of each secret together with the id and the time of the last change of the block.

use std::{collections::BTreeMap, num::NonZeroU32};

use ring::pbkdf2;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{BlockSecrets, ResourceKey};
use crate::{
    api::{ApiError, Client, Feature},
    digest::hexadecimal,
    secret::Secret,
};

/// Prefix of the names of the variables, which contains dashes or, for old servers, underscores.
const PREFIX: &str = "prefectl-secret-";

/// Number of rounds of the hash function. Slow hashes protect short secrets from guessing.
const ROUNDS: NonZeroU32 = NonZeroU32::new(100_000).unwrap();

/// The hashes of the secrets of a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SecretHash {
    /// `TYPE/NAME` of the block.
    block: String,
    id: Uuid,
    /// Time of the last change of the block, as the server reports it.
    updated: String,
    salt: String,
    /// Hashes of the secrets, by field.
    hashes: BTreeMap<String, String>,
}

/// The recorded hashes of all blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SecretHashes {
    /// Hashes by the name of the block, with the name of the variable that contains them.
    blocks: BTreeMap<String, (String, SecretHash)>,
}

impl SecretHashes {
    /// Reads all records. A record that is unreadable is ignored, so the secret is written again.
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

    /// Returns whether the name of a variable is that of a record.
    pub(crate) fn is_record_name(name: &str) -> bool {
        name.replace('_', "-").starts_with(PREFIX)
    }

    /// Returns whether the block has the given secrets and has not been changed since they were written.
    pub(crate) fn matches(&self, key: &ResourceKey, id: Uuid, updated: &str, secrets: &BlockSecrets) -> bool {
        let Some((_, hash)) = self.blocks.get(&key.name) else { return false };
        hash.id == id
            && hash.updated == updated
            && hash.hashes.len() == secrets.iter().count()
            && secrets.iter().all(|(field, secret)| {
                hash.hashes.get(&field.to_string()) == Some(&digest(secret, &hash.salt))
            })
    }

    /// Records the secrets that were written to a block.
    pub(crate) async fn record(
        client: &Client,
        key: &ResourceKey,
        id: Uuid,
        updated: &str,
        secrets: &BlockSecrets,
    ) -> Result<(), ApiError> {
        let salt = hexadecimal(&rand::random::<[u8; 16]>());
        let hashes =
            secrets.iter().map(|(field, secret)| (field.to_string(), digest(secret, &salt))).collect();
        let hash = SecretHash { block: key.name.clone(), id, updated: updated.to_owned(), salt, hashes };
        client.set_variable(&variable_name(client, key).await?, &json!(hash)).await
    }

    /// Deletes the record of a block.
    pub(crate) async fn forget(client: &Client, key: &ResourceKey) -> Result<(), ApiError> {
        client.delete_variable(&variable_name(client, key).await?).await.map(drop)
    }
}

/// Returns the name of the variable that records the secrets of a block.
async fn variable_name(client: &Client, key: &ResourceKey) -> Result<String, ApiError> {
    let name = format!("{PREFIX}{}", key.name.replace('/', "--"));
    let allows_dashes = client.capabilities().await?.supports(Feature::VariableNamesWithDashes);
    Ok(if allows_dashes { name } else { name.replace('-', "_") })
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

    #[test]
    fn detects_rotated_secrets_and_changed_blocks() {
        let key = ResourceKey::new(ResourceKind::Block, "secret/api");
        let secrets = |text: &str| {
            let mut secrets = BlockSecrets::default();
            secrets.insert("value".into(), Secret::new(text), false);
            secrets
        };
        let hashes = BTreeMap::from([("value".to_owned(), digest(&Secret::new("hunter2"), "salt"))]);
        let (block, id) = (key.name.clone(), Uuid::from_u128(1));
        let hash = SecretHash { block, id, updated: "today".to_owned(), salt: "salt".to_owned(), hashes };
        let text = json!(hash).to_string();
        assert!(!text.contains("hunter2"), "{text}");
        let known = SecretHashes { blocks: [(key.name.clone(), (String::new(), hash))].into() };
        for (id, updated, secret, expected) in [
            (1, "today", "hunter2", true),
            (1, "today", "hunter3", false),
            (1, "tomorrow", "hunter2", false),
            (2, "today", "hunter2", false),
        ] {
            let is_same = known.matches(&key, Uuid::from_u128(id), updated, &secrets(secret));
            assert_eq!(is_same, expected, "{id} {updated} {secret}");
        }
    }
}
