//! Tests of prefect.yaml in an editor: yaml-language-server with the schema that the first line of the file
//! names.

mod language_server;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::support::{Sandbox, required_env};
use language_server::{LanguageServer, position};

#[test]
#[ignore = "needs services: run tests/run"]
fn editor_completes_explains_and_validates_a_new_project() -> Result<()> {
    let program = required_env("PREFECTL_TEST_YAML_SERVER")?;
    let sandbox = Sandbox::new()?;
    sandbox.run("init --recipe docker --schema prefect.schema.json")?.success()?;
    let text = sandbox.read("prefect.yaml")?;
    ensure!(text.starts_with("# yaml-language-server: $schema=prefect.schema.json\n"), "{text}");
    let mut editor = LanguageServer::open(&program, &sandbox.directory().join("prefect.yaml"), &text)?;
    editor.findings(0)?;
    for (word, meaning) in [
        ("entrypoint", "entrypoint of the flow, as `path/to/file.py:function`"),
        ("dockerfile", "path of the Dockerfile in the build context"),
    ] {
        let shown =
            editor.ask("hover", &position(&text, &format!("{word}:"))?)?["contents"]["value"].to_string();
        assert!(shown.contains(meaning), "{word}: {shown}");
    }

    // Insert an empty line among the inputs of the step, and an unknown key in a schedule.
    let text = text.replacen("dockerfile: auto\n", "dockerfile: auto\n    \n", 1)
        + "  schedules:\n  - cron: 0 9 * * *\n    timzone: Europe/London\n";
    editor.change(&text)?;
    let found = &editor.findings(1)?[0];
    assert_eq!(found["message"], "Property timzone is not allowed.");
    assert_eq!(found["range"]["start"], position(&text, "timzone")?);

    let mut empty = position(&text, "    \n")?;
    empty["character"] = json!(4);
    let offered = editor.ask("completion", &empty)?;
    let offered = offered["items"].as_array().context("a list")?;
    let labels: Vec<_> = offered.iter().filter_map(|item| item["label"].as_str()).collect();
    assert!(labels.contains(&"buildargs") && labels.contains(&"platform"), "{labels:?}");
    assert!(!labels.contains(&"tag") && !labels.contains(&"entrypoint"), "{labels:?}");
    Ok(())
}

/// The schemas of project files and overlay files know environments, `null` and `!append`.
#[test]
#[ignore = "needs services: run tests/run"]
fn editor_validates_environments_and_overlays() -> Result<()> {
    let program = required_env("PREFECTL_TEST_YAML_SERVER")?;
    let sandbox = Sandbox::new()?;
    for (file, option, text, misspelled) in [
        (
            "prefect.prod.yaml",
            " --overlay",
            "name_suffix: -prod\njob_variables: {env: {STAGE: prod, DEBUG: null}}\nwork_pool: null\ndeployments:\n\
             - name: a\n  tags: !append [prod]\n  schedules: null\n",
            "- {name: b, schedules: [{cron: 0 1 * * *, timzone: UTC}]}\n",
        ),
        (
            "prefect.yaml",
            "",
            "deployments:\n- {name: a, entrypoint: 'flow.py:hello'}\nenvironments:\n  dev:\n    name_suffix: -dev\n    \
             deployments:\n      a: {schedules: null, tags: [dev]}\n",
            "  prod: {deployments: {a: {schedules: [{cron: 0 1 * * *, timzone: UTC}]}}}\n",
        ),
    ] {
        sandbox.file("schema.json", sandbox.run(&format!("schema{option}"))?.success()?.stdout)?;
        let text = format!("# yaml-language-server: $schema=schema.json\n{text}");
        let mut editor = LanguageServer::open(&program, &sandbox.directory().join(file), &text)?;
        if text.contains("!append") {
            assert_eq!(editor.findings(1)?[0]["message"], "Unresolved tag: !append");
            editor.configure(&json!({"yaml": {"customTags": ["!append sequence"]}}))?;
            editor.change(&format!("{text}\n"))?;
        }
        editor.findings(0)?;
        editor.change(&format!("{text}{misspelled}"))?;
        assert_eq!(editor.findings(1)?[0]["message"], "Property timzone is not allowed.", "{file}");
    }
    Ok(())
}
