//! Copies the objects of a bucket to a directory.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::{Attribute, Error as StoreError, GetResult, ObjectMeta, ObjectStoreExt as _};
use tempfile::NamedTempFile;

use super::{Bucket, Folder, StorageError, Summary, content};
use crate::fs::FileError;

const FILES_AT_ONCE: usize = 32;

/// Maximum number of objects in a folder. Without a limit, a store that never ends its list could exhaust memory.
const MOST_OBJECTS: usize = 1_000_000;

impl Bucket {
    /// Copies all objects of a folder to an existing directory.
    ///
    /// Does not download files whose contents have not changed, and never deletes files. Moves each file to its final
    /// path only after its download is complete. Neither object keys nor symbolic links can cause a write outside the
    /// directory.
    ///
    /// # Errors
    ///
    /// Fails if the folder contains no objects, or if an object cannot be downloaded or written.
    pub(crate) async fn pull(&self, folder: &Folder, directory: &Path) -> Result<Summary, StorageError> {
        let root = directory.canonicalize().map_err(|error| FileError::new("open", directory, error))?;
        let objects = self.objects(folder, MOST_OBJECTS).await?;
        stream::iter(objects)
            .map(|(meta, path)| {
                let root = &root;
                async move { self.pull_object(&meta, root, &path).await }
            })
            .buffer_unordered(FILES_AT_ONCE)
            .try_fold(Summary::default(), |summary, is_copied| async move {
                Ok(is_copied.map_or(summary, |is_copied| summary.count(is_copied)))
            })
            .await
    }

    /// Lists the objects of a folder, each with its path in the target directory. Fails if the folder contains no objects
    /// or more than `most` objects.
    pub(super) async fn objects(
        &self,
        folder: &Folder,
        most: usize,
    ) -> Result<Vec<(ObjectMeta, PathBuf)>, StorageError> {
        let failed = |error| StorageError::store(format!("list {self}"), error);
        let named = || (self.to_string(), folder.to_string());
        let mut objects = Vec::new();
        let mut listed = self.store.list(Some(folder.prefix())).enumerate();
        while let Some((number, meta)) = listed.next().await {
            let meta = meta.map_err(failed)?;
            if number >= most {
                let (bucket, folder) = named();
                return Err(StorageError::TooMany { bucket, folder, most });
            }
            objects.extend(folder.path_of(&meta.location)?.map(|path| (meta, path)));
        }
        if objects.is_empty() {
            let (bucket, folder) = named();
            return Err(StorageError::Nothing { bucket, folder });
        }
        Ok(objects)
    }

    /// Copies an object to a file. Returns whether the contents differed, or `None` if the object represents
    /// a directory.
    async fn pull_object(
        &self,
        meta: &ObjectMeta,
        root: &Path,
        path: &Path,
    ) -> Result<Option<bool>, StorageError> {
        let target = root.join(path);
        if is_file_of(&target, meta.size) && content::is_same(self, meta, &target).await? {
            return Ok(Some(false));
        }
        let result = match self.store.get(&meta.location).await {
            Ok(result) if meta.size == 0 && is_directory(&result) => return Ok(None),
            // The key ends in a slash. The object listing does not show it.
            Err(StoreError::NotFound { .. }) if meta.size == 0 => return Ok(None),
            result => result.map_err(|error| self.unread(meta, error))?,
        };
        let folder = make_parent(root, path)?;
        let unwritable = |error| FileError::new("write", &target, error);
        let mut file = new_file(&folder).map_err(unwritable)?;
        let mut chunks = result.into_stream();
        while let Some(chunk) = chunks.try_next().await.map_err(|error| self.unread(meta, error))? {
            file.write_all(&chunk).map_err(unwritable)?;
        }
        file.persist(&target).map_err(|error| unwritable(error.error))?;
        Ok(Some(true))
    }

    fn unread(&self, meta: &ObjectMeta, error: StoreError) -> StorageError {
        StorageError::store(format!("read '{}' of {self}", meta.location), error)
    }
}

/// Checks whether a path is a regular file of the given size. Symbolic links do not count.
fn is_file_of(path: &Path, size: u64) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() == size)
}

/// Checks whether an empty object represents a directory in Azure's hierarchical namespace.
fn is_directory(result: &GetResult) -> bool {
    result
        .attributes
        .get(&Attribute::Metadata("hdi_isfolder".into()))
        .is_some_and(|flag| flag.as_ref() == "true")
}

/// Creates the parent directories of a file. Does not follow symbolic links that lead outside the root.
fn make_parent(root: &Path, path: &Path) -> Result<PathBuf, StorageError> {
    let mut folder = root.to_owned();
    for part in path.parent().into_iter().flat_map(Path::components) {
        folder.push(part);
        match std::fs::create_dir(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(FileError::new("create", &folder, error).into());
            }
            _ => {}
        }
        let real = folder.canonicalize().map_err(|error| FileError::new("open", &folder, error))?;
        if !real.starts_with(root) {
            return Err(StorageError::Link(path.to_owned()));
        }
    }
    Ok(folder)
}

/// Creates a temporary file with default permissions. The caller renames the file when it is complete.
fn new_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".prefectl-");
    #[cfg(unix)]
    let builder =
        builder.permissions(<std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666));
    builder.tempfile_in(folder)
}
