//! Sources of build contexts: local directories, images and URLs.

use std::path::Path;

/// The source of a named context, which a Dockerfile can read in addition to its build context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NamedContext<'a> {
    /// A local directory. The path is relative to the build's working directory.
    Directory(&'a Path),
    /// An image reference.
    Image(&'a str),
    /// A source that only the builder can read, such as a Git repository.
    Remote,
}

impl<'a> NamedContext<'a> {
    /// Parses a named context's source like buildx.
    pub(crate) fn parse(source: &'a str) -> Self {
        match source.split_once("://") {
            Some(("docker-image", image)) => Self::Image(image),
            Some(("oci-layout" | "ssh", _)) => Self::Remote,
            _ if is_remote(source) || source.starts_with("target:") => Self::Remote,
            _ => Self::Directory(Path::new(source)),
        }
    }
}

/// Checks whether the builder downloads a build context itself, because its source is a URL.
pub(crate) fn is_remote(source: &str) -> bool {
    const STARTS: [&str; 5] = ["http://", "https://", "git://", "github.com/", "git@"];
    STARTS.iter().any(|start| source.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognizes_directories_images_and_urls() {
        for (source, expected) in [
            ("../shared", NamedContext::Directory(Path::new("../shared"))),
            ("/srv/shared", NamedContext::Directory(Path::new("/srv/shared"))),
            ("docker-image://python:3.12", NamedContext::Image("python:3.12")),
            ("oci-layout://images/base", NamedContext::Remote),
            ("https://example.com/r.git", NamedContext::Remote),
            ("git@github.com:o/r", NamedContext::Remote),
            ("target:base", NamedContext::Remote),
        ] {
            assert_eq!(NamedContext::parse(source), expected, "{source}");
        }
    }
}
