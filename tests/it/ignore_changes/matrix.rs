//! Tests every field that `ignore_changes` accepts, with every command and every location of the list.

use std::{collections::BTreeMap, fmt::Write as _};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::support::{Api, Output, Proxy, Sandbox, Verdict};

/// A field that operators may change. Each field has its own deployment.
#[derive(Clone)]
struct Field {
    /// Name of the deployment.
    name: &'static str,
    ignored: &'static str,
    /// The field in the first version of the file.
    created: &'static str,
    /// The field in the second version of the file.
    changed: &'static str,
    /// Change that an operator makes. Null for schedules and triggers, because they have separate requests.
    operated: Value,
    /// Path of the observed value in the deployment.
    path: &'static str,
    /// The value after each command: after the creation, after the operator's change, and after the second deploy.
    values: [Value; 3],
    /// Whether the copy in a preview has the field.
    is_in_previews: bool,
}

impl Field {
    fn new(
        name: &'static str,
        ignored: &'static str,
        [created, changed]: [&'static str; 2],
        operated: Value,
        path: &'static str,
        values: [Value; 3],
    ) -> Self {
        Self { name, ignored, created, changed, operated, path, values, is_in_previews: true }
    }

    fn only_in_originals(self) -> Self {
        Self { is_in_previews: false, ..self }
    }
}

fn fields() -> Vec<Field> {
    [parameters(), job_variables(), simple_fields(), fields_that_previews_isolate()].concat()
}

fn parameters() -> Vec<Field> {
    let file = ["parameters: {name: Ford, times: 2}", "parameters: {name: Arthur, times: 3}"];
    let value = |name: &str, times: u64| json!({"name": name, "times": times});
    let operated = |value: Value| json!({"parameters": value});
    vec![
        Field::new(
            "parameters",
            "parameters",
            file,
            operated(value("Zaphod", 9)),
            "/parameters",
            [value("Ford", 2), value("Zaphod", 9), value("Zaphod", 9)],
        ),
        Field::new(
            "parameter",
            "parameters.name",
            file,
            operated(value("Zaphod", 2)),
            "/parameters",
            [value("Ford", 2), value("Zaphod", 2), value("Zaphod", 3)],
        ),
    ]
}

fn job_variables() -> Vec<Field> {
    let file = [
        "work_pool: {name: pool-UNIQUE, job_variables: {env: {REGION: eu, STAGE: a}}}",
        "work_pool: {name: pool-UNIQUE, job_variables: {env: {REGION: asia, STAGE: b}}}",
    ];
    let value = |region: &str, stage: &str| json!({"env": {"REGION": region, "STAGE": stage}});
    let operated = json!({"job_variables": value("us", "a"), "work_pool_name": "pool-UNIQUE"});
    let field = |name, ignored, last| {
        let values = [value("eu", "a"), value("us", "a"), last];
        Field::new(name, ignored, file, operated.clone(), "/job_variables", values)
    };
    vec![
        field("variables", "job_variables", value("us", "a")),
        field("variable", "job_variables.env.REGION", value("us", "b")),
    ]
}

fn simple_fields() -> Vec<Field> {
    vec![
        Field::new(
            "paused",
            "paused",
            ["paused: false", "description: New."],
            json!({"paused": true}),
            "/paused",
            [json!(false), json!(true), json!(true)],
        ),
        Field::new(
            "tags",
            "tags",
            ["tags: [file]", "tags: [new]"],
            json!({"tags": ["ops"]}),
            "/tags/0",
            [json!("file"), json!("ops"), json!("ops")],
        ),
        Field::new(
            "description",
            "description",
            ["description: From the file.", "description: New."],
            json!({"description": "By hand."}),
            "/description",
            [json!("From the file."), json!("By hand."), json!("By hand.")],
        ),
    ]
}

fn fields_that_previews_isolate() -> Vec<Field> {
    let fields = [
        Field::new(
            "concurrency",
            "concurrency_limit",
            ["concurrency_limit: 1", "concurrency_limit: 2"],
            json!({"concurrency_limit": 7}),
            "/global_concurrency_limit/limit",
            [json!(1), json!(7), json!(7)],
        ),
        Field::new(
            "schedules",
            "schedules",
            ["schedules: [{cron: 0 1 * * *, slug: daily}]", "schedules: [{cron: 0 2 * * *, slug: daily}]"],
            Value::Null,
            "/schedules/0/active",
            [json!(true), json!(false), json!(false)],
        ),
        Field::new(
            "triggers",
            "triggers",
            ["triggers: [{name: auto-UNIQUE, expect: [a]}]", "triggers: [{name: auto-UNIQUE, expect: [b]}]"],
            Value::Null,
            "",
            [json!(true), json!(false), json!(false)],
        ),
    ];
    fields.map(Field::only_in_originals).into()
}

/// Location of the list in the project files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placement {
    Deployment,
    File,
    /// In an overlay file that appends to the project file's list.
    Overlay,
    /// In the deployment, which is deployed as a preview copy.
    Preview,
}

impl Placement {
    fn options(self) -> &'static str {
        match self {
            Self::Deployment | Self::File => "--all",
            Self::Overlay => "--all --env prod",
            Self::Preview => "--all --preview pr",
        }
    }

    fn applies_to(self, field: &Field) -> bool {
        match self {
            Self::Preview => field.is_in_previews,
            // The file's list applies to all deployments, but some deployments ignore only nested values of
            // these fields.
            Self::File => !["parameters", "job_variables"].contains(&field.ignored),
            Self::Deployment | Self::Overlay => true,
        }
    }

    fn full_name(self, field: &Field) -> String {
        let suffix = match self {
            Self::Deployment | Self::File => "",
            Self::Overlay => "-prod",
            Self::Preview => "--pr",
        };
        format!("hello-UNIQUE/{}{suffix}", field.name)
    }
}

/// The state of the project file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    First,
    Second,
    /// The file has an additional deployment whose creation fails.
    Third,
}

/// Writes the project files.
fn write(sandbox: &Sandbox, placement: Placement, version: Version) -> Result<()> {
    let mut text = "pull: []\n".to_owned();
    let fields: Vec<Field> = fields().into_iter().filter(|field| placement.applies_to(field)).collect();
    if placement == Placement::File {
        let ignored: Vec<&str> = fields.iter().map(|field| field.ignored).collect();
        writeln!(text, "ignore_changes: [{}]", ignored.join(", "))?;
    }
    let mut overlay = "name_suffix: -prod\ndeployments:\n".to_owned();
    text += "deployments:\n";
    let number = version as usize;
    for Field { name, ignored, created, changed, .. } in &fields {
        let field = if version == Version::First { created } else { changed };
        writeln!(text, "- name: {name}\n  entrypoint: flow.py:hello\n  version: v{number}\n  {field}")?;
        if !field.starts_with("work_pool") {
            text += "  work_pool: {name: pool-UNIQUE}\n";
        }
        match placement {
            Placement::Deployment | Placement::Preview => writeln!(text, "  ignore_changes: [{ignored}]")?,
            Placement::Overlay => {
                text += "  ignore_changes: [enforce_parameter_schema]\n";
                writeln!(overlay, "- {{name: {name}, ignore_changes: !append [{ignored}]}}")?;
            }
            Placement::File => {}
        }
    }
    if version == Version::Third {
        text += "- {name: last, entrypoint: 'flow.py:hello', work_pool: {name: pool-UNIQUE}}\n";
    }
    sandbox.file("prefect.yaml", text)?;
    if placement == Placement::Overlay {
        sandbox.file("prefect.prod.yaml", overlay)?;
    }
    Ok(())
}

/// Returns the observed values of all deployments.
fn observed(api: &Api, sandbox: &Sandbox, placement: Placement) -> Result<BTreeMap<&'static str, Value>> {
    let fields = fields().into_iter().filter(|field| placement.applies_to(field));
    let value = |field: Field| {
        let deployment = api.existing(sandbox, &placement.full_name(&field))?;
        let value = match field.name {
            "triggers" => {
                api.automations(&deployment)?.first().map(|automation| automation["enabled"].clone())
            }
            _ => deployment.pointer(field.path).cloned(),
        };
        Ok((field.name, value.unwrap_or_default()))
    };
    fields.map(value).collect()
}

/// Changes every ignored field, as an operator would in the UI.
fn operate(api: &Api, sandbox: &Sandbox, placement: Placement) -> Result<()> {
    for field in fields().into_iter().filter(|field| placement.applies_to(field)) {
        let deployment = api.existing(sandbox, &placement.full_name(&field))?;
        let path = format!("/deployments/{}", deployment["id"].as_str().context("an id")?);
        match field.name {
            "schedules" => {
                let schedule = deployment["schedules"][0]["id"].as_str().context("a schedule")?;
                api.patch(&format!("{path}/schedules/{schedule}"), &json!({"active": false}))?;
            }
            "triggers" => {
                let automation = api.automations(&deployment)?[0]["id"].clone();
                let automation = automation.as_str().context("an automation")?;
                api.patch(&format!("/automations/{automation}"), &json!({"enabled": false}))?;
            }
            "tags" if placement == Placement::Preview => {
                api.patch(&path, &json!({"tags": ["ops", "preview:pr"]}))?;
            }
            _ => api.patch(&path, &serde_json::from_str(&sandbox.unique(&field.operated.to_string()))?)?,
        }
    }
    Ok(())
}

fn expected(placement: Placement, step: usize) -> BTreeMap<&'static str, Value> {
    let fields = fields().into_iter().filter(|field| placement.applies_to(field));
    fields.map(|field| (field.name, field.values[step].clone())).collect()
}

/// Checks that a plan writes nothing and shows the ignored difference of every deployment.
fn check_plan(sandbox: &Sandbox, placement: Placement) -> Result<()> {
    let options = placement.options();
    let text = sandbox.run(&format!("plan {options} --quiet"))?.success()?;
    let plan = sandbox.run(&format!("plan {options} --output json"))?.success()?.json()?;
    for field in fields().into_iter().filter(|field| placement.applies_to(field)) {
        let name = sandbox.unique(&placement.full_name(&field));
        let planned = plan["deployments"].as_array().context("a list")?.iter();
        let planned =
            planned.clone().find(|planned| planned["name"] == name.as_str()).context(name.clone())?;
        let root = field.ignored.split('.').next().context("a field")?;
        let ignored = planned["ignored"].as_array().cloned().unwrap_or_default();
        ensure!(planned["action"] == "unchanged", "{placement:?}: {planned:#}");
        ensure!(ignored.iter().all(|change| change["field"] == root) && ignored.len() == 1, "{planned:#}");
        let shown = text.stdout.split(&name).nth(1).context("a section")?.lines().nth(1).unwrap_or_default();
        ensure!(shown.trim_start().starts_with(&format!("ignored: {root}")), "{placement:?} {name}: {text}");
    }
    Ok(())
}

/// Checks that only `--include-ignored` reports the changes of the operators as drift.
fn check_drift(sandbox: &Sandbox, placement: Placement) -> Result<()> {
    let line = format!("drift {} --output json", placement.options());
    sandbox.run(&line)?.success()?;
    let drift = sandbox.run(&format!("{line} --include-ignored"))?;
    ensure!(drift.code == 10, "{drift}");
    for drifted in drift.json()?["deployments"].as_array().context("a list")? {
        let differences = drifted["differences"].as_array().context("a list")?;
        ensure!(differences.len() == 1 && differences[0]["ignored"] == true, "{placement:?}: {drifted:#}");
    }
    Ok(())
}

/// Checks that an exported file has the values of the operators.
fn check_export(sandbox: &Sandbox, placement: Placement) -> Result<()> {
    for (field, value) in [("tags", "ops"), ("description", "By hand."), ("paused", "paused: true")] {
        let field = fields().into_iter().find(|other| other.name == field).context("a field")?;
        let exported = sandbox.run(&format!("export -n {}", placement.full_name(&field)))?.success()?;
        ensure!(exported.stdout.contains(value), "{placement:?}: {exported}");
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn operators_own_every_ignored_field() -> Result<()> {
    let api = Api::from_env()?;
    for placement in [Placement::Deployment, Placement::File, Placement::Overlay, Placement::Preview] {
        let sandbox = api.sandbox("")?;
        let project = sandbox.unique("own-UNIQUE");
        let sandbox = sandbox.variable("PREFECTL_PROJECT", project);
        let deploy = format!("deploy {} --quiet", placement.options());
        write(&sandbox, placement, Version::First)?;
        sandbox.run(&deploy).and_then(Output::success)?;
        assert_eq!(observed(&api, &sandbox, placement)?, expected(placement, 0), "{placement:?}");

        operate(&api, &sandbox, placement)?;
        assert_eq!(observed(&api, &sandbox, placement)?, expected(placement, 1), "{placement:?}");
        check_plan(&sandbox, placement)?;
        check_drift(&sandbox, placement)?;
        check_export(&sandbox, placement)?;

        write(&sandbox, placement, Version::Second)?;
        sandbox.run(&deploy).and_then(Output::success)?;
        assert_eq!(observed(&api, &sandbox, placement)?, expected(placement, 2), "{placement:?}");
        let again = sandbox.run(&format!("plan {} --detailed-exitcode", placement.options()))?;
        ensure!(again.code == 0, "{placement:?}: {again}");

        roll_back(&api, &sandbox, placement, &deploy)?;
        if placement == Placement::Preview {
            sandbox.run("preview delete pr --yes --quiet").and_then(Output::success)?;
        }
    }
    Ok(())
}

/// Checks that a rollback restores the versions of all deployments and keeps the values that operators have set.
fn roll_back(api: &Api, sandbox: &Sandbox, placement: Placement, deploy: &str) -> Result<()> {
    write(sandbox, placement, Version::Third)?;
    let proxy = Proxy::start(api.url(), |seen, _| {
        let is_new = seen.line == "POST /api/deployments/" && seen.body.contains("\"name\":\"last");
        if is_new { Verdict::Refuse } else { Verdict::Pass }
    })?;
    let url = [("PREFECT_API_URL", proxy.url())];
    let failed = sandbox.run_with(&url, &format!("{deploy} --on-error rollback"))?;
    ensure!(failed.code != 0 && failed.stderr.contains("last"), "{placement:?}: {failed}");
    assert_eq!(observed(api, sandbox, placement)?, expected(placement, 2), "{placement:?}");
    for field in fields().into_iter().filter(|field| placement.applies_to(field)) {
        let deployment = api.existing(sandbox, &placement.full_name(&field))?;
        assert_eq!(deployment["version"], format!("v{}", Version::Second as usize), "{placement:?}");
    }
    Ok(())
}
