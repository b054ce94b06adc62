//! Tests that machine-readable output matches its published schemas.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::support::{Api, Output, Proxy, Sandbox, Verdict};

const PROJECT: &str = r#"
prefectl:
  work_pools: [{name: declared-UNIQUE, type: process, queues: [{name: high, priority: 1}]}]
  variables: {region-UNIQUE: eu-west-1}
  concurrency_limits: [{name: warehouse-UNIQUE, limit: 3}]
  blocks: [{type: secret, name: api-UNIQUE, value_from: env:BLOCK_TOKEN}]
  automations:
  - name: after-load-UNIQUE
    trigger: {type: event, expect: [load.finished]}
    actions: [{type: run-deployment, deployment: hello-UNIQUE/a}]
build:
- prefect.deployments.steps.run_shell_script:
    id: hash
    script: bash -c 'sleep 0.2; echo $SERVICE_TOKEN'
- prefect.deployments.steps.run_shell_script: {id: stamp, script: echo v1}
pull: []
deployments:
- name: a
  entrypoint: flow.py:hello
  version: "1"
  tags: ["{{ stamp.stdout }}"]
  parameters: {name: Ford}
  work_pool: {name: pool-UNIQUE, job_variables: {env: {STAGE: dev, API_TOKEN: do-not-show}}}
  schedules: [{cron: 0 1 * * *, slug: daily}]
- name: b
  build: null
  entrypoint: flow.py:goodbye
  work_pool: {name: pool-UNIQUE}
  triggers: [{expect: [x]}]
  tagz: []
"#;

/// Validates a document against a schema. The published schema allows unknown fields for future versions. In
/// this test, a field without a description is an error.
fn check(name: &str, document: &Value) -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/src/schemas/{name}.json"));
    let mut schema: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    close(&mut schema);
    let validator = jsonschema::draft202012::new(&schema).map_err(|error| anyhow::anyhow!("{error}"))?;
    let wrong: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    ensure!(wrong.is_empty(), "not as {name}.json says: {}\n{document:#}", wrong.join("\n"));
    Ok(())
}

/// Forbids additional properties in all objects of a schema.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(entries) => {
            entries.values_mut().for_each(close);
            if entries.get("type") == Some(&json!("object")) && entries.contains_key("properties") {
                entries.insert("additionalProperties".into(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn events(output: &Output) -> Result<Vec<Value>> {
    output.stderr.lines().map(|line| serde_json::from_str(line).context(line.to_owned())).collect()
}

#[test]
fn check_documents_match_their_schema() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let project = "deployments:\n- {name: a, entry_point: 'flow.py:hello'}\nenvironments:\n  prod: {tagz: 1, work_pool: 1}\n";
    sandbox.file("prefect.yaml", project)?;
    for line in ["check", "check --env prod", "check --env none", "check none/*.yaml", "check --fix"] {
        let document = sandbox.run(&format!("{line} --output json"))?.json()?;
        ensure!(
            document["diagnostics"].as_array().is_some_and(|found| !found.is_empty()),
            "{line}: {document:#}"
        );
        check("check", &document)?;
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn plan_and_deploy_documents_match_their_schemas() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox =
        api.sandbox(PROJECT)?.variable("SERVICE_TOKEN", "sesame-open").variable("BLOCK_TOKEN", "hidden-open");
    check("plan", &sandbox.run("plan --all --output json")?.json()?)?;
    let output = sandbox.run("deploy --all --output json --events jsonl")?.success()?;
    let created = output.json()?;
    check("deploy", &created)?;
    events(&output)?.iter().try_for_each(|event| check("events", event))?;

    let step = &created["steps"][0];
    assert_eq!((&step["step"], &step["id"]), (&json!("run_shell_script"), &json!("hash")));
    assert_eq!(step["outputs"]["stdout"], "********");
    assert_eq!(step["deployments"], json!([sandbox.unique("hello-UNIQUE/a")]));
    let seconds = |value: &Value| value["seconds"].as_f64().unwrap_or_default();
    assert!(seconds(step) >= 0.2, "{step}");
    let stages = created["stages"].as_array().context("a list")?;
    let names: Vec<_> = stages.iter().map(|stage| stage["stage"].as_str().unwrap_or_default()).collect();
    assert_eq!(names, ["check", "steps", "compare", "write"]);
    assert!(seconds(&stages[1]) >= 0.2 && seconds(&stages[3]) > 0.0, "{created}");
    let sum: f64 = stages.iter().map(seconds).sum();
    assert!(sum <= seconds(&created) + 0.01, "{created}");
    assert!(seconds(&created["deployments"][0]) > 0.0, "{created}");
    assert!(!created.to_string().contains("do-not-show") && !output.stderr.contains("sesame"), "{output}");

    let changed = PROJECT
        .replace("echo v1", "echo v2")
        .replace("version: \"1\"", "version: \"2\"")
        .replace("[x]", "[y]")
        .replace("limit: 3", "limit: 4")
        .replace("STAGE: dev", "STAGE: prod");
    sandbox.file("prefect.yaml", changed)?;
    let plan = sandbox.run("plan --all --output json")?.json()?;
    check("plan", &plan)?;
    let updated = sandbox.run("deploy --all --output json")?.success()?.json()?;
    check("deploy", &updated)?;
    let change = |document: &Value, field: &str| {
        let changes = document["deployments"][0]["changes"].as_array().cloned().unwrap_or_default();
        changes.into_iter().find(|change| change["field"] == field).unwrap_or_default()
    };
    assert_eq!(updated["resources"].as_array().map(Vec::len), Some(6), "{updated}");
    assert_eq!(updated["resources"][2]["changed"], json!(["limit"]), "{updated}");
    assert_eq!(change(&updated, "version"), json!({"field": "version", "old": "1", "new": "2"}));
    assert_eq!(change(&updated, "version"), change(&plan, "version"), "in the form of a plan");
    assert_eq!(change(&updated, "tags")["new"], json!(["v2"]), "known now");
    assert_eq!(updated["deployments"][1]["changes"][0]["field"], "triggers");

    let unchanged = sandbox.run("deploy --all --output json")?.success()?.json()?;
    check("deploy", &unchanged)?;
    let first = &unchanged["deployments"][0];
    assert_eq!((&first["action"], &first["changes"]), (&json!("unchanged"), &json!([])));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn documents_of_failed_deploys_match_their_schemas() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?.variable("BLOCK_TOKEN", "hidden-open");
    let failing = PROJECT.replace(
        "pull: []",
        "push:\n- prefect.deployments.steps.run_shell_script: {script: 'false'}\npull: []",
    );
    sandbox.file("prefect.yaml", failing)?;
    let output = sandbox.run("deploy --all --output json --events jsonl")?;
    let document = output.json()?;
    check("deploy", &document)?;
    events(&output)?.iter().try_for_each(|event| check("events", event))?;
    assert_eq!((output.code, &document["deployments"]), (7, &json!([])), "{output}");
    assert_eq!(document["steps"].as_array().map(Vec::len), Some(2), "what ran before: {document}");
    assert_eq!(document["stages"][1]["stage"], "steps");

    sandbox.file("prefect.yaml", PROJECT.replace("flow.py:hello", "nothing.py:hello"))?;
    let output = sandbox.run("deploy --all --output json --events jsonl")?;
    check("deploy", &output.json()?)?;
    events(&output)?.iter().try_for_each(|event| check("events", event))?;
    assert!(output.stderr.contains(r#""event":"finding""#), "{output}");
    Ok(())
}

/// Returns the state of a resource in a drift document.
fn state(drift: &Value, kind: &str) -> Value {
    let mut resources = drift["resources"].as_array().into_iter().flatten();
    resources
        .find(|resource| resource["kind"] == kind)
        .map(|found| found["state"].clone())
        .unwrap_or_default()
}

#[test]
#[ignore = "needs services: run tests/run"]
fn drift_documents_match_their_schema() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox =
        api.sandbox(PROJECT)?.variable("SERVICE_TOKEN", "sesame-open").variable("BLOCK_TOKEN", "hidden-open");
    let drift = || -> Result<Value> {
        let output = sandbox.run("drift --all --include-ignored --output json")?;
        ensure!(output.code != 2, "{output}");
        let document = output.json()?;
        check("drift", &document)?;
        Ok(document)
    };
    assert_eq!(state(&drift()?, "work_pool"), "missing");
    sandbox.run("deploy --all --quiet")?.success()?;
    let same = drift()?;
    assert!(
        same["resources"].as_array().context("a list")?.iter().all(|resource| resource["state"] == "same")
    );
    let pool = sandbox.unique("declared-UNIQUE");
    let changed = PROJECT
        .replace("name: declared-UNIQUE, type: process", "name: declared-UNIQUE, type: docker")
        .replace("limit: 3", "limit: 4")
        .replace("version: \"1\"", "version: \"2\"");
    sandbox.file("prefect.yaml", changed)?;
    let drift = drift()?;
    assert_eq!(state(&drift, "work_pool"), "differs", "{drift:#}");
    let differences = &drift["resources"][0]["differences"];
    let kept = "the type of a work pool cannot be changed";
    assert_eq!(differences, &json!([{"field": "type", "file": "docker", "server": "process", "kept": kept}]));
    assert_eq!(state(&drift, "concurrency_limit"), "differs");
    assert_eq!(drift["resources"][0]["name"], json!(pool));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn documents_of_previews_match_their_schemas() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    let preview = sandbox.unique("pr-UNIQUE");

    let failed = sandbox.run("preview ls --output json")?.json()?;
    check("preview", &failed)?;
    assert_eq!(failed["error"]["exit"], 2, "{failed:#}");
    let project = sandbox.unique("own-UNIQUE");
    let sandbox = sandbox.variable("PREFECTL_PROJECT", project);
    let run = |line: &str| -> Result<(i32, Value)> {
        let output = sandbox.run(&format!("{line} --output json"))?;
        Ok((output.code, output.json()?))
    };
    let (_, none) = run("preview ls")?;
    check("preview", &none)?;
    assert_eq!(none, json!({"schema": 1, "action": "listed", "previews": [], "damaged": [], "error": null}));

    let (code, deployed) = run("deploy -n a -n b --preview pr-UNIQUE --no-prompt")?;
    check("deploy", &deployed)?;
    assert_eq!((code, &deployed["preview"]), (0, &json!(preview)), "{deployed:#}");
    let (_, drift) = run("drift -n a --preview pr-UNIQUE")?;
    assert_eq!(drift["preview"], json!(preview), "{drift:#}");
    let (_, listed) = run("preview ls")?;
    check("preview", &listed)?;
    assert_eq!(listed["previews"][0]["deployments"].as_array().map(Vec::len), Some(2), "{listed:#}");

    for line in ["preview delete pr-UNIQUE", "preview prune --older-than 0s", "preview delete none-UNIQUE"] {
        let (code, refused) = run(line)?;
        check("preview", &refused)?;
        assert_eq!(refused["error"]["exit"], code, "{line}: {refused:#}");
    }
    let second = sandbox.unique("hello-UNIQUE/a--pr-UNIQUE");
    let id = listed["previews"][0]["deployments"][1]["id"].as_str().context("an id")?.to_owned();
    let proxy = Proxy::start(api.url(), move |seen, _| {
        let is_second = seen.line == format!("DELETE /api/deployments/{id}");
        if is_second { Verdict::Refuse } else { Verdict::Pass }
    })?;
    let url = [("PREFECT_API_URL", proxy.url())];
    let output = sandbox.run_with(&url, "preview delete pr-UNIQUE --yes --output json")?;
    let partly = output.json()?;
    check("preview", &partly)?;
    let statuses = partly["previews"][0]["deployments"].as_array().context("a list")?;
    let statuses: Vec<_> = statuses.iter().map(|copy| &copy["status"]).collect();
    assert_eq!((output.code, &partly["error"]["exit"]), (3, &json!(3)), "{output}");
    assert_eq!(statuses, ["deleted", "failed"], "{partly:#}");
    assert_eq!(partly["previews"][0]["deployments"][1]["name"], json!(second));

    let (code, deleted) = run("preview prune --older-than 0s --yes")?;
    check("preview", &deleted)?;
    assert_eq!((code, &deleted["previews"][0]["deployments"][0]["status"]), (0, &json!("deleted")));
    Ok(())
}

#[test]
fn published_schemas_are_printed() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/schemas");
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).context("a name")?;
        let printed = sandbox.run(&format!("schema --document {name}"))?.success()?.json()?;
        let published: Value = serde_json::from_str(&fs::read_to_string(&path)?)?;
        assert_eq!(printed, published, "{name}");
    }
    Ok(())
}
