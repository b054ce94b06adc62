//! The build context: the files of a directory that `.dockerignore` does not exclude, as a stream in tar
//! format.
//!
//! A thread writes the archive while the HTTP client reads it, so memory use does not depend on the size of
//! the context. Nothing is written to the directory: a generated Dockerfile exists only in the stream.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    archive::{Archive, Sink},
    error::DockerError,
    ignore::{Ignore, Verdict, clean},
};
use crate::{
    digest::sha256_hex,
    fs::{self, FileError},
};

const IGNORE_FILE: &str = ".dockerignore";

/// The Dockerfile of an image build.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Dockerfile<'a> {
    /// A path relative to the root of the build context, which may lead outside the context.
    Path(&'a str),
    /// The contents of a generated Dockerfile.
    Text(&'a str),
}

/// The directory whose files are sent to the builder.
#[derive(Debug)]
pub(crate) struct BuildContext {
    root: PathBuf,
    ignore: Ignore,
    /// Path of the Dockerfile within the archive.
    dockerfile: String,
    /// Maps the path of each generated file to its contents. A generated file replaces the directory's file of the same
    /// name.
    generated: BTreeMap<String, Vec<u8>>,
}

impl BuildContext {
    /// Reads `.dockerignore` and locates the Dockerfile. The directory itself is read later, by
    /// [`Self::stream`].
    ///
    /// # Errors
    ///
    /// Fails if the directory or the Dockerfile does not exist, or if `.dockerignore` is invalid.
    pub(crate) fn open(root: &Path, dockerfile: Dockerfile<'_>) -> Result<Self, DockerError> {
        let mut context = Self::without_dockerfile(root)?;
        match dockerfile {
            Dockerfile::Path(path) => match context.path_inside(path)? {
                Some(path) => context.dockerfile = path,
                None => context.add_hidden(fs::read_bytes(&root.join(path))?)?,
            },
            // Prefect writes the generated file to `Dockerfile`. An existing file of this name must not be
            // replaced.
            Dockerfile::Text(text) if root.join("Dockerfile").exists() => context.add_hidden(text.into())?,
            Dockerfile::Text(text) => {
                "Dockerfile".clone_into(&mut context.dockerfile);
                context.generated.insert("Dockerfile".to_owned(), text.into());
            }
        }
        // The engine needs both files. If they are excluded, the engine itself removes them from the context.
        context.ignore.always_keep(IGNORE_FILE);
        context.ignore.always_keep(&context.dockerfile);
        Ok(context)
    }

    /// Opens a directory that a build reads in addition to its build context.
    ///
    /// # Errors
    ///
    /// Fails if the directory does not exist, or if its `.dockerignore` is invalid.
    pub(crate) fn without_dockerfile(root: &Path) -> Result<Self, DockerError> {
        if !root.is_dir() {
            return Err(DockerError::Context(format!(
                "the build context '{}' is not a directory",
                root.display()
            )));
        }
        let patterns = fs::read_ignore_file(&root.join(IGNORE_FILE))?;
        let ignore = Ignore::parse(patterns.as_deref().unwrap_or_default())?;
        Ok(Self { root: root.to_owned(), ignore, dockerfile: String::new(), generated: BTreeMap::new() })
    }

    /// Returns the path of the Dockerfile within the archive.
    pub(crate) fn dockerfile(&self) -> &str {
        &self.dockerfile
    }

    /// Returns the contents of the Dockerfile. Replaces invalid UTF-8, which may occur in comments, with U+FFFD.
    pub(crate) fn dockerfile_text(&self) -> Result<String, DockerError> {
        let contents = match self.generated.get(&self.dockerfile) {
            Some(contents) => Cow::Borrowed(contents),
            None => Cow::Owned(fs::read_bytes(&self.root.join(&self.dockerfile))?),
        };
        Ok(String::from_utf8_lossy(&contents).into_owned())
    }

    /// Returns the Dockerfile's path relative to the context root, or `None` if the Dockerfile is outside the root.
    fn path_inside(&self, dockerfile: &str) -> Result<Option<String>, DockerError> {
        let missing = |_| DockerError::NoDockerfile(dockerfile.to_owned());
        let file = self.root.join(dockerfile).canonicalize().map_err(missing)?;
        let root = self.root.canonicalize().map_err(|error| FileError::new("read", &self.root, error))?;
        if !file.starts_with(&root) {
            return Ok(None);
        }
        // Prefers the original path to the resolved path, because the archive stores symbolic links as links.
        if Path::new(dockerfile).is_relative() && !clean(dockerfile).starts_with("..") {
            return Ok(Some(clean(&slashes(Path::new(dockerfile)))));
        }
        Ok(file.strip_prefix(&root).ok().map(slashes))
    }

    /// Adds a Dockerfile from outside the context under a unique name. A `.dockerignore` entry hides this Dockerfile
    /// from COPY instructions.
    fn add_hidden(&mut self, dockerfile: Vec<u8>) -> Result<(), DockerError> {
        let name = format!(".dockerfile.{}", &sha256_hex(&dockerfile)[..20]);
        // A generated `.dockerignore` must be hidden too.
        let patterns = fs::read_ignore_file(&self.root.join(IGNORE_FILE))?;
        let patterns = patterns.as_deref().unwrap_or(IGNORE_FILE);
        self.generated.insert(IGNORE_FILE.to_owned(), format!("{patterns}\n{name}\n").into());
        self.generated.insert(name.clone(), dockerfile);
        self.dockerfile = name;
        Ok(())
    }

    /// Writes the build context as a tar archive.
    pub(crate) fn write(&self, writer: impl Write) -> Result<(), DockerError> {
        let mut archive = Archive::new(writer);
        self.visit(&mut archive)?;
        archive.finish()
    }

    fn write_compressed(&self, writer: impl Write) -> Result<(), DockerError> {
        let mut compressed = flate2::write::GzEncoder::new(writer, flate2::Compression::fast());
        self.write(&mut compressed)?;
        compressed.finish().map(drop).map_err(DockerError::sending)
    }

    /// Passes all entries of the context to `sink`, in a stable order.
    pub(crate) fn visit(&self, sink: &mut impl Sink) -> Result<(), DockerError> {
        for (path, contents) in &self.generated {
            sink.generated(path, contents)?;
        }
        self.visit_directory(sink, Path::new(""), &Verdict::default())
    }

    fn visit_directory(
        &self,
        sink: &mut impl Sink,
        directory: &Path,
        verdict: &Verdict,
    ) -> Result<(), DockerError> {
        let absolute = self.root.join(directory);
        let failed = |error| FileError::new("read", &absolute, error);
        let mut names = std::fs::read_dir(&absolute)
            .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>())
            .map_err(failed)?;
        names.sort_unstable();
        for name in names {
            let path = directory.join(name);
            let name = slashes(&path);
            if self.generated.contains_key(&name) {
                continue;
            }
            let absolute = self.root.join(&path);
            let verdict = self.ignore.evaluate(&name, verdict);
            if verdict.excluded && !self.ignore.may_keep_below(&name) {
                continue;
            }
            let metadata = match absolute.symlink_metadata() {
                // The file was deleted after its directory was listed. This is common for temporary files.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                other => other.map_err(|error| FileError::new("read", &absolute, error))?,
            };
            if !verdict.excluded {
                sink.entry(&path, &absolute, &metadata)?;
            }
            if metadata.is_dir() {
                self.visit_directory(sink, &path, &verdict)?;
            }
        }
        Ok(())
    }

    /// Starts writing the archive in a separate thread, and returns the archive as a stream. If writing fails, the
    /// stream ends with an error, and [`ContextStream::failure`] returns the cause.
    pub(crate) fn stream(
        self,
        compress: bool,
    ) -> (impl Stream<Item = io::Result<Bytes>> + Send + use<>, ContextStream) {
        let (sender, mut receiver) = mpsc::channel(CHUNKS_AHEAD);
        let thread = tokio::task::spawn_blocking(move || {
            let mut writer = ChannelWriter { sender: sender.clone(), buffer: BytesMut::with_capacity(CHUNK) };
            let written = if compress { self.write_compressed(&mut writer) } else { self.write(&mut writer) };
            let outcome = written.and_then(|()| writer.flush().map_err(DockerError::sending));
            if outcome.is_err() {
                // Aborts the request. Sending fails only if the request has already ended.
                let _ = sender.blocking_send(Err(io::Error::other("the build context could not be read")));
            }
            outcome
        });
        let stream = futures_util::stream::poll_fn(move |context| receiver.poll_recv(context));
        (stream, ContextStream { thread })
    }
}

/// Returns the path as a string with `/` as the separator.
fn slashes(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        text.into_owned()
    } else {
        text.replace(std::path::MAIN_SEPARATOR, "/")
    }
}

const CHUNK: usize = 64 * 1024;
const CHUNKS_AHEAD: usize = 16;

/// A build context that is being sent to the engine.
pub(crate) struct ContextStream {
    thread: JoinHandle<Result<(), DockerError>>,
}

impl ContextStream {
    /// Returns the error from reading the build context, or `None` if reading succeeded. Ignores errors from a closed
    /// connection.
    pub(crate) async fn failure(self) -> Option<DockerError> {
        // The thread ends when the request ends. The timeout covers a proxy that keeps the request open.
        match tokio::time::timeout(Duration::from_secs(1), self.thread).await.ok()? {
            Ok(Err(error)) if !error.is_broken_pipe() => Some(error),
            Ok(_) => None,
            Err(error) => Some(DockerError::Context(format!("cannot read the build context: {error}"))),
        }
    }
}

/// A writer that sends all data to a channel, in chunks.
struct ChannelWriter {
    sender: mpsc::Sender<io::Result<Bytes>>,
    buffer: BytesMut,
}

impl Write for ChannelWriter {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + data.len() > CHUNK {
            self.flush()?;
        }
        self.buffer.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = self.buffer.split().freeze();
        self.buffer.reserve(CHUNK);
        self.sender.blocking_send(Ok(chunk)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

#[cfg(test)]
mod tests;
