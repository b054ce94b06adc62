//! Files for tests.

use std::{fs, path::Path};

use tempfile::TempDir;

/// Creates a temporary directory that contains the given files.
pub(crate) fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), files);
    directory
}

/// Writes files, given as pairs of a path relative to `root` and a text. Creates their parent directories.
pub(crate) fn write(root: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}
