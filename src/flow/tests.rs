//! The recorded flows: what importing each gives, against what is read from its source.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::Value as Json;

use super::{Entrypoint, Flow, Grade, Inspector};
use crate::environment::Environment;

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/flows")
}

fn inspect(entrypoint: &str) -> Result<Flow, String> {
    let entrypoint = Entrypoint::parse(entrypoint).map_err(|error| error.to_string())?;
    let environment = Environment::default();
    Inspector::new().inspect(&entrypoint, &directory(), &environment).map_err(|error| error.to_string())
}

fn as_json(flow: &Flow) -> Json {
    serde_json::json!({
        "flow_name": flow.name,
        "description": flow.description,
        "version": flow.version,
        "parameter_openapi_schema": flow.parameters,
    })
}

/// The names of properties, whose order counts.
fn order(flow: &Json) -> Vec<&String> {
    let properties = flow["parameter_openapi_schema"]["properties"].as_object();
    properties.map(|properties| properties.keys().collect()).unwrap_or_default()
}

#[derive(Debug, Default)]
struct Score {
    exact: usize,
    approximate: usize,
    failed: usize,
}

#[test]
fn recorded_flows_are_read_as_they_import() {
    let text = std::fs::read_to_string(directory().join("expected.json")).unwrap();
    let cases: BTreeMap<String, Json> = serde_json::from_str(&text).unwrap();
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (name, case) in &cases {
        let class = case["class"].as_str().unwrap();
        let score = scores.entry(class).or_default();
        match (inspect(case["entrypoint"].as_str().unwrap()), case.get("import")) {
            (Ok(flow), Some(expected)) => {
                let got = as_json(&flow);
                let equal = got == *expected && order(&got) == order(expected);
                match flow.grade {
                    Grade::Exact if equal => score.exact += 1,
                    Grade::Exact => wrong.push(format!("{name}: got {got}\n  expected {expected}")),
                    Grade::Approximate => {
                        println!("approximate {name} [{class}]: {:?}", flow.reasons);
                        score.approximate += 1;
                    }
                }
            }
            // Importing fails for want of a package: the answer is what it would have given.
            (Ok(flow), None) if case.get("result_is_lossy").is_some() => {
                println!("better than the fallback {name} [{class}]: {:?} {:?}", flow.grade, flow.reasons);
                score.approximate += 1;
            }
            (Ok(flow), None) if class == "E" => {
                wrong.push(format!("{name}: not refused: {}", as_json(&flow)))
            }
            (Ok(_), None) => score.approximate += 1,
            // The reference fails as well.
            (Err(_), None) if case.get("result_error").is_some() => score.exact += 1,
            (Err(error), _) => {
                println!("failed {name} [{class}]: {error}");
                score.failed += 1;
            }
        }
    }
    println!("{scores:#?}");
    let total = |count: fn(&Score) -> usize| scores.values().map(count).sum::<usize>();
    println!(
        "flow cases: {} exact, {} approximate, {} failed, {} wrong of {}",
        total(|score| score.exact),
        total(|score| score.approximate),
        total(|score| score.failed),
        wrong.len(),
        cases.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
