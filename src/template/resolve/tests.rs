use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use serde_json::json;

use super::*;
use crate::{
    secret::MASK,
    template::{SubstitutionKind, blocks::BlockProblem},
};

/// A server with a few blocks and one variable. It counts the requests it receives.
#[derive(Default)]
struct Server {
    requests: AtomicUsize,
}

impl Server {
    fn answer<'a>(&self, name: &str) -> LookupFuture<'a> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let answer = match name {
            "secret/token" => Ok(Some(json!({"value": "hunter2-token"}))),
            "creds/main" | "1-2" => Ok(Some(json!({
                "user": "bob-the-user", "keys": ["first-key", 12345, 678], "flag": true, "none": null
            }))),
            "region" => Ok(Some(json!("eu"))),
            "broken/x" => Err("connection refused".into()),
            _ => Ok(None),
        };
        async { answer }.boxed()
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

impl Lookup for Server {
    fn block<'a>(&'a self, block_type: &'a str, document: &'a str) -> LookupFuture<'a> {
        self.answer(&format!("{block_type}/{document}"))
    }

    fn block_by_id<'a>(&'a self, id: &'a str) -> LookupFuture<'a> {
        self.answer(id)
    }

    fn variable<'a>(&'a self, name: &'a str) -> LookupFuture<'a> {
        self.answer(name)
    }
}

fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

#[tokio::test]
async fn fetches_each_reference_once() {
    let server = Server::default();
    let resolver = Resolver::new(&server, Redactor::default());
    let template = yaml(
        r#"
        a: "{{ prefect.variables.region }}-{{ prefect.variables.region }}"
        b: ["{{ prefect.variables.nope }}", "{{prefect.variables.nope}}", "{{ prefect.variables. }}"]
        c: "{{ prefect.blocks.secret.token }}"
        "#,
    );
    resolver.prefetch(&template).await.unwrap();
    let (first, second) = tokio::join!(resolver.variables(&template), resolver.variables(&template));
    assert_eq!(first.unwrap().value, second.unwrap().value);
    resolver.blocks(&template).await.unwrap();
    assert_eq!(resolver.variable("region").await.unwrap(), Some(Value::from("eu")));
    assert_eq!(resolver.variable("nope").await.unwrap(), None);
    assert_eq!(server.requests(), 3);
}

#[tokio::test]
async fn redacts_and_records_values_of_blocks() {
    let server = Server::default();
    let redactor = Redactor::default();
    let resolver = Resolver::new(&server, redactor.clone());
    let template = yaml(
        r#"
        env: {TOKEN: "Bearer {{ prefect.blocks.secret.token }}"}
        list: [x, {$ref: {block_document_id: 1-2}, gone: y}]
        flag: "{{ prefect.blocks.creds.main.flag }}"
        "#,
    );
    let filled = resolver.blocks(&template).await.unwrap();
    assert_eq!(
        filled.value,
        yaml(
            "
            env: {TOKEN: Bearer hunter2-token}
            list: [x, {user: bob-the-user, keys: [first-key, 12345, 678], flag: true, none: null}]
            flag: true
            "
        )
    );
    let places: Vec<_> = filled.substitutions.iter().map(|note| (note.kind, note.path.to_string())).collect();
    let secret = |place: &str| (SubstitutionKind::Secret, place.to_owned());
    assert_eq!(places, [secret("env.TOKEN"), secret("list[1]"), secret("flag")]);
    assert_eq!(
        redactor.mask("hunter2-token bob-the-user first-key 12345 678 true True None"),
        format!("{MASK} {MASK} {MASK} {MASK} 678 true True None")
    );
}

#[tokio::test]
async fn records_missing_variables() {
    let server = Server::default();
    let resolver = Resolver::new(&server, Redactor::default());
    let template = yaml(r#"["{{ prefect.variables.region.x }}", "a{{ prefect.variables.nope }}b"]"#);
    let filled = resolver.variables(&template).await.unwrap();
    assert_eq!(filled.value, yaml("['', ab]"));
    let names: Vec<_> = filled.substitutions.iter().map(|note| (note.kind, note.name.as_str())).collect();
    assert_eq!(
        names,
        [
            (SubstitutionKind::MissingVariable, "prefect.variables.region.x"),
            (SubstitutionKind::MissingVariable, "prefect.variables.nope")
        ]
    );
}

#[tokio::test]
async fn reports_all_invalid_block_references() {
    let server = Server::default();
    let resolver = Resolver::new(&server, Redactor::default());
    let template = yaml(
        r#"
        a: "{{ prefect.blocks.secret.nope }}"
        b: ["{{ prefect.blocks.secret }}", "x{{ prefect.blocks.creds.main.keys }}"]
        c: {$ref: {block_document_id: gone}}
        d: "{{ prefect.blocks.creds.main.nope }}"
        "#,
    );
    let ResolveError::Blocks(errors) = resolver.blocks(&template).await.unwrap_err() else {
        panic!("a lookup failed")
    };
    let places: Vec<_> = errors.iter().map(|error| error.path.to_string()).collect();
    assert_eq!(places, ["a", "b[0]", "b[1]", "c", "d"]);
    assert!(matches!(errors[0].problem, BlockProblem::NotFound { .. }));
    assert!(matches!(errors[1].problem, BlockProblem::Format { .. }));
    assert!(matches!(errors[2].problem, BlockProblem::Inline { python_type: "list", .. }));
    assert!(matches!(errors[3].problem, BlockProblem::IdNotFound { .. }));
    assert!(matches!(errors[4].problem, BlockProblem::KeyPath { .. }));
}

#[tokio::test]
async fn reports_the_cause_of_a_failed_lookup() {
    let server = Server::default();
    let resolver = Resolver::new(&server, Redactor::default());
    let error = resolver.blocks(&Value::from("{{ prefect.blocks.broken.x }}")).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot look up block 'x' of type 'broken'");
    assert_eq!(error.source().unwrap().to_string(), "connection refused");
}
