//! Git support: reads properties of the local repository with libgit2, and clones other repositories with the
//! `git` program.

mod address;
mod changes;
mod clone;
mod credentials;
mod facts;
mod program;
mod remote;
mod time_limit;

pub(crate) use address::Address;
pub(crate) use changes::{Changes, ChangesError, InvalidRange, RevisionRange};
pub(crate) use clone::{Checkout, CloneError, Revision};
pub(crate) use credentials::Credentials;
#[cfg(test)]
pub(crate) use facts::tests as testing;
pub(crate) use facts::{Facts, discover, may_be_outside_of_sparse_checkout, work_tree};
pub(crate) use remote::{RemoteError, check_remote};

/// Removes the user name, password and token from an `http` or `https` URL.
pub(crate) fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| scheme.starts_with("http")) else {
        return url.to_owned();
    };
    let host_end = rest.find('/').unwrap_or(rest.len());
    let host_start = rest[..host_end].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[host_start..])
}
