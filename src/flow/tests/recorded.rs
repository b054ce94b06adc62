//! Compares recorded import results with the results of reading the same flows from source.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use serde_json::Value as Json;

use crate::flow::{Entrypoint, Flow, Grade, ImportContext, ImportMode, Inspector, PythonUse};
use crate::{environment::Environment, progress::Silent};

pub(super) fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/flows")
}

pub(super) fn cases() -> BTreeMap<String, Json> {
    let text = std::fs::read_to_string(directory().join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn inspect(entrypoint: &str) -> Result<Arc<Flow>, String> {
    let entrypoint = Entrypoint::parse(entrypoint).map_err(|error| error.to_string())?;
    let environment = Environment::default();
    Inspector::new().inspect(&entrypoint, &directory(), &environment).map_err(|error| error.to_string())
}

fn as_json(flow: &Flow) -> Json {
    serde_json::json!({
        "flow_name": flow.name,
        "description": flow.description,
        "version": flow.version,
        "parameter_openapi_schema": *flow.parameters,
    })
}

/// Returns the property names in order.
fn order(flow: &Json) -> Vec<&String> {
    let properties = flow["parameter_openapi_schema"]["properties"].as_object();
    properties.map(|properties| properties.keys().collect()).unwrap_or_default()
}

#[derive(Debug, Default)]
struct Score {
    exact: usize,
    approximate: usize,
    failed: usize,
    /// The flow is read from source, but importing it fails.
    no_reference: usize,
}

#[test]
fn reads_recorded_flows_as_imported() {
    let cases = cases();
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
            // The import fails because a package is missing. Reading the source gives the result of a successful
            // import.
            (Ok(flow), None) if case.get("result_is_lossy").is_some() => {
                println!("better than the fallback {name} [{class}]: {:?} {:?}", flow.grade, flow.reasons);
                score.no_reference += 1;
            }
            (Ok(flow), None) if class == "E" => {
                wrong.push(format!("{name}: not refused: {}", as_json(&flow)));
            }
            (Ok(_), None) => score.no_reference += 1,
            // Prefect also fails.
            (Err(_), None) if case.get("result_error").is_some() => score.exact += 1,
            (Err(error), _) => {
                println!("failed {name} [{class}]: {error}");
                score.failed += 1;
            }
        }
    }
    let total = |count: fn(&Score) -> usize| scores.values().map(count).sum::<usize>();
    for (class, score) in &scores {
        let Score { exact, approximate, failed, no_reference } = score;
        println!(
            "class {class}: {exact} exact, {approximate} approximate, {failed} failed, {no_reference} not importable"
        );
    }
    println!(
        "flow cases: {} exact, {} approximate, {} failed, {} wrong of {} ({} cannot be imported)",
        total(|score| score.exact),
        total(|score| score.approximate),
        total(|score| score.failed),
        wrong.len(),
        cases.len(),
        total(|score| score.no_reference)
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!((scores["E"].exact, scores["E"].approximate + scores["E"].failed), (14, 0));
    let readable = ["1", "1x", "2"].map(|class| &scores[class]);
    let exact: usize = readable.iter().map(|score| score.exact).sum();
    let others: usize = readable.iter().map(|score| score.approximate + score.failed).sum();
    assert!(exact * 100 >= (exact + others) * 95, "{exact} exact, {others} not");
}

/// Every flow is exact with the real Prefect, even if static analysis cannot read the flow exactly.
#[tokio::test]
#[ignore = "needs services: run tests/run"]
async fn reads_recorded_flows_with_python() {
    let reference = PathBuf::from(std::env::var_os("PREFECTL_TEST_REFERENCE").unwrap());
    let home = tempfile::tempdir().unwrap();
    let home = home.path().to_str().unwrap();
    let environment: Environment = [("PREFECT_HOME", home), ("DO_NOT_TRACK", "1")].into_iter().collect();
    let python = PythonUse {
        mode: ImportMode::IfNeeded,
        interpreter: Some(reference.with_file_name("python").display().to_string()),
        ..PythonUse::default()
    };
    let inspector = Inspector::new();
    let directory = directory();
    let inspect = |entrypoint: &str| {
        let entrypoint = Entrypoint::parse(entrypoint).ok()?;
        inspector.inspect(&entrypoint, &directory, &environment).ok()
    };
    let cases = cases();
    let importable = |case: &&Json| case.get("import").is_some();
    for case in cases.values().filter(importable) {
        inspect(case["entrypoint"].as_str().unwrap());
    }
    let import = ImportContext {
        python: &python,
        directory: &directory,
        environment: &environment,
        progress: &Silent,
    };
    let imported = inspector.import_flows(&import).await;
    imported.warnings.iter().for_each(|warning| println!("{}", warning.message));
    let is_known = |case: &Json| {
        let flow = inspect(case["entrypoint"].as_str().unwrap());
        flow.is_some_and(|flow| flow.grade == Grade::Exact && as_json(&flow) == case["import"])
    };
    let unknown: Vec<&String> =
        cases.iter().filter(|(_, case)| importable(case) && !is_known(case)).map(|(name, _)| name).collect();
    let count = cases.values().filter(importable).count();
    println!("flow cases with Python: {} exact of {count}, not {unknown:?}", count - unknown.len());
    // The first flow needs a package that is not installed. The second has a version that Prefect cannot deploy.
    assert_eq!(unknown, ["block_collection", "deco_version_nonstring"]);
}

#[test]
fn reports_position_and_reasons() {
    let flow = inspect("import_missing_in_annotation.py:my_flow").unwrap();
    assert_eq!(flow.place.source.name(), "import_missing_in_annotation.py");
    assert_eq!(flow.place.start().line, 11);
    assert_eq!(flow.reasons[0].parameter.as_deref(), Some("a"));
    assert_eq!(flow.reasons[0].reason, "the type 'cases_not_installed.Frame' comes from outside the project");
    // An unknown default leaves the parameter optional.
    assert_eq!(flow.parameters["required"], serde_json::json!(["a", "b"]));
}

#[test]
fn keeps_messages_of_prefect_and_adds_help() {
    let refusal = |entrypoint: &str| {
        let entrypoint = Entrypoint::parse(entrypoint).unwrap();
        let error = Inspector::new().inspect(&entrypoint, &directory(), &Environment::default()).unwrap_err();
        let diagnostic = error.diagnostic();
        let place = diagnostic.place.map(|place| (place.source.name().to_owned(), place.start().line));
        (error.to_string(), place, diagnostic.help)
    };
    assert_eq!(
        refusal("error_missing_function.py:othr"),
        (
            "Flow function with name 'othr' not found in 'error_missing_function.py'. ".to_owned(),
            None,
            Some("did you mean 'other'?".to_owned())
        )
    );
    assert_eq!(
        refusal("error_task_not_flow.py:my_flow"),
        (
            "Function with name 'my_flow' is not a flow. Make sure that it is decorated with '@flow'."
                .to_owned(),
            Some(("error_task_not_flow.py".to_owned(), 6)),
            None
        )
    );
    let (message, place, _) = refusal("error_syntax.py:my_flow");
    assert!(message.starts_with("invalid Python: "), "{message}");
    assert_eq!(place, Some(("error_syntax.py".to_owned(), 6)));
}

#[test]
fn parses_each_file_once() {
    let inspector = Inspector::new();
    let path = directory().join("basic_async.py");
    let (first, second) = (inspector.file(&path).unwrap(), inspector.file(&path).unwrap());
    assert!(Arc::ptr_eq(&first, &second));
}
