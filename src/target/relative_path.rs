//! Paths of files as shown to the user.

use std::path::Path;

/// Returns the path of a file relative to a directory, with `/` as the separator. The path of a file outside the
/// directory starts with `../`. Both paths must be absolute and normalized.
pub(super) fn relative_path(file: &Path, directory: &Path) -> String {
    let mut names = file.components().peekable();
    let mut above = directory.components().peekable();
    while names.peek().is_some() && names.peek() == above.peek() {
        names.next();
        above.next();
    }
    let names = names.map(|name| name.as_os_str().to_string_lossy());
    above.map(|_| "..".into()).chain(names).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_directory_of_the_command() {
        for (file, directory, expected) in [
            ("/r/a/b.py", "/r", "a/b.py"),
            ("/r/a/b.py", "/r/c/d", "../../a/b.py"),
            ("/r/a", "/r/ab", "../a"),
        ] {
            assert_eq!(relative_path(Path::new(file), Path::new(directory)), expected);
        }
    }
}
