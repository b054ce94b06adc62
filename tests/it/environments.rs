//! Tests of environments: overlay files, the `environments` mapping and the `--env` option.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::support::{Api, Output, Sandbox, assert_output};

const PROJECT: &str = "\
deployments:
- name: nightly
  entrypoint: flow.py:hello
  version: '1'
  description: In << environment or 'no environment' >>
  tags: [etl]
  schedules: [{cron: 0 1 * * *, slug: daily}]
  work_pool: {name: pool-UNIQUE, job_variables: {env: {STAGE: local, DEBUG: '1'}}}
- name: default
  entrypoint: flow.py:goodbye
  version: '1'
  work_pool: {name: pool-UNIQUE}
environments:
  dev:
    name_suffix: -dev
    deployments:
      nightly: {schedules: null}
";

const PROD: &str = "\
name_suffix: -prod
job_variables:
  env: {STAGE: prod, DEBUG: null}
deployments:
- name: nightly
  tags: !append [prod]
  parameters: {name: Zaphod}
";

/// Creates a project with the environments `dev` and `prod`.
fn project() -> Result<Sandbox> {
    let sandbox = Sandbox::new()?;
    write(&sandbox)?;
    Ok(sandbox)
}

fn write(sandbox: &Sandbox) -> Result<()> {
    sandbox.file("prefect.yaml", PROJECT)?;
    sandbox.file("prefect.prod.yaml", PROD)
}

/// Returns the names of the rendered deployments.
fn rendered(output: &Output) -> Result<Vec<String>> {
    let document: Value = serde_json::from_str(&output.stdout)?;
    let deployments = document["deployments"].as_array().context("no deployments")?;
    Ok(deployments.iter().filter_map(|deployment| deployment["name"].as_str().map(str::to_owned)).collect())
}

#[test]
fn renders_the_values_of_each_environment() -> Result<()> {
    let sandbox = project()?;
    for (options, names) in [
        ("", ["hello-UNIQUE/nightly", "goodbye-UNIQUE/default"]),
        ("--env dev", ["hello-UNIQUE/nightly-dev", "goodbye-UNIQUE/default-dev"]),
        ("--env prod", ["hello-UNIQUE/nightly-prod", "goodbye-UNIQUE/default-prod"]),
    ] {
        let output = sandbox.run(&format!("render --all --output json {options}"))?.success()?;
        assert_eq!(rendered(&output)?, names.map(|name| sandbox.unique(name)), "{options}");
    }
    let prod = sandbox.run("render -n nightly-prod --env prod --output json")?.success()?;
    let document: Value = serde_json::from_str(&prod.stdout)?;
    let body = &document["deployments"][0]["requests"][1]["body"];
    assert_eq!(body["tags"], json!(["etl", "prod"]));
    assert_eq!(body["job_variables"], json!({"env": {"STAGE": "prod"}}));
    assert_eq!(body["description"], "In prod");
    assert_eq!(body["schedules"][0]["slug"], "daily");
    let variable = [("PREFECTL_ENV", "dev".to_owned())];
    let dev = sandbox.run_with(&variable, "render -n nightly-dev --output json")?.success()?;
    let document: Value = serde_json::from_str(&dev.stdout)?;
    assert_eq!(document["deployments"][0]["requests"][1]["body"]["description"], "In dev");
    let empty = sandbox.run_with(&[("PREFECTL_ENV", String::new())], "render --all --output json")?;
    assert_eq!(rendered(&empty)?[0], sandbox.unique("hello-UNIQUE/nightly"));
    Ok(())
}

#[test]
fn rejects_environments_that_are_not_defined() -> Result<()> {
    let sandbox = project()?;
    for command in ["render --all", "check", "plan --all --offline"] {
        for source in ["--env", "PREFECTL_ENV"] {
            let output = if source == "--env" {
                sandbox.run(&format!("{command} --env prdo"))?
            } else {
                sandbox.run_with(&[(source, "prdo".to_owned())], command)?
            };
            assert_eq!(output.code, 2, "{output}");
            let expected = format!(
                "error: environment 'prdo' from {source} is not defined for prefect.yaml\n\
                 help: defined environments: dev, prod\n"
            );
            assert_eq!(output.stderr, expected, "{command}");
        }
    }
    let invalid = sandbox.run("check --env ../prod")?;
    assert_eq!(invalid.code, 2, "{invalid}");
    assert!(invalid.stderr.contains("for '--env <NAME>': invalid environment name '../prod'"), "{invalid}");
    Ok(())
}

#[test]
fn errors_about_variables_name_the_variable() -> Result<()> {
    let sandbox = project()?;
    for (variable, value) in [("PREFECTL_ENV", "../prod"), ("PREFECTL_PYTHON_SCHEMA", "sometimes")] {
        let invalid = sandbox.run_with(&[(variable, value.to_owned())], "render --all")?;
        assert_eq!(invalid.code, 2, "{invalid}");
        let expected = format!("error: invalid value '{value}' for '{variable}'");
        assert!(invalid.stderr.starts_with(&expected), "{invalid}");
    }
    Ok(())
}

#[test]
fn rejects_deployments_that_an_environment_does_not_have() -> Result<()> {
    let sandbox = project()?;
    for (arguments, error, help) in [
        (
            "-n nightly",
            "no deployment is named 'nightly' in environment 'prod'",
            "did you mean 'nightly-prod'?",
        ),
        (
            "flow.py:hello -n new",
            "no deployment is named 'new' in environment 'prod'",
            "--env only applies to deployments that the project file or the environment declares",
        ),
    ] {
        let output = sandbox.run(&format!("render {arguments} --env prod"))?;
        assert_eq!(output.stderr, format!("error: {error}\nhelp: {help}\n"), "{output}");
        assert_eq!(output.code, 2, "{output}");
    }
    sandbox.file("prefect.prod.yaml", "deployments: {nightly: null, default: null}\n")?;
    let empty = sandbox.run("render --all --env prod")?;
    assert!(empty.stderr.starts_with("error: environment 'prod' has no deployments\n"), "{empty}");
    sandbox.file("prefect.prod.yaml", "deployments:\n# - name: nightly\n")?;
    assert_eq!(rendered(&sandbox.run("render --all --env prod --output json")?.success()?)?.len(), 2);
    Ok(())
}

#[test]
fn check_accepts_a_file_that_all_environments_complete() -> Result<()> {
    let sandbox = project()?;
    let file = "\
deployments:
- {name: nightly, entrypoint: 'flow.py:hello', version: '1'}
environments:
  dev: {work_pool: {name: a}}
  prod: {}
";
    sandbox.file("prefect.yaml", file)?;
    sandbox.file("prefect.prod.yaml", "work_pool: {name: b}\n")?;
    let complete = sandbox.run("check")?.success()?;
    assert!(complete.stderr.starts_with("warning[no-work-pool]: "), "{complete}");
    assert!(complete.stderr.contains("(without --env)"), "{complete}");
    sandbox.file("prefect.prod.yaml", "deployments: [{name: nightly, paused: maybe}]\n")?;
    let invalid = sandbox.run("check --env prod")?;
    assert!(invalid.stderr.ends_with("1 error in prefect.prod.yaml\n"), "{invalid}");
    Ok(())
}

#[test]
fn findings_in_json_name_their_environments() -> Result<()> {
    let sandbox = project()?;
    let text = PROJECT.replace("version: '1'", "version: 1.10");
    sandbox.file("prefect.yaml", text)?;
    sandbox.file(
        "prefect.prod.yaml",
        "deployments: {nightly: {version: '2'}, default: {version: '2', parameters: {x: 1}}}\n",
    )?;
    let found = |line: &str| -> Result<(Value, Vec<String>)> {
        let document = sandbox.run(&format!("check --output json {line}"))?.json()?;
        let shown = |found: &Value| {
            format!("{} {} {}", found["code"], found["file"], found["environments"]).replace('"', "")
        };
        let diagnostics = document["diagnostics"].as_array().into_iter().flatten();
        Ok((document["environment"].clone(), diagnostics.map(shown).collect()))
    };
    let (environment, all) = found("")?;
    assert_eq!(environment, Value::Null);
    assert_eq!(
        all,
        [
            "unknown-parameter prefect.prod.yaml [prod]",
            "wrong-type prefect.yaml []",
            "wrong-type prefect.yaml []",
        ]
    );
    let prod = found("--env prod")?;
    assert_eq!(prod, (json!("prod"), vec!["unknown-parameter prefect.prod.yaml [prod]".to_owned()]));
    Ok(())
}

#[test]
fn render_explains_the_suffix_of_a_name() -> Result<()> {
    let sandbox = project()?;
    let output = sandbox.run("render --all --env prod --explain")?.success()?;
    let line = "prefect.prod.yaml:5:9   name: \"nightly-prod\" (name_suffix: prefect.prod.yaml:1:14)";
    assert!(output.stdout.contains(line), "{output}");
    let line = "prefect.yaml:9:9    name: \"default-dev\" (name_suffix: prefect.yaml:15:18)";
    let output = sandbox.run("render --all --env dev --explain")?.success()?;
    assert!(output.stdout.contains(line), "{output}");
    let output = sandbox.run("render --all --env dev --explain --output json")?.success()?;
    let suffix = &output.json()?["deployments"][0]["values"][0]["name_suffix"];
    assert_eq!(suffix, &json!({"file": "prefect.yaml", "line": 15, "column": 18}));
    let output = sandbox.run("render --all --explain")?.success()?;
    assert!(!output.stdout.contains("name_suffix"), "{output}");
    Ok(())
}

#[test]
fn check_validates_all_environments() -> Result<()> {
    let sandbox = project()?;
    let valid = sandbox.run("check")?.success()?;
    assert_eq!(valid.stderr, "No problems found in prefect.yaml (2 deployments, 2 environments)\n");
    sandbox.file("prefect.yaml", PROJECT.replace("tags: [etl]", "tagz: [etl]"))?;
    sandbox.file(
        "prefect.prod.yaml",
        "deployments:\n- name: nightly\n  paramters: {name: Ford}\n- {name: nightlu}\n- {name: default, parameters: {unknown: 1}}\n",
    )?;
    let found = sandbox.run("check")?;
    assert_output!(found, @r"
    exit 2
    --- stderr
    error[environment-overlay]: the project file has no deployment named 'nightlu' (environment 'prod')
     --> prefect.prod.yaml:4:10
      |
    4 | - {name: nightlu}
      |          ^^^^^^^
    help: did you mean 'nightly'?
    warning[unknown-key]: the key 'tagz' is unknown and has no effect
     --> prefect.yaml:6:3
      |
    6 |   tagz: [etl]
      |   ^^^^
    help: did you mean `tags`?
    1 error, 1 warning in prefect.yaml
    1 problem can be fixed with `prefectl check --fix`; `prefectl check --diff` shows the changes
    ");
    sandbox.file(
        "prefect.prod.yaml",
        "deployments:\n- name: nightly\n  paramters: {name: Ford}\n- {name: default, parameters: {unknown: 1}}\n",
    )?;
    let found = sandbox.run("check")?;
    assert_output!(found, @r"
    exit 0
    --- stderr
    warning[unknown-key]: the key 'paramters' is unknown and has no effect (environment 'prod')
     --> prefect.prod.yaml:3:3
      |
    3 |   paramters: {name: Ford}
      |   ^^^^^^^^^
    help: did you mean `parameters`?
    warning[unknown-parameter]: the flow has no parameter 'unknown' (environment 'prod')
     --> prefect.prod.yaml:4:32
      |
    4 | - {name: default, parameters: {unknown: 1}}
      |                                ^^^^^^^
    help: the flow does not accept parameters
    warning[unknown-key]: the key 'tagz' is unknown and has no effect
     --> prefect.yaml:6:3
      |
    6 |   tagz: [etl]
      |   ^^^^
    help: did you mean `tags`?
    3 warnings in prefect.yaml
    2 problems can be fixed with `prefectl check --fix`; `prefectl check --diff` shows the changes
    ");
    let only_prod = sandbox.run("check --env prod")?;
    assert!(!only_prod.stderr.contains("(environment"), "{only_prod}");
    Ok(())
}

#[test]
fn completes_environments_and_their_deployments() -> Result<()> {
    let sandbox = project()?.variable("PREFECTL_COMPLETE", "fish");
    let complete = |line: &str| -> Result<Vec<String>> {
        let words: Vec<&str> = ["--", "prefectl"].into_iter().chain(line.split(' ')).collect();
        let output = sandbox.run_words(&words)?.success()?;
        Ok(output.stdout.lines().map(str::to_owned).collect())
    };
    assert_eq!(complete("check --env ")?, ["dev", "prod"]);
    assert_eq!(complete("deploy --env prod -n n")?, ["nightly-prod"]);
    Ok(())
}

#[test]
fn check_fixes_each_file() -> Result<()> {
    let sandbox = project()?;
    sandbox.file(
        "prefect.yaml",
        PROJECT.replace("tags: [etl]", "tagz: [etl] # c").replace("{schedules: null}", "{tagz: [x]}"),
    )?;
    sandbox.file(
        "prefect.prod.yaml",
        PROD.replace("parameters", "paramters").replace("{name: Zaphod}", "{name: Zaphod}\n  image: x"),
    )?;
    let diff = sandbox.run("check --diff")?;
    assert!(diff.stdout.contains("--- prefect.prod.yaml"), "{diff}");
    let fixed = sandbox.run("check --fix")?.success()?;
    assert!(fixed.stderr.starts_with("Fixed 4 problems"), "{fixed}");
    let base = PROJECT.replace("tags: [etl]", "tags: [etl] # c").replace("{schedules: null}", "{tags: [x]}");
    assert_eq!(sandbox.read("prefect.yaml")?, sandbox.unique(&base));
    let prod = format!("{PROD}  work_pool:\n    job_variables:\n      image: x\n");
    assert_eq!(sandbox.read("prefect.prod.yaml")?, prod);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn deploys_each_environment() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    write(&sandbox)?;
    sandbox.run("deploy --all --env dev").and_then(Output::success)?;
    sandbox.run("deploy --all --env prod").and_then(Output::success)?;
    let mut registered = api.registered(&sandbox)?;
    registered.sort();
    let flows = ["goodbye-UNIQUE", "hello-UNIQUE"];
    assert_eq!(
        registered,
        [&["default-dev", "default-prod"], &flows[..], &["nightly-dev", "nightly-prod"]].concat()
    );
    let unchanged = sandbox.run("plan --all --env prod --detailed-exitcode")?;
    assert_eq!(unchanged.code, 0, "{unchanged}");
    let drift = sandbox.run("drift --all --env dev")?;
    assert_eq!(drift.code, 0, "{drift}");
    let destroyed = sandbox.run("destroy --all --env dev --yes")?.success()?;
    assert!(destroyed.stdout.contains("Deleted 2 deployments"), "{destroyed}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn saved_plans_are_bound_to_their_environment() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    write(&sandbox)?;
    let plan = sandbox.run("plan --all --env prod --out prod.json")?.success()?;
    assert!(plan.stderr.contains("prefectl deploy --plan prod.json --env prod"), "{plan}");
    let document: Value = serde_json::from_slice(&fs::read(sandbox.directory().join("prod.json"))?)?;
    assert_eq!(document["environment"], "prod");
    sandbox.run("plan --all --out base.json").and_then(Output::success)?;
    for (arguments, message) in [
        (
            "--plan prod.json --env dev",
            "the plan was created for environment 'prod', but environment 'dev' is selected",
        ),
        ("--plan prod.json", "the plan was created for environment 'prod', but no environment is selected"),
        (
            "--plan base.json --env prod",
            "the plan was created without an environment, but environment 'prod' is selected",
        ),
    ] {
        let refused = sandbox.run(&format!("deploy {arguments}"))?;
        assert_eq!(refused.code, 2, "{refused}");
        assert!(refused.stderr.contains(message), "{refused}");
    }
    assert_eq!(api.registered(&sandbox)?, [""; 0]);
    sandbox.run("deploy --plan prod.json --env prod").and_then(Output::success)?;
    assert_eq!(api.registered(&sandbox)?.len(), 4);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn pruning_keeps_the_deployments_of_other_environments() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    write(&sandbox)?;
    let id = sandbox.unique("team-UNIQUE");
    let deploy = |environment: &str| {
        let options = "--project PROJECT --prune --env".replace("PROJECT", &id);
        sandbox.run(&format!("deploy --all {options} {environment}")).and_then(Output::success)
    };
    deploy("dev")?;
    deploy("prod")?;
    assert_eq!(api.registered(&sandbox)?.len(), 6);
    sandbox.file("prefect.prod.yaml", "name_suffix: -prod\ndeployments: {default: null}\n")?;
    let pruned = deploy("prod")?;
    assert!(pruned.stdout.contains("default-prod"), "{pruned}");
    let registered = api.registered(&sandbox)?;
    assert!(registered.contains(&"default-dev".to_owned()), "{registered:?}");
    assert!(!registered.contains(&"default-prod".to_owned()), "{registered:?}");
    sandbox.run(&format!("destroy --all --yes --project {id} --env dev")).and_then(Output::success)?;
    let registered = api.registered(&sandbox)?;
    assert!(registered.contains(&"nightly-prod".to_owned()), "{registered:?}");
    assert!(!registered.contains(&"nightly-dev".to_owned()), "{registered:?}");
    Ok(())
}
