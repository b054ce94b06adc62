//! Tests that a plan of exported resources has no differences, regardless of the values.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::support::{Api, Sandbox};

/// Strings that are templates, or that YAML could read as other values.
const TEXTS: &[&str] = &[
    "{{ $NAME }}",
    "{{ $ROUND_TRIP_SET }} and {{$NAME}}",
    "{{ prefect.variables.missing }}",
    "a {{ prefect.variables.x_other }} b",
    "{{ prefect.blocks.secret.x }}",
    "{{ prefect.blocks.secret.x.value }} {{ $NAME }}",
    "{{ name }}",
    "<< env.HOME >>",
    "<< \"x\" | literal >> {{ $NAME }}",
    "<< 'unclosed",
    "a << b",
    "{{{{ $NAME }}}}",
    "on",
    "010",
    "1e3",
    "12:30",
    "2024-01-01",
    "null",
    "~",
    "",
    " ",
    "- a",
    "a: b #c",
    "\u{0}\u{1}\u{7f}\u{85}\u{2028}\u{feff}",
    "{{ $NAME }}\u{0}\u{8}\u{c}\u{1b}\u{7f}\u{85}\u{2028}",
    "{{ $NAME }}\n\ttwo\r\n'quotes\" \\n",
    "é 中 \u{1f40d} {{ $É }}",
    "<<",
    ">> <<",
];

/// Values of types other than string.
fn values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(1.5e300),
        json!(-0.1),
        json!(100_000.0),
        json!([]),
        json!({}),
        json!({"{{ $KEY }}": ["{{ $NAME }}", {"on": "{{ $NAME }}", "1": null, "": "<< x >>"}]}),
        json!(["é".repeat(2000)]),
        json!(format!("{{{{ $NAME }}}}{}", "x".repeat(4900))),
    ]
}

/// Returns the items of an export that contain a text, under the keys of their kinds.
fn own_items(export: &str, text: &str) -> String {
    let (mut items, mut is_variable): (Vec<(bool, String)>, bool) = (Vec::new(), false);
    for line in export.lines() {
        let indent = line.len() - line.trim_start().len();
        let is_key = indent == 2 && !line.starts_with("  - ");
        if is_key {
            is_variable = line == "  variables:";
        }
        if is_key || (indent == 2) || (indent == 4 && is_variable && !line.starts_with("    - ")) {
            items.push((is_key, String::new()));
        }
        if let Some((_, item)) = items.last_mut() {
            item.extend([line, "\n"]);
        }
    }
    let own = items.into_iter().filter(|(is_key, item)| *is_key || item.contains(text));
    own.map(|(_, item)| item).collect()
}

/// Exports the resources of a sandbox to its project file.
fn export(sandbox: &Sandbox) -> Result<String> {
    let output = sandbox.run("export --resources")?.success()?;
    let (_, section) = output.stdout.split_once("prefectl:\n").context("no section")?;
    let file = format!("prefectl:\n{}", own_items(section, &sandbox.unique("UNIQUE")));
    sandbox.file("prefect.yaml", &file)?;
    Ok(file)
}

/// Asserts that a plan of the exported file contains `count` resources and no changes.
fn assert_unchanged(sandbox: &Sandbox, count: usize) -> Result<()> {
    let file = export(sandbox)?;
    let output = sandbox.run("plan --all --output json --quiet")?;
    ensure!(output.code == 0, "{output}\n{file}");
    let plan = output.json()?;
    let resources = plan["resources"].as_array().context("a list")?;
    let changed: Vec<&Value> =
        resources.iter().filter(|resource| resource["action"] != "unchanged").collect();
    ensure!(changed.is_empty(), "{changed:#?}\n{file}");
    ensure!(resources.len() == count, "{} resources instead of {count}:\n{file}", resources.len());
    let output = sandbox.run("check --quiet")?;
    ensure!(output.code == 0, "{output}\n{file}");
    Ok(())
}

fn sandbox(api: &Api) -> Result<Sandbox> {
    let sandbox = Sandbox::for_project(api.url(), "deployments: []\n")?;
    Ok(sandbox.variable("ROUND_TRIP_SET", "replaced"))
}

#[test]
#[ignore = "needs services: run tests/run"]
fn exported_variables_are_unchanged() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox(&api)?;
    let texts = TEXTS.iter().map(|text| Value::from(sandbox.unique(text)));
    let all: Vec<Value> = texts.chain(values()).collect();
    for (index, value) in all.iter().enumerate() {
        let name = sandbox.unique(&format!("v{index}-UNIQUE"));
        api.post("/variables/", &json!({"name": name, "value": value}))?;
    }
    let name = sandbox.unique("x-UNIQUE");
    let to_itself = format!("{{{{ prefect.variables.{name} }}}}");
    api.post("/variables/", &json!({"name": name, "value": to_itself}))?;
    assert_unchanged(&sandbox, all.len() + 1)
}

#[test]
#[ignore = "needs services: run tests/run"]
fn exported_pools_and_queues_are_unchanged() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox(&api)?;
    let kubernetes = |name: &str, description: &str, default: &str| -> Result<Value> {
        let types = api.get("/collections/views/aggregate-worker-metadata")?.context("no types")?;
        let mut types = types.as_object().context("an object")?.values();
        let mut template = types.find_map(|package| package.get("kubernetes")).context("no type")?
            ["default_base_job_configuration"]
            .clone();
        template["variables"]["properties"]["namespace"]["default"] = default.into();
        Ok(
            json!({"name": name, "type": "kubernetes", "description": description, "base_job_template": template}),
        )
    };
    for (index, text) in TEXTS.iter().enumerate() {
        let name = sandbox.unique(&format!("p{index}-UNIQUE"));
        api.post("/work_pools/", &kubernetes(&name, text, text)?)?;
        api.post(&format!("/work_pools/{name}/queues"), &json!({"name": "q", "description": text}))?;
    }
    let name = sandbox.unique("custom-UNIQUE");
    let strings: serde_json::Map<String, Value> = TEXTS
        .iter()
        .enumerate()
        .map(|(index, text)| (format!("t{index}"), json!({"type": "string", "default": text})))
        .collect();
    let template = json!({
        "job_configuration": {"a": "<< x >>", "{{ t0 }}": ["{{ t1 }}"]},
        "variables": {"type": "object", "properties": strings, "required": []},
    });
    api.post("/work_pools/", &json!({"name": name, "type": "process", "base_job_template": template}))?;
    assert_unchanged(&sandbox, 2 * TEXTS.len() + 1)
}

#[test]
#[ignore = "needs services: run tests/run"]
fn exported_automations_and_blocks_are_unchanged() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox(&api)?;
    for (index, text) in TEXTS.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
        let automation = json!({
            "name": sandbox.unique(&format!("a{index}-UNIQUE {text}")),
            "description": text,
            "tags": [text],
            "trigger": {
                "type": "event", "posture": "Reactive", "threshold": 1, "within": 0,
                "match": {"a": text, "b": [text]}, "expect": [text],
            },
            "actions": [
                {"type": "change-flow-run-state", "state": "FAILED", "name": text, "message": text},
            ],
        });
        api.post("/automations/", &automation)?;
    }
    // A reference to another block is not a string.
    let texts: Vec<&&str> = TEXTS.iter().filter(|text| !text.contains("prefect.blocks")).collect();
    let kind = api.get("/block_types/slug/local-file-system")?.context("no block type")?;
    let filter = json!({"block_schemas": {"block_type_id": {"any_": [kind["id"]]}}});
    let schema = api.post("/block_schemas/filter", &filter)?[0]["id"].clone();
    for (index, text) in texts.iter().enumerate() {
        let name = sandbox.unique(&format!("b{index}-UNIQUE"));
        let data = json!({"basepath": text});
        let block = json!({
            "name": name, "data": data, "block_type_id": kind["id"], "block_schema_id": schema,
        });
        api.post("/block_documents/", &block)?;
    }
    assert_unchanged(&sandbox, TEXTS.len() - 1 + texts.len())
}
