//! Tests of deploys to Prefect Cloud and to servers of older and later releases.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::support::{
    CLOUD_KEY, Edition, Fault, FaultPlan, FaultServer, InMemoryApi, LATER_VERSION, Sandbox, assert_output,
    session,
};

const PROJECT: &str = r"
pull: []
deployments:
- name: one
  entrypoint: flow.py:hello
  work_pool: {name: pool, job_variables: {env: {A: '1'}}}
  version: '1'
  tags: [a]
  parameters: {name: Ada}
  schedules: [{cron: '0 1 * * *', slug: a, parameters: {name: Bob}}, {interval: 60, slug: b}]
  concurrency_limit: {limit: 2, collision_strategy: CANCEL_NEW, grace_period_seconds: 60}
  triggers:
  - {name: event, enabled: true, expect: [a.b], schedule_after: 60}
  - {name: both, type: compound, require: all, within: 60, triggers: [{expect: [a.b]}, {expect: [c.d]}]}
";

const SLA: &str = "  sla: [{name: quick, duration: 600, severity: high}]\n";

fn cloud(project: &str) -> Result<(FaultServer, Sandbox)> {
    let server = FaultServer::start_as(Edition::Cloud)?;
    let root = server.url().split_once("/accounts/").context("the URL of a workspace")?.0.to_owned();
    let sandbox = Sandbox::for_project(&server.url(), project)?
        .variable("PREFECT_CLOUD_API_URL", root)
        .variable("PREFECT_API_KEY", CLOUD_KEY)
        .variable("PREFECT_CLIENT_RETRY_JITTER_FACTOR", "0");
    Ok((server, sandbox))
}

fn later() -> Result<(FaultServer, Sandbox)> {
    let server = FaultServer::start_as(Edition::Later)?;
    let sandbox = Sandbox::for_project(&server.url(), PROJECT)?;
    Ok((server, sandbox))
}

#[test]
fn deploys_to_prefect_cloud() -> Result<()> {
    let (server, sandbox) = cloud(PROJECT)?;
    let shown = session(
        &sandbox,
        &["deploy --all --quiet", "plan --all --detailed-exitcode", "drift --all", "deploy --all --quiet"],
    )?;
    assert_output!(shown, @r"
    $ prefectl deploy --all --quiet
    exit 0
    --- stdout
    Deployment 'hello-UNIQUE/one' successfully created with id '[ID]'. (created)
      View Deployment in UI: http://127.0.0.1:[PORT]/account/[ID]/workspace/[ID]/deployments/deployment/[ID]
    $ prefectl plan --all --detailed-exitcode
    exit 0
    --- stdout
    = hello-UNIQUE/one (unchanged)

    Plan: 1 unchanged.
    $ prefectl drift --all
    exit 0
    --- stdout
    = hello-UNIQUE/one

    No drift: 1 deployment matches
    $ prefectl deploy --all --quiet
    exit 0
    --- stdout
    Deployment 'hello-UNIQUE/one' successfully created with id '[ID]'. (unchanged)
      View Deployment in UI: http://127.0.0.1:[PORT]/account/[ID]/workspace/[ID]/deployments/deployment/[ID]
    ");

    let requests = server.requests();
    let is_of_workspace = |request: &String| request.contains(" /api/accounts/");
    assert!(requests.iter().all(is_of_workspace), "{requests:#?}");
    let is_of_server = |request: &String| request.contains("/admin/") || request.contains("/csrf-token");
    assert!(!requests.iter().any(is_of_server), "{requests:#?}");
    // Prefect Cloud stores the details of a version.
    assert!(server.received().contains("\"version_info\":{"), "{}", server.received());
    Ok(())
}

#[test]
fn sends_service_level_agreements_with_every_deploy() -> Result<()> {
    let (server, sandbox) = cloud(&format!("{PROJECT}{SLA}"))?;
    sandbox.run("deploy --all --quiet")?.success()?;
    server.fail(None);
    let shown = session(&sandbox, &["plan --all", "drift --all", "deploy --all --quiet"])?;
    assert_output!(shown, @r#"
    $ prefectl plan --all
    exit 0
    --- stdout
    ~ hello-UNIQUE/one (update)
        + sla: {"name":"quick","severity":"high","duration":600,"owner_resource":"prefect.deplo... (124 characters)

    Plan: 1 to update.
    --- stderr

    Run `prefectl deploy --all` to apply
    $ prefectl drift --all
    exit 0
    --- stdout
    = hello-UNIQUE/one
        not compared because the value is unknown: sla

    No drift: 1 deployment matches
    $ prefectl deploy --all --quiet
    exit 0
    --- stdout
    Deployment 'hello-UNIQUE/one' successfully created with id '[ID]'. (updated: service level agreements)
      View Deployment in UI: http://127.0.0.1:[PORT]/account/[ID]/workspace/[ID]/deployments/deployment/[ID]
    "#);
    // The deployment itself is not written again.
    let writes: Vec<String> = server
        .requests()
        .into_iter()
        .filter(|request| !request.starts_with("GET ") && !request.ends_with("/filter"))
        .collect();
    assert!(matches!(&writes[..], [one] if one.contains("/slas/apply-resource-slas/")), "{writes:#?}");
    Ok(())
}

#[test]
fn doctor_checks_the_key_for_prefect_cloud() -> Result<()> {
    let (server, sandbox) = cloud(PROJECT)?;
    let healthy = sandbox.run("doctor")?.success()?;
    let lines: Vec<&str> = healthy
        .stdout
        .lines()
        .filter(|line| ["version", "authorization", "plan"].iter().any(|name| line.contains(name)))
        .collect();
    assert_output!(lines.join("\n"), @r"
    ok  version: Prefect Cloud
    ok  authorization: access granted
    skipped  plan: Prefect Cloud does not report the limits of the plan
    ");
    assert!(!server.requests().iter().any(|request| request.contains("/admin/")));

    let refused = sandbox.variable("PREFECT_API_KEY", "pnu_other").run("doctor -o json")?;
    assert_eq!(refused.code, 5, "{refused}");
    assert_eq!(refused.json()?["deploy_would_work"], false);
    Ok(())
}

#[test]
fn waits_for_the_rate_limit_of_prefect_cloud() -> Result<()> {
    let (first, sandbox) = cloud(PROJECT)?;
    sandbox.run("deploy --all --quiet")?.success()?;
    let is_creation = |request: &String| request.starts_with("POST ") && request.ends_with("/deployments/");
    let at = first.requests().iter().position(is_creation).context("the deployment is created")?;
    for (retry_after, is_shown) in [("1", true), ("Mon, 23 Nov 2020 14:00:00 GMT", false)] {
        let (server, sandbox) = cloud(PROJECT)?;
        server.fail(Some(FaultPlan { fault: Fault::TooMany(retry_after), at, lasting: false }));
        let output = sandbox.run("deploy --all")?.success()?;
        assert_eq!(output.stderr.contains("; retrying in 1."), is_shown, "{}", output.stderr);
        assert_eq!(server.look(|api| api.deployments().len()), 1);
    }
    Ok(())
}

#[test]
fn uses_the_routes_and_shows_the_errors_of_prefect_cloud() -> Result<()> {
    let (_server, sandbox) = cloud(PROJECT)?;
    let shown = session(
        &sandbox,
        &[
            "work-pool get-default-base-job-template --type process",
            "work-pool create second --type process",
            "version",
        ],
    )?;
    assert_output!(shown, @r#"
    $ prefectl work-pool get-default-base-job-template --type process
    exit 0
    --- stdout
    {
      "job_configuration": {},
      "variables": {
        "properties": {}
      }
    }
    $ prefectl work-pool create second --type process
    exit 5
    --- stderr
    error: the Prefect API does not allow POST /work_pools/ (403 Forbidden): Your plan does not support hybrid work pools.
    $ prefectl version
    exit 0
    --- stdout
    Version:              0.1.0
    Prefect release:      3.9.1
    API version:          0.8.4
    OS/Arch:              linux/x86_64
    Profile:              ephemeral
    Server type:          cloud
    "#);
    Ok(())
}

#[test]
fn ignores_unknown_fields_of_later_releases() -> Result<()> {
    let (server, sandbox) = later()?;
    sandbox.run("deploy --all --quiet")?.success()?;
    let writes = |api: &InMemoryApi| api.writes;
    let before = server.look(writes);
    for line in ["plan --all --detailed-exitcode", "drift --all", "deploy --all --quiet"] {
        let output = sandbox.run(line)?;
        assert_eq!(output.code, 0, "{line}: {output}");
    }
    assert_eq!(server.look(writes), before, "an unchanged deployment is not written");

    sandbox.file("prefect.yaml", PROJECT.replace("0 1 * * *", "0 2 * * *").replace("a.b", "x.y"))?;
    sandbox.run("deploy --all --quiet")?.success()?;
    assert_eq!(sandbox.run("plan --all --detailed-exitcode")?.code, 0);
    // Unknown fields are not sent back.
    assert!(!server.received().contains("future_"));
    for line in [
        "export --name hello-UNIQUE/one --out exported.yaml",
        "deployment ls -o json",
        "deployment inspect hello-UNIQUE/one",
        "deployment schedule ls hello-UNIQUE/one",
        "deployment run hello-UNIQUE/one",
        "work-pool ls",
        "automation ls",
    ] {
        sandbox.run(line)?.success()?;
    }
    assert!(!sandbox.read("exported.yaml")?.contains("future_"));
    Ok(())
}

#[test]
fn keeps_unknown_actions_and_triggers_of_automations() -> Result<()> {
    let (server, sandbox) = later()?;
    let automation = json!([{
        "id": "00000000-0000-0000-0000-0000000000aa", "name": "other", "enabled": true, "description": "",
        "trigger": {"type": "quantum", "spin": "up"}, "actions": [{"type": "call-home", "number": 7}],
        "actions_on_trigger": [], "actions_on_resolve": [],
    }]);
    server.change(|api| drop(api.answers.insert("automations/filter".to_owned(), automation)));
    let (fields, _) = PROJECT.split_once("  triggers:").context("a project with triggers")?;
    sandbox.file("prefect.yaml", fields)?;
    for line in ["automation ls", "automation ls -o json", "deploy --all --quiet", "deploy --all --quiet"] {
        sandbox.run(line)?.success()?;
    }
    let shown = sandbox.run("automation inspect other -o json")?.success()?;
    assert!(shown.stdout.contains("\"number\": 7") && shown.stdout.contains("\"spin\": \"up\""), "{shown}");
    Ok(())
}

#[test]
fn replaces_a_deployment_on_old_servers_and_reports_the_cost() -> Result<()> {
    const PROJECT: &str = "
pull: [{prefect.deployments.steps.set_working_directory: {directory: /opt/flows}}]
deployments:
- name: one
  entrypoint: flow.py:hello
  work_pool: {name: pool}
  schedules: [{cron: '0 1 * * *', active: false}]
";
    let server = FaultServer::start()?;
    server.change(|api| drop(api.answers.insert("admin/version".to_owned(), json!("3.1.15"))));
    let sandbox = Sandbox::for_project(&server.url(), PROJECT)?;
    sandbox.run("deploy --all --quiet")?.success()?;
    let schedule = |sandbox: &Sandbox| -> Result<Value> {
        let output = sandbox.run("deployment inspect hello-UNIQUE/one -o json")?.success()?;
        Ok(output.json()?["schedules"].clone())
    };
    let before = schedule(&sandbox)?;

    sandbox.file("prefect.yaml", PROJECT.replace("/opt/", "/srv/"))?;
    server.fail(None);
    let output = sandbox.run("deploy --all")?.success()?;
    assert!(
        output.stderr.contains(
            "updates of pull steps and parameter schemas require Prefect 3.2, but this server runs 3.1.15; changing them \
             replaces the deployment, so its schedules get new IDs and its scheduled runs are deleted"
        ),
        "{output}"
    );
    let requests = server.requests();
    assert!(requests.contains(&"POST /api/deployments/".to_owned()), "{requests:#?}");
    assert!(!requests.iter().any(|request| request.starts_with("PATCH ")), "{requests:#?}");
    let after = schedule(&sandbox)?;
    assert_eq!(after[0]["active"], json!(false), "the schedule is still paused");
    assert_ne!(after[0]["id"], before[0]["id"]);
    assert_eq!(sandbox.run("plan --all --detailed-exitcode")?.code, 0);
    Ok(())
}

#[test]
fn doctor_reports_the_latest_tested_release() -> Result<()> {
    let (_server, sandbox) = later()?;
    let output = sandbox.run("doctor")?.success()?;
    let expected = format!(
        "Prefect {LATER_VERSION}, which is newer than 3.9.1, the latest version that prefectl is tested with"
    );
    assert!(output.stdout.contains(&expected), "{output}");
    Ok(())
}
