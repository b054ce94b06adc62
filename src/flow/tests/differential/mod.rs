//! Compares random flows read from source with the same flows imported by the real Prefect. An exact result
//! must be identical, and an approximate schema must accept every value that the real schema accepts.
//!
//! `tests/signatures/generate.py` generates the flows. The test needs `PREFECTL_TEST_REFERENCE`, the path of
//! the real `prefect`; `tests/run` sets it. To test other flows:
//!
//!     PREFECTL_TEST_SIGNATURES=5000 PREFECTL_TEST_SEED=7 cargo nextest run --no-capture --lib reads_random_flows
//!
//! `PREFECTL_TEST_REPORT=1` also prints the flows that only Prefect rejects, and the reasons for approximate results.

mod permissive;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use serde_json::Value as Json;

use crate::flow::{Entrypoint, Flow, FlowError, Grade, ImportContext, ImportMode, Inspector, PythonUse};
use crate::{environment::Environment, progress::Silent};

/// The result of comparing a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Exact,
    Approximate,
    /// The flow cannot be read from source.
    Failed,
    RefusedByBoth,
    /// Only Prefect rejects the flow. A deployment would fail on the worker.
    Lenient,
    Wrong,
}

#[tokio::test]
#[ignore = "needs services: run tests/run"]
async fn reads_random_flows_as_imported() {
    let reference = PathBuf::from(std::env::var_os("PREFECTL_TEST_REFERENCE").unwrap());
    let number = |name: &str, otherwise| std::env::var(name).map_or(otherwise, |text| text.parse().unwrap());
    let (count, seed) = (number("PREFECTL_TEST_SIGNATURES", 500), number("PREFECTL_TEST_SEED", 1));
    let reports = std::env::var_os("PREFECTL_TEST_REPORT").is_some();
    let folder = tempfile::tempdir().unwrap();
    let python = reference.with_file_name("python");
    let sources = write_flows(&python, folder.path(), count, seed);

    let real = read_all(folder.path(), &sources, Some(python.display().to_string())).await;
    let ours = read_all(folder.path(), &sources, None).await;

    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for (entrypoint, source) in &sources {
        let (real, ours) = (&real[entrypoint], &ours[entrypoint]);
        let verdict = compare(real.as_deref().ok(), ours);
        *counts.entry(verdict).or_default() += 1;
        if verdict == Verdict::Wrong || (verdict == Verdict::Lenient && reports) {
            println!("--- {verdict:?}: {entrypoint}\n{source}\n{}", difference(real, ours));
        }
        for reason in reasons_of(ours, verdict) {
            *reasons.entry(reason).or_default() += 1;
        }
    }
    if reports {
        reasons.iter().for_each(|(reason, count)| println!("{count:5} {reason}"));
    }
    println!("random flows, seed {seed}: {counts:?} of {count}");
    assert_eq!(counts.get(&Verdict::Wrong), None);
    let count_of = |verdict| counts.get(&verdict).copied().unwrap_or_default();
    let known = count_of(Verdict::Exact) + count_of(Verdict::RefusedByBoth);
    assert!(known * 100 >= count * 80, "{known} of {count} are known exactly");
    assert!(count_of(Verdict::Lenient) * 100 <= count * 5);
}

/// Generates `count` random flows. Returns their sources, keyed by entrypoint.
fn write_flows(python: &Path, folder: &Path, count: usize, seed: usize) -> BTreeMap<String, String> {
    let generate = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/signatures/generate.py");
    let mut command = Command::new(python);
    command.args(["-B".as_ref(), generate.as_os_str(), folder.as_os_str()]);
    let output = command.args([count.to_string(), seed.to_string()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let source = |entrypoint: &str| {
        let (file, _) = entrypoint.split_once(':').unwrap();
        (entrypoint.to_owned(), std::fs::read_to_string(folder.join(file)).unwrap())
    };
    String::from_utf8(output.stdout).unwrap().lines().map(source).collect()
}

type Read = BTreeMap<String, Result<Arc<Flow>, String>>;

/// Reads all flows, by import if an interpreter is given, otherwise from source.
async fn read_all(folder: &Path, sources: &BTreeMap<String, String>, python: Option<String>) -> Read {
    let home = folder.join("home").display().to_string();
    let environment: Environment =
        [("PREFECT_HOME", home.as_str()), ("DO_NOT_TRACK", "1"), ("PYTHONWARNINGS", "ignore")]
            .into_iter()
            .collect();
    let mode = if python.is_some() { ImportMode::Always } else { ImportMode::Never };
    let asks = python.is_some();
    let python = PythonUse { mode, interpreter: python, ..PythonUse::default() };
    let inspector = Inspector::new();
    let inspect = |entrypoint: &String| {
        let parsed = Entrypoint::parse(entrypoint).unwrap();
        (entrypoint.clone(), inspector.inspect(&parsed, folder, &environment))
    };
    let read: BTreeMap<_, _> = sources.keys().map(inspect).collect();
    let import =
        ImportContext { python: &python, directory: folder, environment: &environment, progress: &Silent };
    let imported = inspector.import_flows(&import).await;
    let answer = |(entrypoint, read): (String, Result<Arc<Flow>, FlowError>)| {
        let known = inspector.inspected.imported(&Entrypoint::parse(&entrypoint).unwrap());
        let error =
            imported.warnings.iter().find(|warning| warning.message.contains(&format!(" {entrypoint}: ")));
        let flow = match known {
            // A flow with an error comes from Prefect's fallback for files that cannot be imported.
            Some(flow) if error.is_none() => Ok(flow),
            Some(_) => Err(error.map(|it| it.message.clone()).unwrap_or_default()),
            None if asks => Err(error.map(|it| it.message.clone()).unwrap_or_default()),
            None => read.map_err(|error| error.to_string()),
        };
        (entrypoint, flow)
    };
    read.into_iter().map(answer).collect()
}

fn compare(real: Option<&Flow>, ours: &Result<Arc<Flow>, String>) -> Verdict {
    match (real, ours) {
        (None, Err(_)) => Verdict::RefusedByBoth,
        (None, Ok(flow)) if flow.grade == Grade::Approximate => Verdict::Approximate,
        (None, Ok(_)) => Verdict::Lenient,
        (Some(_), Err(error)) if error.contains("cannot be imported") => Verdict::Wrong,
        (Some(_), Err(_)) => Verdict::Failed,
        (Some(real), Ok(ours)) => match ours.grade {
            Grade::Exact if as_json(real) == as_json(ours) && order(real) == order(ours) => Verdict::Exact,
            Grade::Approximate if permissive::accepts_all_of(&ours.parameters, &real.parameters) => {
                Verdict::Approximate
            }
            Grade::Exact | Grade::Approximate => Verdict::Wrong,
        },
    }
}

fn as_json(flow: &Flow) -> (Json, &str, Option<&str>, Option<&str>) {
    (Json::clone(&flow.parameters), &flow.name, flow.description.as_deref(), flow.version.as_deref())
}

/// Returns the property names in order.
fn order(flow: &Flow) -> Vec<&String> {
    let properties = flow.parameters["properties"].as_object();
    properties.map(|properties| properties.keys().collect()).unwrap_or_default()
}

fn difference(real: &Result<Arc<Flow>, String>, ours: &Result<Arc<Flow>, String>) -> String {
    let (Ok(real), Ok(ours)) = (real, ours) else {
        let show = |flow: &Result<Arc<Flow>, String>| {
            flow.as_ref().map_or_else(Clone::clone, |flow| flow.parameters.to_string())
        };
        return format!("real: {}\nours: {}", show(real), show(ours));
    };
    let mut lines = Vec::new();
    for (what, real, ours) in [
        ("name", &Json::from(real.name.as_str()), &Json::from(ours.name.as_str())),
        ("description", &real.description.as_deref().into(), &ours.description.as_deref().into()),
        ("version", &real.version.as_deref().into(), &ours.version.as_deref().into()),
        ("required", &real.parameters["required"], &ours.parameters["required"]),
    ] {
        if real != ours {
            lines.push(format!("{what}\n  real {real}\n  ours {ours}"));
        }
    }
    for section in ["properties", "definitions"] {
        let part = |flow: &Flow| flow.parameters[section].as_object().cloned().unwrap_or_default();
        let (real, ours) = (part(real), part(ours));
        let keys: std::collections::BTreeSet<&String> = real.keys().chain(ours.keys()).collect();
        for key in keys.into_iter().filter(|key| real.get(*key) != ours.get(*key)) {
            let show = |part: Option<&Json>| part.map_or_else(|| "missing".to_owned(), Json::to_string);
            lines.push(format!(
                "{section} {key}\n  real {}\n  ours {}",
                show(real.get(key)),
                show(ours.get(key))
            ));
        }
    }
    lines.push(format!("reasons {:?}", ours.reasons));
    lines.join("\n")
}

fn reasons_of(ours: &Result<Arc<Flow>, String>, verdict: Verdict) -> Vec<String> {
    match (ours, verdict) {
        (Ok(flow), Verdict::Approximate) => flow.reasons.iter().map(|reason| reason.reason.clone()).collect(),
        (Err(error), Verdict::Failed) => vec![error.clone()],
        _ => Vec::new(),
    }
}
