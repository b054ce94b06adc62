use std::{fs, os::unix::fs::PermissionsExt as _};

use super::*;
use crate::process::Completion;

/// Creates a directory with shell scripts that act as interpreters.
fn folder(programs: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, script) in programs {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

const GOOD: &str = r#"echo '{"version": "3.12.4", "missing": []}'"#;
const LACKS: &str = r#"echo '{"version": "3.12.4", "missing": ["prefect"]}'"#;

fn search<'a>(environment: &'a Environment, folder: &'a tempfile::TempDir) -> Search<'a> {
    Search { chosen: None, scope: SearchScope::Project, environment, directory: folder.path() }
}

#[test]
fn lists_candidates_in_order_and_a_named_interpreter_alone() {
    let folder = folder(&[("active/bin/python", ""), (".venv/bin/python", ""), ("bin/python3", "")]);
    let at = |path: &str| text(&folder.path().join(path));
    let path = at("bin");
    let environment: Environment = [("VIRTUAL_ENV", "active"), ("PATH", &path)].into_iter().collect();
    let programs = |search: Search<'_>| -> Vec<(String, Origin)> {
        search.candidates().into_iter().map(|candidate| (candidate.program, candidate.origin)).collect()
    };
    assert_eq!(
        programs(search(&environment, &folder)),
        [
            (at("active/bin/python"), Origin::ActiveEnvironment),
            (at(".venv/bin/python"), Origin::ProjectEnvironment),
            (at("bin/python3"), Origin::Path),
        ]
    );
    let chosen: Environment = [("PREFECTL_PYTHON", "./mine"), ("PATH", &path)].into_iter().collect();
    assert_eq!(programs(search(&chosen, &folder)), [(at("./mine"), Origin::Variable)]);
    let option = Search { chosen: Some("active"), ..search(&chosen, &folder) };
    assert_eq!(programs(option), [(at("active/bin/python"), Origin::Option)]);
    let option = Search { chosen: Some("python3.12"), ..search(&chosen, &folder) };
    assert_eq!(programs(option), [("python3.12".to_owned(), Origin::Option)]);
    assert!(programs(search(&Environment::default(), &tempfile::tempdir().unwrap())).len() <= 2);
}

#[tokio::test]
async fn finds_the_first_interpreter_with_the_modules() {
    let folder = folder(&[(".venv/bin/python", LACKS), ("bin/python3", GOOD)]);
    let path = text(&folder.path().join("bin"));
    let environment: Environment = [("PATH", path)].into_iter().collect();
    let found = search(&environment, &folder).find(&["prefect"]).await.unwrap();
    assert_eq!((found.origin, found.version.as_str()), (Origin::Path, "3.12.4"));
}

#[tokio::test]
async fn reports_why_each_candidate_was_rejected() {
    let folder = folder(&[(".venv/bin/python", LACKS), ("bin/python3", "echo broken >&2; exit 3")]);
    let path = text(&folder.path().join("bin"));
    let environment: Environment = [("PATH", path)].into_iter().collect();
    let error = search(&environment, &folder).find(&["prefect"]).await.unwrap_err();
    let shown = error.to_string().replace(&text(folder.path()), "");
    assert_eq!(
        shown,
        "no Python with prefect was found\n  \
         /.venv/bin/python (the project's .venv): does not have prefect\n  \
         /bin/python3 (PATH): does not work as a Python interpreter: broken"
    );
    let chosen = Search { chosen: Some("./none"), ..search(&environment, &folder) };
    let error = chosen.find(&["prefect"]).await.unwrap_err();
    assert!(
        error.to_string().ends_with("(--python): cannot be started: no such file or directory"),
        "{error}"
    );
}

#[test]
fn narrow_scopes_start_nothing_of_the_project() {
    let project = folder(&[("repo/.venv/bin/python", ""), ("repo/bin/python3", ""), ("repo/flows/x", "")]);
    let outside = folder(&[("env/bin/python", ""), ("bin/python3", "")]);
    fs::create_dir(project.path().join("repo/.git")).unwrap();
    let in_project = |path: &str| text(&project.path().join("repo").join(path));
    let out_of_project = |path: &str| text(&outside.path().join(path));
    std::os::unix::fs::symlink(in_project(".venv"), out_of_project("link")).unwrap();
    let path = |folders: &[String]| std::env::join_paths(folders).unwrap().into_string().unwrap();
    let both = path(&[in_project("bin"), ".".into(), "../bin".into(), out_of_project("bin")]);
    let (selected, installed) = (SearchScope::Selected, SearchScope::Installed);
    for (scope, virtual_env, path, expected) in [
        (selected, in_project(".venv"), &both, vec![]),
        (selected, "../.venv".to_owned(), &both, vec![]),
        (selected, out_of_project("link"), &both, vec![]),
        (selected, out_of_project("env"), &both, vec![out_of_project("env/bin/python")]),
        (installed, in_project(".venv"), &both, vec![out_of_project("bin/python3")]),
        (
            installed,
            out_of_project("env"),
            &both,
            vec![out_of_project("env/bin/python"), out_of_project("bin/python3")],
        ),
    ] {
        let environment = Environment::from_iter([("VIRTUAL_ENV", virtual_env.as_str()), ("PATH", path)]);
        // The working directory is a subdirectory of the repository.
        let directory = project.path().join("repo/flows");
        let search = Search { chosen: None, scope, environment: &environment, directory: &directory };
        let programs: Vec<String> =
            search.candidates().into_iter().map(|candidate| candidate.program).collect();
        assert_eq!(programs, expected, "{scope:?} {virtual_env}");
    }
}

/// The test uses a real interpreter, in a project whose modules have the same names as standard modules.
#[tokio::test]
async fn scripts_import_nothing_from_the_project_before_their_own_modules() {
    let Some(python) =
        process::find_on_path("python3", std::env::var("PATH").ok().as_deref(), Path::new("/"))
    else {
        return;
    };
    let project = tempfile::tempdir().unwrap();
    let modules =
        ["json", "platform", "sitecustomize", "usercustomize", "os", "runpy", "importlib", "timeit", "this"];
    for module in modules {
        let text = format!("open('ran', 'a').write('{module} ')\n");
        fs::write(project.path().join(format!("{module}.py")), text).unwrap();
    }
    for python_path in ["", ".", project.path().to_str().unwrap()] {
        let environment = Environment::from_iter([
            ("PREFECTL_PYTHON", python.to_str().unwrap()),
            ("PYTHONPATH", python_path),
            ("PREFECT_API_KEY", "canary"),
        ]);
        let search = Search { scope: SearchScope::Selected, ..search(&environment, &project) };
        search.find(&["json"]).await.unwrap();
        let module = Script::module("timeit", ["-n1", "-r1", "-h"], &environment);
        let finished = module
            .run(python.to_str().unwrap(), project.path(), Completion::OutputClosed, None)
            .await
            .unwrap();
        if python_path.is_empty() {
            assert!(finished.stdout.contains("timeit"), "{finished:?}");
            assert!(!project.path().join("ran").exists());
        }
        let own = Script::new(
            "import json, os, platform\nrestore_user_path('first')\nprint(json.dumps([sys.argv[1:], sys.path[:2], os.environ.get('PYTHONPATH')]))",
            ["a"],
            &environment,
        );
        let finished =
            own.run(python.to_str().unwrap(), project.path(), Completion::OutputClosed, None).await.unwrap();
        let expected = match python_path {
            "" => "null".to_owned(),
            path => format!("\"{path}\""),
        };
        assert!(finished.stdout.starts_with(r#"[["a"], ["first", "#), "{finished:?}");
        assert!(finished.stdout.trim().ends_with(&format!("{expected}]")), "{finished:?}");
    }
    let ran = fs::read_to_string(project.path().join("ran")).unwrap_or_default();
    // With the project in PYTHONPATH, the project's modules are used, but only after the script has imported
    // its own modules.
    assert_eq!(ran.trim(), "timeit timeit");
}
