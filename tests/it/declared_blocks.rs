//! Tests of the blocks that a project file declares.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::support::{Api, Output, Sandbox};

/// A secret that must not occur in any output.
const CANARY: &str = "canary-7be1a90c";

/// Creates a sandbox whose project file declares a variable and the given blocks.
fn sandbox(api: &str, blocks: &str) -> Result<Sandbox> {
    let sandbox = Sandbox::for_project(api, &project(blocks))?;
    Ok(sandbox.variable("TOKEN", CANARY).variable("ACCOUNT", format!("{{\"private_key\": \"{CANARY}\"}}")))
}

fn project(blocks: &str) -> String {
    format!("prefectl:\n  variables: {{blocks-UNIQUE: 1}}\n  blocks:\n  {}\n", blocks.replace('\n', "\n  "))
}

/// Runs a command whose output must not contain the secret.
fn run(sandbox: &Sandbox, line: &str) -> Result<Output> {
    let output = sandbox.run(line)?;
    ensure!(!output.stdout.contains(CANARY) && !output.stderr.contains(CANARY), "{line}: {output}");
    Ok(output)
}

/// Returns the data of a block with its secrets.
fn data(api: &Api, sandbox: &Sandbox, kind: &str, name: &str) -> Result<Value> {
    let path = format!("/block_types/slug/{kind}/block_documents/name/{name}?include_secrets=true");
    Ok(api.get(&sandbox.unique(&path))?.with_context(|| format!("no block {kind}/{name}"))?["data"].clone())
}

/// Invalid declarations, each with its error message and whether the error is found without a server.
const INVALID: &[(&str, &str, bool)] = &[
    (
        "- {type: aws-credentials, name: b-UNIQUE, values: {aws_secret_access_key: canary-7be1a90c}}",
        "the file must not contain the value of the secret field 'aws_secret_access_key'",
        true,
    ),
    ("- {type: aws-credentials, name: b-UNIQUE, values: {regionnam: a}}", "unknown field 'regionnam'", true),
    (
        "- {type: aws-credentials, name: b-UNIQUE, values: {aws_secret_access_kye: canary-7be1a90c}}",
        "unknown field 'aws_secret_access_kye'",
        true,
    ),
    ("- {type: secret, name: b-UNIQUE, value_from: {valu: env:TOKEN}}", "unknown field 'valu'", true),
    (
        "- {type: secret, name: b-UNIQUE, value_from: canary-7be1a90c}",
        "invalid source for field 'value'",
        true,
    ),
    ("- {type: secrt, name: b-UNIQUE, value_from: env:TOKEN}", "did you mean the block type 'secret'?", true),
    ("- {type: nope-type, name: b-UNIQUE, values: {a: 1}}", "no block type 'nope-type'", false),
    ("- {type: local-file-system, name: b-UNIQUE, values: {basepath: [1]}}", "field 'basepath'", true),
    ("- {type: local-file-system, name: b-UNIQUE, values: {foo: 2}}", "unknown field 'foo'", true),
    (
        "- {type: webhook, name: b-UNIQUE, values: {method: NOPE}, value_from: {url: env:TOKEN}}",
        "field 'method'",
        true,
    ),
    (
        "- {type: webhook, name: b-UNIQUE, values: {headers: {A: canary-7be1a90c}}, value_from: {url: env:TOKEN}}",
        "the secret field 'headers'",
        true,
    ),
    ("- {type: webhook, name: b-UNIQUE, values: {method: GET}}", "the required field 'url' is missing", true),
    (
        "- {type: gcp-credentials, name: b-UNIQUE, value_from: {service_account_info: env:TOKEN}}",
        "is invalid",
        false,
    ),
];

#[test]
#[ignore = "needs services: run tests/run"]
fn invalid_blocks_are_reported_before_any_write() -> Result<()> {
    let api = Api::from_env()?;
    let valid = "- {type: secret, name: valid-UNIQUE, value_from: env:TOKEN}";
    let too_long = format!("- {{type: secret, name: b-UNIQUE{}, value_from: env:TOKEN}}", "n".repeat(240));
    let long = (too_long.as_str(), "it is longer than 200 characters", true);
    for (block, message, is_found_offline) in INVALID.iter().copied().chain([long]) {
        let sandbox = sandbox(api.url(), &format!("{valid}\n{block}"))?;
        for line in ["check", "plan --all", "deploy --all"] {
            let output = run(&sandbox, line)?;
            let expected = if line == "check" && !is_found_offline { 0 } else { 2 };
            ensure!(output.code == expected, "{line}: {block}: {output}");
            let text = format!("{}{}", output.stdout, output.stderr);
            ensure!(
                expected == 0 || (text.contains(message) && text.contains("prefect.yaml:5:")),
                "{line}: {text}"
            );
        }
        ensure!(api.get(&sandbox.unique("/variables/name/blocks-UNIQUE"))?.is_none(), "{block}");
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn secrets_may_be_objects_and_fields_of_objects() -> Result<()> {
    let api = Api::from_env()?;
    let blocks = "- {type: gcp-credentials, name: g-UNIQUE, value_from: {service_account_info: env:ACCOUNT}}
- {type: webhook, name: w-UNIQUE, value_from: {url: env:TOKEN, headers: {A: env:TOKEN, B: env:TOKEN}}}
- type: sqlalchemy-connector
  name: s-UNIQUE
  values: {connection_info: {driver: postgresql+psycopg2, database: one, username: u}}
  value_from: {connection_info: {password: env:TOKEN}}";
    let sandbox = sandbox(api.url(), blocks)?;
    run(&sandbox, "deploy --all --quiet")?.success()?;
    assert_eq!(
        data(&api, &sandbox, "gcp-credentials", "g-UNIQUE")?,
        json!({"service_account_info": {"private_key": CANARY}})
    );
    assert_eq!(data(&api, &sandbox, "webhook", "w-UNIQUE")?["headers"], json!({"A": CANARY, "B": CANARY}));
    let info = |database: &str| json!({"driver": "postgresql+psycopg2", "database": database, "username": "u", "password": CANARY});
    let connector = || data(&api, &sandbox, "sqlalchemy-connector", "s-UNIQUE");
    assert_eq!(connector()?["connection_info"], info("one"));
    let output = run(&sandbox, "plan --all --detailed-exitcode --quiet")?;
    assert_eq!(output.code, 0, "{output}");
    sandbox.file("prefect.yaml", project(&blocks.replace("database: one", "database: two")))?;
    run(&sandbox, "deploy --all --quiet")?.success()?;
    assert_eq!(connector()?["connection_info"], info("two"));
    let output = run(&sandbox, "plan --all --detailed-exitcode --quiet")?;
    assert_eq!(output.code, 0, "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_saved_plan_with_another_secret_is_out_of_date() -> Result<()> {
    let api = Api::from_env()?;
    let blocks = "- {type: secret, name: s-UNIQUE, value_from: env:TOKEN}";
    for is_deployed_before in [true, false] {
        let sandbox = sandbox(api.url(), blocks)?;
        if is_deployed_before {
            run(&sandbox, "deploy --all --quiet")?.success()?;
        }
        run(&sandbox, "plan --all --out plan.json --quiet")?.success()?;
        ensure!(!sandbox.read("plan.json")?.contains(CANARY));
        let sandbox = sandbox.variable("TOKEN", "another-token");
        let output = sandbox.run("deploy --plan plan.json")?;
        assert_eq!(output.code, 8, "{output}");
        let message = sandbox.unique("a secret of block 'secret/s-UNIQUE' has changed");
        ensure!(output.stderr.contains(&message), "{output}");
        ensure!(!output.stderr.contains("another-token"), "{output}");
        let data = data(&api, &sandbox, "secret", "s-UNIQUE").ok();
        assert_eq!(data, is_deployed_before.then(|| json!({"value": CANARY})));
        let sandbox = sandbox.variable("TOKEN", CANARY);
        run(&sandbox, "deploy --plan plan.json")?.success()?;
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_plan_shows_only_the_rotated_secrets() -> Result<()> {
    let api = Api::from_env()?;
    let blocks = "- {type: aws-credentials, name: a-UNIQUE, value_from: {aws_secret_access_key: env:TOKEN, \
                  aws_session_token: env:OTHER}}";
    let sandbox = sandbox(api.url(), blocks)?.variable("OTHER", "first-session");
    run(&sandbox, "deploy --all --quiet")?.success()?;
    let sandbox = sandbox.variable("OTHER", "second-session");
    let plan = run(&sandbox, "plan --all --output json --quiet")?.success()?.json()?;
    let changes = plan["resources"][1]["changes"].as_array().context("no changes")?;
    let fields: Vec<&Value> = changes.iter().map(|change| &change["field"]).collect();
    assert_eq!(fields, ["aws_session_token"], "{plan:#}");
    run(&sandbox, "deploy --all --quiet")?.success()?;
    let data = data(&api, &sandbox, "aws-credentials", "a-UNIQUE")?;
    assert_eq!(data["aws_session_token"], "second-session");
    assert_eq!(data["aws_secret_access_key"], CANARY);
    Ok(())
}

/// Declarations of a bucket and its credentials. The credentials must be written first.
const BUCKET: &str = "- type: s3-bucket
  name: b-UNIQUE
  values: {bucket_name: raw, credentials: '{{ prefect.blocks.aws-credentials.dev-UNIQUE }}'}
- {type: aws-credentials, name: dev-UNIQUE, value_from: {aws_secret_access_key: env:TOKEN}}
- {type: aws-credentials, name: prod-UNIQUE, value_from: {aws_secret_access_key: env:TOKEN}}";

/// Returns the bucket, and the name of the block that the bucket refers to.
fn bucket(api: &Api, sandbox: &Sandbox) -> Result<(Value, Value)> {
    let path = sandbox.unique("/block_types/slug/s3-bucket/block_documents/name/b-UNIQUE");
    let block = api.get(&path)?.context("no bucket")?;
    let name = block["block_document_references"]["credentials"]["block_document"]["name"].clone();
    Ok((block, name))
}

#[test]
#[ignore = "needs services: run tests/run"]
fn blocks_refer_to_other_blocks() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox(api.url(), BUCKET)?;
    let is_unchanged = || -> Result<()> {
        let output = run(&sandbox, "drift --all --quiet")?;
        ensure!(output.code == 0, "{output}");
        let output = run(&sandbox, "plan --all --detailed-exitcode --quiet")?;
        ensure!(output.code == 0, "{output}");
        Ok(())
    };
    run(&sandbox, "deploy --all --quiet")?.success()?;
    assert_eq!(bucket(&api, &sandbox)?.1, sandbox.unique("dev-UNIQUE"));
    is_unchanged()?;
    // An update keeps the reference.
    let renamed = BUCKET.replace("bucket_name: raw", "bucket_name: clean");
    sandbox.file("prefect.yaml", project(&renamed))?;
    run(&sandbox, "deploy --all --quiet")?.success()?;
    let (block, name) = bucket(&api, &sandbox)?;
    assert_eq!(
        (&block["data"]["bucket_name"], &name),
        (&json!("clean"), &json!(sandbox.unique("dev-UNIQUE")))
    );
    is_unchanged()?;
    // Refer to a different block.
    let moved = renamed.replace("aws-credentials.dev-UNIQUE", "aws-credentials.prod-UNIQUE");
    sandbox.file("prefect.yaml", project(&moved))?;
    let plan = run(&sandbox, "plan --all --quiet")?;
    let placeholder = sandbox.unique("{{ prefect.blocks.aws-credentials.prod-UNIQUE }}");
    ensure!(plan.stdout.contains(&placeholder), "{plan}");
    run(&sandbox, "deploy --all --quiet")?.success()?;
    assert_eq!(bucket(&api, &sandbox)?.1, sandbox.unique("prod-UNIQUE"));
    is_unchanged()?;
    // The credentials are only on the server, and the reference is not in the file.
    let alone = "- {type: s3-bucket, name: b-UNIQUE, values: {bucket_name: other}}";
    sandbox.file("prefect.yaml", project(alone))?;
    run(&sandbox, "deploy --all --quiet")?.success()?;
    assert_eq!(bucket(&api, &sandbox)?.1, sandbox.unique("prod-UNIQUE"));
    let on_server = "- {type: s3-bucket, name: b-UNIQUE, values: {bucket_name: other, credentials: \
                     '{{ prefect.blocks.aws-credentials.dev-UNIQUE }}'}}";
    sandbox.file("prefect.yaml", project(on_server))?;
    run(&sandbox, "deploy --all --quiet")?.success()?;
    assert_eq!(bucket(&api, &sandbox)?.1, sandbox.unique("dev-UNIQUE"));
    is_unchanged()
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_reference_to_an_unknown_block_is_reported_before_any_write() -> Result<()> {
    let api = Api::from_env()?;
    let wrong = BUCKET.replace("aws-credentials.dev-UNIQUE", "aws-credentials.dve-UNIQUE");
    let sandbox = sandbox(api.url(), &wrong)?;
    for line in ["plan --all", "deploy --all"] {
        let output = run(&sandbox, line)?;
        ensure!(output.code == 2 && output.stderr.contains("prefect.yaml:6:"), "{output}");
        for text in [
            "block 'aws-credentials/dve-UNIQUE' is neither declared",
            "did you mean 'aws-credentials/dev-UNIQUE'?",
        ] {
            ensure!(output.stderr.contains(&sandbox.unique(text)), "{output}");
        }
    }
    ensure!(api.get(&sandbox.unique("/variables/name/blocks-UNIQUE"))?.is_none());
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_secret_that_the_server_shows_is_not_exported() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox(api.url(), "- {type: secret, name: s-UNIQUE, value_from: env:TOKEN}")?;
    run(&sandbox, "deploy --all --quiet")?.success()?;
    let path = sandbox.unique("/block_types/slug/secret/block_documents/name/s-UNIQUE");
    let id = api.get(&path)?.context("no block")?["id"].clone();
    let id = id.as_str().context("no id")?;
    let body = json!({"data": {"value": {"user": "u", "pw": CANARY}}, "merge_existing_data": false});
    api.patch(&format!("/block_documents/{id}"), &body)?;
    let output = run(&sandbox, "export --resources")?.success()?;
    let declaration = sandbox.unique("name: s-UNIQUE\n    value_from: env:S_");
    ensure!(output.stdout.contains(&declaration), "{output}");
    run(&sandbox, "plan --all")?.success()?;
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_changed_block_gets_the_newest_schema_of_its_type() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = sandbox(api.url(), "- {type: own-UNIQUE, name: b-UNIQUE, values: {first: a}}")?;
    let slug = sandbox.unique("own-UNIQUE");
    let kind = api.post("/block_types/", &json!({"name": slug, "slug": slug}))?["id"].clone();
    let schema = |fields: &[&str]| {
        let property = |name: &&str| ((*name).to_owned(), json!({"type": "string", "title": name}));
        let properties: serde_json::Map<String, Value> = fields.iter().map(property).collect();
        let fields = json!({"title": slug, "type": "object", "properties": properties, "block_type_slug": slug,
            "secret_fields": [], "block_schema_references": {}});
        api.post("/block_schemas/", &json!({"fields": fields, "block_type_id": kind, "capabilities": []}))
    };
    let block = || api.get(&sandbox.unique("/block_types/slug/own-UNIQUE/block_documents/name/b-UNIQUE"));
    let old = schema(&["first"])?["id"].clone();
    run(&sandbox, "deploy --all --quiet")?.success()?;
    assert_eq!(block()?.context("no block")?["block_schema_id"], old);
    // A newer schema alone does not count as a change.
    let new = schema(&["first", "second"])?["id"].clone();
    assert_eq!(run(&sandbox, "plan --all --detailed-exitcode --quiet")?.code, 0);
    let changed = project("- {type: own-UNIQUE, name: b-UNIQUE, values: {first: a, second: b}}");
    sandbox.file("prefect.yaml", changed)?;
    run(&sandbox, "deploy --all --quiet")?.success()?;
    let found = block()?.context("no block")?;
    assert_eq!(found["block_schema_id"], new);
    assert_eq!(found["data"], json!({"first": "a", "second": "b"}));
    Ok(())
}
