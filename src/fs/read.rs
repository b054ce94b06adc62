//! Opens and reads files.
//!
//! An untrusted project may contain a pipe, which blocks its reader until a writer opens it, or a link to an endless
//! device. Files must therefore be regular files, unless the user has named them.

use std::{
    collections::BTreeMap,
    fs::{File, Metadata, OpenOptions},
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock, PoisonError},
};

use super::FileError;

/// Maximum size of a file in bytes.
const LARGEST: u64 = 64 << 20;

/// Maximum size of an ignore file in bytes. Its compiled patterns use much more memory than its text.
const LARGEST_IGNORE_FILE: u64 = 1 << 20;

/// The error for a pipe, a socket or a device.
#[derive(Debug, thiserror::Error)]
#[error("not a regular file")]
pub(super) struct Irregular;

impl From<Irregular> for io::Error {
    fn from(error: Irregular) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}

/// Opens a regular file, a directory or the null device. Never waits for the writer of a pipe.
///
/// # Errors
///
/// Fails if the file cannot be opened, or if it is a pipe, a socket or another device.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits().cast_signed());
    }
    let file =
        options.open(path).map_err(|error| if is_socket(&error) { Irregular.into() } else { error })?;
    let metadata = file.metadata()?;
    if metadata.is_file() || metadata.is_dir() || is_null_device(&metadata) {
        Ok(file)
    } else {
        Err(Irregular.into())
    }
}

/// Returns whether a file could not be opened because it is a socket.
#[cfg(unix)]
fn is_socket(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error())
}

#[cfg(not(unix))]
fn is_socket(_: &io::Error) -> bool {
    false
}

#[cfg(unix)]
fn is_null_device(metadata: &Metadata) -> bool {
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
    metadata.file_type().is_char_device()
        && Path::new("/dev/null").metadata().is_ok_and(|null| null.rdev() == metadata.rdev())
}

#[cfg(not(unix))]
fn is_null_device(_: &Metadata) -> bool {
    false
}

/// Reads a regular file of at most 64 MiB.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, FileError> {
    read_regular(path, LARGEST)
}

fn read_regular(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    open(path).and_then(|file| contents(file, limit)).map_err(|error| FileError::new("read", path, error))
}

/// Reads a regular UTF-8 file into a string.
pub(crate) fn read_text(path: &Path) -> Result<String, FileError> {
    text(path, read_bytes(path)?)
}

/// Reads a regular UTF-8 file into a string. Returns `None` if the file does not exist.
pub(crate) fn read_text_if_exists(path: &Path) -> Result<Option<String>, FileError> {
    match read_text(path) {
        Err(error) if error.is_not_found() => Ok(None),
        other => other.map(Some),
    }
}

/// Reads an ignore file of at most 1 MiB. Returns `None` if the file does not exist.
pub(crate) fn read_ignore_file(path: &Path) -> Result<Option<String>, FileError> {
    match read_regular(path, LARGEST_IGNORE_FILE) {
        Err(error) if error.is_not_found() => Ok(None),
        other => other.and_then(|bytes| text(path, bytes)).map(Some),
    }
}

/// Reads a regular file. Returns `None` if it is larger than `limit` bytes.
pub(crate) fn read_bytes_up_to(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
    let read = || {
        let file = open(path)?;
        let size = file.metadata()?.len().min(limit);
        // Without room for another byte, the last read would grow the vector.
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
        file.take(limit + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|error| FileError::new("read", path, error))?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// Reads a UTF-8 file that the user has named. The file may be a pipe, such as a process substitution `<(command)`.
pub(crate) fn read_text_or_pipe(path: &Path) -> Result<String, FileError> {
    text(path, read_bytes_or_pipe(path)?)
}

/// Reads a file or a pipe that the user has named. Caches the content of a pipe, because a pipe can be read only once
/// but a command may load its project file repeatedly.
pub(crate) fn read_again(path: &Path) -> Result<Vec<u8>, FileError> {
    static PIPES: Mutex<BTreeMap<PathBuf, Vec<u8>>> = Mutex::new(BTreeMap::new());
    if path.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return read_bytes(path);
    }
    let mut pipes = PIPES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(content) = pipes.get(path) {
        return Ok(content.clone());
    }
    let content = read_bytes_or_pipe(path)?;
    pipes.insert(path.to_owned(), content.clone());
    Ok(content)
}

/// Reads at most 64 MiB from stdin. Caches the content like [`read_again`].
pub(crate) fn read_stdin() -> Result<&'static [u8], FileError> {
    static CONTENT: OnceLock<Vec<u8>> = OnceLock::new();
    if let Some(content) = CONTENT.get() {
        return Ok(content);
    }
    let bytes = read_limited(io::stdin().lock(), Vec::new(), LARGEST);
    let bytes = bytes.map_err(|error| FileError::new("read", Path::new("<stdin>"), error))?;
    Ok(CONTENT.get_or_init(|| bytes))
}

fn read_bytes_or_pipe(path: &Path) -> Result<Vec<u8>, FileError> {
    let opened = File::open(path).and_then(|file| contents(file, LARGEST));
    opened.map_err(|error| FileError::new("read", path, error))
}

fn contents(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let size = file.metadata()?.len().min(limit);
    read_limited(file, Vec::with_capacity(usize::try_from(size).unwrap_or_default()), limit)
}

/// Reads all bytes into a buffer. Fails if there are more than `limit` bytes.
fn read_limited(reader: impl io::Read, mut bytes: Vec<u8>, limit: u64) -> io::Result<Vec<u8>> {
    reader.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let message = format!("the file is larger than {} MiB", limit >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<String, FileError> {
    String::from_utf8(bytes).map_err(|_| {
        let error = io::Error::new(io::ErrorKind::InvalidData, "the file is not valid UTF-8");
        FileError::new("read", path, error)
    })
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        os::unix::{fs::symlink, net::UnixListener},
        process::Command,
    };

    use super::*;

    #[test]
    fn reads_only_regular_files_and_the_null_device() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("file"), "text").unwrap();
        std::fs::create_dir(path("directory")).unwrap();
        assert!(Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
        let _listener = UnixListener::bind(path("socket")).unwrap();
        for (name, target) in [
            ("link", "file"),
            ("null", "/dev/null"),
            ("zero", "/dev/zero"),
            ("terminal", "/dev/tty"),
            ("pipe link", "pipe"),
        ] {
            symlink(target, path(name)).unwrap();
        }
        for (name, expected) in [
            ("file", Ok("text")),
            ("link", Ok("text")),
            ("null", Ok("")),
            ("directory", Err("Is a directory (os error 21)")),
            ("missing", Err("No such file or directory (os error 2)")),
            ("pipe", Err("not a regular file")),
            ("pipe link", Err("not a regular file")),
            ("socket", Err("not a regular file")),
            ("zero", Err("not a regular file")),
        ] {
            let read = read_text(&path(name));
            let read = read.as_deref().map_err(|error| error.source.to_string());
            assert_eq!(read, expected.map_err(str::to_owned), "{name}");
            let limited = read_bytes_up_to(&path(name), 3).map(|bytes| bytes.is_some());
            assert_eq!(limited.is_err(), expected.is_err(), "{name}");
        }
        // The process may have no terminal.
        assert!(read_text(&path("terminal")).is_err());
        std::fs::write(path("ignored"), "x\n".repeat(1 << 20)).unwrap();
        let error = read_ignore_file(&path("ignored")).unwrap_err().source;
        assert_eq!(error.to_string(), "the file is larger than 1 MiB");
        assert_eq!(read_ignore_file(&path("missing")).unwrap(), None);
        assert!(read_text(&path("pipe")).unwrap_err().is_irregular());
        assert!(!read_text(&path("directory")).unwrap_err().is_irregular());
    }
}
