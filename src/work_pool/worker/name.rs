//! Names of objects in Kubernetes.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

/// The name of a namespace or another object in Kubernetes: a DNS label of at most 63 lowercase letters,
/// digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KubernetesName(String);

/// The error returned if a string is not a valid name in Kubernetes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "Kubernetes names consist of at most 63 lowercase letters, digits and hyphens, and start and end with a \
     letter or digit"
)]
pub(crate) struct InvalidKubernetesName;

const MAX_LENGTH: usize = 63;

impl FromStr for KubernetesName {
    type Err = InvalidKubernetesName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_edge = |c: char| is_allowed(c) && c != '-';
        let is_valid = text.len() <= MAX_LENGTH
            && text.chars().all(is_allowed)
            && text.starts_with(is_edge)
            && text.ends_with(is_edge);
        if is_valid { Ok(Self(text.to_owned())) } else { Err(InvalidKubernetesName) }
    }
}

impl fmt::Display for KubernetesName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for KubernetesName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
