//! Files that are selected by paths, globs and settings.

use std::fs;

use anyhow::Result;
use serde_json::json;

use super::{SERVICE, offline};
use crate::support::{Output, assert_output};

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
            "the project file '../home/prefect.yaml' is outside of the repository [PROJECT]",
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
    help: globs are relative to the directory of the command, `**` matches any number of directories, and files that Git ignores are skipped
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
