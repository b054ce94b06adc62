//! Parses image names and tags.
//!
//! The grammar is defined by the Docker distribution project: `[registry/]path[:tag]`.

/// Host of the default registry.
pub(crate) const DOCKER_HUB: &str = "docker.io";

const LONGEST_NAME: usize = 255;
const LONGEST_TAG: usize = 128;

/// The error returned if an image name or tag is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReferenceError {
    /// The message is the same as Prefect's, because scripts may match it.
    #[error(
        "Invalid Docker image name '{0}'. Image names cannot contain spaces. Use lowercase letters, numbers, \
         and separators like '-', '_', '.', and '/'."
    )]
    Spaces(String),
    #[error(
        "the image name `{0}` contains uppercase letters, which are allowed only in the host of the registry"
    )]
    UpperCase(String),
    #[error("the image name `{name}` contains the tag `{tag}`; write it as `tag: {tag}`")]
    TagInName { name: String, tag: String },
    #[error("the image name `{0}` contains a digest; remove it and set `tag` instead")]
    DigestInName(String),
    #[error("`{0}` is a URL, not an image name; remove the scheme")]
    Scheme(String),
    #[error(
        "`{0}` is not an image name: its parts are lowercase letters and digits with single `.`, `_`, `__` or \
         dashes between them"
    )]
    Name(String),
    #[error("the image name `{0}` is longer than {LONGEST_NAME} characters")]
    NameTooLong(String),
    #[error(
        "`{0}` is not a valid tag: a tag consists of up to {LONGEST_TAG} letters, digits, `_`, `.` and `-`, and does not start with `.` or `-`"
    )]
    Tag(String),
    #[error("invalid digest `{0}`: a digest is `sha256:` followed by 64 hexadecimal digits")]
    Digest(String),
}

/// An image name without a tag, such as `ghcr.io/team/flows`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageName(String);

impl ImageName {
    /// Parses the image name of a step. If the name contains no `/`, `namespace` is prepended.
    ///
    /// # Errors
    ///
    /// Fails if the string is not a valid image name.
    pub(crate) fn parse(text: &str, namespace: Option<&str>) -> Result<Self, ReferenceError> {
        if text.chars().any(char::is_whitespace) {
            return Err(ReferenceError::Spaces(text.to_owned()));
        }
        let name = match namespace {
            Some(namespace) if !namespace.is_empty() && !text.contains('/') => {
                format!("{}/{text}", namespace.trim_end_matches('/'))
            }
            _ => text.to_owned(),
        };
        check_name(&name)?;
        Ok(Self(name))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the host of the image's registry, or [`DOCKER_HUB`] if the name does not contain a host.
    pub(crate) fn registry(&self) -> &str {
        registry_of(&self.0)
    }

    pub(crate) fn with_tag(&self, tag: &str) -> String {
        format!("{}:{tag}", self.0)
    }
}

/// A reference to an existing image: `name`, `name:tag`, `name@digest` or `name:tag@digest`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageReference {
    name: ImageName,
    tag: Option<String>,
    digest: Option<String>,
}

impl ImageReference {
    /// Returns the image name without the tag and the digest.
    pub(crate) fn name(&self) -> &str {
        self.name.as_str()
    }

    pub(crate) fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    pub(crate) fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }
}

impl std::str::FromStr for ImageReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        if let Some(digest) = digest
            && !is_digest(digest)
        {
            return Err(ReferenceError::Digest(digest.to_owned()));
        }
        let (name, tag) = split_tag(rest);
        if let Some(tag) = tag {
            check_tag(tag)?;
        }
        Ok(Self {
            name: ImageName::parse(name, None)?,
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }
}

impl std::fmt::Display for ImageReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name.as_str())?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

fn is_digest(text: &str) -> bool {
    let hexadecimal = |digit: char| digit.is_ascii_digit() || matches!(digit, 'a'..='f');
    text.split_once(':').is_some_and(|(algorithm, digits)| {
        !algorithm.is_empty() && digits.len() >= 32 && digits.chars().all(hexadecimal)
    })
}

/// Splits a reference into the name and the tag. The tag is `None` if the reference does not contain a tag.
pub(crate) fn split_tag(reference: &str) -> (&str, Option<&str>) {
    match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (reference, None),
    }
}

/// Returns the host of a registry as it appears in image names. The argument may be a host or a URL.
pub(crate) fn registry_host(registry: &str) -> &str {
    let without_scheme = registry.split_once("://").map_or(registry, |(_, rest)| rest);
    let host = without_scheme.split_once('/').map_or(without_scheme, |(host, _)| host);
    match host {
        "" | "index.docker.io" | "registry-1.docker.io" => DOCKER_HUB,
        host => host,
    }
}

/// Returns the registry host of a reference, or [`DOCKER_HUB`] if the reference does not contain a host.
pub(crate) fn registry_of(reference: &str) -> &str {
    split_registry(reference).0.unwrap_or(DOCKER_HUB)
}

/// Fails if a string is not a valid image tag.
pub(crate) fn check_tag(tag: &str) -> Result<(), ReferenceError> {
    let word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let fits = tag.len() <= LONGEST_TAG
        && tag.starts_with(word)
        && tag.chars().all(|character| word(character) || matches!(character, '.' | '-'));
    if fits { Ok(()) } else { Err(ReferenceError::Tag(tag.to_owned())) }
}

fn check_name(name: &str) -> Result<(), ReferenceError> {
    let owned = || name.to_owned();
    if name.contains("://") {
        return Err(ReferenceError::Scheme(owned()));
    }
    if name.contains('@') {
        return Err(ReferenceError::DigestInName(owned()));
    }
    let (registry, path) = split_registry(name);
    if let (_, Some(tag)) = split_tag(path) {
        return Err(ReferenceError::TagInName { name: owned(), tag: tag.to_owned() });
    }
    if name.len() > LONGEST_NAME {
        return Err(ReferenceError::NameTooLong(owned()));
    }
    if path.chars().any(|character| character.is_ascii_uppercase()) {
        return Err(ReferenceError::UpperCase(owned()));
    }
    if registry.is_none_or(is_registry) && path.split('/').all(is_component) {
        Ok(())
    } else {
        Err(ReferenceError::Name(owned()))
    }
}

/// Splits a name into the registry host and the rest. The first component is a host if it contains `.`, `:`
/// or uppercase letters, or if it is `localhost`.
fn split_registry(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((first, rest))
            if first.contains(['.', ':'])
                || first == "localhost"
                || first.chars().any(|character| character.is_ascii_uppercase()) =>
        {
            (Some(first), rest)
        }
        _ => (None, name),
    }
}

fn is_registry(host: &str) -> bool {
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (host, None),
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
    };
    let is_address = || {
        let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok())
    };
    let is_port = |port: &str| !port.is_empty() && port.chars().all(|digit| digit.is_ascii_digit());
    port.is_none_or(is_port) && (host.split('.').all(is_label) || is_address())
}

/// Checks whether a path component consists of letters and digits that are separated by `.`, `_`, `__` or
/// dashes.
fn is_component(component: &str) -> bool {
    let is_word = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    component.starts_with(is_word)
        && component.ends_with(is_word)
        && component.split(is_word).all(|between| {
            matches!(between, "" | "." | "_" | "__") || between.chars().all(|dash| dash == '-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_names_with_tags_and_digests() {
        let digest = format!("sha256:{}", "0".repeat(64));
        for (text, name, tag, by_digest) in [
            ("r/i".to_owned(), "r/i", None, None),
            ("localhost:5000/i:v1".to_owned(), "localhost:5000/i", Some("v1"), None),
            (format!("r/i@{digest}"), "r/i", None, Some(digest.as_str())),
            (format!("r/i:v1@{digest}"), "r/i", Some("v1"), Some(digest.as_str())),
        ] {
            let reference: ImageReference = text.parse().unwrap();
            assert_eq!((reference.name(), reference.tag(), reference.digest()), (name, tag, by_digest));
            assert_eq!(reference.to_string(), text);
        }
        for wrong in ["", "R/I", "i:", "i@sha256:0", "i:v1:v2", "a b"] {
            assert!(wrong.parse::<ImageReference>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn validates_names_as_docker_does() {
        let error = |name: &str| ImageName::parse(name, None).unwrap_err();
        for name in [
            "img",
            "library/img",
            "a/b/c-d--e__f_g.h",
            "localhost/img",
            "localhost:5000/img",
            "REGISTRY/img",
            "ghcr.io/team/flows",
            "[::1]:5000/img",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/etl",
        ] {
            assert_eq!(ImageName::parse(name, None).unwrap().as_str(), name);
        }
        for name in
            ["", "/", "a//b", "a/", "-a", "a-", "a..b", "a___b", "a._b", "_a", "é", "ghcr.io:x/img", "a.b/"]
        {
            assert_eq!(error(name), ReferenceError::Name(name.to_owned()), "{name}");
        }
        assert_eq!(error("Img"), ReferenceError::UpperCase("Img".into()));
        assert_eq!(error("localhost:1/a/B"), ReferenceError::UpperCase("localhost:1/a/B".into()));
        assert_eq!(error("r/i:zz"), ReferenceError::TagInName { name: "r/i:zz".into(), tag: "zz".into() });
        assert_eq!(error("img@sha256:00"), ReferenceError::DigestInName("img@sha256:00".into()));
        assert_eq!(error("https://ghcr.io/i"), ReferenceError::Scheme("https://ghcr.io/i".into()));
        assert_eq!(error(&"a".repeat(256)), ReferenceError::NameTooLong("a".repeat(256)));
    }

    #[test]
    fn rejects_spaces_with_prefects_message() {
        let message = ImageName::parse("my image", None).unwrap_err().to_string();
        assert_eq!(
            message,
            "Invalid Docker image name 'my image'. Image names cannot contain spaces. Use lowercase letters, \
             numbers, and separators like '-', '_', '.', and '/'."
        );
    }

    #[test]
    fn adds_the_namespace_to_names_without_a_slash() {
        let parse = |name, namespace| ImageName::parse(name, namespace).unwrap().0;
        assert_eq!(parse("img", Some("reg.example.com/team")), "reg.example.com/team/img");
        assert_eq!(parse("img", Some("reg.example.com/")), "reg.example.com/img");
        assert_eq!(parse("o/img", Some("reg.example.com/team")), "o/img");
        assert_eq!(parse("img", Some("")), "img");
    }

    #[test]
    fn finds_the_registry_of_a_name() {
        for (name, registry) in [
            ("img", "docker.io"),
            ("team/img", "docker.io"),
            ("docker.io/team/img", "docker.io"),
            ("localhost/img", "localhost"),
            ("127.0.0.1:5000/img", "127.0.0.1:5000"),
        ] {
            assert_eq!(ImageName::parse(name, None).unwrap().registry(), registry, "{name}");
        }
    }

    #[test]
    fn validates_tags() {
        for tag in ["v1", "_x", "1.2-rc_3", "2026-11-23t14-57-10-936277-00-00", &"a".repeat(128)] {
            assert_eq!(check_tag(tag), Ok(()), "{tag}");
        }
        for tag in ["", ".a", "-a", "a b", "a/b", "a:b", "é", &"a".repeat(129)] {
            assert_eq!(check_tag(tag), Err(ReferenceError::Tag(tag.to_owned())), "{tag}");
        }
        assert_eq!(split_tag("localhost:5000/img"), ("localhost:5000/img", None));
        assert_eq!(split_tag("localhost:5000/img:v1"), ("localhost:5000/img", Some("v1")));
    }
}
