//! Copies files between directories and object stores.
//!
//! The `object_store` crate connects to the stores. This module implements the rules of Prefect's steps:
//! credentials ([`aws`], [`google`], [`azure`]), object keys ([`key`]), ignore files ([`ignore_file`]), and
//! pushes and pulls of changed files ([`push`], [`pull`]).

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

pub(crate) use self::{error::StorageError, key::Folder, push::LocalFiles};
use crate::environment::Environment;

/// A bucket in S3 or Google Cloud Storage, or a container in Azure Blob Storage.
#[derive(Debug)]
pub(crate) struct Bucket {
    store: Arc<dyn ObjectStore>,
    /// URL of the bucket for messages, such as `s3://bucket`.
    url: String,
    proof: Proof,
}

/// The method for verifying that an object and a file of the same size have the same contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// The object's `ETag`. S3 computes it from MD5 digests.
    ETag,
    /// The SHA-256 digest that prefectl stores in the metadata of the object.
    Metadata,
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// The context for opening a bucket: environment variables and a base directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access<'a> {
    pub(crate) environment: &'a Environment,
    /// The base directory for relative paths in credentials.
    pub(crate) directory: &'a Path,
}

/// The result of a push or pull.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) copied: usize,
    /// Number of files skipped because their contents had not changed.
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
