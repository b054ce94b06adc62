//! Reads the list of project files in `prefect.toml` or `pyproject.toml`.

use std::{ops::Range, path::Path};

use toml_edit::{Document, Item, Value};

use super::{
    error::{ListProblem, SettingsError},
    toml,
};
use crate::{
    diagnostics::Place,
    fs,
    source::{Source, Span},
};

/// Dotted path of the list in `prefect.toml`.
pub(super) const PATH: &str = "prefectl.files";

/// Returns the project file paths and globs listed in a directory's settings, each with its location. Returns an empty
/// list if the setting is missing. `prefect.toml` takes precedence.
///
/// # Errors
///
/// Fails if a file cannot be read or is not valid TOML, or if the setting is not a list of strings, is empty or
/// contains an empty string.
pub(crate) fn project_files(directory: &Path) -> Result<Vec<(String, Place)>, SettingsError> {
    let sources =
        [("prefect.toml", &["prefectl", "files"][..]), ("pyproject.toml", &["tool", "prefectl", "files"])];
    for (name, path) in sources {
        let Some(text) = fs::read_text_if_exists(&directory.join(name))? else { continue };
        let document = Document::parse(text.as_str())
            .map_err(|error| toml::invalid(name, &text, error.message(), error.span()))?;
        let list = path.iter().try_fold(document.as_item(), |item, key| item.get(*key));
        if let Some(list) = list {
            return paths(list, &Source::new(name, text.as_str()));
        }
    }
    Ok(Vec::new())
}

/// Returns a list's strings with their locations.
fn paths(list: &Item, source: &Source) -> Result<Vec<(String, Place)>, SettingsError> {
    let place = |span: Option<Range<usize>>| {
        let span = span.unwrap_or_default();
        Place::new(source, Span::new(span.start, span.end))
    };
    let invalid = |problem, span| SettingsError::ProjectFiles { problem, place: place(span) };
    let Some(items) = list.as_array() else {
        return Err(invalid(ListProblem::NotAList(kind(list.type_name())), list.span()));
    };
    if items.is_empty() {
        return Err(invalid(ListProblem::Empty, list.span()));
    }
    let path = |item: &Value| match item.as_str() {
        Some("-") => Err(invalid(ListProblem::Stdin, item.span())),
        Some("") => Err(invalid(ListProblem::EmptyPath, item.span())),
        Some(path) => Ok((path.to_owned(), place(item.span()))),
        None => Err(invalid(ListProblem::NotAPath(kind(item.type_name())), item.span())),
    };
    items.iter().map(path).collect()
}

/// Adds an article to a TOML type's name.
fn kind(type_name: &str) -> &'static str {
    match type_name {
        "string" => "a string",
        "integer" => "an integer",
        "float" => "a float",
        "boolean" => "a boolean",
        "datetime" => "a date",
        "array" => "a list",
        "array of tables" => "a list of tables",
        _ => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_list_of_the_first_file_with_a_list() {
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
        write("prefect.toml", "[prefectl\n");
        assert!(listed().unwrap_err().contains("invalid TOML"));
    }

    #[test]
    fn invalid_lists_are_located() {
        let directory = tempfile::tempdir().unwrap();
        let string = "`files` must be a list of paths and globs, not a string";
        for (text, position, message) in [
            ("files = 'c.yaml'", (2, 9), string),
            ("files = 1979-05-27", (2, 9), "`files` must be a list of paths and globs, not a date"),
            ("files = ['a', 1]", (2, 15), "an item of `files` must be a path or a glob, not an integer"),
            ("files = [['a']]", (2, 10), "an item of `files` must be a path or a glob, not a list"),
            ("files = ['a',\n '']", (3, 2), "the path of a project file is empty"),
            ("files = ['a', '-']", (2, 15), "`files` cannot contain `-` (stdin)"),
            ("files = []", (2, 9), "`files` lists no project files"),
            ("files.a = 'x'", (2, 1), "`files` must be a list of paths and globs, not a table"),
            (
                "[[prefectl.files]]\na = 1",
                (2, 1),
                "`files` must be a list of paths and globs, not a list of tables",
            ),
        ] {
            std::fs::write(directory.path().join("prefect.toml"), format!("[prefectl]\n{text}\n")).unwrap();
            let diagnostic = project_files(directory.path()).unwrap_err().diagnostic(Path::new(""));
            let place = diagnostic.place.unwrap();
            let start = place.start();
            assert_eq!(diagnostic.message, message, "{text}");
            assert_eq!(
                (place.source.name(), start.line, start.column),
                ("prefect.toml", position.0, position.1)
            );
        }
    }
}
