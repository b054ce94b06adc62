use std::{fs, path::PathBuf, process::Command};

use super::*;
use crate::{progress::Silent, test_files};

/// A repository with a `file://` address, which supports all optional features of a Git server.
struct Upstream {
    folder: tempfile::TempDir,
    environment: Environment,
}

impl Upstream {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut variables: Vec<(String, String)> = std::env::vars().collect();
        variables.retain(|(name, _)| !name.starts_with("GIT_"));
        for name in ["AUTHOR", "COMMITTER"] {
            variables.push((format!("GIT_{name}_NAME"), "A".into()));
            variables.push((format!("GIT_{name}_EMAIL"), "a@example.com".into()));
        }
        variables.push(("GIT_CONFIG_GLOBAL".into(), "/dev/null".into()));
        // By default, Git rejects `file` URLs of submodules.
        variables.push(("GIT_CONFIG_COUNT".into(), "1".into()));
        variables.push(("GIT_CONFIG_KEY_0".into(), "protocol.file.allow".into()));
        variables.push(("GIT_CONFIG_VALUE_0".into(), "always".into()));
        let upstream = Self { folder, environment: variables.into_iter().collect() };
        fs::create_dir(upstream.path("up")).unwrap();
        upstream.git(&["init", "--quiet", "--initial-branch", "main"]);
        upstream.git(&["config", "uploadpack.allowFilter", "true"]);
        upstream
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.git_in("up", arguments)
    }

    fn git_in(&self, folder: &str, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(self.path(folder))
            .env_clear()
            .envs(self.environment.iter())
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Commits a file and returns the ID of the new commit.
    fn commit(&self, path: &str, text: &str) -> String {
        test_files::write(&self.path("up"), &[(path, text)]);
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", text]);
        self.git(&["rev-parse", "HEAD"])
    }

    async fn checkout(&self, revision: Revision<'_>, directories: &[&str]) -> Result<(), CloneError> {
        self.checkout_as(revision, directories, false).await
    }

    async fn checkout_with_submodules(&self, revision: Revision<'_>) -> Result<(), CloneError> {
        self.checkout_as(revision, &[], true).await
    }

    async fn checkout_as(
        &self,
        revision: Revision<'_>,
        directories: &[&str],
        submodules: bool,
    ) -> Result<(), CloneError> {
        let address = Address::parse(&format!("file://{}", self.path("up").display())).unwrap();
        let directories: Vec<String> = directories.iter().map(|name| (*name).to_owned()).collect();
        let checkout = Checkout {
            address: &address,
            credentials: None,
            revision,
            submodules,
            directories: &directories,
            environment: &self.environment,
        };
        checkout.clone_or_update(self.folder.path(), Path::new("target"), &Silent).await
    }

    fn file(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.path("target").join(path)).ok()
    }
}

#[tokio::test]
async fn clones_the_requested_revision() {
    let upstream = Upstream::new();
    let first = upstream.commit("flow.py", "one");
    upstream.git(&["tag", "v1"]);
    upstream.commit("flow.py", "two");
    for (revision, expected) in [
        (Revision::Default, "two"),
        (Revision::Named("main"), "two"),
        (Revision::Named("v1"), "one"),
        (Revision::Commit(&first), "one"),
        (Revision::Commit(&first[..7]), "one"),
    ] {
        upstream.checkout(revision, &[]).await.unwrap();
        assert_eq!(upstream.file("flow.py").as_deref(), Some(expected), "{revision:?}");
        fs::remove_dir_all(upstream.path("target")).unwrap();
    }
}

#[tokio::test]
async fn checks_out_another_commit_of_an_existing_clone() {
    let upstream = Upstream::new();
    let first = upstream.commit("flow.py", "one");
    let second = upstream.commit("flow.py", "two");
    for (commit, expected) in [(&first[..], "one"), (&second, "two"), (&first[..8], "one")] {
        upstream.checkout(Revision::Commit(commit), &[]).await.unwrap();
        assert_eq!(upstream.file("flow.py").as_deref(), Some(expected));
        assert!(upstream.git_in("target", &["rev-parse", "HEAD"]).starts_with(commit));
    }
}

#[tokio::test]
async fn updates_an_existing_clone_and_keeps_local_changes() {
    let upstream = Upstream::new();
    upstream.commit("other.py", "other");
    upstream.commit("flow.py", "one");
    upstream.checkout(Revision::Default, &[]).await.unwrap();
    fs::write(upstream.path("target/mine.txt"), "untracked").unwrap();
    fs::write(upstream.path("target/other.py"), "edited").unwrap();
    upstream.commit("flow.py", "two");
    upstream.checkout(Revision::Default, &[]).await.unwrap();
    assert_eq!(upstream.file("flow.py").as_deref(), Some("two"));
    // The history of the remote repository may be rewritten.
    upstream.git(&["commit", "--quiet", "--amend", "--message", "another"]);
    let third = upstream.commit("flow.py", "three");
    upstream.checkout(Revision::Named("main"), &[]).await.unwrap();
    assert_eq!(upstream.file("flow.py").as_deref(), Some("three"));
    assert_eq!(upstream.file("mine.txt").as_deref(), Some("untracked"));
    assert_eq!(upstream.file("other.py").as_deref(), Some("edited"));

    fs::write(upstream.path("target/flow.py"), "edited").unwrap();
    upstream.commit("flow.py", "four");
    let error = upstream.checkout(Revision::Default, &[]).await.unwrap_err();
    assert!(matches!(error, CloneError::Refused { action: "update", .. }), "{error}");
    assert_eq!(upstream.file("flow.py").as_deref(), Some("edited"));
    assert_eq!(upstream.git_in("target", &["rev-parse", "HEAD"]), third);
}

#[tokio::test]
async fn clones_into_a_directory_whose_parent_does_not_exist() {
    let upstream = Upstream::new();
    upstream.commit("flow.py", "one");
    let address = Address::parse("up").unwrap();
    let checkout = Checkout {
        address: &address,
        credentials: None,
        revision: Revision::Default,
        submodules: false,
        directories: &[],
        environment: &upstream.environment,
    };
    checkout.clone_or_update(upstream.folder.path(), Path::new("target/a/b"), &Silent).await.unwrap();
    assert_eq!(upstream.file("a/b/flow.py").as_deref(), Some("one"));
}

#[tokio::test]
async fn waits_for_a_process_that_uses_the_clone() {
    let upstream = Upstream::new();
    upstream.commit("flow.py", "one");
    let lock = upstream.path("target.lock");
    let mut other = Command::new("sleep").arg("1000").spawn().unwrap();
    fs::write(&lock, other.id().to_string()).unwrap();
    let mut checkout = Box::pin(upstream.checkout(Revision::Default, &[]));
    let early = tokio::time::timeout(Duration::from_millis(300), &mut checkout).await;
    other.kill().unwrap();
    other.wait().unwrap();
    assert!(early.is_err() && lock.exists() && !upstream.path("target").exists());
    checkout.await.unwrap();
    assert_eq!(upstream.file("flow.py").as_deref(), Some("one"));
    assert!(!lock.exists());
    upstream.checkout(Revision::Named("nope"), &[]).await.unwrap_err();
    assert!(!lock.exists());
}

/// Git sets these variables for hooks.
#[tokio::test]
async fn ignores_the_repository_of_a_hook() {
    let mut upstream = Upstream::new();
    let first = upstream.commit("flow.py", "one");
    let second = upstream.commit("flow.py", "two");
    for (name, path) in [("GIT_DIR", "up/.git"), ("GIT_WORK_TREE", "up"), ("GIT_INDEX_FILE", "up/.git/index")]
    {
        let path = upstream.path(path).to_str().unwrap().to_owned();
        upstream.environment.set(name.to_owned(), Some(path));
    }
    upstream.checkout(Revision::Commit(&first), &[]).await.unwrap();
    assert_eq!(upstream.file("flow.py").as_deref(), Some("one"));
    upstream.environment.remove_git_repository();
    assert_eq!(upstream.git(&["rev-parse", "HEAD"]), second);
    assert_eq!(upstream.git_in("target", &["rev-parse", "HEAD"]), first);
}

#[tokio::test]
async fn updates_submodules_to_the_revisions_of_each_commit() {
    let upstream = Upstream::new();
    upstream.commit("flow.py", "one");
    fs::create_dir(upstream.path("module")).unwrap();
    upstream.git_in("module", &["init", "--quiet", "--initial-branch", "main"]);
    let commit_module = |text: &str| {
        fs::write(upstream.path("module/m.py"), text).unwrap();
        upstream.git_in("module", &["add", "--all"]);
        upstream.git_in("module", &["commit", "--quiet", "--message", text]);
    };
    commit_module("m1");
    let url = format!("file://{}", upstream.path("module").display());
    upstream.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "sub"]);
    let first = upstream.commit("flow.py", "two");
    commit_module("m2");
    upstream.git_in("up/sub", &["pull", "--quiet"]);
    let second = upstream.commit("flow.py", "three");
    for (revision, expected) in [
        (Revision::Commit(&first), "m1"),
        (Revision::Commit(&second[..8]), "m2"),
        (Revision::Default, "m2"),
        (Revision::Commit(&first[..8]), "m1"),
    ] {
        upstream.checkout_with_submodules(revision).await.unwrap();
        assert_eq!(upstream.file("sub/m.py").as_deref(), Some(expected), "{revision:?}");
    }
}

#[tokio::test]
async fn finds_an_abbreviated_commit_in_a_shallow_clone() {
    let upstream = Upstream::new();
    let first = upstream.commit("flow.py", "one");
    upstream.commit("flow.py", "two");
    upstream.checkout(Revision::Default, &[]).await.unwrap();
    assert_eq!(upstream.git_in("target", &["rev-list", "--count", "HEAD"]), "1");
    upstream.checkout(Revision::Commit(&first[..7]), &[]).await.unwrap();
    assert_eq!(upstream.file("flow.py").as_deref(), Some("one"));
}

#[tokio::test]
async fn checks_out_only_the_requested_directories() {
    let upstream = Upstream::new();
    upstream.commit("a/x", "a");
    upstream.commit("b/x", "b");
    let second = upstream.commit("c/x", "c");
    for (revision, directories, expected) in [
        (Revision::Default, &["a"][..], [true, false, false]),
        (Revision::Default, &["b"], [false, true, false]),
        (Revision::Commit(&second), &["b", "c"], [false, true, true]),
        (Revision::Default, &[], [true, true, true]),
    ] {
        upstream.checkout(revision, directories).await.unwrap();
        assert_eq!(
            ["a/x", "b/x", "c/x"].map(|path| upstream.file(path).is_some()),
            expected,
            "{directories:?}"
        );
    }
}

#[tokio::test]
async fn errors_name_the_repository_and_give_advice() {
    let upstream = Upstream::new();
    upstream.commit("flow.py", "one");
    let error = upstream.checkout(Revision::Named("nope"), &[]).await.unwrap_err();
    assert!(error.to_string().contains("with exit code 128"), "{error}");
    assert_eq!(error.help(), Some("check the name of the branch or tag"));

    for commit in ["feedface", "feedfacefeedfacefeedfacefeedfacefeedface"] {
        let error = upstream.checkout(Revision::Commit(commit), &[]).await.unwrap_err();
        assert!(matches!(error, CloneError::NoSuchCommit { .. }), "{error}");
    }
    upstream.git_in("target", &["remote", "set-url", "origin", "https://example.com/other"]);
    let error = upstream.checkout(Revision::Default, &[]).await.unwrap_err();
    assert!(matches!(error, CloneError::OtherRepository { .. }), "{error}");

    fs::remove_dir_all(upstream.path("target")).unwrap();
    fs::create_dir(upstream.path("target")).unwrap();
    fs::write(upstream.path("target/file"), "").unwrap();
    let error = upstream.checkout(Revision::Default, &[]).await.unwrap_err();
    assert!(error.help().unwrap().contains("stale directory"), "{error}");
}
