//! Servers with hostile responses.

use serde_json::{Value, json};

use super::{Attack, Outcome, Target, attack};
use crate::support::{Fault, FaultPlan};

/// Makes the server fail every request with `fault`.
fn failing(target: Target, fault: Fault) -> Target {
    target.server.fail(Some(FaultPlan { fault, at: 0, lasting: true }));
    target
}

fn answering(target: Target, path: &str, answer: Value) -> Target {
    target.server.change(|server| {
        server.answers.insert(path.to_owned(), answer);
    });
    target
}

/// Adds a work pool whose job variables have the given schema.
fn with_variables(target: Target, schema: &Value) -> Target {
    let pool = json!({
        "id": uuid::Uuid::nil(), "name": "pool", "type": "process", "is_paused": false, "status": "READY",
        "base_job_template": {"job_configuration": {"command": "{{ command }}"}, "variables": schema},
    });
    let target = answering(target, "work_pools/pool", pool.clone());
    answering(target, "work_pools/filter", json!([pool]))
}

const LIST: &str = "work-pool ls";
const DEPLOY: &str = "deploy --all";

pub(super) const ATTACKS: &[Attack] = &[
    attack("an answer that never ends", Outcome::Refused("larger than"), LIST, |target| {
        Ok(failing(target, Fault::Endless))
    }),
    attack("an answer that unpacks without end", Outcome::Refused(""), LIST, |target| {
        Ok(failing(target, Fault::Unpacking))
    }),
    attack("an error that never ends", Outcome::Refused("larger than"), DEPLOY, |target| {
        Ok(failing(target, Fault::Endless))
    }),
    attack("headers that never end", Outcome::Refused(""), LIST, |target| {
        Ok(failing(target, Fault::Headers))
    }),
    attack("an answer that is deep", Outcome::Refused("invalid response"), LIST, |target| {
        Ok(failing(target, Fault::Deep))
    }),
    attack("a redirect to a file", Outcome::Refused(""), LIST, |target| {
        Ok(failing(target, Fault::RedirectTo("file:///etc/passwd")))
    }),
    attack("a redirect to nowhere", Outcome::Refused(""), LIST, |target| {
        Ok(failing(target, Fault::RedirectTo("http://[")))
    }),
    attack(
        "the same page again and again",
        Outcome::Refused("the server returned the same objects on multiple pages"),
        LIST,
        |target| {
            let pool = |n: u128| {
                json!({"id": uuid::Uuid::from_u128(n), "name": "p", "type": "process", "is_paused": false,
                "base_job_template": {}})
            };
            Ok(answering(target, "work_pools/filter", (0..200).map(pool).collect()))
        },
    ),
    attack("null for everything", Outcome::Refused("invalid response"), DEPLOY, |target| {
        Ok(answering(target, "work_pools/filter", json!([null])))
    }),
    attack("numbers for texts", Outcome::Refused("invalid response"), DEPLOY, |target| {
        Ok(answering(target, "work_pools/filter", json!([{"id": 1, "name": 2, "type": 3}])))
    }),
    attack("an id that is a path", Outcome::Refused("invalid response"), DEPLOY, |target| {
        Ok(answering(target, "flows/", json!({"id": "../../admin", "name": "hello"})))
    }),
    attack("a schema inside itself", Outcome::Ended, DEPLOY, |target| {
        let target = target.project("  work_pool: {name: pool, job_variables: {command: a}}")?;
        Ok(with_variables(target, &json!({"properties": {"command": {"$ref": "#"}}})))
    }),
    attack("definitions in a circle", Outcome::Ended, DEPLOY, |target| {
        let target = target.project("  work_pool: {name: pool, job_variables: {command: a}}")?;
        let circle = json!({"A": {"$ref": "#/definitions/B"}, "B": {"$ref": "#/definitions/A"}});
        let schema = json!({"properties": {"command": {"$ref": "#/definitions/A"}}, "definitions": circle});
        Ok(with_variables(target, &schema))
    }),
    attack("a schema from elsewhere", Outcome::Ended, DEPLOY, |target| {
        let target = target.project("  work_pool: {name: pool, job_variables: {command: a}}")?;
        Ok(with_variables(target, &json!({"properties": {"command": {"$ref": "file:///etc/passwd"}}})))
    }),
    attack("a pattern that takes for ever", Outcome::Ended, DEPLOY, |target| {
        let value = "a".repeat(60);
        let target =
            target.project(&format!("  work_pool: {{name: pool, job_variables: {{command: {value}}}}}"))?;
        Ok(with_variables(
            target,
            &json!({"properties": {"command": {"type": "string", "pattern": "^(a+)+$!"}}}),
        ))
    }),
    attack("a pattern that is none", Outcome::Ended, DEPLOY, |target| {
        let target = target.project("  work_pool: {name: pool, job_variables: {command: a}}")?;
        Ok(with_variables(target, &json!({"properties": {"command": {"pattern": "(((", "type": 7}}})))
    }),
    attack("a template inside itself", Outcome::Ended, "job preview hello-UNIQUE/a", |target| {
        let target =
            target.project("  work_pool: {name: pool, job_variables: {command: '{{ command }}'}}")?;
        Ok(with_variables(target, &json!({"properties": {"command": {"default": "{{ command }}"}}})))
    }),
];
