//! What is known about the local Git repository, read without the `git` program and without the network.

mod facts;

#[cfg(test)]
pub(crate) use facts::tests as testing;
pub(crate) use facts::{Facts, discover};
