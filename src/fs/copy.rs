//! Copies directories.

use std::{fs::FileType, io, path::Path};

use super::{FileError, read::Irregular};

/// Copies a directory's files for which `is_included` returns `true`. Copies symbolic links as links.
///
/// Creates the target if it does not exist. `is_included` receives each file's path relative to the directory.
///
/// # Errors
///
/// Fails if a file cannot be copied, or if it is a pipe, a socket or a device.
pub(crate) fn copy_tree(
    from: &Path,
    to: &Path,
    is_included: &dyn Fn(&Path) -> bool,
) -> Result<(), FileError> {
    std::fs::create_dir_all(to).map_err(|error| FileError::new("create", to, error))?;
    // Only resolved paths show whether the target is inside the source.
    let resolved = |path: &Path| path.canonicalize().map_err(|error| FileError::new("read", path, error));
    copy_folder(&resolved(from)?, &resolved(to)?, Path::new(""), is_included)
}

fn copy_folder(
    from: &Path,
    to: &Path,
    relative: &Path,
    is_included: &dyn Fn(&Path) -> bool,
) -> Result<(), FileError> {
    let (source, target) = (from.join(relative), to.join(relative));
    std::fs::create_dir_all(&target).map_err(|error| FileError::new("create", &target, error))?;
    let unreadable = |error| FileError::new("read", &source, error);
    for entry in std::fs::read_dir(&source).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let relative = relative.join(entry.file_name());
        let kind = entry.file_type().map_err(unreadable)?;
        // A target inside the source must not be copied into itself.
        if kind.is_dir() && entry.path() != to {
            copy_folder(from, to, &relative, is_included)?;
        } else if !kind.is_dir() && is_included(&relative) {
            copy_file(&entry.path(), &to.join(&relative), kind)
                .map_err(|error| FileError::new("copy", &entry.path(), error))?;
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path, kind: FileType) -> io::Result<()> {
    if kind.is_symlink() {
        #[cfg(unix)]
        return std::os::unix::fs::symlink(std::fs::read_link(from)?, to);
        // On other systems, creating links requires a privilege, so the target of the link is copied.
    } else if !kind.is_file() {
        return Err(Irregular.into());
    }
    std::fs::copy(from, to).map(drop)
}
