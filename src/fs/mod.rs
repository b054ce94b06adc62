//! File operations whose errors contain the path.

mod copy;
mod read;
mod stored_path;

use std::{
    io::{self, Write as _},
    path::{Component, Path, PathBuf},
};

use ignore::{DirEntry, WalkBuilder};

use crate::cleanup::OnAbort;

pub(crate) use copy::copy_tree;
pub(crate) use read::{
    open, read_again, read_bytes, read_bytes_up_to, read_ignore_file, read_stdin, read_text,
    read_text_if_exists, read_text_or_pipe,
};
pub(crate) use stored_path::StoredPath;

/// An I/O error with the path of its file.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub(crate) struct FileError {
    pub(crate) action: &'static str,
    pub(crate) path: PathBuf,
    pub(crate) source: io::Error,
}

impl FileError {
    pub(crate) fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self { action, path: path.to_owned(), source }
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }

    /// Returns whether the file is a pipe, a socket or a device.
    pub(crate) fn is_irregular(&self) -> bool {
        self.source.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<read::Irregular>)
    }
}

/// Maximum size in bytes of an ignore file that a walk reads. A compiled pattern uses hundreds of times as much memory
/// as its text.
const LARGEST_WALKED_FILE: u64 = 256 << 10;

/// The ignore files that a walk reads in each directory.
const IGNORE_FILES: [&str; 3] = [".gitignore", ".ignore", ".git/info/exclude"];

/// Checks whether a file is a symbolic link that leads outside the repository or, without a repository,
/// outside the directory that contains the link.
///
/// The author of an untrusted project could use an external link to make prefectl quote the user's private files in
/// messages.
pub(crate) fn is_link_outside(path: &Path) -> bool {
    if !path.is_symlink() {
        return false;
    }
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    let (Ok(target), Some(folder)) = (path.canonicalize(), folder) else { return false };
    !target.starts_with(repository_root(&folder))
}

/// Checks whether a path is inside a project's repository or, without a repository, inside the project
/// directory.
///
/// This applies both to the path itself and to the target of its symbolic links. The project's
/// `.venv/bin/python`, for example, is inside even if it links to a system interpreter.
pub(crate) fn is_inside(path: &Path, project: &Path) -> bool {
    let Ok(project) = project.canonicalize() else { return true };
    let root = repository_root(&project);
    let target = path.canonicalize().ok();
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    let written = std::path::absolute(path).ok().map(|path| without_dots(&path));
    [written, folder, target].into_iter().flatten().any(|path| path.starts_with(root))
}

/// Limits the ignore files that a walk from `starts` reads. The walk only visits entries if `enters` returns
/// `true`.
///
/// If an ignore file is too large or is a link to an endless device, the walk skips the directory that contains the
/// file. If the file applies to a start directory, the walk reads no ignore files at all.
pub(crate) fn limit_walk(
    walker: &mut WalkBuilder,
    starts: &[PathBuf],
    enters: impl Fn(&DirEntry) -> bool + Send + Sync + 'static,
) {
    let is_usable = |start: &PathBuf| {
        let start = start.canonicalize().unwrap_or_else(|_| start.clone());
        start.ancestors().all(has_usable_ignore_files)
    };
    if !starts.iter().all(is_usable) {
        walker.ignore(false).git_ignore(false).git_exclude(false);
    }
    walker.filter_entry(move |entry| {
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        enters(entry) && (!is_folder || has_usable_ignore_files(entry.path()))
    });
}

fn has_usable_ignore_files(folder: &Path) -> bool {
    IGNORE_FILES.iter().all(|name| match folder.join(name).metadata() {
        Ok(file) => file.is_file() && file.len() <= LARGEST_WALKED_FILE,
        Err(_) => true,
    })
}

/// Returns the closest ancestor of a directory that contains a `.git` entry, or the directory itself if no ancestor
/// does. Does not read the repository's configuration, in which an untrusted project could specify another working tree.
pub(crate) fn repository_root(folder: &Path) -> &Path {
    folder.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(folder)
}

/// Resolves `.` and `..` without accessing the file system.
fn without_dots(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(result.pop()),
            other => result.push(other),
        }
    }
    result
}

/// A temporary directory that is deleted with its contents when the value is dropped or the program panics.
#[derive(Debug)]
pub(crate) struct TemporaryFolder {
    folder: tempfile::TempDir,
    _on_abort: OnAbort,
}

impl TemporaryFolder {
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Creates a temporary directory that only the current user can access.
///
/// The contents may be secret and may remain on disk if the program is killed.
pub(crate) fn private_folder(prefix: &str) -> io::Result<TemporaryFolder> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let folder = builder.tempdir()?;
    let path = folder.path().to_owned();
    // The directory remains if it cannot be deleted.
    Ok(TemporaryFolder { folder, _on_abort: OnAbort::new(move |_| drop(std::fs::remove_dir_all(path))) })
}

/// Atomically replaces a regular file. Only the owner can read the new file. Follows symbolic links.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), FileError> {
    write_private_by(path, |file| file.write_all(text.as_bytes()))
}

/// Replaces a file like [`write_private`]. The function `fill` writes the contents.
pub(crate) fn write_private_by(
    path: &Path,
    fill: impl FnOnce(&mut std::fs::File) -> io::Result<()>,
) -> Result<(), FileError> {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let write = || {
        require_replaceable(&target)?;
        let folder = target.parent().ok_or(io::ErrorKind::InvalidInput)?;
        create_private_folder(folder)?;
        // Temporary files are created with owner-only access.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        fill(file.as_file_mut())?;
        file.as_file().sync_all()?;
        file.persist(&target)?;
        Ok(())
    };
    write().map_err(|error| FileError::new("write", path, error))
}

/// Creates a file. Fails if the file already exists, even if another process creates it at the same time.
pub(crate) fn write_new(path: &Path, text: &str) -> Result<(), FileError> {
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| FileError::new("write", path, error))
}

/// Atomically replaces the contents `old` of a file. Keeps the file's permissions and follows symbolic links.
///
/// # Errors
///
/// Fails if the file cannot be replaced, or if it has other contents because another program has changed it.
pub(crate) fn rewrite(path: &Path, old: &str, text: &str) -> Result<(), FileError> {
    overwrite(path, text, |target| {
        let contents = read_bytes(target).map_err(|error| error.source)?;
        let is_unchanged = contents == old.as_bytes();
        is_unchanged
            .then_some(())
            .ok_or_else(|| io::Error::other("the file has been changed since it was read"))
    })
}

/// Atomically replaces an existing regular file like [`rewrite`], unless `check` fails right before.
fn overwrite(path: &Path, text: &str, check: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), FileError> {
    let write = || {
        let target = path.canonicalize()?;
        require_replaceable(&target)?;
        let mut file = tempfile::NamedTempFile::new_in(target.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
        file.write_all(text.as_bytes())?;
        file.as_file().set_permissions(std::fs::metadata(&target)?.permissions())?;
        file.as_file().sync_all()?;
        check(&target)?;
        file.persist(&target)?;
        Ok(())
    };
    write().map_err(|error| FileError::new("write", path, error))
}

/// Atomically creates or replaces a file. Keeps the permissions of an existing file and follows symbolic links.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), FileError> {
    if path.exists() {
        return overwrite(path, text, |_| Ok(()));
    }
    let write = || {
        let mut builder = tempfile::Builder::new();
        // The process's umask applies, as for other new files.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|error| FileError::new("write", path, error))
}

/// Fails if a path is a pipe, a device or a directory. If the user is allowed to replace `/dev/null`, all other programs
/// would lose it.
fn require_replaceable(path: &Path) -> io::Result<()> {
    match path.metadata() {
        Ok(metadata) if !metadata.is_file() => Err(read::Irregular.into()),
        _ => Ok(()),
    }
}

/// Creates a directory and its parents with owner-only access. Does not change existing directories.
fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn recognizes_links_out_of_the_repository() {
        let directory = tempfile::tempdir().unwrap();
        let flows = directory.path().join("repository/flows");
        std::fs::create_dir_all(&flows).unwrap();
        for (file, text) in
            [("repository/shared.py", ""), ("outside.py", ""), ("repository/flows/own.py", "")]
        {
            std::fs::write(directory.path().join(file), text).unwrap();
        }
        for (link, target) in [("in.py", "own.py"), ("up.py", "../shared.py"), ("out.py", "../../outside.py")]
        {
            symlink(target, flows.join(link)).unwrap();
        }
        let out = || {
            ["own.py", "in.py", "up.py", "out.py", "none.py"].map(|file| is_link_outside(&flows.join(file)))
        };
        assert_eq!(out(), [false, false, true, true, false]);
        std::fs::create_dir(directory.path().join("repository/.git")).unwrap();
        assert_eq!(out(), [false, false, false, true, false]);
    }

    #[test]
    fn walks_do_not_read_endless_or_large_ignore_files() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        for folder in ["plain", "endless", "large", "linked"] {
            std::fs::create_dir(root.join(folder)).unwrap();
            std::fs::write(root.join(folder).join("a.py"), "").unwrap();
            std::fs::write(root.join(folder).join("b.txt"), "").unwrap();
        }
        std::fs::write(root.join("plain/.gitignore"), "*.txt\n").unwrap();
        symlink("../plain/.gitignore", root.join("linked/.gitignore")).unwrap();
        symlink("/dev/zero", root.join("endless/.gitignore")).unwrap();
        std::fs::write(root.join("large/.ignore"), "x\n".repeat(200_000)).unwrap();
        let found = |start: &str| {
            let mut walker = WalkBuilder::new(root.join(start));
            walker.require_git(false);
            limit_walk(&mut walker, &[root.join(start)], |entry| entry.file_name() != "skipped");
            let names = walker.build().filter_map(|entry| {
                let path = entry.ok()?.into_path();
                path.is_file().then(|| path.strip_prefix(&root).unwrap().display().to_string())
            });
            let mut names: Vec<String> = names.collect();
            names.sort();
            names
        };
        assert_eq!(found(""), ["linked/a.py", "plain/a.py"]);
        assert_eq!(found("endless"), ["endless/a.py", "endless/b.txt"]);
        assert_eq!(found("large"), ["large/a.py", "large/b.txt"]);
        assert_eq!(found("plain"), ["plain/a.py"]);
    }

    #[test]
    fn rewriting_keeps_permissions_and_links() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        assert!(rewrite(&file, "old", "new").unwrap_err().is_not_found());
        write_new(&file, "old").unwrap();
        assert_eq!(write_new(&file, "new").unwrap_err().source.kind(), io::ErrorKind::AlreadyExists);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        symlink("file", &link).unwrap();
        rewrite(&link, "old", "new").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        let error = rewrite(&file, "old", "newer").unwrap_err();
        assert!(error.to_string().ends_with(": the file has been changed since it was read"), "{error}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        assert!(link.is_symlink());
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn private_files_replace_existing_files_and_keep_links() {
        let directory = tempfile::tempdir().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let file = directory.path().join("new/file");
        write_private(&file, "one").unwrap();
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));

        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let link = directory.path().join("link");
        symlink(&file, &link).unwrap();
        write_private(&link, "two").unwrap();
        assert_eq!(read_text(&file).unwrap(), "two");
        assert_eq!(mode(&file), 0o600);
        assert!(link.is_symlink());

        let error = write_private(&file.join("below"), "x").unwrap_err();
        assert!(error.to_string().starts_with("cannot write "), "{error}");
    }

    #[test]
    fn pipes_and_directories_are_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let link = directory.path().join("link");
        symlink("pipe", &link).unwrap();
        for path in [&pipe, &link, &directory.path().to_owned()] {
            for result in [write_private(path, "x"), replace(path, "x"), rewrite(path, "", "x")] {
                let error = result.unwrap_err();
                assert!(error.is_irregular(), "{error}");
            }
        }
        assert!(std::os::unix::fs::FileTypeExt::is_fifo(&pipe.metadata().unwrap().file_type()));
    }
}
