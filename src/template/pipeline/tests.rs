use futures_util::FutureExt;
use serde_json::json;

use super::*;
use crate::{
    secret::Redactor,
    template::{Lookup, LookupFuture},
};

/// A server with a secret block and a variable.
struct Server;

impl Lookup for Server {
    fn block<'a>(&'a self, _: &'a str, document: &'a str) -> LookupFuture<'a> {
        async move { Ok((document == "token").then(|| json!({"value": "s3cr3t"}))) }.boxed()
    }

    fn block_by_id<'a>(&'a self, _: &'a str) -> LookupFuture<'a> {
        async { Ok(None) }.boxed()
    }

    fn variable<'a>(&'a self, name: &'a str) -> LookupFuture<'a> {
        async move { Ok((name == "region").then(|| json!("eu"))) }.boxed()
    }
}

fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

fn mapping(text: &str) -> Mapping {
    serde_yaml::from_str(text).unwrap()
}

fn environment() -> Environment {
    [("STAGE", "prod"), ("image", "from the environment")].into_iter().collect()
}

fn places(filled: &Filled) -> Vec<(SubstitutionKind, String)> {
    filled.substitutions.iter().map(|note| (note.kind, note.path.to_string())).collect()
}

fn note(kind: SubstitutionKind, place: &str) -> (SubstitutionKind, String) {
    (kind, place.to_owned())
}

#[tokio::test]
async fn substitutes_a_deployment_before_and_after_its_steps() {
    let resolver = Resolver::new(&Server, Redactor::default());
    let deployment = yaml(
        r#"
        tags: ["{{ hash.stdout }}", "{{ $STAGE }}", "{{ ctx.flow.name }}", "{{ nope }}"]
        description: "{{ image }} in {{ prefect.variables.region }}"
        env: {TOKEN: "{{ prefect.blocks.secret.token }}", GONE: "{{ nope }}"}
        schedules: [{cron: "{{ hash.cron }}"}]
        "#,
    );
    let before = deployment_before_steps(&deployment, &environment(), &resolver).await.unwrap();
    assert_eq!(
        before.value,
        yaml(
            r#"
            tags: ["{{ hash.stdout }}", prod, "{{ ctx.flow.name }}", "{{ nope }}"]
            description: from the environment in eu
            env: {TOKEN: s3cr3t, GONE: "{{ nope }}"}
            schedules: [{cron: "{{ hash.cron }}"}]
            "#
        )
    );
    assert_eq!(
        places(&before),
        [
            note(SubstitutionKind::Secret, "env.TOKEN"),
            note(SubstitutionKind::Environment, "tags[1]"),
            note(SubstitutionKind::EnvironmentWithoutDollar, "description"),
        ]
    );
    let outputs = mapping("{hash: {stdout: abc, cron: 0 0 * * *}}");
    let after = deployment_after_steps(&before.value, &outputs, &environment());
    assert_eq!(
        after.value,
        yaml(
            r#"
            tags: [abc, prod, "{{ ctx.flow.name }}"]
            description: from the environment in eu
            env: {TOKEN: s3cr3t}
            schedules: [{cron: "{{ hash.cron }}"}]
            "#
        )
    );
    assert_eq!(
        places(&after),
        [note(SubstitutionKind::Missing, "tags[3]"), note(SubstitutionKind::Missing, "env.GONE")]
    );
    let schedules = schedules(after.value.get("schedules").unwrap(), &outputs, &environment());
    assert_eq!(schedules.value, yaml("[{cron: 0 0 * * *}]"));
}

#[tokio::test]
async fn corrects_paths_for_removed_list_items() {
    let resolver = Resolver::new(&Server, Redactor::default());
    let inputs = yaml(
        r#"
        args: ["{{ nope }}", [a, "{{ nope }}", "{{ prefect.blocks.secret.token }}"], "{{ nope }}", "{{ later }}"]
        "#,
    );
    let outputs = mapping(r#"{later: "{{ unknown }}"}"#);
    let filled = step_inputs(&inputs, &outputs, &environment(), &resolver).await.unwrap();
    assert_eq!(filled.value, yaml("args: [[a, s3cr3t]]"));
    assert_eq!(
        places(&filled),
        [
            note(SubstitutionKind::Missing, "args[0]"),
            note(SubstitutionKind::Missing, "args[1][1]"),
            note(SubstitutionKind::Missing, "args[2]"),
            note(SubstitutionKind::Secret, "args[1][2]"),
            note(SubstitutionKind::Missing, "args[3]"),
        ]
    );
}

#[test]
fn pull_steps_keep_placeholders_for_the_worker() {
    let steps = yaml(
        r#"
        - git_clone: {branch: "{{ hash.stdout }}", access_token: "{{ prefect.blocks.secret.token }}", url: "{{ $NOPE }}"}
        - other: {dirs: ["{{ clone.directory }}", "{{ $STAGE }}"]}
        "#,
    );
    let filled = pull_steps(&steps, &mapping("{hash: {stdout: abc}}"), &environment());
    assert_eq!(
        filled.value,
        yaml(
            r#"
            - git_clone: {branch: abc, access_token: "{{ prefect.blocks.secret.token }}", url: "{{ $NOPE }}"}
            - other: {dirs: ["{{ clone.directory }}", prod]}
            "#
        )
    );
    assert_eq!(places(&filled), [note(SubstitutionKind::Environment, "[1].other.dirs[1]")]);
}

#[test]
fn keeps_placeholders_in_trigger_parameters() {
    let template = yaml(
        r#"
        expect: ["{{ hash.stdout }}", "{{ event.name }}"]
        parameters: {name: "{{ event.resource.name }}", list: ["{{ hash.stdout }}"]}
        job_variables: {KEY: "{{ event.name }}"}
        "#,
    );
    let filled = trigger(&template, &mapping("{hash: {stdout: abc}}"), &environment());
    assert_eq!(
        filled.value,
        yaml(
            r#"
            expect: [abc]
            parameters: {name: "{{ event.resource.name }}", list: ["{{ hash.stdout }}"]}
            job_variables: {}
            "#
        )
    );
    let text = trigger(&yaml("'{{ nope }}'"), &Mapping::new(), &environment());
    assert_eq!(text.value, Value::Null);
}
