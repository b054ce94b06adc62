use super::*;
use crate::yaml;

fn named(raw: &Json) -> NamedObject {
    let mut raw = raw.clone();
    raw["id"] = json!(Uuid::from_u128(7));
    serde_json::from_value(raw).unwrap()
}

fn kubernetes() -> JsonObject {
    crate::base_job_template::BaseJobTemplate::bundled("kubernetes").unwrap().into_document()
}

fn pool(template: &JsonObject) -> WorkPool {
    let pool = json!({
        "id": Uuid::from_u128(1), "name": "k8s", "type": "kubernetes", "description": null, "is_paused": true,
        "base_job_template": template, "concurrency_limit": 20, "status": "READY",
    });
    serde_json::from_value(pool).unwrap()
}

fn objects() -> LiveObjects {
    LiveObjects {
        pools: Vec::new(),
        queues: Vec::new(),
        variables: Vec::new(),
        limits: Vec::new(),
        automations: Vec::new(),
        blocks: Vec::new(),
        templates: BTreeMap::from([("kubernetes".to_owned(), kubernetes())]),
    }
}

fn exported(objects: &LiveObjects) -> String {
    let deployments = BTreeMap::from([(Uuid::from_u128(2), "etl/nightly".to_owned())]);
    let Section { value, notes, .. } = objects.section(&deployments);
    notes.iter().map(|note| format!("# {note}\n")).collect::<Vec<_>>().concat() + &yaml::write(&value)
}

#[test]
fn exports_pools_with_the_changes_of_their_templates() {
    let mut template = json!(kubernetes());
    let properties = &mut template["variables"]["properties"];
    properties["namespace"]["default"] = json!("prefect");
    properties["name"]["default"] = json!("job");
    properties["zone"] = json!({"title": "Zone", "type": "string", "default": "a"});
    let pod = &mut template["job_configuration"]["job_manifest"]["spec"]["template"]["spec"];
    pod["nodeSelector"] = json!({"zone": "{{ zone }}"});
    let pool = pool(template.as_object().unwrap());
    let queue = |name: &str, priority: u32| {
        named(
            &json!({"name": name, "work_pool_name": "k8s", "priority": priority, "is_paused": false, "concurrency_limit": null}),
        )
    };
    let queues = vec![queue("low", 3), queue("default", 1), queue("high", 2)];
    insta::assert_snapshot!(exported(&LiveObjects { pools: vec![pool], queues, ..objects() }), @r"
    work_pools:
    - name: k8s
      type: kubernetes
      paused: true
      concurrency_limit: 20
      namespace: prefect
      variables:
        name: job
      add_variables:
        zone:
          type: string
          default: a
          place: job_manifest.spec.template.spec.nodeSelector.zone
      queues:
      - name: high
        priority: 2
      - name: low
        priority: 3
    ");
}

#[test]
fn exports_the_whole_template_if_variables_do_not_suffice() {
    let mut template = kubernetes();
    template["job_configuration"]["job_manifest"]["spec"]["backoffLimit"] = json!(3);
    let text = exported(&LiveObjects { pools: vec![pool(&template)], ..objects() });
    assert!(text.contains("\n  base_job_template:\n    job_configuration:\n"), "{text}");
    assert!(text.contains("backoffLimit: 3") && text.contains("{{ env }}"), "{text}");
}

/// An automation with an action that refers to a deployment.
fn alert() -> Automation {
    let automation = json!({
        "id": Uuid::from_u128(9), "name": "alert", "description": "", "enabled": true, "tags": [],
        "trigger": {"type": "event", "id": Uuid::from_u128(10), "expect": ["x"], "posture": "Reactive", "threshold": 1},
        "actions": [
            {"type": "run-deployment", "source": "selected", "deployment_id": Uuid::from_u128(2), "parameters": null,
             "job_variables": null, "schedule_after": 0.0},
            {"type": "do-nothing"},
        ],
        "actions_on_trigger": [], "actions_on_resolve": [],
    });
    serde_json::from_value(automation).unwrap()
}

#[test]
fn exports_automations_with_one_action_unless_a_trigger_can_declare_them() {
    let automation = |name: &str, kind: &str| {
        let Automation { raw, .. } = alert();
        let mut raw = Json::Object(raw);
        raw["name"] = name.into();
        raw["actions"] = json!([{"type": kind, "source": "selected", "deployment_id": Uuid::from_u128(2)}]);
        serde_json::from_value(raw).unwrap()
    };
    let objects = LiveObjects {
        automations: vec![automation("pause", "pause-deployment"), automation("run", "run-deployment")],
        ..objects()
    };
    insta::assert_snapshot!(exported(&objects), @r"
    automations:
    - name: pause
      trigger:
        type: event
        expect:
        - x
      actions:
      - type: pause-deployment
        deployment: etl/nightly
    ");
}

fn block(slug: &str, name: &str, data: &Json) -> NamedObject {
    named(&json!({"name": name, "data": data, "block_type": {"slug": slug}}))
}

#[test]
fn exports_secrets_of_blocks_with_the_same_name_to_different_variables() {
    let secret = |slug: &str| block(slug, "prod", &json!({"token": MASK}));
    let objects =
        LiveObjects { blocks: vec![secret("github-credentials"), secret("gitlab-credentials")], ..objects() };
    insta::assert_snapshot!(exported(&objects), @r"
    # block 'github-credentials/prod': set the environment variable PROD_TOKEN to the secret `token`
    # block 'gitlab-credentials/prod': set the environment variable GITLAB_CREDENTIALS_PROD_TOKEN to the secret `token`
    blocks:
    - type: github-credentials
      name: prod
      value_from:
        token: env:PROD_TOKEN
    - type: gitlab-credentials
      name: prod
      value_from:
        token: env:GITLAB_CREDENTIALS_PROD_TOKEN
    ");
}

#[test]
fn exports_variables_limits_automations_and_blocks() {
    let objects = LiveObjects {
        variables: vec![
            named(&json!({"name": "region", "value": "{{ $HOME }} << x >>"})),
            named(&json!({"name": "prefectl-project-a", "value": {}})),
            named(&json!({"name": "prefectl-resources-a", "value": {}})),
            named(&json!({"name": "prefectl-secret-a", "value": {}})),
        ],
        limits: vec![named(
            &json!({"name": "db", "limit": 3, "slot_decay_per_second": 0.0, "active": false}),
        )],
        automations: vec![alert()],
        blocks: vec![
            block("secret", "api-token", &json!({"value": MASK})),
            block("aws-credentials", "aws", &json!({"region": "eu", "key": MASK, "profile": null})),
            block("nested", "other", &json!({"inner": {"token": MASK}})),
        ],
        ..objects()
    };
    insta::assert_snapshot!(exported(&objects), @r#"
    # block 'secret/api-token': set the environment variable API_TOKEN to the secret `value`
    # block 'aws-credentials/aws': set the environment variable AWS_KEY to the secret `key`
    # block 'nested/other': the field `inner` cannot be written in a file
    variables:
      region: "<< \"{{ $HOME }} << x >>\" | literal >>"
    concurrency_limits:
    - name: db
      limit: 3
      active: false
    automations:
    - name: alert
      trigger:
        type: event
        expect:
        - x
      actions:
      - type: run-deployment
        deployment: etl/nightly
      - type: do-nothing
    blocks:
    - type: secret
      name: api-token
      value_from: env:API_TOKEN
    - type: aws-credentials
      name: aws
      value_from:
        key: env:AWS_KEY
      values:
        region: eu
    "#);
}
