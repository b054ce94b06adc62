//! Object storage: a directory into a bucket, and a bucket's folder into a directory.
//!
//! The stores themselves are the `object_store` crate's. Here are the rules of the reference's steps around them:
//! how credentials are given ([`aws`], [`google`], [`azure`]), how a file's key is made of its path ([`key`]),
//! which files an ignore file leaves out ([`ignore_file`]), and the transfer of what has changed ([`push`],
//! [`pull`]).

pub(crate) mod aws;
pub(crate) mod azure;
mod client;
mod content;
mod error;
pub(crate) mod google;
pub(crate) mod ignore_file;
mod key;
mod pull;
mod push;

use std::{fmt, path::Path, sync::Arc};

use object_store::ObjectStore;

pub(crate) use self::{error::StorageError, key::Folder, push::links_out_of};
use crate::environment::Environment;

/// A bucket of S3 or Google Cloud Storage, or a container of Azure.
#[derive(Debug)]
pub(crate) struct Bucket {
    store: Arc<dyn ObjectStore>,
    /// How messages call it, such as `s3://bucket`.
    url: String,
    proof: Proof,
}

/// How it is known that an object has the content of a file, besides its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// The `ETag` is made of MD5 digests, as S3 makes it.
    ETag,
    /// The SHA-256 digest among the object's own metadata, which we write.
    Metadata,
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// What opening a bucket may use of its surroundings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) environment: &'a Environment,
    /// What relative paths in credentials are relative to.
    pub(crate) directory: &'a Path,
}

/// What a transfer has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) copied: usize,
    /// Files that were there already, with the same content.
    pub(crate) unchanged: usize,
}

impl Summary {
    fn count(mut self, is_copied: bool) -> Self {
        if is_copied {
            self.copied += 1;
        } else {
            self.unchanged += 1;
        }
        self
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} copied, {} unchanged", self.copied, self.unchanged)
    }
}

#[cfg(test)]
mod tests;
