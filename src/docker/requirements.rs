//! Finds the requirements files of a project.

use std::path::Path;

use crate::fs;

/// Maximum search depth in directories.
const DEEPEST: usize = 3;

/// Returns the nearest requirements file that `dockerfile: auto` does not install, relative to `root`.
/// Returns `None` if `root` contains a `requirements.txt`, because that file is installed.
pub(crate) fn elsewhere(root: &Path) -> Option<String> {
    if root.join("requirements.txt").is_file() {
        return None;
    }
    let mut folders = vec![String::new()];
    for _ in 0..=DEEPEST {
        folders.sort_unstable();
        let found = folders.iter().find_map(|folder| {
            ["requirements.txt", "pyproject.toml"]
                .map(|name| format!("{folder}{name}"))
                .into_iter()
                .find(|path| lists_requirements(&root.join(path)))
        });
        if found.is_some() {
            return found;
        }
        folders = folders.iter().flat_map(|folder| subfolders(root, folder)).collect();
    }
    None
}

/// Checks whether a `pyproject.toml` declares dependencies. Many of these files contain only tool settings.
fn lists_requirements(path: &Path) -> bool {
    let is_requirements = path.extension().is_some_and(|extension| extension == "txt");
    if is_requirements {
        return path.is_file();
    }
    fs::read_text(path)
        .is_ok_and(|text| text.lines().any(|line| line.trim_start().starts_with("dependencies")))
}

/// Returns the subdirectories of a directory, each with a trailing slash. Skips hidden directories and directories
/// with installed packages.
fn subfolders(root: &Path, folder: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(root.join(folder)) else {
        return Vec::new();
    };
    let is_own = |path: &Path, name: &str| {
        !name.starts_with('.')
            && !matches!(name, "node_modules" | "__pycache__" | "site-packages")
            && !path.join("pyvenv.cfg").exists()
    };
    entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            is_own(&entry.path(), &name).then(|| format!("{folder}{name}/"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_files;

    #[test]
    fn finds_the_nearest_requirements_file() {
        let cases = [
            (&[("flows/hello.py", "")][..], None),
            (&[("flows/requirements.txt", "")], Some("flows/requirements.txt")),
            (&[("requirements.txt", ""), ("flows/requirements.txt", "")], None),
            (&[("pyproject.toml", "[project]\ndependencies = []\n")], Some("pyproject.toml")),
            (&[("pyproject.toml", "[tool.ruff]\n")], None),
            (&[("a/b/requirements.txt", ""), ("b/requirements.txt", "")], Some("b/requirements.txt")),
        ];
        for (files, expected) in cases {
            assert_eq!(elsewhere(test_files::directory(files).path()).as_deref(), expected, "{files:?}");
        }
    }

    #[test]
    fn skips_hidden_folders_and_environments() {
        let root = test_files::directory(&[
            (".cache/requirements.txt", ""),
            ("venv/pyvenv.cfg", ""),
            ("venv/requirements.txt", ""),
            ("node_modules/x/requirements.txt", ""),
        ]);
        assert_eq!(elsewhere(root.path()), None);
    }
}
