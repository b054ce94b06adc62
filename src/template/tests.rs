//! Compares template substitution with recordings of Prefect 3.9.1. The tests list all intended differences.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{
    Lookup, LookupFuture, ResolveError, Resolver,
    apply::{Applied, Pass, Unknown},
    deployment_after_steps, deployment_before_steps,
    path::Values,
    pull_steps, step_inputs, test_data,
    walk::Filled,
};
use crate::{
    environment::Environment,
    secret::Redactor,
    value::{Mapping, Value, from_json, to_json},
};

#[derive(Deserialize)]
struct Substitution {
    name: String,
    template: Json,
    values: Json,
    env: BTreeMap<String, String>,
    remove_notset: bool,
    expected: Json,
}

#[derive(Deserialize)]
struct Resolution {
    op: String,
    name: String,
    template: Json,
    values: Json,
    env: BTreeMap<String, String>,
    expected: Option<Json>,
    expected_error: Option<String>,
}

#[derive(Deserialize)]
struct Resolutions {
    blocks: BTreeMap<String, Json>,
    variables: BTreeMap<String, Json>,
    cases: Vec<Resolution>,
}

fn mapping(json: &Json) -> Mapping {
    match from_json(json) {
        Value::Mapping(mapping) => mapping,
        other => panic!("not a mapping: {other:?}"),
    }
}

#[test]
fn substitutes_values_as_prefect_does() {
    // The case contains an integer beyond 64 bits. `Value` cannot represent it.
    const EXCLUDED: &str = "embedded_big_int";
    let cases: Vec<Substitution> = test_data::read("templating-vectors.json");
    assert_eq!(cases.len(), 119);
    assert_eq!(cases.iter().filter(|case| case.name == EXCLUDED).count(), 1);
    for case in cases.iter().filter(|case| case.name != EXCLUDED) {
        let environment: Environment = case.env.clone().into_iter().collect();
        let values = mapping(&case.values);
        let unknown = if case.remove_notset { Unknown::Remove } else { Unknown::Keep };
        let pass =
            Pass { values: Values::Mapping(&values), environment: &environment, unknown, skip_prefixes: &[] };
        let Applied { value, .. } = pass.apply(&from_json(&case.template));
        let given = value.as_ref().map_or_else(|| json!({"$notset": true}), to_json);
        assert_eq!(given.to_string(), case.expected.to_string(), "{}", case.name);
    }
}

/// A server with the blocks and variables of the recording.
struct Recorded<'a> {
    blocks: &'a BTreeMap<String, Json>,
    variables: &'a BTreeMap<String, Json>,
}

impl Lookup for Recorded<'_> {
    fn block<'a>(&'a self, block_type: &'a str, document: &'a str) -> LookupFuture<'a> {
        let found = self.blocks.get(&format!("{block_type}/{document}")).cloned();
        async { Ok(found) }.boxed()
    }

    fn block_by_id<'a>(&'a self, _: &'a str) -> LookupFuture<'a> {
        async { Ok(None) }.boxed()
    }

    fn variable<'a>(&'a self, name: &'a str) -> LookupFuture<'a> {
        let found = self.variables.get(name).cloned();
        async { Ok(found) }.boxed()
    }
}

async fn run(case: &Resolution, resolver: &Resolver<'_>) -> Result<Filled, ResolveError> {
    let environment: Environment = case.env.clone().into_iter().collect();
    let (template, outputs) = (from_json(&case.template), mapping(&case.values));
    match case.op.as_str() {
        "resolve_blocks" => resolver.blocks(&template).await,
        "resolve_variables" => resolver.variables(&template).await,
        "step_inputs" => step_inputs(&template, &outputs, &environment, resolver).await,
        "deployment_fields" => {
            let early = deployment_before_steps(&template, &environment, resolver).await?;
            Ok(deployment_after_steps(&early.value, &outputs, &environment))
        }
        "pull_steps" => Ok(pull_steps(&template, &outputs, &environment)),
        other => panic!("unknown operation {other}"),
    }
}

#[tokio::test]
async fn runs_template_passes_as_prefect_does() {
    // A `$ref` of a JSON schema does not refer to a block.
    let differences = BTreeMap::from([
        ("ref_not_dict", json!({"$ref": "#/definitions/X"})),
        ("ref_dict_not_object_is_error", json!({"a": {"$ref": "#/definitions/X"}})),
    ]);

    let Resolutions { blocks, variables, cases } = test_data::read("templating-resolve-vectors.json");
    assert_eq!(cases.len(), 90);
    let lookup = Recorded { blocks: &blocks, variables: &variables };
    for case in &cases {
        let resolver = Resolver::new(&lookup, Redactor::default());
        let given = run(case, &resolver).await;
        if let Some(expected) = differences.get(case.name.as_str()).or(case.expected.as_ref()) {
            let given = to_json(&given.unwrap().value);
            assert_eq!(given.to_string(), expected.to_string(), "{}", case.name);
        } else {
            let expected = case.expected_error.as_deref().unwrap();
            let given = given.unwrap_err().to_string();
            let (_, expected) = expected.split_once(": ").unwrap();
            let words = key_words(expected);
            assert!(given.starts_with(words), "{}: {given:?} does not start with {words:?}", case.name);
        }
    }
}

/// Returns the start of Prefect's message. prefectl's message must have the same start.
fn key_words(message: &str) -> &str {
    let ends = [". This block was", " in the block document data", ", which cannot be"];
    ends.iter().find_map(|end| message.find(end)).map_or(message, |end| &message[..end])
}
