//! Compares the contents of objects and files.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, Read},
    path::Path,
};

use md5::Md5;
use object_store::{Attribute, Attributes, GetOptions, ObjectMeta};
use sha2::{Digest, Sha256};

use super::{Bucket, Proof, StorageError};
use crate::{
    digest::hexadecimal,
    fs::{self, FileError},
};

/// Part size of large uploads in bytes. Equal to boto3's part size, so that the `ETag` of files uploaded with boto3 can
/// be computed.
pub(super) const PART: usize = 8 << 20;

/// Name of the metadata entry that contains the SHA-256 digest of an object.
const SHA256: Attribute = Attribute::Metadata(Cow::Borrowed("sha256"));

/// Returns the metadata to store with an object. Later pushes and pulls use this metadata to recognize the object's
/// contents.
pub(super) async fn attributes(bucket: &Bucket, path: &Path) -> Result<Attributes, StorageError> {
    if bucket.proof == Proof::ETag {
        return Ok(Attributes::new());
    }
    let digest = digest_file(path, sha256).await?;
    Ok([(SHA256, digest)].into_iter().collect())
}

/// Checks whether an object has the same contents as a file of the same size. Returns `false` if this cannot
/// be determined without a download.
pub(super) async fn is_same(bucket: &Bucket, meta: &ObjectMeta, path: &Path) -> Result<bool, StorageError> {
    match bucket.proof {
        Proof::ETag => {
            let tag = meta.e_tag.as_deref().unwrap_or_default().trim_matches('"').to_ascii_lowercase();
            Ok(digest_file(path, move |file| has_tag(file, &tag)).await?)
        }
        Proof::Metadata => {
            let options = GetOptions { head: true, ..GetOptions::default() };
            let head = bucket.store.get_opts(&meta.location, options).await;
            // Without the permission to read metadata, the object is copied again.
            let Ok(head) = head else { return Ok(false) };
            let Some(known) = head.attributes.get(&SHA256) else { return Ok(false) };
            Ok(digest_file(path, sha256).await? == known.as_ref())
        }
    }
}

/// Computes a digest of a file in a blocking thread.
async fn digest_file<T: Send + 'static>(
    path: &Path,
    read: impl FnOnce(File) -> io::Result<T> + Send + 'static,
) -> Result<T, FileError> {
    let path = path.to_owned();
    let read = move || fs::open(&path).and_then(read).map_err(|error| FileError::new("read", &path, error));
    tokio::task::spawn_blocking(read)
        .await
        .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

fn sha256(mut file: File) -> io::Result<String> {
    let mut digest = Sha256::new();
    io::copy(&mut file, &mut HashWriter(&mut digest))?;
    Ok(hexadecimal(&digest.finalize()))
}

/// Checks whether an `ETag` equals the `ETag` that S3 would compute for a file's contents. The `ETag` of a single
/// upload is the MD5 digest of the contents. The `ETag` of an upload in parts is the MD5 digest of the parts' MD5
/// digests, followed by the number of parts.
fn has_tag(mut file: impl Read, tag: &str) -> io::Result<bool> {
    let is_digest = |text: &str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest(tag) {
        let mut digest = Md5::new();
        io::copy(&mut file, &mut HashWriter(&mut digest))?;
        return Ok(hexadecimal(&digest.finalize()) == tag);
    }
    let Some((digest_of_parts, count)) = tag.split_once('-') else { return Ok(false) };
    if !is_digest(digest_of_parts) {
        return Ok(false);
    }
    let (mut all, mut parts) = (Md5::new(), 0_usize);
    loop {
        let mut part = Md5::new();
        if io::copy(&mut file.by_ref().take(PART as u64), &mut HashWriter(&mut part))? == 0 {
            break;
        }
        all.update(part.finalize());
        parts += 1;
    }
    Ok(count == parts.to_string() && hexadecimal(&all.finalize()) == digest_of_parts)
}

/// A writer that adds all written bytes to a digest.
struct HashWriter<'a, D>(&'a mut D);

impl<D: Digest> io::Write for HashWriter<'_, D> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computes_the_tags_of_s3() {
        let large = vec![b'x'; PART + 1];
        for (content, tag, expected) in [
            (&b"hello\n"[..], "b1946ac92492d2347c6235b4d2611184", true),
            (b"hello", "b1946ac92492d2347c6235b4d2611184", false),
            (b"", "d41d8cd98f00b204e9800998ecf8427e", true),
            // MD5 digest of the MD5 digests of two parts.
            (&large, "4324378fe1c19cb47d68b75ffd799f97-2", true),
            (&large, "2e5eff8c9ee9d7e8c1ae4b26d3f1e4bf-3", false),
            (b"hello\n", "0x8DC1234567890AB", false),
            (b"hello\n", "", false),
        ] {
            assert_eq!(has_tag(content, tag).unwrap(), expected, "{tag}");
        }
    }
}
