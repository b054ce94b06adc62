use crate::{
    deployment::{Options, TestContext},
    validate::checking::findings,
};

const FLOW: &str = "from prefect import flow\n\n@flow\ndef hello(n: int = 1):\n    pass\n";

/// Validates a project file offline. Returns the positions, codes and messages of the findings.
pub(super) async fn check(yaml: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("flow.py"), FLOW).unwrap();
    std::fs::write(directory.path().join("token.txt"), "x").unwrap();
    std::fs::write(directory.path().join("prefect.yaml"), yaml).unwrap();
    let options = Options { all: true, resources: true, ..Options::default() };
    let context = TestContext::new(options, &[("TOKEN", "hunter2")]);
    let found = findings(&context.in_directory(directory.path())).await;
    let shown = |diagnostic: &crate::diagnostics::Diagnostic| {
        let place = diagnostic.place.as_ref().map(crate::diagnostics::Place::start);
        let place = place.map(|start| format!("{}:{}", start.line, start.column)).unwrap_or_default();
        format!("{place} {}: {}", diagnostic.code, diagnostic.message)
    };
    found.unwrap()[0].diagnostics.iter().map(shown).collect()
}

/// Cases whose findings differ from the expected findings.
#[derive(Default)]
pub(super) struct Differences(String);

impl Differences {
    pub(super) fn add(&mut self, case: &str, found: &[String], expected: &[&str]) {
        if found != expected {
            self.0.push_str(&["\n", case, "\n    found:    ", &found.join("; ")].concat());
            self.0.push_str(&["\n    expected: ", &expected.join("; ")].concat());
        }
    }

    pub(super) fn finish(self) {
        assert!(self.0.is_empty(), "{}", self.0);
    }
}

/// Validates resources of a kind. A list starts on the third line, a mapping on the second line.
pub(super) async fn check_items(kind: &str, items: &str) -> Vec<String> {
    let separator = if items.starts_with('-') { "\n  " } else { " " };
    check(&format!("prefectl:\n  {kind}:{separator}{items}\n")).await
}

const POOLS: &[(&str, &str)] = &[
    ("- {name: a, type: process, stream_output: false, concurrency_limit: null, paused: true}", ""),
    ("- {name: a, type: ecs:push}", ""),
    ("- {name: a, type: kubernetes, variables: {name: x}, namespace: '{{ $TOKEN }}'}", ""),
    ("- {name: a, type: proces}", "3:21 declared-pool-type: unknown type 'proces' of work pool 'a'"),
    ("- {name: a}", "3:5 resource-value: work pool 'a' has no `type`"),
    ("- {type: process}", "3:5 resource-value: a work pool has no `name`"),
    ("- {name: 1, type: process}", "3:12 wrong-type: `name` of a work pool must be a string, not an integer"),
    (
        "- {name: a/b, type: process}",
        "3:12 resource-name: invalid work pool name 'a/b': it must not contain `/`, `%`, `&`, `>` or `<`",
    ),
    (
        "- {name: Prefect-x, type: process}",
        "3:12 resource-name: invalid work pool name 'Prefect-x': names that start with `prefect` are reserved",
    ),
    (
        "- {name: a, type: process, stream_ouput: true}",
        "3:30 work-pool-variable: work pool 'a': the base job template has no variable 'stream_ouput'; did you mean \
             'stream_output'?",
    ),
    (
        "- {name: a, type: process, stream_output: sometimes}",
        "3:45 work-pool-variable: work pool 'a': invalid value \"sometimes\" for variable 'stream_output': \
             \"sometimes\" is not of type \"boolean\"",
    ),
    (
        "- {name: a, type: kubernetes, add_variables: {x: {type: string, place: containrs.0.image}}}",
        "3:74 work-pool-variable: work pool 'a': invalid location 'containrs.0.image' for variable 'x': 'containrs' \
             does not exist; did you mean 'containers'?",
    ),
    (
        "- {name: a, type: process, add_variables: {x: {type: text}}}",
        "3:56 work-pool-variable: variable 'x' of work pool 'a': unknown type 'text'; expected one of string, \
             integer, number, boolean, object, array",
    ),
    (
        "- {name: a, type: process, concurrency_limit: -1}",
        "3:49 resource-value: `concurrency_limit` of work pool 'a' must be at least 0",
    ),
    (
        "- {name: a, type: process, queues: [{name: q, priorty: 1}]}",
        "3:49 unknown-key: unknown key `priorty` in work queue 'q'",
    ),
    (
        "- {name: a, type: process, queues: [{name: q, priority: 0}]}",
        "3:59 resource-value: `priority` of work queue 'q' must be at least 1",
    ),
    (
        "- {name: a, type: process, queues: [{name: q, priority: 1}, {name: r, priority: 1}]}",
        "3:83 resource-value: queues 'q' and 'r' have the same priority 1",
    ),
    (
        "- {name: a, type: process}\n  - {name: a, type: docker}",
        "4:5 duplicate-resource: work pool 'a' is already declared at prefect.yaml:3",
    ),
];

#[tokio::test]
async fn reports_invalid_work_pools() {
    let mut differences = Differences::default();
    for (item, expected) in POOLS {
        let expected: Vec<&str> = [*expected].into_iter().filter(|text| !text.is_empty()).collect();
        differences.add(item, &check_items("work_pools", item).await, &expected);
    }
    differences.finish();
}

#[tokio::test]
async fn reports_duplicates_of_resources_with_other_errors() {
    for (kind, items, name) in [
        ("work_pools", "- {name: a, type: proces}\n  - {name: a, type: docker}", "work pool 'a'"),
        ("work_pools", "- {name: a, type: docker}\n  - {name: a, type: proces}", "work pool 'a'"),
        ("work_pools", "- {name: a}\n  - {name: a, type: docker}", "work pool 'a'"),
        ("work_pools", "- {name: a, type: docker}\n  - {name: a, type: 1}", "work pool 'a'"),
        ("concurrency_limits", "- {name: a}\n  - {name: a, limit: many}", "concurrency limit 'a'"),
        (
            "automations",
            "- {name: a, trigger: {type: nope}, actions: []}\n  - {name: a, trigger: {}, actions: []}",
            "automation 'a'",
        ),
    ] {
        let found = check_items(kind, items).await;
        let expected = format!("4:5 duplicate-resource: {name} is already declared at prefect.yaml:3");
        assert!(found.len() > 1 && found.contains(&expected), "{items}: {found:?}");
    }
}

const OTHERS: &[(&str, &str, &str)] = &[
    ("variables", "{a: 1, b_2: [x], c-d: null}", ""),
    ("variables", "{a: '{{ prefect.variables.b }}', b: 1, c: '<< variables.a >>'}", ""),
    ("variables", "{a: 'x{{ prefect.variables.a }}'}", "2:18 resource-value: variable 'a' refers to itself"),
    (
        "variables",
        "{c: '{{ prefect.variables.a }}', a: '{{ prefect.variables.b }}', b: ['<< variables.a >>']}",
        "2:50 resource-value: variable 'a' refers to itself through 'b'",
    ),
    (
        "variables",
        "{Region: x}",
        "2:15 resource-name: invalid variable name 'Region': use lowercase letters, digits, `-` and `_`",
    ),
    (
        "variables",
        "{prefectl-x: x}",
        "2:15 resource-name: invalid variable name 'prefectl-x': names that start with `prefectl` are reserved \
             for the records of prefectl",
    ),
    (
        "variables",
        r#"{a: '<< "{{ $NOPE }}" | literal >>', b: '<< "{{ prefect.variables.b }}" | literal >>'}"#,
        "",
    ),
    (
        "variables",
        r#"{a: ['{{ $NOPE }} << "{{ $NO }}" | literal >>']}"#,
        "2:19 unset-environment: environment variable 'NOPE' is not set",
    ),
    (
        "variables",
        "{a: .inf, b: [{c: -.inf}], d: {e: .NaN}, f: '.nan', g: 1e300}",
        "2:18 resource-value: NaN and infinity have no representation in JSON; \
         2:32 resource-value: NaN and infinity have no representation in JSON; \
         2:48 resource-value: NaN and infinity have no representation in JSON",
    ),
    (
        "variables",
        "{a: '<< 1e308 * 10 >>'}",
        "2:18 resource-value: NaN and infinity have no representation in JSON",
    ),
    (
        "variables",
        "{a: '<< 2 ** 64 >>'}",
        "2:18 expression: `2 ** 64` cannot be evaluated: an integer does not fit in 64 bits",
    ),
    (
        "variables",
        "{a: '<< 2 ** 63 >>'}",
        "2:18 resource-value: 9223372036854775808 is larger than 9223372036854775807, so some servers store it as a float",
    ),
    ("variables", "{a: 9223372036854775807, b: -9223372036854775808}", ""),
    (
        "variables",
        "{a: [9223372036854775808]}",
        "2:19 resource-value: 9223372036854775808 is larger than 9223372036854775807, so some servers store it as a float",
    ),
    (
        "blocks",
        "- {type: json, name: a, values: {value: {x: .inf}}}",
        "3:47 resource-value: NaN and infinity have no representation in JSON",
    ),
    (
        "concurrency_limits",
        "- {name: a, limit: 2147483648}",
        "3:22 resource-value: `limit` of concurrency limit 'a' must be at most 2147483647",
    ),
    ("variables", "[a]", "2:14 wrong-type: `variables` of `prefectl` must be a mapping, not a list"),
    ("concurrency_limits", "- {name: a, limit: 0, slot_decay_per_second: 0.5, active: false}", ""),
    (
        "concurrency_limits",
        "- {name: a, limit: -1}",
        "3:22 resource-value: `limit` of concurrency limit 'a' must be at least 0",
    ),
    ("concurrency_limits", "- {name: a}", "3:5 resource-value: concurrency limit 'a' has no `limit`"),
    (
        "concurrency_limits",
        "- {name: a, limit: many}",
        "3:22 wrong-type: `limit` of concurrency limit 'a' must be a whole number, not a string",
    ),
    ("blocks", "- {type: secret, name: a, value_from: env:TOKEN}", ""),
    ("blocks", "- {type: aws-credentials, name: a, values: {region_name: x}}", ""),
    (
        "blocks",
        "- {type: webhook, name: a, values: {method: PUT}, value_from: {url: env:TOKEN, headers: {A: env:TOKEN}}}",
        "",
    ),
    (
        "blocks",
        "- {type: aws-credentials, name: a, values: {aws_secret_access_key: canary}}",
        "3:47 block-field: block 'aws-credentials/a': the file must not contain the value of the secret field \
         'aws_secret_access_key'",
    ),
    (
        "blocks",
        "- {type: aws-credentials, name: a, values: {regionnam: x}}",
        "3:47 block-field: block 'aws-credentials/a': unknown field 'regionnam'",
    ),
    (
        "blocks",
        "- {type: local-file-system, name: a, value_from: {basepth: env:TOKEN}}",
        "3:53 block-field: block 'local-file-system/a': unknown field 'basepth'",
    ),
    (
        "blocks",
        "- {type: local-file-system, name: a, value_from: {basepath: env:TOKEN}}",
        "3:53 block-field: block 'local-file-system/a': field 'basepath' is not secret, so the server shows its value",
    ),
    (
        "blocks",
        "- {type: remote-file-system, name: a, values: {settings: {}}}",
        "3:5 block-field: block 'remote-file-system/a': the required field 'basepath' is missing",
    ),
    (
        "blocks",
        "- {type: local-file-system, name: a, values: {basepath: 5}}",
        "3:59 block-field: block 'local-file-system/a': invalid value for field 'basepath': 5 is not of type \"string\"",
    ),
    ("blocks", "- {type: custom, name: a, values: {password: x}}", ""),
    (
        "blocks",
        "- {type: s3-bucket, name: a, values: {bucket_name: b, credentials: '{{ prefect.blocks.minio-credentials.c }}'}}",
        "",
    ),
    (
        "blocks",
        "- {type: s3-bucket, name: a, values: {bucket_name: b, credentials: '{{ prefect.blocks.secret.c }}'}}",
        "3:70 block-field: block 's3-bucket/a': field 'credentials' does not accept blocks of the type 'secret'",
    ),
    (
        "blocks",
        "- {type: local-file-system, name: a, values: {basepath: 'x/{{ prefect.blocks.secret.c }}'}}",
        "3:59 block-field: block 'local-file-system/a': field 'basepath' cannot contain a value of another block",
    ),
    (
        "blocks",
        "- {type: custom, name: a, values: {of: '{{ prefect.blocks.custom.a }}'}}",
        "3:5 block-field: block 'custom/a' refers to itself",
    ),
    (
        "blocks",
        "[{type: custom, name: a, values: {of: '{{ prefect.blocks.custom.b }}'}}, {type: custom, name: b, values: {of: \
         '{{ prefect.blocks.custom.a }}'}}]",
        "2:12 block-field: block 'custom/a' refers to itself through 'custom/b'",
    ),
    (
        "blocks",
        "- {type: secrt, name: a, value_from: {value: env:TOKEN}}",
        "3:12 resource-value: block 'secrt/a': unknown block type 'secrt'",
    ),
    (
        "blocks",
        "- {type: secrt, name: a, value_from: env:TOKEN}",
        "3:40 wrong-type: `value_from` of block 'secrt/a' must be a mapping from fields to sources; 3:12 \
         resource-value: block 'secrt/a': unknown block type 'secrt'",
    ),
    (
        "blocks",
        "- {type: sqlalchemy-connector, name: a, values: {connection_info: {password: x}}, value_from: \
         {connection_info: {password: env:TOKEN}}}",
        "3:126 duplicate-resource: field 'connection_info.password' of block 'sqlalchemy-connector/a' is set twice; \
         3:70 block-field: block 'sqlalchemy-connector/a': the file must not contain the value of the secret field \
         'connection_info.password'",
    ),
    (
        "blocks",
        "- {type: secret, name: a, value_from: 'file:/'}",
        "3:41 secret-source: block 'secret/a': '/' is a directory",
    ),
    ("blocks", "- {type: secret, name: a}", "3:5 resource-value: block 'secret/a' has no value"),
    (
        "blocks",
        "- {type: secret, name: a, value_from: TOKEN}",
        "3:41 resource-value: invalid source for field 'value' of block 'secret/a'",
    ),
    (
        "blocks",
        "- {type: secret, name: a, value_from: file:token.txt}",
        "3:41 secret-source: block 'secret/a': file 'DIRECTORY/token.txt' is in the repository of the project",
    ),
    (
        "blocks",
        "- {type: secret, name: a, value_from: env:UNSET}",
        "3:41 secret-source: block 'secret/a': environment variable 'UNSET' is not set",
    ),
    (
        "blocks",
        "- {type: secret, name: A, value_from: env:TOKEN}",
        "3:26 resource-name: invalid block name 'A': use lowercase letters, digits and `-`",
    ),
    ("things", "[x]", "2:3 unknown-key: unknown key `things` in `prefectl`"),
];

#[tokio::test]
async fn reports_invalid_limits_variables_and_blocks() {
    let mut differences = Differences::default();
    for (kind, items, expected) in OTHERS {
        let found = check_items(kind, items).await;
        let found: Vec<String> = found.iter().map(|text| without_directory(text)).collect();
        let expected: Vec<&str> = expected.split("; ").filter(|text| !text.is_empty()).collect();
        differences.add(&format!("{kind}: {items}"), &found, &expected);
    }
    differences.finish();
    let exposed =
        check_items("blocks", "- {type: secret, name: a, value: hunter2, value_from: env:TOKEN}").await;
    assert_eq!(exposed, ["3:29 resource-value: the file must not contain the value of block 'secret/a'"]);
}

/// Replaces the temporary directory in a message.
fn without_directory(text: &str) -> String {
    match (text.find("file '/"), text.find("/token.txt")) {
        (Some(start), Some(end)) => format!("{}file 'DIRECTORY{}", &text[..start], &text[end..]),
        _ => text.to_owned(),
    }
}

#[tokio::test]
async fn reports_invalid_automations() {
    let mut differences = Differences::default();
    let run = "actions: [{type: run-deployment, deployment: hello/a}]";
    for (fields, expected) in [
        (format!("trigger: {{expect: [x]}}, {run}"), ""),
        ("trigger: {expect: [x]}, actions: [{type: cancel-flow-run}]".to_owned(), ""),
        (run.to_owned(), "4:5 resource-value: automation 'n' has no `trigger`"),
        ("trigger: {expect: [x]}".to_owned(), "4:5 resource-value: automation 'n' has no `actions`"),
        (format!("trigger: {{expct: [x]}}, {run}"), "4:25 unknown-key: unknown key `expct` in a trigger"),
        (
            format!("trigger: {{threshold: few}}, {run}"),
            "4:36 automation: expected an integer, found a string",
        ),
        (
            "trigger: {expect: [x]}, actions: [{type: run-deploymen}]".to_owned(),
            "4:56 automation: unknown action type 'run-deploymen'",
        ),
        (
            "trigger: {expect: [x]}, actions: [{type: run-deployment, deployment: a}]".to_owned(),
            "4:84 automation: `deployment` must be a name in the form FLOW/DEPLOYMENT",
        ),
        (
            "trigger: {expect: [x]}, actions: [{type: run-deployment, deployment: hello/b}]".to_owned(),
            "4:84 automation: deployment 'hello/b' is not declared",
        ),
        (
            "trigger: {expect: [x]}, actions: [{type: send-notification, block: slack-webhook/x}]".to_owned(),
            "4:49 automation: `body` of the action is missing",
        ),
    ] {
        let yaml = format!(
            "deployments: [{{name: a, entrypoint: 'flow.py:hello', work_pool: {{name: p}}}}]\nprefectl:\n  \
             automations:\n  - {{name: n, {fields}}}\n"
        );
        let expected: Vec<&str> = [expected].into_iter().filter(|text| !text.is_empty()).collect();
        differences.add(&fields, &check(&yaml).await, &expected);
    }
    let unnamed = check_items("automations", &format!("- {{trigger: {{expect: [x]}}, {run}}}")).await;
    differences.add("unnamed", &unnamed, &["3:5 resource-value: an automation has no `name`"]);
    differences.finish();
}

#[tokio::test]
async fn reports_automations_that_refer_to_themselves() {
    let pausing = |name: &str, target: &str| {
        format!(
            "- {{name: {name}, trigger: {{expect: [x]}}, actions: [{{type: pause-automation, automation: \
             {target}}}]}}"
        )
    };
    let mut differences = Differences::default();
    for (targets, expected) in [
        (["b", "c", "d"], ""),
        (["b", "b", "d"], "4:5 automation: automation 'b' refers to itself"),
        (["b", "a", "a"], "3:5 automation: automation 'a' refers to itself through 'b'"),
        (["b", "c", "a"], "3:5 automation: automation 'a' refers to itself through 'b', 'c'"),
    ] {
        let items: Vec<String> =
            ["a", "b", "c"].into_iter().zip(targets).map(|(name, target)| pausing(name, target)).collect();
        let expected: Vec<&str> = [expected].into_iter().filter(|text| !text.is_empty()).collect();
        let found = check_items("automations", &items.join("\n  ")).await;
        differences.add(&targets.join(" "), &found, &expected);
    }
    differences.finish();
}

#[tokio::test]
async fn checks_job_variables_against_declared_pools() {
    let yaml = "prefectl:\n  work_pools: [{name: p, type: kubernetes}]\ndeployments:\n- name: a\n  \
                entrypoint: flow.py:hello\n  work_pool: {name: p, job_variables: {finished_job_ttl: soon}}\n";
    let expected = "6:58 job-variable-type: job variable 'finished_job_ttl' is invalid for work pool 'p': \"soon\" is not \
                    of type \"integer\"";
    assert_eq!(check(yaml).await, [expected]);
}
