//! The modeline of prefect.yaml, a comment that specifies the location of the JSON schema for editors.

use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use super::{InitError, write_new};
use crate::{
    project::{self, SchemaOf},
    steps,
};

/// URL of the schema for this version in the repository.
const PUBLISHED: &str = concat!(
    env!("CARGO_PKG_REPOSITORY"),
    "/raw/v",
    env!("CARGO_PKG_VERSION"),
    "/docs/src/reference/prefect.schema.json"
);

/// The location of the JSON schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum SchemaLocation {
    /// The URL of the schema in the prefectl repository.
    #[default]
    Published,
    /// A URL specified by the user.
    Url(String),
    /// The path of a file, relative to the project directory.
    File(PathBuf),
}

impl SchemaLocation {
    pub(crate) fn parse(text: &str) -> Result<Self, InitError> {
        if text.is_empty()
            || text.contains(|character: char| character.is_whitespace() || character.is_control())
        {
            return Err(InitError::InvalidSchemaLocation(text.to_owned()));
        }
        Ok(if text.contains("://") { Self::Url(text.to_owned()) } else { Self::File(text.into()) })
    }

    /// Returns the modeline: the first line of prefect.yaml.
    pub(super) fn modeline(&self) -> String {
        let location = match self {
            Self::Published => PUBLISHED.to_owned(),
            Self::Url(url) => url.clone(),
            Self::File(path) => path.to_string_lossy().replace(MAIN_SEPARATOR, "/"),
        };
        format!("# yaml-language-server: $schema={location}\n")
    }

    /// Writes the schema if its location is a file. Fails if the file already exists.
    pub(super) fn write(&self, directory: &Path) -> Result<(), InitError> {
        let Self::File(path) = self else { return Ok(()) };
        write_new(
            &directory.join(path),
            &format!("{:#}\n", project::schema(SchemaOf::ProjectFile, steps::schemas())),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_urls_and_paths() {
        for (text, modeline) in [
            ("https://example.com/s.json", "$schema=https://example.com/s.json"),
            ("prefect.schema.json", "$schema=prefect.schema.json"),
            ("schemas/prefect.json", "$schema=schemas/prefect.json"),
        ] {
            let location = SchemaLocation::parse(text).unwrap();
            assert_eq!(location.modeline(), format!("# yaml-language-server: {modeline}\n"), "{text}");
        }
        for text in ["", "a b", "https://example.com/\n"] {
            assert!(
                matches!(SchemaLocation::parse(text), Err(InitError::InvalidSchemaLocation(_))),
                "{text:?}"
            );
        }
    }

    #[test]
    fn published_schema_is_up_to_date() {
        let (address, path) = PUBLISHED.split_once("/raw/v").unwrap();
        assert_eq!(address, env!("CARGO_PKG_REPOSITORY"));
        let (version, path) = path.split_once('/').unwrap();
        assert_eq!(version, env!("CARGO_PKG_VERSION"));
        let committed = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
        assert_eq!(
            committed,
            format!("{:#}\n", project::schema(SchemaOf::ProjectFile, steps::schemas())),
            "run docs/generate"
        );
    }
}
