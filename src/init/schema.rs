//! How an editor finds the JSON schema of a prefect.yaml: by a comment at its top.

use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use super::{InitError, write_new};
use crate::{project, steps};

/// The schema in the repository, as it was when this version was released.
const PUBLISHED: &str = concat!(
    env!("CARGO_PKG_REPOSITORY"),
    "/raw/v",
    env!("CARGO_PKG_VERSION"),
    "/docs/src/reference/prefect.schema.json"
);

/// Where the schema is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum SchemaPlace {
    /// In the repository of prefectl.
    #[default]
    Published,
    /// At an address that somebody else takes care of.
    Address(String),
    /// In a file, relative to the project's folder.
    File(PathBuf),
}

impl SchemaPlace {
    pub(crate) fn parse(text: &str) -> Result<Self, InitError> {
        if text.is_empty()
            || text.contains(|character: char| character.is_whitespace() || character.is_control())
        {
            return Err(InitError::NotAPlace(text.to_owned()));
        }
        Ok(if text.contains("://") { Self::Address(text.to_owned()) } else { Self::File(text.into()) })
    }

    /// The comment for the first line of a prefect.yaml.
    pub(super) fn modeline(&self) -> String {
        let place = match self {
            Self::Published => PUBLISHED.to_owned(),
            Self::Address(address) => address.clone(),
            Self::File(path) => path.to_string_lossy().replace(MAIN_SEPARATOR, "/"),
        };
        format!("# yaml-language-server: $schema={place}\n")
    }

    /// Writes the schema, if it is to be in a file; one that is there is left as it is, and is an error.
    pub(super) fn provide(&self, directory: &Path) -> Result<(), InitError> {
        let Self::File(path) = self else { return Ok(()) };
        write_new(&directory.join(path), &format!("{:#}\n", project::schema(steps::schemas())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_address_or_a_path() {
        for (text, modeline) in [
            ("https://example.com/s.json", "$schema=https://example.com/s.json"),
            ("prefect.schema.json", "$schema=prefect.schema.json"),
            ("schemas/prefect.json", "$schema=schemas/prefect.json"),
        ] {
            let place = SchemaPlace::parse(text).unwrap();
            assert_eq!(place.modeline(), format!("# yaml-language-server: {modeline}\n"), "{text}");
        }
        for text in ["", "a b", "https://example.com/\n"] {
            assert!(matches!(SchemaPlace::parse(text), Err(InitError::NotAPlace(_))), "{text:?}");
        }
    }

    #[test]
    fn the_published_schema_is_in_the_repository() {
        let (address, path) = PUBLISHED.split_once("/raw/v").unwrap();
        assert_eq!(address, env!("CARGO_PKG_REPOSITORY"));
        let (version, path) = path.split_once('/').unwrap();
        assert_eq!(version, env!("CARGO_PKG_VERSION"));
        let committed = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
        assert_eq!(committed, format!("{:#}\n", project::schema(steps::schemas())), "run docs/generate");
    }
}
