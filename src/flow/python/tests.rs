//! Tests with shell scripts that replace Python.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, time::Duration};

use super::*;
use crate::progress::Silent;

const FLOW: &str =
    "from prefect import flow\nimport outside\n\n@flow\ndef hello(name: outside.Name):\n    pass\n";
const ANSWER: &str = r#"{"flow": {"name": "hello", "description": "d", "version": "1", "parameters": {"type": "object"}, "place": null}}"#;

struct Project {
    folder: tempfile::TempDir,
    environment: Environment,
}

impl Project {
    /// Creates a project with a flow and an interpreter with Prefect installed that runs `script` for imports.
    fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("flow.py"), FLOW).unwrap();
        let python = folder.path().join(".venv/bin/python");
        fs::create_dir_all(python.parent().unwrap()).unwrap();
        let probe = r#"case "$5" in prefect) echo '{"version": "3.12.0", "missing": []}'; exit;; esac"#;
        fs::write(&python, format!("#!/bin/sh\n{probe}\n{script}\n")).unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        let environment = [("PATH", "/usr/bin:/bin")].into_iter().collect();
        Self { folder, environment }
    }

    fn inspect(&self, inspector: &Inspector, entrypoint: &str) -> Result<Arc<Flow>, FlowError> {
        let entrypoint = Entrypoint::parse(entrypoint).unwrap();
        inspector.inspect(&entrypoint, self.folder.path(), &self.environment)
    }

    async fn import(&self, inspector: &Inspector, mode: ImportMode) -> (bool, Vec<String>) {
        let python = PythonUse { mode, interpreter: None, scope: SearchScope::Project };
        let import = ImportContext {
            python: &python,
            directory: self.folder.path(),
            environment: &self.environment,
            progress: &Silent,
        };
        let ImportSummary { has_changed_flows, warnings } = inspector.import_flows(&import).await;
        let folder = format!("{}/", self.folder.path().display());
        (
            has_changed_flows,
            warnings.into_iter().map(|warning| warning.message.replace(&folder, "")).collect(),
        )
    }
}

#[tokio::test]
async fn replaces_the_result_of_the_source_by_that_of_the_import() {
    let project = Project::new(&format!("cat >/dev/null; echo '{ANSWER}'"));
    let inspector = Inspector::new();
    let before = project.inspect(&inspector, "flow.py:hello").unwrap();
    assert_eq!((before.grade, before.reasons.len()), (Grade::Approximate, 1));
    assert_eq!(project.import(&inspector, ImportMode::Never).await, (false, vec![]));
    assert_eq!(project.import(&inspector, ImportMode::IfNeeded).await, (true, vec![]));
    let after = project.inspect(&inspector, "flow.py:hello").unwrap();
    assert_eq!((after.grade, after.description.as_deref()), (Grade::Exact, Some("d")));
    assert_eq!(after.place.start().line, 5);
    // No flow is left to import.
    assert_eq!(project.import(&inspector, ImportMode::IfNeeded).await, (false, vec![]));
}

#[tokio::test]
async fn uses_the_fallback_of_prefect_with_a_warning() {
    let answer = ANSWER.replace("null}}", "null, \"problem\": \"ImportError: no\"}}");
    let project = Project::new(&format!("cat >/dev/null; echo '{answer}'"));
    let inspector = Inspector::new();
    project.inspect(&inspector, "flow.py:hello").unwrap();
    let warning = ".venv/bin/python cannot import flow.py:hello: ImportError: no; its definitions were evaluated one by \
                   one, as Prefect does";
    assert_eq!(project.import(&inspector, ImportMode::IfNeeded).await, (true, vec![warning.to_owned()]));
    assert_eq!(project.inspect(&inspector, "flow.py:hello").unwrap().description.as_deref(), Some("d"));
}

#[tokio::test]
async fn imports_exact_flows_only_on_request() {
    let project = Project::new(&format!("cat >/dev/null; echo '{ANSWER}'"));
    fs::write(project.folder.path().join("flow.py"), FLOW.replace("outside.Name", "str")).unwrap();
    let inspector = Inspector::new();
    assert_eq!(project.inspect(&inspector, "flow.py:hello").unwrap().grade, Grade::Exact);
    assert_eq!(project.import(&inspector, ImportMode::IfNeeded).await, (false, vec![]));
    assert_eq!(project.import(&inspector, ImportMode::Always).await, (true, vec![]));
}

#[tokio::test]
async fn keeps_the_result_of_the_source_on_failure() {
    let cases = [
        (
            "cat >/dev/null; echo '{\"error\": \"ValueError: no\"}'",
            ".venv/bin/python cannot import flow.py:hello: ValueError: no",
        ),
        (
            "cat >/dev/null; echo trouble >&2; exit 3",
            "cannot import flows with .venv/bin/python: Python exited with code 3: trouble",
        ),
    ];
    for (script, warning) in cases {
        let project = Project::new(script);
        let inspector = Inspector::new();
        project.inspect(&inspector, "flow.py:hello").unwrap();
        assert_eq!(project.import(&inspector, ImportMode::IfNeeded).await, (false, vec![warning.to_owned()]));
        assert_eq!(project.inspect(&inspector, "flow.py:hello").unwrap().grade, Grade::Approximate);
    }
}

#[tokio::test]
async fn reports_flows_after_an_early_exit() {
    let project = Project::new(&format!("cat >/dev/null; echo '{ANSWER}'; exit 4"));
    fs::write(project.folder.path().join("other.py"), FLOW).unwrap();
    let inspector = Inspector::new();
    for entrypoint in ["flow.py:hello", "other.py:hello"] {
        project.inspect(&inspector, entrypoint).unwrap();
    }
    let (has_changed_flows, warnings) = project.import(&inspector, ImportMode::IfNeeded).await;
    let expected = ".venv/bin/python cannot import other.py:hello: Python exited with code 4: no output";
    assert_eq!((has_changed_flows, warnings), (true, vec![expected.to_owned()]));
}

#[tokio::test]
async fn ends_a_process_that_hangs() {
    let project = Project::new("exec sleep 60");
    let inspector = Inspector::new();
    project.inspect(&inspector, "flow.py:hello").unwrap();
    let interpreter = project.folder.path().join(".venv/bin/python").display().to_string();
    let entrypoints = ["flow.py:hello".to_owned()];
    let limit = Duration::from_millis(200);
    let imported =
        importer::run(&interpreter, &entrypoints, project.folder.path(), &project.environment, limit).await;
    assert_eq!(imported.unwrap_err().to_string(), "timed out after 0 s while importing flows");
}

#[test]
fn finds_the_lines_that_python_reports() {
    let project = Project::new("");
    let path = project.folder.path().join("flow.py");
    let place = place_of(&(path, 4), project.folder.path()).unwrap();
    assert_eq!((place.source.name(), place.start().line, place.end().column), ("flow.py", 4, 6));
    assert!(place_of(&(PathBuf::from("missing.py"), 4), project.folder.path()).is_none());
}
