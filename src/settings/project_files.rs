//! Reads the list of project files, which is in `prefect.toml` or `pyproject.toml`.

use std::path::Path;

use toml_edit::{Document, Item};

use super::{error::SettingsError, toml, value::Origin};
use crate::{diagnostics::Place, fs, source::Source, source::Span};

/// Dotted path of the list in `prefect.toml`.
pub(super) const PATH: &str = "prefectl.files";

/// Returns the paths and globs of the project files that the settings in a directory list, each with its
/// location. Returns an empty list if there is no such setting. `prefect.toml` takes precedence.
///
/// # Errors
///
/// Fails if a file cannot be read or is not valid TOML, or if the setting is not a list of strings.
pub(crate) fn project_files(directory: &Path) -> Result<Vec<(String, Place)>, SettingsError> {
    let sources = [
        ("prefect.toml", &["prefectl", "files"][..], Origin::PrefectToml),
        ("pyproject.toml", &["tool", "prefectl", "files"], Origin::PyprojectToml),
    ];
    for (name, path, origin) in sources {
        let Some(text) = fs::read_text_if_exists(&directory.join(name))? else { continue };
        let document = Document::parse(text.as_str())
            .map_err(|error| toml::invalid(name, &text, error.message(), error.span()))?;
        let list = path.iter().try_fold(document.as_item(), |item, key| item.get(*key));
        if let Some(list) = list {
            let source = Source::new(name, text.as_str());
            let expected = "a list of paths and globs";
            let invalid = || SettingsError::Invalid { name: PATH, origin, expected };
            return strings(list, &source).ok_or_else(invalid);
        }
    }
    Ok(Vec::new())
}

/// Returns the strings of a list with their locations. Returns `None` if the value is not a list of strings.
fn strings(list: &Item, source: &Source) -> Option<Vec<(String, Place)>> {
    let items = list.as_array()?.iter().map(|item| {
        let span = item.span().unwrap_or_default();
        Some((item.as_str()?.to_owned(), Place::new(source, Span::new(span.start, span.end))))
    });
    items.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_list_of_the_first_file_that_has_one() {
        let directory = tempfile::tempdir().unwrap();
        let listed = || {
            let listed = project_files(directory.path()).map_err(|error| error.to_string())?;
            let shown = |(text, place): &(String, Place)| {
                format!("{}:{} {text}", place.source.name(), place.start().line)
            };
            Ok::<_, String>(listed.iter().map(shown).collect::<Vec<_>>())
        };
        assert_eq!(listed(), Ok(vec![]));
        let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        write(
            "pyproject.toml",
            "[project]\nname = 'x'\n[tool.prefectl]\nfiles = [\n  'a.yaml',\n  's/**/b.yaml',\n]\n",
        );
        assert_eq!(listed().unwrap(), ["pyproject.toml:5 a.yaml", "pyproject.toml:6 s/**/b.yaml"]);
        write("prefect.toml", "[prefectl]\nproject = 'p'\n");
        assert_eq!(listed().unwrap().len(), 2);
        write("prefect.toml", "[prefectl]\nfiles = ['c.yaml']\n");
        assert_eq!(listed().unwrap(), ["prefect.toml:2 c.yaml"]);
        write("prefect.toml", "[prefectl]\nfiles = 'c.yaml'\n");
        assert_eq!(
            listed().unwrap_err(),
            "prefectl.files (from prefect.toml) must be a list of paths and globs"
        );
        write("prefect.toml", "[prefectl\n");
        assert!(listed().unwrap_err().contains("invalid TOML"));
    }
}
