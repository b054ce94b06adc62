//! Tests of project files that are selected by paths, globs and settings.

use std::fs;

use anyhow::Result;
use serde_json::json;

use super::{FLOW, SERVICE, offline, services};
use crate::support::{FaultServer, Output, Sandbox, assert_output};

#[test]
fn rejects_files_that_cannot_be_selected() -> Result<()> {
    let sandbox = offline()?;
    let outside = sandbox.directory().join("../home/prefect.yaml");
    fs::write(outside, sandbox.unique(SERVICE))?;
    for (line, message) in [
        ("render --all -f jobs/**/prefect.yaml", "no project file matches 'jobs/**/prefect.yaml'"),
        (
            "check services/[/prefect.yaml",
            "invalid glob 'services/[/prefect.yaml': unclosed character class; missing ']'",
        ),
        (
            "render --all -f ../home/*.yaml",
            "the project file '../home/prefect.yaml' is outside the repository [PROJECT]",
        ),
        (
            "render --all -f services/*/prefect.yaml -f ./services/orders/prefect.yaml",
            "the project file 'services/orders/prefect.yaml' is selected twice",
        ),
        ("render -n nothing -f services/*/prefect.yaml", "no deployment matches nothing"),
        (
            "render --all -f services/*/prefect.yaml -f missing.yaml",
            "the project file 'missing.yaml' does not exist",
        ),
        (
            "render --all --project-dir nowhere",
            "cannot enter the directory nowhere: No such file or directory",
        ),
        ("check --fix -", "--fix cannot change a project file that is read from stdin"),
    ] {
        let output = sandbox.run(line)?;
        assert_eq!(output.code, 2, "{line}: {output}");
        assert!(output.to_string().contains(message), "{line}: {output}");
    }
    for line in ["check jobs/*.yaml", "check services/*/prefect.yaml --env nowhere"] {
        let output = sandbox.run(&format!("{line} --output json"))?;
        let document = output.json()?;
        assert_eq!(output.code, 2, "{line}: {output}");
        assert_eq!(document["diagnostics"].as_array().map(Vec::len), Some(1), "{line}: {output}");
    }
    let output = sandbox.run("check jobs/*.yaml")?;
    assert!(output.stderr.ends_with("1 error in jobs/*.yaml\n"), "{output}");
    let output = sandbox.run("render -f services/*/prefect.yaml")?;
    assert!(output.code == 4 && output.to_string().contains("no name was given"), "{output}");
    sandbox.file("prefect.toml", "[prefectl]\nfiles = [\"services/*/prefect.yaml\", \"jobs/*.yaml\"]\n")?;
    let output = sandbox.run("render --all")?;
    assert_output!(output, @r#"
    exit 2
    --- stderr
    error[project-files]: no project file matches 'jobs/*.yaml'
     --> prefect.toml:2:37
      |
    2 | files = ["services/*/prefect.yaml", "jobs/*.yaml"]
      |                                     ^^^^^^^^^^^^^
    help: globs are relative to the working directory, `**` matches any number of directories, and files that Git ignores are skipped
    error: no requests: 1 error
    "#);
    sandbox.file("prefect.toml", "[prefectl]\nfiles = \"services\"\n")?;
    let output = sandbox.run("render --all")?;
    assert_output!(output, @r#"
    exit 2
    --- stderr
    error[project-files]: `files` must be a list of paths and globs, not a string
     --> prefect.toml:2:9
      |
    2 | files = "services"
      |         ^^^^^^^^^^
    help: write the path in brackets, as in `files = ["prefect.yaml"]`
    "#);
    Ok(())
}

#[test]
fn all_modes_of_check_report_the_same_errors() -> Result<()> {
    let sandbox = offline()?;
    let modes = |line: &str| -> Result<Vec<Output>> {
        let modes = ["", " --fix", " --diff"].iter();
        modes.map(|mode| sandbox.run(&format!("{line}{mode}"))).collect()
    };
    for (line, code) in [
        ("check jobs/*.yaml", "project-files"),
        ("check services/billing/prefect.yaml services/*/prefect.yaml", "project-files"),
        ("check services/*/prefect.yaml --env nowhere", "options"),
        ("check services/*/prefect.yaml --select tag:none", "options"),
        ("check missing.yaml", "project-files"),
        ("check services", "project-files"),
    ] {
        let outputs = modes(line)?;
        for output in &outputs {
            assert_eq!((output.code, &output.stderr), (2, &outputs[0].stderr), "{line}");
        }
        let documents = [
            sandbox.run(&format!("{line} --output json"))?,
            sandbox.run(&format!("{line} --fix --output json"))?,
        ];
        for output in documents {
            let document = output.json()?;
            assert_eq!(
                (output.code, &document["diagnostics"][0]["code"]),
                (2, &json!(code)),
                "{line}: {output}"
            );
        }
    }
    for (name, text, position) in [
        ("prefect.toml", "[prefectl]\nfiles = 1\n", "prefect.toml:2:9"),
        ("prefect.toml", "[prefectl]\nfiles = [\"services/*/prefect.yaml\", 1]\n", "prefect.toml:2:37"),
        ("pyproject.toml", "[tool.prefectl]\nfiles = []\n", "pyproject.toml:2:9"),
        ("pyproject.toml", "[tool.prefectl]\nfiles = [\n  \"missing.yaml\",\n]\n", "pyproject.toml:3:3"),
    ] {
        sandbox.file(name, text)?;
        for output in modes("check")? {
            assert!(output.code == 2 && output.stderr.contains(position), "{text}: {output}");
        }
        let output = sandbox.run("check --output json")?;
        let found = &output.json()?["diagnostics"][0];
        let found =
            format!("{}:{}:{}", found["file"].as_str().unwrap_or_default(), found["line"], found["column"]);
        assert_eq!((found.as_str(), output.code), (position, 2), "{output}");
        fs::remove_file(sandbox.directory().join(name))?;
    }
    sandbox.file("services/orders/prefect.toml", "[prefectl\nkey = 'secret'\n")?;
    let output = sandbox.run("check services/*/prefect.yaml")?;
    assert!(output.code == 2 && output.stderr.contains("--> services/orders/prefect.toml:1:"), "{output}");
    let output = sandbox.run("check services/*/prefect.yaml --output json")?;
    assert_eq!(output.json()?["diagnostics"][0]["code"], "invalid-settings", "{output}");
    Ok(())
}

#[test]
fn globs_skip_overlay_files() -> Result<()> {
    let sandbox = offline()?;
    sandbox.file("services/orders/prefect.prod.yaml", "name_suffix: -prod\n")?;
    let output = sandbox.run("check services/*/*.yaml")?.success()?;
    assert_eq!(output.stderr, "No problems found in 2 files (2 deployments, 1 environment)\n");
    let output = sandbox.run("render --all -f services/*/*.yaml --env prod --output json")?.success()?;
    let document = output.json()?;
    assert_eq!(document["deployments"][1]["name"], sandbox.unique("orders-UNIQUE/default-prod"));
    let output = sandbox.run("check services/*/prefect.prod.yaml")?;
    assert_output!(output, @r"
    exit 0
    --- stderr
    warning[overlay-file]: this file is an overlay file of services/orders/prefect.yaml, not a project file
     --> services/orders/prefect.prod.yaml:1:1
      |
    1 | name_suffix: -prod
      | ^^^^^^^^^^^
    help: use --prefect-file services/orders/prefect.yaml --env prod
    warning[no-deployments]: the file contains no deployments
     --> services/orders/prefect.prod.yaml:1:1
      |
    1 | name_suffix: -prod
      | ^^^^^^^^^^^^^^^^^^
    help: add an item to `deployments`, for example with `prefectl init`
    2 warnings in services/orders/prefect.prod.yaml
    ");
    sandbox.file("services/orders/prefect.prod.yaml", "deployments: {default: {tags: !append [a]}}\n")?;
    let output = sandbox.run("render --all -f services/orders/prefect.prod.yaml")?;
    assert!(
        output.code == 2 && output.stderr.contains("services/orders/prefect.yaml --env prod"),
        "{output}"
    );
    let output = sandbox.run("check services/orders/prefect.yaml services/*/prefect.prod.yaml")?;
    assert!(output.code == 2 && output.stderr.contains("only matches overlay files"), "{output}");
    Ok(())
}

/// Files of the project that must not change.
fn texts(sandbox: &Sandbox) -> Result<Vec<(String, Vec<u8>)>> {
    let mut texts = Vec::new();
    for file in ["services/billing/prefect.yaml", "services/orders/prefect.yaml", "prefect.toml"] {
        let path = sandbox.directory().join(file);
        texts.push((file.to_owned(), if path.exists() { fs::read(path)? } else { Vec::new() }));
    }
    Ok(texts)
}

/// Options that select project files, environments or deployments that do not exist or cannot be selected, and part of
/// the error.
const INVALID: [(&str, &str); 27] = [
    ("-f services/orders/prefect.yaml --select tga:x", "unknown key 'tga'"),
    ("-f services/orders/prefect.yaml --select tag:", "the key 'tag' has no value"),
    ("-f services/orders/prefect.yaml --select changed:a..b...c", "unknown revision 'a..b'"),
    (
        "-f services/orders/prefect.yaml --env nowhere",
        "environment 'nowhere' from --env is not defined for services/orders/prefect.yaml",
    ),
    (
        "-f services/*/prefect.yaml --env nowhere",
        "environment 'nowhere' from --env is not defined for any of the 2 project files",
    ),
    ("-f services/orders/prefect.yaml --env ../x", "invalid environment name '../x'"),
    ("-f services/orders/prefect.yaml --env stage", "--> services/orders/prefect.stage.yaml:1:31"),
    ("-f bad/tag.yaml", "--> bad/tag.yaml:1:14"),
    ("-f bad/own.yaml", "--> bad/own.yaml:1:14"),
    ("-f nothing/**/*.yaml", "no project file matches 'nothing/**/*.yaml'"),
    ("-f services/[a/x.yaml", "invalid glob 'services/[a/x.yaml'"),
    (r"-f services\*\prefect.yaml", "separate directories with `/`"),
    ("-f ../home/*.yaml", "is outside the repository"),
    ("-f bad/away.yaml -f twin/prefect.yaml", "is outside the repository"),
    ("-f bad/a*.yaml", "is outside the repository"),
    (
        "-f services/*/prefect.yaml -f twin/prefect.yaml",
        "is already declared in services/billing/prefect.yaml:3",
    ),
    ("-f services/orders/prefect.yaml --preview PR_1 --project p", "invalid preview name 'PR_1'"),
    ("-f services/orders/prefect.yaml --preview= --project p", "--preview"),
    ("-f services/orders/prefect.yaml -f bad/link.yaml", "are the same file"),
    ("-f services/orders/prefect.yaml -f ./services/../services/orders/prefect.yaml", "are the same file"),
    ("-f services/orders/prefect.yaml -f ./services/orders/prefect.yaml", "is selected twice"),
    ("-f bad/broken.yaml -f twin/prefect.yaml", "the project file 'bad/broken.yaml' does not exist"),
    ("-f bad/broken.*", "no project file matches 'bad/broken.*'"),
    ("-f services -f twin/prefect.yaml", "'services' is a directory, not a project file"),
    ("-f twin/flow.py/x -f twin/prefect.yaml", "the project file 'twin/flow.py/x' does not exist"),
    ("-f bad/empty.yaml -f twin/prefect.yaml", "--> bad/empty.yaml:1:1"),
    ("-f bad/binary.yaml -f twin/prefect.yaml", "--> bad/binary.yaml:1:4"),
];

/// Every invalid selection is reported as a single error, and nothing is written.
#[cfg(unix)]
#[test]
fn invalid_input_is_a_single_error_and_nothing_is_written() -> Result<()> {
    use std::os::unix::fs::symlink;
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), "")?;
    services(&sandbox)?;
    let service = SERVICE.replace("pool-UNIQUE", "pool");
    for name in ["services/billing", "services/orders", "twin"] {
        sandbox.file(&format!("{name}/prefect.yaml"), &service)?;
    }
    let directory = sandbox.directory();
    fs::write(directory.join("../home/prefect.yaml"), sandbox.unique(SERVICE))?;
    let flow = FLOW.replace("NAME", "billing");
    sandbox.file("twin/flow.py", flow)?;
    sandbox.file("bad/empty.yaml", "")?;
    sandbox.file("bad/tag.yaml", "deployments: !merge [a]\n")?;
    sandbox.file("bad/own.yaml", "deployments: !append [a]\n")?;
    fs::write(directory.join("bad/binary.yaml"), b"a: \xff\n")?;
    symlink("nowhere", directory.join("bad/broken.yaml"))?;
    symlink("../services/orders/prefect.yaml", directory.join("bad/link.yaml"))?;
    symlink(directory.join("../home/prefect.yaml"), directory.join("bad/away.yaml"))?;
    symlink("..", directory.join("bad/loop"))?;
    sandbox.file("services/orders/prefect.stage.yaml", "deployments: {default: {tags: !merge [a]}}\n")?;
    let before = texts(&sandbox)?;
    for (options, message) in INVALID {
        let all = if options.contains("--select") { "" } else { "--all" };
        let line = format!("deploy {all} {options}");
        let output = sandbox.run(&line)?;
        let errors = output.stderr.lines().filter(|line| line.starts_with("error[")).count();
        assert_eq!(output.code, 2, "{line}: {output}");
        assert!(output.stderr.contains(message) && errors <= 1, "{line}: {output}");
        assert_eq!(output.stdout, "", "{line}");
    }
    assert!(!server.received().contains("\"default\""), "{}", server.received());
    assert!(
        server
            .requests()
            .iter()
            .all(|request| !request.starts_with("PATCH") && !request.contains("/deployments/ "))
    );
    assert_eq!(texts(&sandbox)?, before);
    Ok(())
}

/// Shells pass a command's output as the path of a pipe. A pipe can be read only once.
#[cfg(unix)]
#[test]
fn output_of_a_command_is_a_project_file() -> Result<()> {
    let sandbox = offline()?;
    let project = "deployments: [{name: piped, entrypoint: 'flow.py:hello', work_pool: {name: p}}]\n\
                   environments: {prod: {name_suffix: -prod}}\n";
    sandbox.file("piped", project)?;
    for (script, expected) in [
        ("prefectl check <(cat piped)", "(1 deployment, 1 environment)"),
        ("prefectl render --all -f <(cat piped)", "/piped"),
        ("prefectl render --all -f <(cat piped) --env prod", "/piped-prod"),
        ("prefectl render --all -f <(cat piped) -f 'services/*/prefect.yaml'", "/piped"),
        ("prefectl render --all -f /dev/stdin < <(cat piped)", "/piped"),
    ] {
        let output = sandbox.bash(script, &[])?.output()?;
        let text =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        assert!(output.status.success() && text.contains(expected), "{script}: {text}");
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn unusual_files_and_paths_can_be_selected() -> Result<()> {
    use std::os::unix::fs::symlink;
    let sandbox = offline()?;
    let file = SERVICE.replace('\n', "\r\n");
    sandbox.file("jobs/name with é/flow.py", FLOW.replace("NAME", "spaces"))?;
    sandbox.file("jobs/name with é/prefect file.yaml", format!("\u{feff}{file}"))?;
    sandbox.file("jobs/[x]/flow.py", FLOW.replace("NAME", "brackets"))?;
    sandbox.file("jobs/[x]/prefect.yaml", SERVICE)?;
    symlink("..", sandbox.directory().join("jobs/loop"))?;
    let pipe = sandbox.directory().join("jobs/pipe.yaml");
    assert!(std::process::Command::new("mkfifo").arg(pipe).status()?.success());
    for (patterns, count) in [
        (&["jobs/**/*.yaml"][..], "2 files"),
        (&["jobs/[x]/prefect.yaml", "jobs/name with é/prefect file.yaml"], "2 files"),
        (&["jobs/name*/*.yaml"], "jobs/name with é/prefect file.yaml"),
        (&["**/prefect*.yaml"], "4 files"),
    ] {
        let words = [&["check"], patterns].concat();
        let output = sandbox.run_words(&words)?.success()?;
        assert!(
            output.stderr.starts_with(&format!("No problems found in {count} (")),
            "{patterns:?}: {output}"
        );
    }
    sandbox
        .file("prefect.toml", "[prefectl]\nfiles = [\"services/*/prefect.yaml\", \"jobs/pipe.yaml\"]\n")?;
    let output = sandbox.run("check")?;
    assert!(
        output.stderr.contains("'jobs/pipe.yaml' is not a regular file\n --> prefect.toml:2:37"),
        "{output}"
    );
    for number in 0..1_100 {
        sandbox
            .file(&format!("many/{number}/prefect.yaml"), "prefectl: {variables: {}}\ndeployments: []\n")?;
    }
    let output = sandbox.run("check many/*/prefect.yaml --output json")?;
    assert_eq!(output.json()?["diagnostics"].as_array().map(Vec::len), Some(1_100));
    Ok(())
}
