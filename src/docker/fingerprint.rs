//! Derives an image tag from everything that affects the contents of an image.
//!
//! Ignores modification times and owners of files, so that two checkouts of the same commit result in the same tag.
//! Includes file modes, because the image contains them.

use std::{
    fs::Metadata,
    io::{self, Read},
    path::Path,
};

use sha2::{Digest, Sha256};

use super::{archive::Sink, error::DockerError};
use crate::{
    digest::hexadecimal,
    fs::{self, FileError},
};

/// Prefix of content tags. Push steps recognize content tags by this prefix.
const PREFIX: &str = "auto-";

/// Number of hexadecimal digits after the prefix of a content tag.
const DIGITS: usize = 32;

/// Version of the fingerprint algorithm. Increase the version when the same inputs result in a different image.
const GENERATION: &str = "2";

/// A digest of everything that affects the contents of an image.
#[derive(Debug)]
pub(crate) struct Fingerprint {
    hash: Sha256,
}

impl Fingerprint {
    pub(crate) fn new() -> Self {
        let mut new = Self { hash: Sha256::new() };
        new.add("generation", GENERATION);
        new
    }

    /// Adds a named input of the build to the fingerprint.
    pub(crate) fn add(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.bytes(name.as_bytes());
        self.bytes(value.as_ref());
    }

    /// Returns the content tag for all inputs that have been added.
    pub(crate) fn tag(self) -> String {
        let mut digits = hexadecimal(&self.hash.finalize());
        digits.truncate(DIGITS);
        format!("{PREFIX}{digits}")
    }

    /// Adds bytes together with their length, so that different sequences of inputs cannot have the same
    /// digest.
    fn bytes(&mut self, bytes: &[u8]) {
        self.hash.update((bytes.len() as u64).to_le_bytes());
        self.hash.update(bytes);
    }

    fn content(&mut self, source: &Path) -> io::Result<()> {
        let mut file = fs::open(source)?;
        let mut content = Sha256::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            content.update(&buffer[..read]);
        }
        self.bytes(&content.finalize());
        Ok(())
    }
}

impl Sink for Fingerprint {
    fn generated(&mut self, path: &str, contents: &[u8]) -> Result<(), DockerError> {
        self.add("text", path);
        self.bytes(contents);
        Ok(())
    }

    fn entry(&mut self, path: &Path, source: &Path, metadata: &Metadata) -> Result<(), DockerError> {
        let name = path.as_os_str().as_encoded_bytes();
        let unreadable = |error| FileError::new("read", source, error);
        if metadata.is_symlink() {
            self.add("link", name);
            self.bytes(std::fs::read_link(source).map_err(unreadable)?.as_os_str().as_encoded_bytes());
        } else if metadata.is_dir() {
            self.add("directory", name);
            self.add("mode", mode(metadata));
        } else if metadata.is_file() {
            self.add("file", name);
            self.add("mode", mode(metadata));
            self.content(source).map_err(unreadable)?;
        }
        Ok(())
    }
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> [u8; 4] {
    (std::os::unix::fs::MetadataExt::mode(metadata) & 0o7777).to_le_bytes()
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> [u8; 4] {
    [0; 4]
}

/// Checks whether a tag is a content tag. All images with the same content tag have the same contents.
pub(crate) fn is_fingerprint(tag: &str) -> bool {
    let hexadecimal = |digit: char| digit.is_ascii_digit() || matches!(digit, 'a'..='f');
    tag.strip_prefix(PREFIX).is_some_and(|digits| digits.len() == DIGITS && digits.chars().all(hexadecimal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docker::context::{BuildContext, Dockerfile};

    fn tag(root: &Path) -> String {
        let mut fingerprint = Fingerprint::new();
        BuildContext::open(root, Dockerfile::Path("Dockerfile")).unwrap().visit(&mut fingerprint).unwrap();
        fingerprint.tag()
    }

    #[test]
    fn depends_on_content_but_not_on_times_and_ignored_files() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(root.path().join(name), text).unwrap();
        write("Dockerfile", "FROM scratch\nCOPY . /\n");
        write(".dockerignore", "*.log\n");
        write("a", "1");
        let first = tag(root.path());
        assert!(is_fingerprint(&first), "{first}");

        write("x.log", "noise");
        let file = std::fs::File::options().write(true).open(root.path().join("a")).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_hours(1)).unwrap();
        assert_eq!(tag(root.path()), first);

        let mut seen = vec![first];
        let mut differs = |what: &str| {
            let now = tag(root.path());
            assert!(!seen.contains(&now), "{what}");
            seen.push(now);
        };
        write("a", "2");
        differs("content");
        std::fs::rename(root.path().join("a"), root.path().join("b")).unwrap();
        differs("name");
        write("Dockerfile", "FROM scratch\nCOPY b /\n");
        differs("Dockerfile");
        #[cfg(unix)]
        {
            use std::os::unix::fs::{PermissionsExt, symlink};
            std::fs::set_permissions(root.path().join("b"), std::fs::Permissions::from_mode(0o755)).unwrap();
            differs("mode");
            symlink("b", root.path().join("c")).unwrap();
            differs("link");
        }
    }

    #[test]
    fn distinguishes_the_boundaries_of_parts() {
        let tag = |parts: &[(&str, &str)]| {
            let mut fingerprint = Fingerprint::new();
            parts.iter().for_each(|(name, value)| fingerprint.add(name, value));
            fingerprint.tag()
        };
        assert_ne!(tag(&[("a", "bc")]), tag(&[("ab", "c")]));
        assert_ne!(tag(&[("a", "b"), ("c", "d")]), tag(&[("a", "bcd")]));
    }

    #[test]
    fn does_not_recognize_other_tags() {
        for tag in ["auto", "auto-1", "v1", "auto-0123456789abcdef0123456789abcdeg"] {
            assert!(!is_fingerprint(tag), "{tag}");
        }
    }
}
