use std::{collections::BTreeSet, path::Path};

use proptest::prelude::*;

use super::*;
use crate::{
    docker::context::{BuildContext, Dockerfile},
    test_limits::within_limits,
};

/// Decisions of Docker 28 with the classic builder, recorded with `tests/data/dockerignore/record.py`.
const RECORDED: &str = include_str!("../../../tests/data/dockerignore/cases.json");

/// The only intentional difference from Docker: a wildcard after `!` also includes files deep inside an
/// excluded directory. The classic builder does not search there.
const REACHES_DEEPER: [(&str, &[&str]); 1] = [("*\n!**/*.md", &["docs", "docs/README.md"])];

#[derive(serde::Deserialize)]
struct Recording {
    files: Vec<String>,
    directories: Vec<String>,
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    dockerignore: String,
    /// Paths in the build context, or null if Docker rejects the ignore file.
    kept: Option<BTreeSet<String>>,
}

/// Returns the paths in the archive and their parent directories, without the two files that are always sent.
fn kept(root: &Path) -> Result<BTreeSet<String>, String> {
    let context =
        BuildContext::open(root, Dockerfile::Path("Dockerfile")).map_err(|error| error.to_string())?;
    let mut archive = Vec::new();
    context.write(&mut archive).unwrap();
    let mut kept = BTreeSet::new();
    for entry in tar::Archive::new(archive.as_slice()).entries().unwrap() {
        let path = entry.unwrap().path().unwrap().into_owned();
        kept.extend(path.ancestors().map(|path| path.to_str().unwrap().to_owned()));
    }
    for always in ["", "Dockerfile", ".dockerignore"] {
        assert!(kept.remove(always), "{always} is missing");
    }
    Ok(kept)
}

#[test]
fn excludes_the_same_paths_as_docker() {
    let recording: Recording = serde_json::from_str(RECORDED).unwrap();
    let root = tempfile::tempdir().unwrap();
    for directory in &recording.directories {
        std::fs::create_dir(root.path().join(directory)).unwrap();
    }
    for file in recording.files.iter().map(String::as_str).chain(["Dockerfile"]) {
        let path = root.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file).unwrap();
    }
    let mut wrong = Vec::new();
    for mut case in recording.cases {
        for (patterns, more) in REACHES_DEEPER {
            if patterns == case.dockerignore {
                case.kept.as_mut().unwrap().extend(more.iter().map(|&path| path.to_owned()));
            }
        }
        std::fs::write(root.path().join(".dockerignore"), &case.dockerignore).unwrap();
        let kept = kept(root.path()).ok();
        if kept != case.kept {
            wrong.push((case.dockerignore, case.kept, kept));
        }
    }
    assert!(wrong.is_empty(), "(patterns, Docker, ours): {wrong:#?}");
}

#[test]
fn errors_name_an_invalid_line() {
    let error = Ignore::parse("*.pyc\n# comment\nsub/[a\n").unwrap_err();
    assert_eq!((error.line, error.pattern.as_str()), (3, "sub/[a"));
    assert_eq!(Ignore::parse(" ! ").unwrap_err().reason, GlobError::Empty);
}

#[test]
fn searches_excluded_directories_only_if_necessary() {
    let searched = |text: &str, directory: &str| Ignore::parse(text).unwrap().may_keep_below(directory);
    assert!(!searched("*", "sub"));
    assert!(!searched("*\n!docs/*.md", "sub"));
    assert!(!searched("*\n!docs/*.md", "docs/img"));
    assert!(searched("*\n!docs/*.md", "docs"));
    assert!(searched("*\n!**/*.md", "docs/img"));
}

#[test]
fn limits_work_for_hostile_patterns() {
    const MANY: usize = 200_000;
    let numbered = |line: fn(usize) -> String| (0..MANY / 10).map(line).collect::<String>();
    let paths = ["a/b/c/d/e/f.py", &"a/".repeat(500), &"aaaaaaaa/".repeat(30)];
    for text in [
        "**/".repeat(MANY),
        "**".repeat(MANY),
        format!("{}x", "**/a/".repeat(MANY / 5)),
        "*a".repeat(MANY / 10),
        numbered(|number| format!("**/name{number}\n")),
        numbered(|number| format!("!**/*name{number}*\n")),
        numbered(|number| format!("name{number}/**/x\n")),
    ] {
        within_limits(|| {
            let ignore = Ignore::parse(&text).unwrap();
            for path in paths {
                ignore.excludes(path);
                ignore.may_keep_below(path);
            }
        });
    }
}

#[test]
fn normalizes_paths_as_go_does() {
    for (path, clean_path) in [
        ("./a//b/", "a/b"),
        ("/a", "a"),
        ("a/../b", "b"),
        ("../a", "../a"),
        ("../../a", "../../a"),
        ("/../a", "a"),
        ("a/..", "."),
        ("", "."),
    ] {
        assert_eq!(clean(path), clean_path, "{path}");
    }
}

fn path() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[a-c.]{1,3}(/[a-c.]{1,3}){0,3}").unwrap()
}

proptest! {
    /// Generates lines from typical elements of patterns.
    #[test]
    fn reads_any_file_or_names_an_invalid_line(
        text in prop_oneof![
            prop::collection::vec(
                prop::sample::select(vec![
                    "*", "**", "/", "!", "#", "[a-", "]", "[^", "\\", "?", "a", "b", ".", "..", "\n", "\r\n", " ", "é", "\u{feff}", "{", "}",
                ]),
                0..24,
            )
            .prop_map(|parts| parts.concat()),
            any::<String>(),
        ],
        paths in prop::collection::vec(path(), 1..4),
    ) {
        match Ignore::parse(&text) {
            Err(error) => prop_assert!(text.lines().nth(error.line - 1).is_some(), "{error}"),
            Ok(ignore) => {
                for path in paths {
                    let verdict = ignore.evaluate(&path, &Verdict::default());
                    let below = ignore.evaluate(&format!("{path}/a"), &verdict);
                    // A skipped directory must not contain an included path.
                    let is_skipped = verdict.excluded && !ignore.may_keep_below(&path);
                    prop_assert!(!is_skipped || below.excluded, "{path}");
                }
            }
        }
    }
}
