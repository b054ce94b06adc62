//! What is known about the local Git repository, read without the `git` program and without the network.

mod facts;

pub(crate) use facts::{Facts, discover};
