//! Copies the files of a directory to a bucket.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::{
    Error as StoreError, ObjectMeta, PutMultipartOptions, PutOptions, WriteMultipart, path::Path as Key,
};
use tokio::{fs::File, io::AsyncReadExt, sync::Semaphore};

use super::{
    Bucket, Folder, StorageError, Summary,
    content::{self, PART},
    ignore_file::IgnoreFile,
};
use crate::{
    fs::{self, FileError},
    progress::{Amount, Progress},
};

/// Maximum number of concurrent file uploads.
const FILES_AT_ONCE: usize = 32;
/// Memory limit for all concurrent uploads in MiB.
const MEMORY: usize = 48;
/// Maximum number of parts of one file that are uploaded concurrently.
const PARTS_AT_ONCE: usize = 3;

/// Maximum number of objects to list before a push, in addition to [`LISTED_PER_FILE`].
const LISTED: usize = 10_000;
/// Maximum number of additional objects to list for each file.
const LISTED_PER_FILE: usize = 10;

/// Local files to push to a bucket folder.
#[derive(Debug)]
pub(crate) struct LocalFiles<'a> {
    directory: &'a Path,
    folder: &'a Folder,
    /// The files, sorted by object key.
    files: Vec<Local>,
}

/// A local file to push.
#[derive(Debug)]
struct Local {
    path: PathBuf,
    key: Key,
    size: u64,
}

impl<'a> LocalFiles<'a> {
    /// Lists all files in a directory, except files that `ignore` matches. Follows symbolic links to files and skips
    /// links to directories.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be inspected, or if its name is not valid as an object key.
    pub(crate) fn list(
        directory: &'a Path,
        folder: &'a Folder,
        ignore: &IgnoreFile,
    ) -> Result<Self, StorageError> {
        Ok(Self { directory, folder, files: files(directory, folder, ignore)? })
    }

    /// Returns the symbolic links that lead outside the directory.
    pub(crate) fn links_outside(&self) -> impl Iterator<Item = &Path> {
        let root = self.directory.canonicalize().ok();
        let is_outside = move |path: &&Path| {
            let target = || path.canonicalize().ok().zip(root.as_ref());
            path.is_symlink() && target().is_some_and(|(target, root)| !target.starts_with(root))
        };
        let links = self.files.iter().map(|file| file.path.as_path()).filter(is_outside);
        links.map(move |link| link.strip_prefix(self.directory).unwrap_or(link))
    }
}

impl Bucket {
    /// Copies files to the bucket. Does not write objects whose contents have not changed, and never deletes objects.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be read or an object cannot be written.
    pub(crate) async fn push(
        &self,
        LocalFiles { folder, files, .. }: LocalFiles<'_>,
        progress: &dyn Progress,
    ) -> Result<Summary, StorageError> {
        let (done, total) = (AtomicU64::new(0), u64::try_from(files.len()).unwrap_or(u64::MAX));
        progress.advance(Amount { done: 0, total, unit: "files" });
        let known = self.known(folder, &files).await?;
        let memory = Arc::new(Semaphore::new(MEMORY));
        stream::iter(files)
            .map(|file| {
                let (known, memory) = (known.get(&file.key), Arc::clone(&memory));
                async move { self.push_file(&file, known, &memory).await }
            })
            .buffer_unordered(FILES_AT_ONCE)
            .inspect_ok(|_| {
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                progress.advance(Amount { done, total, unit: "files" });
            })
            .try_fold(Summary::default(), |summary, is_copied| async move { Ok(summary.count(is_copied)) })
            .await
    }

    /// Returns the existing objects of the given files.
    ///
    /// Finds objects by listing the folder. The result is incomplete if the folder contains many other objects or if
    /// listing is not permitted. Some unchanged files are then written again.
    async fn known(
        &self,
        folder: &Folder,
        files: &[Local],
    ) -> Result<HashMap<Key, ObjectMeta>, StorageError> {
        let keys: HashSet<&Key> = files.iter().map(|file| &file.key).collect();
        let mut known = HashMap::new();
        let mut listed = self.store.list(Some(folder.prefix())).take(LISTED + LISTED_PER_FILE * files.len());
        while known.len() < keys.len() {
            match listed.next().await {
                Some(Ok(meta)) if keys.contains(&meta.location) => {
                    known.insert(meta.location.clone(), meta);
                }
                Some(Ok(_)) => {}
                None | Some(Err(StoreError::PermissionDenied { .. } | StoreError::InvalidPath { .. })) => {
                    break;
                }
                Some(Err(error)) => return Err(StorageError::store(format!("list {self}"), error)),
            }
        }
        Ok(known)
    }

    /// Copies a file to the bucket. Returns `false` if the object already had the same contents.
    async fn push_file(
        &self,
        file: &Local,
        known: Option<&ObjectMeta>,
        memory: &Semaphore,
    ) -> Result<bool, StorageError> {
        if let Some(meta) = known.filter(|meta| meta.size == file.size)
            && content::is_same(self, meta, &file.path).await?
        {
            return Ok(false);
        }
        let is_large = file.size > PART as u64;
        let parts = if is_large { PARTS_AT_ONCE + 1 } else { 1 };
        let needed = parts * usize::try_from(file.size.min(PART as u64)).unwrap_or(PART);
        let needed = u32::try_from(needed.div_ceil(1 << 20)).unwrap_or(u32::MAX);
        // Acquiring memory cannot fail, because the semaphore is never closed.
        let _reserved = memory.acquire_many(needed).await.ok();
        let attributes = content::attributes(self, &file.path).await?;
        let failed = |error| StorageError::store(format!("write '{}' to {self}", file.key), error);
        if is_large {
            let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
            let upload = self.store.put_multipart_opts(&file.key, options).await.map_err(failed)?;
            let upload = WriteMultipart::new_with_chunk_size(upload, PART);
            send_parts(upload, &file.path).await?.map_err(failed)?;
        } else {
            let mut bytes = Vec::with_capacity(usize::try_from(file.size).unwrap_or(PART));
            let read = open(&file.path)?.read_to_end(&mut bytes).await;
            read.map_err(|error| unreadable(&file.path, error))?;
            let options = PutOptions { attributes, ..PutOptions::default() };
            self.store.put_opts(&file.key, bytes.into(), options).await.map_err(failed)?;
        }
        Ok(true)
    }
}

/// Opens a regular file for asynchronous reads.
fn open(path: &Path) -> Result<File, StorageError> {
    fs::open(path).map(File::from_std).map_err(|error| unreadable(path, error))
}

/// Uploads a file in parts. Aborts the upload if it fails.
///
/// # Errors
///
/// The outer error means that the file could not be read. The inner error comes from the store.
async fn send_parts(mut upload: WriteMultipart, path: &Path) -> Result<Result<(), StoreError>, StorageError> {
    let mut file = open(path)?;
    loop {
        let mut part = Vec::with_capacity(PART);
        let read = (&mut file).take(PART as u64).read_to_end(&mut part).await;
        match read {
            Ok(0) => break,
            Ok(_) => {
                if let Err(error) = upload.wait_for_capacity(PARTS_AT_ONCE).await {
                    // The original error is more important than a failure to abort.
                    let _ = upload.abort().await;
                    return Ok(Err(error));
                }
                upload.put(Bytes::from(part));
            }
            Err(error) => {
                let _ = upload.abort().await;
                return Err(unreadable(path, error));
            }
        }
    }
    Ok(upload.finish().await.map(|_| ()))
}

fn unreadable(path: &Path, error: std::io::Error) -> StorageError {
    FileError::new("read", path, error).into()
}

/// Returns the files to push from a directory, sorted by object key.
fn files(directory: &Path, folder: &Folder, ignore: &IgnoreFile) -> Result<Vec<Local>, StorageError> {
    let mut files = Vec::new();
    let mut directories = vec![PathBuf::new()];
    while let Some(relative) = directories.pop() {
        let here = directory.join(&relative);
        let unreadable = |error| FileError::new("list", &here, error);
        for entry in std::fs::read_dir(&here).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let (path, relative) = (entry.path(), relative.join(entry.file_name()));
            if entry.file_type().map_err(unreadable)?.is_dir() {
                directories.push(relative);
                continue;
            }
            // A symbolic link is treated like the file that it points to.
            match path.metadata() {
                Ok(metadata) if metadata.is_dir() => {}
                _ if ignore.ignores(&relative) => {}
                Ok(metadata) if metadata.is_file() => {
                    let key = folder.key_of(&relative)?;
                    files.push(Local { path, key, size: metadata.len() });
                }
                _ => return Err(StorageError::NoFile(relative)),
            }
        }
    }
    files.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(files)
}
