//! Transfers between directories and object stores.
//!
//! The stores are those of the `object_store` crate. This module adds the rules of Prefect's steps: credentials ([`aws`],
//! [`google`], [`azure`]), object keys ([`key`]), ignore files ([`ignore_file`]), and the transfer of changed files
//! ([`push`], [`pull`]).

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

pub(crate) use self::{error::StorageError, key::Folder, push::links_outside};
use crate::environment::Environment;

/// A bucket of S3 or Google Cloud Storage, or a container of Azure.
#[derive(Debug)]
pub(crate) struct Bucket {
    store: Arc<dyn ObjectStore>,
    /// The name in messages, such as `s3://bucket`.
    url: String,
    proof: Proof,
}

/// The evidence that an object and a file of the same size have the same content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// The `ETag`, which S3 computes from MD5 digests.
    ETag,
    /// The SHA-256 digest in the object's metadata, which prefectl writes.
    Metadata,
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// What opening a bucket may use of its access.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access<'a> {
    pub(crate) environment: &'a Environment,
    /// The base of relative paths in credentials.
    pub(crate) directory: &'a Path,
}

/// The result of a transfer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) copied: usize,
    /// Number of files that existed with the same content.
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
