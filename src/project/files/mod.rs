//! Finds the selected project files.

mod error;
mod overlays;
mod search;

use std::{
    fmt,
    path::{Path, PathBuf},
};

pub(crate) use self::{error::FilesError, search::find};
use super::STDIN;
use crate::diagnostics::Place;

/// Characters that make a path a glob.
const GLOB_CHARACTERS: [char; 4] = ['*', '?', '[', '{'];

/// The project files that the user has specified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum ProjectFiles {
    /// `prefect.yaml` in the working directory.
    #[default]
    Default,
    /// A single path. Relative paths in the file refer to the working directory, as in Prefect.
    Single(PathBuf),
    /// Paths and globs. Relative paths in a file refer to the directory that contains the file.
    Each(Vec<FilePattern>),
}

/// A path or a glob that selects project files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilePattern {
    pub(crate) path: PathBuf,
    /// Location of the pattern. `None` if the pattern is from the command line.
    pub(crate) place: Option<Place>,
}

/// One of multiple selected project files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProjectFile {
    /// The path as shown to the user. Relative paths refer to the working directory.
    pub(crate) path: PathBuf,
    /// Absolute path of the base directory for relative paths in the file.
    pub(crate) root: PathBuf,
}

impl ProjectFiles {
    /// Returns whether the command uses all of the project's files, which is the case if the command line specifies no
    /// files.
    pub(crate) fn are_complete(&self) -> bool {
        match self {
            Self::Default => true,
            Self::Single(_) => false,
            Self::Each(patterns) => patterns.iter().all(|pattern| pattern.place.is_some()),
        }
    }

    /// Returns the project files specified with `-f`.
    pub(crate) fn from_arguments(values: &[PathBuf]) -> Self {
        match values {
            [] => Self::Default,
            [path] if !is_glob(path) => Self::Single(path.clone()),
            values => Self::from_patterns(values),
        }
    }

    /// Creates a selection of the project files listed in the settings. Returns the default selection if the list is
    /// empty.
    pub(crate) fn listed(paths: Vec<(String, Place)>) -> Self {
        if paths.is_empty() {
            return Self::Default;
        }
        let pattern = |(path, place): (String, Place)| FilePattern { path: path.into(), place: Some(place) };
        Self::Each(paths.into_iter().map(pattern).collect())
    }

    /// Returns the project files specified by paths and globs. Each file's directory is its project root.
    fn from_patterns(patterns: &[PathBuf]) -> Self {
        Self::Each(patterns.iter().map(|path| FilePattern { path: path.clone(), place: None }).collect())
    }

    /// Restores the project files from the path and the patterns in a document.
    pub(crate) fn restore(single: Option<PathBuf>, patterns: impl Iterator<Item = PathBuf>) -> Self {
        let patterns: Vec<PathBuf> = patterns.collect();
        match (single, patterns.as_slice()) {
            (Some(path), _) => Self::Single(path),
            (None, []) => Self::Default,
            (None, patterns) => Self::from_patterns(patterns),
        }
    }

    /// Returns the path if the files are specified as a single path.
    pub(crate) fn single(&self) -> Option<&Path> {
        match self {
            Self::Single(path) => Some(path),
            Self::Default | Self::Each(_) => None,
        }
    }

    /// Returns the paths and globs. The list is empty unless each file's directory is its project root.
    pub(crate) fn patterns(&self) -> Vec<PathBuf> {
        match self {
            Self::Each(patterns) => patterns.iter().map(|pattern| pattern.path.clone()).collect(),
            Self::Default | Self::Single(_) => Vec::new(),
        }
    }

    /// Returns the options that specify the files.
    pub(crate) fn as_options(&self) -> String {
        let option = |path: &Path| format!("--prefect-file {}", in_shell(&path.to_string_lossy()));
        self.paths().into_iter().map(option).collect::<Vec<_>>().join(" ")
    }

    /// Reads stdin and pipes and stores their content until the files are loaded. Errors are reported when the files
    /// are loaded. `directory` is the command's directory.
    ///
    /// A command that handles interrupts does not react to them while it waits for a pipe's writer.
    pub(crate) fn read_streams(&self, directory: &Path) {
        for path in self.single().map(Path::to_owned).into_iter().chain(self.patterns()) {
            let metadata = directory.join(&path).metadata();
            if path == Path::new(STDIN) || metadata.is_ok_and(|found| !found.is_file() && !found.is_dir()) {
                drop(super::load::read(&path, directory));
            }
        }
    }

    /// Returns whether a project file is read from stdin.
    pub(crate) fn include_stdin(&self) -> bool {
        match self {
            Self::Default => false,
            Self::Single(path) => path == Path::new(STDIN),
            Self::Each(patterns) => patterns.iter().any(|pattern| pattern.path == Path::new(STDIN)),
        }
    }

    /// Returns whether the paths and globs are the same. Ignores their locations.
    pub(crate) fn is_same_selection(&self, other: &Self) -> bool {
        self.paths() == other.paths()
    }

    fn paths(&self) -> Vec<&Path> {
        match self {
            Self::Default => vec![Path::new(super::DEFAULT_FILE)],
            Self::Single(path) => vec![path.as_path()],
            Self::Each(patterns) => patterns.iter().map(|pattern| pattern.path.as_path()).collect(),
        }
    }
}

impl fmt::Display for ProjectFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<_> = self.paths().into_iter().map(Path::to_string_lossy).collect();
        f.write_str(&paths.join(", "))
    }
}

/// Quotes a path for a shell if it contains special characters.
fn in_shell(path: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "-_./".contains(character);
    if !path.is_empty() && path.chars().all(is_plain) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

/// Returns whether a path contains characters that make it a glob.
fn is_glob(path: &Path) -> bool {
    path.to_string_lossy().contains(GLOB_CHARACTERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_quoted_for_a_shell() {
        let options = |paths: &[&str]| {
            let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
            ProjectFiles::from_arguments(&paths).as_options()
        };
        assert_eq!(options(&["a/prefect.yaml"]), "--prefect-file a/prefect.yaml");
        assert_eq!(options(&["*/x.yaml", "b c.yaml"]), "--prefect-file '*/x.yaml' --prefect-file 'b c.yaml'");
        assert_eq!(options(&["it's*"]), r"--prefect-file 'it'\''s*'");
    }
}
