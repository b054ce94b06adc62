//! Tests of declared work pools whose type differs from the type on the server, and of custom worker types.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::support::{Api, Sandbox};

/// A base job template of a custom worker.
fn template() -> Value {
    json!({
        "job_configuration": {"command": "{{ command }}", "image": "{{ image }}"},
        "variables": {
            "type": "object",
            "properties": {
                "command": {"type": "string", "title": "Command", "default": "a"},
                "image": {"type": "string", "title": "Image"},
            },
        },
    })
}

#[test]
#[ignore = "needs services: run tests/run"]
fn drift_reports_what_a_deploy_cannot_change() -> Result<()> {
    let api = Api::from_env()?;
    let project = "\
prefectl:
  work_pools: [{name: typed-UNIQUE, type: docker, description: new}]
  variables: {typed-UNIQUE: 1}
  automations:
  - {name: twice-UNIQUE, trigger: {type: event, expect: [a]}, actions: [{type: do-nothing}]}
";
    let sandbox = Sandbox::for_project(api.url(), project)?;
    let pool = json!({"name": sandbox.unique("typed-UNIQUE"), "type": "process"});
    api.post("/work_pools/", &pool)?;
    for event in ["a", "b"] {
        let trigger = json!({"type": "event", "posture": "Reactive", "expect": [event]});
        let name = sandbox.unique("twice-UNIQUE");
        let automation = json!({"name": name, "trigger": trigger, "actions": [{"type": "do-nothing"}]});
        api.post("/automations/", &automation)?;
    }
    let output = sandbox.run("drift --quiet")?;
    let shown = sandbox.unique("? automation twice-UNIQUE exists multiple times on the server\n    id: ");
    assert_eq!(output.code, 10, "{output}");
    assert!(output.stdout.contains(&shown), "{output}");
    for line in [
        "~ work pool typed-UNIQUE has changed",
        "    type: file \"docker\", server \"process\"; the type of a work pool cannot be changed",
        "    description: file \"new\", server none",
        "- variable typed-UNIQUE is missing on the server",
        "Drift: 1 changed, 1 missing, 1 ambiguous",
    ] {
        assert!(output.stdout.contains(&sandbox.unique(line)), "{line}: {output}");
    }
    assert!(!output.stdout.contains("base_job_template"), "{output}");

    sandbox.file("prefect.yaml", project.split("  automations:").next().unwrap_or_default())?;
    for line in ["plan --all --quiet", "deploy --all --quiet"] {
        let output = sandbox.run(line)?;
        assert_eq!(output.code, 2, "{output}");
        let message = "error[declared-pool-type]: work pool 'typed-UNIQUE' has the type 'process' on the server, which \
                       cannot be changed to 'docker'";
        assert!(output.stderr.contains(&sandbox.unique(message)), "{output}");
        assert!(output.stderr.contains(" --> prefect.yaml:2:16"), "{output}");
        let advice = "delete it with `prefectl work-pool delete typed-UNIQUE`";
        assert!(output.stderr.contains(&sandbox.unique(advice)), "{output}");
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn pools_of_custom_workers_can_be_declared() -> Result<()> {
    let api = Api::from_env()?;
    let declared = format!(
        "{{name: custom-UNIQUE, type: custom-type-UNIQUE, command: b, base_job_template: {}}}",
        template()
    );
    let project = |pool: &str| {
        format!(
            "prefectl:\n  work_pools: [{pool}]\npull: []\ndeployments:\n- name: a\n  entrypoint: flow.py:hello\n  \
             version: '1'\n  work_pool: {{name: custom-UNIQUE, job_variables: {{image: x}}}}\n"
        )
    };
    let sandbox = Sandbox::for_project(api.url(), &project(&declared))?;
    sandbox.run("check --quiet")?.success()?;
    let unknown = project("{name: custom-UNIQUE, type: custom-type-UNIQUE}");
    sandbox.file("prefect.yaml", &unknown)?;
    let output = sandbox.run("plan --all --quiet")?;
    assert_eq!(output.code, 2, "{output}");
    let message = "unknown type 'custom-type-UNIQUE' of work pool 'custom-UNIQUE'";
    assert!(output.stderr.contains(&sandbox.unique(message)), "{output}");
    assert!(output.stderr.contains("or add `base_job_template` for the type of a custom worker"), "{output}");

    sandbox.file("prefect.yaml", project(&declared))?;
    sandbox.run("deploy --all --quiet")?.success()?;
    let live = api.get(&sandbox.unique("/work_pools/custom-UNIQUE"))?.context("no pool")?;
    assert_eq!(live["base_job_template"]["variables"]["properties"]["command"]["default"], "b");
    let wrong = project(&declared).replace("{image: x}", "{image: 1}");
    sandbox.file("prefect.yaml", wrong)?;
    let output = sandbox.run("plan --all --quiet")?;
    assert!(output.stderr.contains("error[job-variable-type]"), "{output}");

    // The type is known now, so the template may be omitted.
    for pool in [&declared, "{name: custom-UNIQUE, type: custom-type-UNIQUE, command: b}"] {
        sandbox.file("prefect.yaml", project(pool))?;
        let output = sandbox.run("plan --all --detailed-exitcode --quiet")?;
        ensure!(output.code == 0, "{pool}: {output}");
    }
    sandbox.file("prefect.yaml", project("{name: custom-UNIQUE, type: custom-type-UNIQUE, command: c}"))?;
    sandbox.run("deploy --all --quiet")?.success()?;
    let live = api.get(&sandbox.unique("/work_pools/custom-UNIQUE"))?.context("no pool")?;
    assert_eq!(live["base_job_template"]["variables"]["properties"]["command"]["default"], "c");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn literal_placeholders_that_the_server_rejects_are_errors() -> Result<()> {
    let api = Api::from_env()?;
    let literal = r#"<< "{{ $HOME }}" | literal >>"#;
    let mut template = template();
    template["job_configuration"]["image"] = literal.into();
    let pool = format!("{{name: literal-UNIQUE, type: literal-UNIQUE, base_job_template: {template}}}");
    let automation = format!(
        "{{name: literal-UNIQUE, trigger: {{type: event, expect: [x]}}, actions: [{{type: run-deployment, source: \
         inferred, parameters: {{name: '{literal}'}}}}]}}"
    );
    let variables = "  variables: {literal_UNIQUE: 1}\n";
    let project = format!("prefectl:\n{variables}  work_pools: [{pool}]\n  automations: [{automation}]\n");
    let sandbox = Sandbox::for_project(api.url(), &project)?;
    let output = sandbox.run("deploy --all --quiet")?;
    assert_eq!(output.code, 2, "{output}");
    for message in ["has no variable '$HOME'", "invalid template: unexpected char '$' at 3"] {
        assert!(output.stderr.contains(message), "{message}: {output}");
    }
    ensure!(api.get(&sandbox.unique("/variables/name/literal_UNIQUE"))?.is_none(), "{output}");
    Ok(())
}
