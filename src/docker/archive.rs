//! Writes a build context as a tar archive.

use std::{
    fs::{File, Metadata},
    io::{self, Read, Write},
    path::Path,
};

use tar::{EntryType, Header};

use super::error::DockerError;
use crate::fs::{self, FileError};

/// Modification time of generated files: the earliest time that zip files support.
const GENERATED_TIME: u64 = 315_532_800;

/// Receiver for the entries of a build context, which arrive in a fixed order.
pub(crate) trait Sink {
    /// Receives a generated file with the given contents.
    fn generated(&mut self, path: &str, contents: &[u8]) -> Result<(), DockerError>;

    /// Receives a file, directory or symbolic link. Ignores other entries, such as sockets and devices.
    fn entry(&mut self, path: &Path, source: &Path, metadata: &Metadata) -> Result<(), DockerError>;
}

/// A tar archive that is being written.
pub(crate) struct Archive<W: Write> {
    builder: tar::Builder<W>,
}

impl<W: Write> Archive<W> {
    pub(crate) fn new(writer: W) -> Self {
        Self { builder: tar::Builder::new(writer) }
    }

    /// Writes the archive's end marker. An archive without the marker is incomplete.
    pub(crate) fn finish(mut self) -> Result<(), DockerError> {
        self.builder.finish().map_err(DockerError::sending)
    }
}

impl<W: Write> Sink for Archive<W> {
    fn generated(&mut self, path: &str, contents: &[u8]) -> Result<(), DockerError> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_mtime(GENERATED_TIME);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(contents.len() as u64);
        self.builder.append_data(&mut header, path, contents).map_err(DockerError::sending)
    }

    fn entry(&mut self, path: &Path, source: &Path, metadata: &Metadata) -> Result<(), DockerError> {
        let mut header = Header::new_gnu();
        header.set_metadata(metadata);
        header.set_size(0);
        // COPY makes root the owner of all files anyway. Real owners would prevent machines from sharing
        // cached layers, and an engine in a user namespace rejects owners that it cannot map.
        header.set_uid(0);
        header.set_gid(0);
        if metadata.modified().is_ok_and(|time| time < std::time::UNIX_EPOCH) {
            header.set_mtime(0);
        }
        if let Ok(mode) = header.mode() {
            header.set_mode(mode & 0o7777);
        }
        let unreadable = |error| FileError::new("read", source, error);
        if metadata.is_symlink() {
            let target = std::fs::read_link(source).map_err(unreadable)?;
            self.builder.append_link(&mut header, path, target).map_err(DockerError::sending)
        } else if metadata.is_dir() || is_fifo(metadata) {
            self.builder.append_data(&mut header, path, io::empty()).map_err(DockerError::sending)
        } else if metadata.is_file() {
            let mut file = match fs::open(source) {
                // The file was deleted after its directory was listed. This is common for temporary files.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                other => other.map_err(unreadable)?,
            };
            // The size is read from the open file, because another file may have replaced the path in the
            // meantime.
            let size = file.metadata().map_err(unreadable)?.len();
            header.set_size(size);
            let content = Content { file: &mut file, left: size };
            self.builder.append_data(&mut header, path, content).map_err(|error| match error.kind() {
                io::ErrorKind::BrokenPipe => DockerError::sending(error),
                _ => unreadable(error).into(),
            })
        } else {
            Ok(())
        }
    }
}

/// A reader of exactly the announced number of bytes from a file. Ignores additional bytes, and fails if bytes are
/// missing.
struct Content<'a> {
    file: &'a mut File,
    left: u64,
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let most = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = self.file.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file was truncated while it was being sent",
            ));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

#[cfg(unix)]
fn is_fifo(metadata: &Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type())
}

#[cfg(not(unix))]
fn is_fifo(_: &Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::io::Seek;

    use super::*;

    #[test]
    fn truncates_growing_files_and_rejects_shrinking_ones() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"12345").unwrap();
        let mut read = |left| {
            file.rewind().unwrap();
            let mut content = Vec::new();
            Content { file: &mut file, left }.read_to_end(&mut content).map(|_| content)
        };
        assert_eq!(read(3).unwrap(), b"123");
        assert_eq!(read(5).unwrap(), b"12345");
        assert_eq!(read(6).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
