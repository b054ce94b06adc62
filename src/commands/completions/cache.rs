//! Caches names from a server on disk for a few seconds, because shells request them whenever the Tab key is
//! pressed.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{digest, environment::Environment, fs};

/// Lifetime of cached names.
const LIFETIME: SignedDuration = SignedDuration::from_secs(10);

/// The cache for a server and a profile.
pub(super) struct NameCache {
    folder: PathBuf,
    server: String,
}

/// The cached names that start with a certain prefix.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    read_at: Timestamp,
    /// Whether the list is complete. If so, the server has no other names with the prefix.
    is_complete: bool,
    names: Vec<String>,
}

impl NameCache {
    /// Returns the cache for a server and a profile, or `None` if there is no home directory.
    pub(super) fn new(environment: &Environment, server: &str, profile: &str) -> Option<Self> {
        let cache = match environment.non_empty("XDG_CACHE_HOME") {
            Some(folder) => PathBuf::from(folder),
            None => environment.home_directory()?.join(".cache"),
        };
        Some(Self { folder: cache.join("prefectl/completions"), server: format!("{profile}\n{server}") })
    }

    /// Returns cached names that start with a prefix, or `None` if the names must be requested from the server.
    pub(super) fn find(&self, kind: &str, prefix: &str, now: Timestamp) -> Option<Vec<String>> {
        let ends = prefix.char_indices().map(|(at, _)| at).chain([prefix.len()]).rev();
        let entries = ends.filter_map(|end| Some((end, self.read(kind, &prefix[..end])?)));
        let is_usable = |(end, entry): &(usize, Entry)| {
            let age = now.duration_since(entry.read_at);
            let is_recent = age >= SignedDuration::ZERO && age < LIFETIME;
            is_recent && (entry.is_complete || *end == prefix.len())
        };
        let (_, entry) = entries.into_iter().find(is_usable)?;
        Some(entry.names)
    }

    /// Stores names in the cache. Ignores errors, because the names can be requested again.
    pub(super) fn store(
        &self,
        kind: &str,
        prefix: &str,
        names: &[String],
        is_complete: bool,
        now: Timestamp,
    ) {
        let entry = Entry { read_at: now, is_complete, names: names.to_vec() };
        let Ok(text) = serde_json::to_string(&entry) else { return };
        let _ = fs::write_private(&self.path(kind, prefix), &text);
    }

    fn read(&self, kind: &str, prefix: &str) -> Option<Entry> {
        serde_json::from_str(&fs::read_text(&self.path(kind, prefix)).ok()?).ok()
    }

    fn path(&self, kind: &str, prefix: &str) -> PathBuf {
        let key = format!("{}\n{kind}\n{prefix}", self.server);
        self.folder.join(format!("{}.json", digest::sha256_hex(key.as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reuses_complete_names_for_longer_prefixes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let environment = Environment::from_iter([("XDG_CACHE_HOME", path)]);
        let cache = |server| NameCache::new(&environment, server, "default").unwrap();
        let now = Timestamp::from_second(1_000).unwrap();
        let names = ["etl/a".to_owned(), "etl/b".to_owned()];
        cache("http://a").store("deployments", "et", &names, true, now);
        cache("http://a").store("pools", "p", &names, false, now);
        let later = |seconds| now + SignedDuration::from_secs(seconds);
        for (server, kind, prefix, time, is_found) in [
            ("http://a", "deployments", "et", later(9), true),
            ("http://a", "deployments", "etl/", later(9), true),
            ("http://a", "deployments", "e", later(0), false),
            ("http://a", "deployments", "et", later(10), false),
            ("http://a", "deployments", "et", later(-1), false),
            ("http://b", "deployments", "et", now, false),
            ("http://a", "queues", "et", now, false),
            ("http://a", "pools", "p", now, true),
            ("http://a", "pools", "pq", now, false),
        ] {
            let found = cache(server).find(kind, prefix, time);
            assert_eq!(found.is_some(), is_found, "{server} {kind} {prefix} {time}");
        }
    }
}
