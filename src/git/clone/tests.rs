use std::{fs, path::PathBuf, process::Command};

use super::*;

/// A repository on this machine that can be cloned by a `file://` address, with everything a server may have.
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

    /// Commits a file with this text and returns the commit's id.
    fn commit(&self, path: &str, text: &str) -> String {
        let file = self.path("up").join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", text]);
        self.git(&["rev-parse", "HEAD"])
    }

    async fn bring(&self, revision: Revision<'_>, directories: &[&str]) -> Result<(), CloneError> {
        let address = Address::parse(&format!("file://{}", self.path("up").display())).unwrap();
        let directories: Vec<String> = directories.iter().map(|name| (*name).to_owned()).collect();
        let checkout = Checkout {
            address: &address,
            credentials: None,
            revision,
            submodules: false,
            directories: &directories,
            environment: &self.environment,
        };
        checkout.bring(&self.path("target")).await
    }

    fn file(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.path("target").join(path)).ok()
    }
}

#[tokio::test]
async fn a_clone_follows_what_is_wanted() {
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
        upstream.bring(revision, &[]).await.unwrap();
        assert_eq!(upstream.file("flow.py").as_deref(), Some(expected), "{revision:?}");
        fs::remove_dir_all(upstream.path("target")).unwrap();
    }
}

/// The reference runs old code here: it takes a whole id for checked out, whatever is.
#[tokio::test]
async fn another_commit_is_checked_out_over_the_one_that_is_there() {
    let upstream = Upstream::new();
    let first = upstream.commit("flow.py", "one");
    let second = upstream.commit("flow.py", "two");
    for (commit, expected) in [(&first[..], "one"), (&second, "two"), (&first[..8], "one")] {
        upstream.bring(Revision::Commit(commit), &[]).await.unwrap();
        assert_eq!(upstream.file("flow.py").as_deref(), Some(expected));
        assert!(upstream.git_in("target", &["rev-parse", "HEAD"]).starts_with(commit));
    }
}

#[tokio::test]
async fn what_moved_upstream_moves_here_without_cloning_again() {
    let upstream = Upstream::new();
    upstream.commit("flow.py", "one");
    upstream.bring(Revision::Default, &[]).await.unwrap();
    fs::write(upstream.path("target/mine.txt"), "stays").unwrap();
    fs::write(upstream.path("target/flow.py"), "edited here").unwrap();
    upstream.commit("flow.py", "two");
    upstream.bring(Revision::Default, &[]).await.unwrap();
    assert_eq!(upstream.file("flow.py").as_deref(), Some("two"));
    // Rewritten history is no obstacle either.
    upstream.git(&["commit", "--quiet", "--amend", "--message", "another"]);
    upstream.commit("flow.py", "three");
    upstream.bring(Revision::Named("main"), &[]).await.unwrap();
    assert_eq!(upstream.file("flow.py").as_deref(), Some("three"));
    assert_eq!(upstream.file("mine.txt").as_deref(), Some("stays"));
}

#[tokio::test]
async fn a_short_id_is_found_in_a_shallow_clone() {
    let upstream = Upstream::new();
    let first = upstream.commit("flow.py", "one");
    upstream.commit("flow.py", "two");
    upstream.bring(Revision::Default, &[]).await.unwrap();
    assert_eq!(upstream.git_in("target", &["rev-list", "--count", "HEAD"]), "1");
    upstream.bring(Revision::Commit(&first[..7]), &[]).await.unwrap();
    assert_eq!(upstream.file("flow.py").as_deref(), Some("one"));
}

#[tokio::test]
async fn directories_are_those_of_the_last_time() {
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
        upstream.bring(revision, directories).await.unwrap();
        assert_eq!(
            ["a/x", "b/x", "c/x"].map(|path| upstream.file(path).is_some()),
            expected,
            "{directories:?}"
        );
    }
}

#[tokio::test]
async fn failures_name_the_repository_and_what_to_do() {
    let upstream = Upstream::new();
    upstream.commit("flow.py", "one");
    let error = upstream.bring(Revision::Named("nope"), &[]).await.unwrap_err();
    assert!(error.to_string().contains("with exit code 128"), "{error}");
    assert_eq!(error.help(), Some("check the name of the branch or tag"));

    for commit in ["feedface", "feedfacefeedfacefeedfacefeedfacefeedface"] {
        let error = upstream.bring(Revision::Commit(commit), &[]).await.unwrap_err();
        assert!(matches!(error, CloneError::NoSuchCommit { .. }), "{error}");
    }
    upstream.git_in("target", &["remote", "set-url", "origin", "https://example.com/other"]);
    let error = upstream.bring(Revision::Default, &[]).await.unwrap_err();
    assert!(matches!(error, CloneError::OtherRepository { .. }), "{error}");

    fs::remove_dir_all(upstream.path("target")).unwrap();
    fs::create_dir(upstream.path("target")).unwrap();
    fs::write(upstream.path("target/file"), "").unwrap();
    let error = upstream.bring(Revision::Default, &[]).await.unwrap_err();
    assert!(error.help().unwrap().contains("stale directory"), "{error}");
}
