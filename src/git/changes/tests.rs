use std::process::Command;

use super::*;
use crate::test_files;

/// A repository whose `git` commands ignore the user's configuration.
struct Fixture(tempfile::TempDir);

impl Fixture {
    fn new() -> Self {
        let fixture = Self(tempfile::tempdir().unwrap());
        fixture.git(&["init", "--quiet", "--initial-branch", "main"]);
        fixture
    }

    fn root(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap()
    }

    fn git(&self, arguments: &[&str]) {
        let status = Command::new("git")
            .current_dir(self.0.path())
            .args(["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(status.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&status.stderr));
    }

    fn write(&self, path: &str, text: &str) {
        test_files::write(self.0.path(), &[(path, text)]);
    }

    fn commit(&self, files: &[(&str, &str)]) {
        files.iter().for_each(|(path, text)| self.write(path, text));
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "x"]);
    }

    fn changes(&self, range: &str) -> Result<Vec<String>, ChangesError> {
        let changes = Changes::between(&range.parse().unwrap(), &self.root())?;
        Ok(changes.paths.into_iter().collect())
    }
}

#[test]
fn parses_ranges() {
    let range = |text: &str| text.parse::<RevisionRange>().map(|range| range.to_string());
    for (text, expected) in [
        ("origin/main...HEAD", "origin/main...HEAD"),
        ("origin/main...", "origin/main...HEAD"),
        ("..v1.0", "HEAD..v1.0"),
        ("HEAD~2", "HEAD~2"),
    ] {
        assert_eq!(range(text).as_deref(), Ok(expected));
    }
    for text in ["", " ", "..", "..."] {
        assert_eq!(range(text), Err(InvalidRange), "{text}");
    }
}

#[test]
fn compares_commits_and_the_working_tree() {
    let fixture = Fixture::new();
    fixture.commit(&[("a.py", "1"), ("lib/b.py", "1"), ("c.py", "1"), (".gitignore", "*.log")]);
    fixture.git(&["branch", "topic"]);
    fixture.commit(&[("a.py", "2")]);
    fixture.git(&["switch", "--quiet", "topic"]);
    fixture.commit(&[("lib/b.py", "2"), ("lib/new.py", "1")]);
    fixture.git(&["mv", "c.py", "d.py"]);
    fixture.commit(&[]);

    assert_eq!(fixture.changes("main...HEAD").unwrap(), ["c.py", "d.py", "lib/b.py", "lib/new.py"]);
    assert_eq!(fixture.changes("main..HEAD").unwrap(), ["a.py", "c.py", "d.py", "lib/b.py", "lib/new.py"]);
    assert_eq!(fixture.changes("HEAD").unwrap(), [""; 0]);
    fixture.write("lib/b.py", "3");
    fixture.write("untracked/e.py", "1");
    fixture.write("noise.log", "1");
    std::fs::remove_file(fixture.root().join("d.py")).unwrap();
    assert_eq!(fixture.changes("HEAD").unwrap(), ["d.py", "lib/b.py", "untracked/e.py"]);
    assert_eq!(fixture.changes("HEAD...HEAD").unwrap(), [""; 0]);

    // A file that is staged and then reverted has not changed.
    fixture.git(&["add", "lib/b.py"]);
    fixture.write("lib/b.py", "2");
    assert_eq!(fixture.changes("HEAD").unwrap(), ["d.py", "untracked/e.py"]);

    let changes = Changes::between(&"main".parse().unwrap(), &fixture.root().join("lib")).unwrap();
    assert_eq!(changes.deleted.iter().collect::<Vec<_>>(), ["c.py"]);
    assert_eq!(changes.old_content("lib/b.py").unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(changes.old_content("lib/new.py").unwrap(), None);
    assert_eq!(changes.old_content("lib").unwrap(), None);
}

#[test]
fn finds_paths_in_directories_and_submodules() {
    let changes = Changes::of(Path::new("/r"), &["a/b.py", "a/b/c.py", "ab/d.py", "module"], &["a/e.py"]);
    assert_eq!(changes.below("a").collect::<Vec<_>>(), ["a/b.py", "a/b/c.py", "a/e.py"]);
    assert_eq!(changes.below("").count(), 5);
    assert!(changes.contains("module/flow.py") && changes.contains("a/e.py") && !changes.contains("a"));
    assert_eq!(changes.relative(Path::new("/r/a/b.py")).as_deref(), Some("a/b.py"));
    assert_eq!(changes.relative(Path::new("/x")), None);
}

#[test]
fn explains_missing_revisions() {
    let fixture = Fixture::new();
    fixture.commit(&[("a", "1")]);
    let unknown = |revision: &str| fixture.changes(revision).unwrap_err();
    for (range, message, help) in [
        (
            "mian...HEAD",
            "unknown revision 'mian'",
            "pass a branch, a tag or a commit that exists in this clone",
        ),
        (
            "origin/main",
            "unknown revision 'origin/main'",
            "fetch it, for example with `git fetch origin main`",
        ),
    ] {
        let error = unknown(range);
        assert_eq!((error.to_string(), error.help().unwrap()), (message.to_owned(), help.to_owned()));
    }
    fixture.git(&["switch", "--quiet", "--orphan", "other"]);
    fixture.commit(&[("b", "1")]);
    let error = unknown("main...other");
    assert_eq!(error.to_string(), "'main' and 'other' have no merge base");
    assert_eq!(
        error.help().unwrap(),
        "the histories are unrelated; compare both revisions with `main..other`"
    );
}

#[test]
fn files_outside_a_sparse_checkout_are_unchanged() {
    let fixture = Fixture::new();
    fixture.commit(&[("in/a", "1"), ("out/b", "1"), ("out/c", "1")]);
    fixture.git(&["sparse-checkout", "set", "--no-sparse-index", "in"]);
    assert!(!fixture.root().join("out/b").exists());
    assert_eq!(fixture.changes("HEAD").unwrap(), [""; 0]);
    std::fs::remove_file(fixture.root().join("in/a")).unwrap();
    assert_eq!(fixture.changes("HEAD").unwrap(), ["in/a"]);
}

#[test]
fn large_old_content_is_not_loaded() {
    let fixture = Fixture::new();
    fixture.commit(&[("a", &" ".repeat(LARGEST_FILE + 1)), ("b", "1")]);
    fixture.commit(&[("a", "2"), ("b", "2")]);
    let changes = Changes::between(&"HEAD~1".parse().unwrap(), &fixture.root()).unwrap();
    assert_eq!(changes.old_content("a"), Err(ChangesError::TooLarge { path: "a".to_owned() }));
    assert_eq!(changes.old_content("b").unwrap().as_deref(), Some(&b"1"[..]));
}

#[test]
fn partial_clones_have_no_old_content() {
    let fixture = Fixture::new();
    fixture.commit(&[("a", "1")]);
    fixture.commit(&[("a", "2")]);
    fixture.git(&["config", "uploadpack.allowFilter", "true"]);
    let clone = Fixture(tempfile::tempdir().unwrap());
    let url = format!("file://{}", fixture.root().display());
    clone.git(&["clone", "--quiet", "--filter=blob:none", &url, "."]);
    let changes = Changes::between(&"HEAD~1...HEAD".parse().unwrap(), &clone.root()).unwrap();
    assert_eq!(changes.paths.iter().collect::<Vec<_>>(), ["a"]);
    assert_eq!(changes.old_content("a").unwrap(), None);
}

#[test]
fn explains_shallow_clones() {
    let fixture = Fixture::new();
    fixture.commit(&[("a", "1")]);
    fixture.git(&["branch", "topic"]);
    fixture.commit(&[("a", "2")]);
    fixture.git(&["switch", "--quiet", "topic"]);
    fixture.commit(&[("b", "2")]);
    let clone = Fixture(tempfile::tempdir().unwrap());
    let url = format!("file://{}", fixture.root().display());
    clone.git(&["clone", "--quiet", "--depth", "1", "--no-single-branch", "--branch", "topic", &url, "."]);
    let error = clone.changes("origin/main...HEAD").unwrap_err();
    assert_eq!(error.to_string(), "'origin/main' and 'HEAD' have no merge base in this shallow clone");
    assert!(error.help().unwrap().contains("fetch-depth: 0"));
    assert_eq!(clone.changes("origin/main..HEAD").unwrap(), ["a", "b"]);
    let error = clone.changes("HEAD~1").unwrap_err();
    assert!(error.help().unwrap().contains("fetch-depth: 0"), "{error}");
}

#[test]
fn requires_a_working_tree() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().canonicalize().unwrap();
    let changes = || Changes::between(&"HEAD".parse().unwrap(), &path).unwrap_err();
    assert_eq!(changes(), ChangesError::NoRepository(path.clone()));
    Repository::init_bare(&path).unwrap();
    assert_eq!(changes(), ChangesError::NoWorkingTree(path.clone()));
}

/// The time limit includes reading the status of all files.
#[test]
#[ignore = "creates 50,000 files"]
fn compares_large_repositories_in_a_second() {
    let fixture = Fixture::new();
    let names: Vec<String> = (0..50_000).map(|number| format!("d{}/f{number}.py", number / 100)).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x = 1\n")).collect();
    fixture.commit(&files);
    fixture.commit(&[("d7/f700.py", "x = 2\n")]);
    for range in ["HEAD~1...HEAD", "HEAD~1"] {
        let start = std::time::Instant::now();
        assert_eq!(fixture.changes(range).unwrap(), ["d7/f700.py"]);
        assert!(start.elapsed() < std::time::Duration::from_secs(1), "{range}: {:?}", start.elapsed());
    }
}
