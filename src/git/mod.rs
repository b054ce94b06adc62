//! Git: what is known about the local repository, read without the `git` program and without the network, and
//! cloning others, which is left to that program.

mod address;
mod clone;
mod credentials;
mod facts;
mod program;

pub(crate) use address::Address;
pub(crate) use clone::{Checkout, CloneError, Revision};
pub(crate) use credentials::Credentials;
#[cfg(test)]
pub(crate) use facts::tests as testing;
pub(crate) use facts::{Facts, discover};
