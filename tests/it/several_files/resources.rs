//! Tests of declared resources in multiple project files that refer to each other.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::service;
use crate::support::{Api, Output, Proxy, Sandbox, Verdict};

const ALL: &str = "-f services/*/prefect.yaml";

/// Each file uses variables that another file declares.
const PLATFORM: &str = r#"prefectl:
  work_pools:
  - name: shared-UNIQUE
    type: process
    description: "{{ prefect.variables.billing_UNIQUE }}"
    queues: [{name: high, priority: 1}]
  variables: {region_UNIQUE: eu, zone_UNIQUE: a}
"#;

const BILLING: &str = r#"pull: []
deployments:
- name: default
  entrypoint: flow.py:main
  version: "1"
  tags: ["{{ prefect.variables.region_UNIQUE }}"]
  work_pool: {name: shared-UNIQUE, work_queue_name: high}
prefectl:
  variables: {billing_UNIQUE: "{{ prefect.variables.zone_UNIQUE }}-1"}
  automations:
  - name: pause-UNIQUE
    trigger: {type: event, expect: [x]}
    actions:
    - {type: pause-work-queue, work_queue: shared-UNIQUE/high}
    - {type: pause-deployment, deployment: billing-UNIQUE/default}
"#;

/// Creates a project of two files. The first declares the pool that the second uses.
fn project() -> Result<(Api, Sandbox)> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox("")?;
    std::fs::remove_file(sandbox.directory().join("prefect.yaml")).ok();
    git2::Repository::init(sandbox.directory())?;
    service(&sandbox, "platform", PLATFORM)?;
    service(&sandbox, "billing", BILLING)?;
    let id = sandbox.unique("several-UNIQUE");
    Ok((api, sandbox.variable("PREFECTL_PROJECT", id)))
}

#[test]
#[ignore = "needs services: run tests/run"]
fn resources_of_one_file_are_used_by_another() -> Result<()> {
    let (api, sandbox) = project()?;
    let plan = sandbox.run(&format!("plan --all --quiet {ALL}"))?.success()?;
    for line in [
        "+ work queue shared-UNIQUE/high (create) in services/platform/prefect.yaml",
        "+ variable billing_UNIQUE (create) in services/billing/prefect.yaml",
        "+ billing-UNIQUE/default (create) in services/billing/prefect.yaml",
        "+ automation pause-UNIQUE (create) in services/billing/prefect.yaml",
    ] {
        ensure!(plan.stdout.contains(&sandbox.unique(line)), "{line}: {plan}");
    }
    let output = sandbox.run(&format!("deploy --all --output json {ALL}"))?.success()?.json()?;
    assert_eq!(output["resources"][0]["file"], "services/platform/prefect.yaml", "{output}");
    let variable = api.get(&sandbox.unique("/variables/name/billing_UNIQUE"))?.context("no variable")?;
    assert_eq!(variable["value"], "a-1");
    let pool = api.get(&sandbox.unique("/work_pools/shared-UNIQUE"))?.context("no pool")?;
    assert_eq!(pool["description"], "a-1");
    for line in ["plan --all --detailed-exitcode --quiet", "drift --all --quiet"] {
        for files in [ALL, "-f services/platform/prefect.yam*", "-f services/billing/prefect.yam*"] {
            let output = sandbox.run(&format!("{line} {files}"))?;
            assert_eq!(output.code, 0, "{output}");
        }
    }
    // Errors name the file of the declaration.
    service(
        &sandbox,
        "billing",
        &BILLING.replace("work_queue: shared-UNIQUE/high", "work_queue: shared-UNIQUE/low"),
    )?;
    let output = sandbox.run(&format!("plan --all --quiet {ALL}"))?;
    ensure!(output.code == 2 && output.stderr.contains("services/billing/prefect.yaml:"), "{output}");
    // A change on the server is drift of its file.
    service(&sandbox, "billing", BILLING)?;
    api.patch(&sandbox.unique("/variables/name/zone_UNIQUE"), &json!({"value": "b"}))?;
    let output = sandbox.run(&format!("drift --all --quiet {ALL}"))?;
    let expected = sandbox.unique("~ variable zone_UNIQUE has changed in services/platform/prefect.yaml");
    ensure!(output.code == 10 && output.stdout.contains(&expected), "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn prune_deletes_only_the_resources_of_the_files_that_it_reads() -> Result<()> {
    let (api, sandbox) = project()?;
    sandbox.run(&format!("deploy --all --quiet {ALL}"))?.success()?;
    service(&sandbox, "platform", "prefectl:\n  variables: {region_UNIQUE: eu}\n")?;
    let no_automation = BILLING.split("  automations:").next().unwrap_or_default();
    service(&sandbox, "billing", no_automation)?;
    // The other file's deployment uses the pool.
    let reason = "deployments still use it: billing-UNIQUE/default";
    let kept = sandbox.unique(&format!("= work pool shared-UNIQUE (kept: {reason})"));
    let plan = sandbox.run("plan --all --prune -f services/platform/prefect.yaml")?.success()?;
    ensure!(plan.stdout.contains(&kept), "{plan}");
    ensure!(plan.stdout.contains(&sandbox.unique("- variable zone_UNIQUE (delete)")), "{plan}");
    ensure!(!plan.stdout.contains("automation"), "{plan}");
    let output = sandbox.run("deploy --all --prune --quiet -f services/platform/prefect.yaml")?;
    assert_eq!(output.code, 3, "{output}");
    ensure!(api.get(&sandbox.unique("/variables/name/zone_UNIQUE"))?.is_none(), "{output}");
    ensure!(api.get(&sandbox.unique("/variables/name/billing_UNIQUE"))?.is_some(), "{output}");
    // The file no longer exists, so the command owns the resources that the file declared.
    std::fs::remove_file(sandbox.directory().join("services/billing/prefect.yaml"))?;
    let plan = sandbox.run("deploy --all --prune --quiet -f services/platform/prefect.yaml")?.success()?;
    for path in ["/variables/name/billing_UNIQUE", "/work_pools/shared-UNIQUE"] {
        ensure!(api.get(&sandbox.unique(path))?.is_none(), "{plan}");
    }
    ensure!(api.get(&sandbox.unique("/variables/name/region_UNIQUE"))?.is_some(), "{plan}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_rollback_restores_the_resources_of_all_files() -> Result<()> {
    let (api, sandbox) = project()?;
    sandbox.run(&format!("deploy --all --quiet {ALL}"))?.success()?;
    service(&sandbox, "platform", &PLATFORM.replace("zone_UNIQUE: a", "zone_UNIQUE: b"))?;
    let second = "  - name: refused-UNIQUE\n    trigger: {type: event, expect: [x]}\n    actions: [{type: do-nothing}]\n";
    service(&sandbox, "billing", &format!("{BILLING}{second}"))?;
    let proxy = Proxy::start(api.url(), |seen, _| {
        let is_refused = seen.write.is_some() && seen.body.contains("refused-");
        if is_refused { Verdict::Refuse } else { Verdict::Pass }
    })?;
    let sandbox = sandbox.variable("PREFECT_API_URL", proxy.url());
    let output = sandbox.run(&format!("deploy --all --on-error rollback --quiet {ALL}"))?;
    ensure!(output.code != 0, "{output}");
    for (name, value) in [("zone_UNIQUE", "a"), ("billing_UNIQUE", "a-1")] {
        let variable =
            api.get(&sandbox.unique(&format!("/variables/name/{name}")))?.context("no variable")?;
        assert_eq!(variable["value"], value, "{output}");
    }
    service(&sandbox, "platform", PLATFORM)?;
    service(&sandbox, "billing", BILLING)?;
    sandbox.run(&format!("plan --all --detailed-exitcode --quiet {ALL}")).and_then(Output::success)?;
    Ok(())
}

const FIRST: &str = "\
prefectl:
  work_pools: [{name: shared, type: process, queues: [{name: high}]}]
  variables: {region: eu}
";

const SECOND: &str = "\
prefectl:
  variables: {region: us}
  work_pools:
  - {name: shared, type: process, queues: [{name: high}]}
";

#[test]
fn names_both_files_of_a_duplicate() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.file("services/a/prefect.yaml", FIRST)?;
    sandbox.file("services/b/prefect.yaml", SECOND)?;
    let output = sandbox.run("check services/a/prefect.yaml services/b/prefect.yaml --quiet")?;
    assert_eq!(output.code, 2, "{output}");
    for line in [
        "error[duplicate-resource]: work pool 'shared' is already declared at services/a/prefect.yaml:2",
        " --> services/b/prefect.yaml:4:5",
        "error[duplicate-resource]: work queue 'shared/high' is already declared at services/a/prefect.yaml:2",
        " --> services/b/prefect.yaml:4:44",
        "error[duplicate-resource]: variable 'region' is already declared at services/a/prefect.yaml:3",
        " --> services/b/prefect.yaml:2:23",
    ] {
        assert!(output.stderr.contains(line), "{line}: {output}");
    }
    Ok(())
}
