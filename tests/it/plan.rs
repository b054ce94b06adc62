//! Tests of plans, and of deploys that apply a saved plan.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::support::{Api, MockApi, Output, Sandbox, assert_output};

const PROJECT: &str = r#"
build:
- prefect.deployments.steps.run_shell_script: {id: hash, script: "touch it-ran\necho v1"}
pull: []
deployments:
- name: a
  entrypoint: flow.py:hello
  version: "1"
  tags: ["{{ hash.stdout }}", nightly]
  parameters: {name: Ford}
  work_pool: {name: pool-UNIQUE, job_variables: {env: {STAGE: dev, API_TOKEN: do-not-show}}}
  schedules: [{cron: 0 1 * * *, slug: daily}]
- name: b
  build: null
  entrypoint: flow.py:goodbye
  version: "1"
  work_pool: {name: pool-UNIQUE}
  triggers: [{expect: [x]}]
"#;

#[test]
#[ignore = "needs services: run tests/run"]
fn plan_shows_what_a_deploy_would_change() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    let output = sandbox.run("plan --all --detailed-exitcode")?;
    assert_output!(output, @r#"
    exit 10
    --- stdout
    + hello-UNIQUE/a (create)
        + parameters: {"name":"Ford"}
        + tags: ["(known after build)","nightly"]
        + work_pool_name: "pool-UNIQUE"
        + description: "Greets."
        + entrypoint: "flow.py:hello"
        + job_variables: {"env":{"STAGE":"dev","API_TOKEN":"********"}}
        + version: "1"
        + schedules: {"schedule":{"cron":"0 1 * * *"},"slug":"daily"}
          at 01:00 every day, UTC; next: [TIME]
    + goodbye-UNIQUE/b (create)
        + work_pool_name: "pool-UNIQUE"
        + description: "Leaves."
        + entrypoint: "flow.py:goodbye"
        + version: "1"
        + triggers: {"name":"b__automation_1","description":"","enabled":true,"trigger":{"type":"eve... (282 characters)

    Steps to run:
      build: run_shell_script 'hash' at prefect.yaml:3, for hello-UNIQUE/a

    Plan: 2 to create, 1 step.
    --- stderr

    Run `prefectl deploy --all` to apply
    "#);
    assert_eq!(api.registered(&sandbox)?, [""; 0]);
    assert!(!sandbox.directory().join("it-ran").exists(), "no step runs");

    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn plan_shows_the_differences_to_the_server() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    sandbox.run("deploy --all").and_then(Output::success)?;
    let output = sandbox.run("plan -n b --detailed-exitcode")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    = goodbye-UNIQUE/b (unchanged)

    Plan: 1 unchanged.
    ");

    let changed = PROJECT
        .replace("version: \"1\"", "version: \"2\"\n  description: New")
        .replace("name: Ford", "times: 2")
        .replace("STAGE: dev", "STAGE: prod")
        .replace("0 1 * * *", "0 2 * * *")
        .replace("[x]", "[y]");
    sandbox.file("prefect.yaml", changed)?;
    let output = sandbox.run("deploy --all --dry-run")?;
    assert_output!(output, @r#"
    exit 0
    --- stdout
    ~ hello-UNIQUE/a (update)
        ~ version: "1" -> "2"
        ~ description: "Greets." -> "New"
        - parameters.name: "Ford"
        + parameters.times: 2
        ~ tags[0]: "v1" -> (known after build)
        ~ job_variables.env.STAGE: "dev" -> "prod"
        ~ schedules.daily.schedule.cron: "0 1 * * *" -> "0 2 * * *"
          at 02:00 every day, UTC; next: [TIME]
    ~ goodbye-UNIQUE/b (update)
        ~ version: "1" -> "2"
        ~ description: "Leaves." -> "New"
        ~ triggers.b__automation_1.trigger.expect[0]: "x" -> "y"

    Steps to run:
      build: run_shell_script 'hash' at prefect.yaml:3, for hello-UNIQUE/a

    Plan: 2 to update, 1 step.
    "#);
    verify_document(&api, &sandbox)
}

/// Verifies the plan document of an update.
fn verify_document(api: &Api, sandbox: &Sandbox) -> Result<()> {
    let before = api.existing(sandbox, "hello-UNIQUE/a")?;
    let plan = sandbox.run("plan --all --output json")?.json()?;
    assert_eq!(api.existing(sandbox, "hello-UNIQUE/a")?, before, "nothing is written");
    let change = |field: &str| {
        let changes = plan["deployments"][0]["changes"].as_array().cloned().unwrap_or_default();
        changes.into_iter().find(|change| change["field"] == field).unwrap_or_default()
    };
    assert_eq!(change("version"), json!({"field": "version", "old": "1", "new": "2"}));
    assert_eq!(
        change("tags"),
        json!({
            "field": "tags", "old": ["v1", "nightly"], "new": ["(known after build)", "nightly"],
            "known_after_build": true,
        })
    );
    assert_eq!(plan["deployments"][0]["flow"], json!({"grade": "exact", "reasons": []}));
    assert!(!plan.to_string().contains("do-not-show"));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn plan_renders_as_markdown_for_comments_and_job_summaries() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    let summary = sandbox.directory().join("summary.md");
    let workspace = sandbox.directory().parent().context("a folder around it")?.to_owned();
    let sandbox = sandbox
        .variable("GITHUB_ACTIONS", "true")
        .variable("GITHUB_STEP_SUMMARY", &summary)
        .variable("GITHUB_WORKSPACE", workspace);
    let comment = sandbox.run("plan --all --output markdown --quiet")?.success()?;
    assert_eq!(sandbox.read("summary.md")?, comment.stdout);
    insta::assert_snapshot!(comment.normal(&comment.stdout), @r#"
    ### Plan: 2 to create, 1 step.

    | | Deployment | Change |
    |---|---|---|
    | `+` | `hello-UNIQUE/a` | create |
    | `+` | `goodbye-UNIQUE/b` | create |

    <details><summary>Details</summary>

    `+` `hello-UNIQUE/a`

    ```diff
    + parameters: {"name":"Ford"}
    + tags: ["(known after build)","nightly"]
    + work_pool_name: "pool-UNIQUE"
    + description: "Greets."
    + entrypoint: "flow.py:hello"
    + job_variables: {"env":{"STAGE":"dev","API_TOKEN":"********"}}
    + version: "1"
    + schedules: {"schedule":{"cron":"0 1 * * *"},"slug":"daily"}
    ```

    `+` `goodbye-UNIQUE/b`

    ```diff
    + work_pool_name: "pool-UNIQUE"
    + description: "Leaves."
    + entrypoint: "flow.py:goodbye"
    + version: "1"
    + triggers: {"name":"b__automation_1","description":"","enabled":true,"trigger":{"type":"eve... (282 characters)
    ```

    </details>

    Steps to run:

    - build `prefect.deployments.steps.run_shell_script` (`prefect.yaml:3`) for `hello-UNIQUE/a`
    "#);

    sandbox.file("prefect.yaml", PROJECT.replace("triggers:", "trigers:"))?;
    let output = sandbox.run("deploy -n b --quiet")?.success()?;
    let annotation =
        "::warning file=project/prefect.yaml,line=18,col=3,endLine=18,endColumn=10,title=unknown-key::";
    assert!(output.stderr.contains(annotation), "{}", output.stderr);
    assert!(sandbox.read("summary.md")?.contains("| created |"));
    sandbox.file("prefect.yaml", PROJECT.replace("echo v1", "exit 3"))?;
    let output = sandbox.run("deploy --all --quiet")?;
    let summary = sandbox.read("summary.md")?;
    let (_, last) = summary.rsplit_once("### prefectl deploy\n").context("a summary")?;
    assert!(last.contains("\nFailed with exit code 7:\n\n- ") && !last.contains("| Deployment |"), "{last}");
    assert!(output.stderr.contains("::error file=project/prefect.yaml,line=3"), "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn deploy_applies_exactly_the_saved_plan() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    sandbox.run("plan --all --out first.json --quiet").and_then(Output::success)?;
    assert!(!sandbox.read("first.json")?.contains("do-not-show"));
    sandbox.run("deploy --plan first.json --quiet").and_then(Output::success)?;
    let deployed = api.existing(&sandbox, "hello-UNIQUE/a")?;

    // The saved plan is out of date, since the deployments exist now.
    let output = sandbox.run("deploy --plan first.json --quiet")?;
    assert_output!(output, @r"
    exit 8
    --- stderr
    error: the saved plan is out of date: deployment 'hello-UNIQUE/a' has changed on the server; deployment 'goodbye-UNIQUE/b' has changed on the server; nothing was registered
    help: create and review a new plan with `prefectl plan --out`
    ");

    sandbox.run("plan --all --out second.json --quiet").and_then(Output::success)?;
    let id = deployed["id"].as_str().context("an id")?;
    api.patch(&format!("/deployments/{id}"), &json!({"description": "by hand"}))?;
    sandbox.file("prefect.yaml", PROJECT.replace("expect: [x]", "expect: [y]"))?;
    let output = sandbox.run("deploy --plan second.json --quiet")?;
    assert_output!(output, @r"
    exit 8
    --- stderr
    error: the saved plan is out of date: deployment 'hello-UNIQUE/a' has changed on the server; deployment 'goodbye-UNIQUE/b' has changed in the file or the options; nothing was registered
    help: create and review a new plan with `prefectl plan --out`
    ");
    assert_eq!(api.existing(&sandbox, "hello-UNIQUE/a")?["description"], json!("by hand"));

    sandbox.file("other.json", "{\"schema\": 99}")?;
    let output = sandbox.run("deploy --plan other.json")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: invalid plan other.json: the plan was saved by a different version of prefectl
    ");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn drift_reports_what_a_deploy_leaves_unchanged() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let output = sandbox.run("drift --all --quiet")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    = hello-UNIQUE/a
        not compared because the value is unknown: tags
    = goodbye-UNIQUE/b

    No drift: 2 deployments match
    ");

    let deployed = api.existing(&sandbox, "hello-UNIQUE/a")?;
    let id = deployed["id"].as_str().context("an id")?;
    api.patch(&format!("/deployments/{id}"), &json!({"version": "by hand", "paused": true}))?;
    let schedule = deployed["schedules"][0]["id"].as_str().context("an id")?;
    api.patch(&format!("/deployments/{id}/schedules/{schedule}"), &json!({"active": false}))?;
    let output = sandbox.run("drift --all --quiet")?;
    assert_output!(output, @r#"
    exit 10
    --- stdout
    ~ hello-UNIQUE/a has changed
        version: file "1", server "by hand"
        paused: file false, server true
        schedules: server {"schedule":{"cron":"0 1 * * *"},"active":false,"slug":"daily"}; the schedule is paused on the server; set `active: true` in the file to resume it
        not compared because the value is unknown: tags
    = goodbye-UNIQUE/b

    Drift: 1 changed, 1 unchanged
    "#);
    let drift = sandbox.run("drift -n a --output json")?.json()?;
    assert_eq!((&drift["schema"], &drift["deployments"][0]["state"]), (&json!(1), &json!("differs")));
    Ok(())
}

/// Output of `render` for the deployment `b` of [`PROJECT`].
const RENDERED: &str = r#"schema: 1
deployments:
- name: goodbye-UNIQUE/b
  requests:
  - method: POST
    path: /flows/
    body:
      name: goodbye-UNIQUE
      tags: []
  - method: POST
    path: /deployments/
    body:
      name: b
      flow_id: "(id of the flow)"
      paused: false
      schedules: []
      concurrency_limit: null
      concurrency_options: null
      enforce_parameter_schema: true
      parameter_openapi_schema:
        title: Parameters
        type: object
        properties: {}
      parameters: {}
      tags: []
      pull_steps: []
      work_queue_name: null
      work_pool_name: pool-UNIQUE
      storage_document_id: null
      infrastructure_document_id: null
      description: Leaves.
      path: null
      entrypoint: flow.py:goodbye
      job_variables: {}
      version: "1"
      version_info:
        type: prefect:simple
        version: "1"
  - method: POST
    path: /automations/
    body:
      name: b__automation_1
      description: ""
      enabled: true
      tags: []
      trigger:
        type: event
        match: {}
        match_related: {}
        after: []
        expect:
        - x
        for_each: []
        posture: Reactive
        threshold: 1
        within: 0.0
      actions:
      - type: run-deployment
        source: selected
        deployment_id: "(id of the deployment)"
        parameters: null
        job_variables: null
        schedule_after: 0.0
      actions_on_trigger: []
      actions_on_resolve: []
      owner_resource: "prefect.deployment.(id of the deployment)"
steps: []
"#;

#[test]
fn render_needs_no_server() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.file("prefect.yaml", PROJECT)?;
    let output = sandbox.run("render -n b --quiet")?.success()?;
    assert_eq!(output.stdout, sandbox.unique(RENDERED));
    let document = sandbox.run("plan --all --offline --output json")?.success()?.json()?;
    assert_eq!(document["deployments"][0]["requests"][1]["body"]["tags"][0], "(known after build)");
    assert!(!sandbox.directory().join("it-ran").exists());
    Ok(())
}

#[test]
fn outputs_of_python_steps_are_known_after_the_build() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.file(
        "prefect.yaml",
        "build:\n- own.steps.sign: {id: sign}\npull: []\ndeployments:\n\
         - name: a\n  entrypoint: flow.py:hello\n  work_pool: {name: pool}\n  \
           tags: [\"{{ sign.digest }}\", \"x-{{ loose }}\", \"<< sign.key | upper >>\"]\n",
    )?;
    let document = sandbox.run("plan --all --offline --output json")?.success()?.json()?;
    assert_eq!(
        document["deployments"][0]["requests"][1]["body"]["tags"],
        json!(["(known after build)", "x-(known after build)", "(known after build)"])
    );
    Ok(())
}

#[test]
fn unchanged_deployments_need_few_requests() -> Result<()> {
    for (count, most) in [(100, 8), (450, 8 + 450 / 20)] {
        let api = MockApi::keeping()?;
        let deployment = |number| {
            format!("- {{name: d{number}, entrypoint: 'flow.py:hello', work_pool: {{name: pool}}}}\n")
        };
        let deployments: String = (0..count).map(deployment).collect();
        let sandbox = Sandbox::for_project(&api.url(), &format!("pull: []\ndeployments:\n{deployments}"))?;
        sandbox.run("deploy --all --quiet").and_then(Output::success)?;
        let (first, writes) = (api.requests(), api.writes().len());
        assert_eq!(writes, count + 1, "one flow");
        let again = sandbox.run("deploy --all --output json")?.success()?.json()?;
        let unchanged = |one: &Value| one["status"] == "unchanged";
        assert!(again["deployments"].as_array().context("a list")?.iter().all(unchanged));
        assert_eq!(api.writes().len(), writes, "no write");
        let requests = api.requests() - first;
        assert!(requests <= most, "{requests} requests for {count} deployments");
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn applies_a_saved_plan_when_a_secret_is_a_word_of_its_format() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    for secret in
        ["create", "update", "build", "approximate", "deployments", "fingerprint", "hello", "schema"]
    {
        let secrets = [("PREFECT_API_KEY", secret.to_owned())];
        let line = "plan --all --out plan.json --output json --quiet";
        let plan = sandbox.run_with(&secrets, line)?.success()?.json()?;
        assert_eq!(plan["deployments"][1]["action"], "create", "{secret}: {plan}");
        let output =
            sandbox.run_with(&secrets, "deploy --plan plan.json --output json --quiet")?.success()?;
        assert_eq!(output.json()?["deployments"][1]["status"], "created", "{secret}: {output}");
        sandbox.run("destroy --all --yes --quiet").and_then(Output::success)?;
    }
    Ok(())
}
