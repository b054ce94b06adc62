use super::resource_tests::{Differences, check, check_items};

/// Actions, with the column and the message of the finding. The deployment `hello/a` has the parameter `n`.
const ACTIONS: &[(&str, &str)] = &[
    ("{type: run-deployment, deployment: hello/a, parameters: {n: '{{ event.id }}'}}", ""),
    ("{type: run-deployment, source: inferred}", ""),
    ("{type: call-webhook, block: webhook/x, payload: {a: '{{ event }}'}}", ""),
    ("{type: send-notification, block: slack-webhook/x, body: '{{ $TOKEN }} {{ event.id | upper }}'}", ""),
    ("{type: run-deployment}", "49 automation: the action requires `deployment`"),
    ("{type: resume-automation, source: selected}", "49 automation: the action requires `automation`"),
    (
        "{type: run-deployment, deployment: hello/a, parameters: {n: '{{ nope.x ) }}'}}",
        "120 automation: invalid template: unexpected ')'",
    ),
    (
        "{type: run-deployment, deployment: hello/a, parameters: {n: [{x: '{% if %}'}]}}",
        "121 automation: invalid template: Expected an expression, got 'end of statement block'",
    ),
    (
        "{type: run-deployment, deployment: hello/a, parameters: {n: {__prefect_kind: jinja, template: '{{ a b }}'}}}",
        "149 automation: invalid template: expected token 'end of print statement', got 'b'",
    ),
    (
        "{type: run-deployment, deployment: hello/a, parameters: {n: {__prefect_kind: jinja}}}",
        "109 automation: `template` of the computed value is missing",
    ),
    (
        "{type: run-deployment, deployment: hello/a, parameters: {n: {__prefect_kind: json, value: '{'}}}",
        "139 automation: invalid JSON: EOF while parsing an object at line 1 column 1",
    ),
    (
        "{type: run-deployment, deployment: hello/a, parameters: {n: few}}",
        "109 parameter-type: Validation failed for field 'n': \"few\" is not of type \"integer\"",
    ),
    (
        "{type: run-deployment, deployment: hello/a, parameters: {m: '{{ event.id }}'}}",
        "106 unknown-parameter: the flow has no parameter 'm'",
    ),
    (
        "{type: run-deployment, deployment: hello/a, job_variables: {stream_output: loud}}",
        "124 job-variable-type: job variable 'stream_output' is invalid for work pool 'p': \"loud\" is not of type \
         \"boolean\"",
    ),
    (
        "{type: send-notification, block: slack-webhook/x, body: x, subject: '{% endif %}'}",
        "121 automation: invalid template: Encountered unknown tag 'endif'.",
    ),
    (
        "{type: call-webhook, block: webhook/x, payload: '{{'}",
        "97 automation: invalid template: unexpected 'end of template'",
    ),
];

#[tokio::test]
async fn reports_invalid_actions() {
    let mut differences = Differences::default();
    for (action, expected) in ACTIONS {
        let yaml = format!(
            "deployments: [{{name: a, entrypoint: 'flow.py:hello', work_pool: {{name: p}}}}]\nprefectl:\n  \
             work_pools: [{{name: p, type: process}}]\n  automations:\n  - {{name: n, trigger: {{expect: [x]}}, actions: [{action}]}}\n"
        );
        let expected: Vec<String> =
            [*expected].iter().filter(|text| !text.is_empty()).map(|text| format!("5:{text}")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        differences.add(action, &check(&yaml).await, &expected);
    }
    differences.finish();
}

#[tokio::test]
async fn reports_invalid_base_job_templates() {
    let mut differences = Differences::default();
    for (template, expected) in [
        ("{job_configuration: {a: '{{ b }}'}, variables: {properties: {b: {type: string}}}}", ""),
        ("{job_configuration: {a: '{{ $TOKEN }}'}, variables: {properties: {b: {type: string}}}}", ""),
        (
            "{foo: 1}",
            "the base job template has no `job_configuration`; the base job template has no `variables`",
        ),
        (
            "{job_configuration: {a: 1}, variables: {}}",
            "`variables` of the base job template must be a non-empty mapping",
        ),
        (
            "{job_configuration: {a: [{x: '{{ c }}'}]}, variables: {properties: {b: {type: string}}}}",
            "the base job template has no variable 'c'",
        ),
        (
            "{job_configuration: {a: 1}, variables: {properties: {b: {type: string, default: 1}}}}",
            "the default of variable 'b' is invalid: 1 is not of type \"string\"",
        ),
        (
            "{job_configuration: {a: 1}, variables: {type: nope}}",
            "`variables` of the base job template is not a valid JSON schema: \"nope\" is not valid under any of the \
             schemas listed in the 'anyOf' keyword",
        ),
    ] {
        let item = format!("- {{name: a, type: process, base_job_template: {template}}}");
        let found = check_items("work_pools", &item).await;
        let found: Vec<String> = found
            .iter()
            .map(|text| text.split_once(": ").map_or("", |(_, message)| message).to_owned())
            .collect();
        let expected: Vec<&str> = expected.split("; ").filter(|text| !text.is_empty()).collect();
        differences.add(template, &found, &expected);
    }
    differences.finish();
}
