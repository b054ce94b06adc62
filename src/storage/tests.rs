use std::fs;

use object_store::{ObjectStoreExt as _, memory::InMemory, path::Path as Key};
use tempfile::TempDir;

use super::*;
use crate::{
    storage::ignore_file::{IgnoreFile, Lines},
    test_files::directory,
};

fn bucket() -> Bucket {
    Bucket { store: Arc::new(InMemory::new()), url: "memory://b".to_owned(), proof: Proof::Metadata }
}

fn folder(text: &str) -> Folder {
    Folder::parse(text).unwrap()
}

async fn put(bucket: &Bucket, key: &str, content: &'static str) {
    bucket.store.put(&Key::parse(key).unwrap(), content.into()).await.unwrap();
}

async fn push(bucket: &Bucket, from: &TempDir, to: &str) -> Result<Summary, StorageError> {
    let folder = folder(to);
    let files = LocalFiles::list(from.path(), &folder, &IgnoreFile::default())?;
    bucket.push(files, &crate::progress::Silent).await
}

fn summary(copied: usize, unchanged: usize) -> Summary {
    Summary { copied, unchanged }
}

/// Returns the paths and contents of all files in a directory.
fn tree(directory: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            files.extend(tree(&path).into_iter().map(|(below, text)| (format!("{name}/{below}"), text)));
        } else {
            files.push((name, fs::read_to_string(path).unwrap()));
        }
    }
    files.sort();
    files
}

#[tokio::test]
async fn pushes_and_pulls_only_changed_files() {
    let bucket = bucket();
    let large = "x".repeat(content::PART + 5);
    let from = directory(&[("a.py", "1"), (".hidden", ""), ("sub/deep/é %.txt", "3"), ("large", &large)]);
    assert_eq!(push(&bucket, &from, "proj").await.unwrap(), summary(4, 0));
    assert_eq!(push(&bucket, &from, "./proj/").await.unwrap(), summary(0, 4));
    fs::write(from.path().join("a.py"), "2").unwrap();
    assert_eq!(push(&bucket, &from, "proj").await.unwrap(), summary(1, 3));

    let into = directory(&[("mine", "stays"), ("a.py", "old")]);
    assert_eq!(bucket.pull(&folder("proj"), into.path()).await.unwrap(), summary(4, 0));
    assert_eq!(bucket.pull(&folder("proj"), into.path()).await.unwrap(), summary(0, 4));
    let mut expected = tree(from.path());
    expected.push(("mine".to_owned(), "stays".to_owned()));
    expected.sort();
    assert_eq!(tree(into.path()), expected);
}

#[tokio::test]
async fn lists_only_a_part_of_a_large_bucket() {
    let from = directory(&[("flow.py", "1")]);
    for (others, expected) in [(10_000, summary(0, 1)), (10_010, summary(1, 0))] {
        let bucket = bucket();
        for number in 0..others {
            put(&bucket, &format!("data/{number}"), "x").await;
        }
        assert_eq!(push(&bucket, &from, "").await.unwrap(), summary(1, 0));
        assert_eq!(push(&bucket, &from, "").await.unwrap(), expected, "{others}");
    }
}

#[tokio::test]
async fn matches_whole_folder_names() {
    let bucket = bucket();
    for key in ["proj/a", "proj2/b", "c"] {
        put(&bucket, key, "x").await;
    }
    let into = directory(&[]);
    bucket.pull(&folder("proj"), into.path()).await.unwrap();
    assert_eq!(tree(into.path()), [("a".to_owned(), "x".to_owned())]);
}

#[tokio::test]
async fn rejects_an_empty_folder() {
    let error = bucket().pull(&folder("prj"), directory(&[]).path()).await.unwrap_err();
    assert_eq!(error.to_string(), "the folder 'prj' in memory://b contains no objects");
}

#[tokio::test]
async fn rejects_a_folder_with_too_many_objects() {
    let bucket = bucket();
    for key in ["p/a", "p/b", "p/c", "q"] {
        put(&bucket, key, "x").await;
    }
    assert_eq!(bucket.objects(&folder("p"), 3).await.unwrap().len(), 3);
    let error = bucket.objects(&folder("p"), 2).await.unwrap_err();
    assert_eq!(error.to_string(), "the folder 'p' in memory://b contains more than 2 objects");
}

#[cfg(unix)]
#[tokio::test]
async fn follows_links_to_files_but_never_out_of_the_target() {
    use std::os::unix::fs::symlink;
    let bucket = bucket();
    let from = directory(&[("a", "1"), ("sub/b", "2")]);
    symlink("a", from.path().join("link")).unwrap();
    symlink("sub", from.path().join("directory")).unwrap();
    assert_eq!(push(&bucket, &from, "p").await.unwrap(), summary(3, 0));

    let outside = directory(&[("b", "untouched")]);
    let into = directory(&[]);
    symlink(outside.path(), into.path().join("sub")).unwrap();
    let error = bucket.pull(&folder("p"), into.path()).await.unwrap_err();
    assert!(matches!(error, StorageError::Link(_)), "{error}");

    // A pull replaces a symbolic link but does not change the target of the link.
    let into = directory(&[]);
    symlink(outside.path().join("b"), into.path().join("a")).unwrap();
    bucket.pull(&folder("p"), into.path()).await.unwrap();
    assert_eq!(fs::read_to_string(into.path().join("a")).unwrap(), "1");
    assert_eq!(tree(outside.path()), [("b".to_owned(), "untouched".to_owned())]);

    symlink(outside.path().join("b"), from.path().join("out")).unwrap();
    let target = folder("p");
    let files = LocalFiles::list(from.path(), &target, &IgnoreFile::default()).unwrap();
    assert!(files.links_outside().eq([Path::new("out")]));

    symlink("nowhere", from.path().join("broken")).unwrap();
    let error = push(&bucket, &from, "p").await.unwrap_err();
    assert!(matches!(error, StorageError::NoFile(_)), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn ignore_file_is_applied_without_following_links_to_ancestors() {
    let bucket = bucket();
    let from = directory(&[("a.py", "1"), ("sub/b.py", "2"), ("sub/c.pyc", "3")]);
    std::os::unix::fs::symlink("..", from.path().join("sub/up")).unwrap();
    std::os::unix::fs::symlink(".", from.path().join("here")).unwrap();
    let rules = directory(&[(".prefectignore", "*.pyc\n")]);
    let ignore = IgnoreFile::read(&rules.path().join(".prefectignore"), Lines::Trimmed).unwrap().unwrap();
    let target = folder("p");
    let files = LocalFiles::list(from.path(), &target, &ignore).unwrap();
    assert_eq!(files.links_outside().next(), None);
    assert_eq!(bucket.push(files, &crate::progress::Silent).await.unwrap(), summary(2, 0));
}

#[tokio::test]
async fn rejects_keys_outside_the_target_before_writing() {
    let bucket = bucket();
    put(&bucket, "p/a", "x").await;
    put(&bucket, r"p/..\..\evil", "x").await;
    let into = directory(&[]);
    let error = bucket.pull(&folder("p"), into.path()).await.unwrap_err();
    assert!(matches!(error, StorageError::UnsafeKey(_)), "{error}");
    assert!(tree(into.path()).is_empty());
}
