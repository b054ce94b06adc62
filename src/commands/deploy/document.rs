//! Builds the JSON document that `prefectl deploy --output json` prints.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    api::Links,
    apply::{DeploymentLine, Outcome, Report, ResourceLine},
    commands::report::error_entry,
    deployment::Options,
    diagnostics::json as findings,
    error::CommandError,
    plan,
    secret::Redactor,
    steps::CompletedStep,
    value,
};

/// Version of the document format, which `docs/src/schemas/deploy.json` describes.
const SCHEMA: u32 = 1;

/// The number of requests and the duration of a deploy.
pub(super) struct Cost {
    /// Number of API requests that were sent, including retries.
    pub(super) requests: u64,
    pub(super) time: Duration,
}

/// Creates the document. Its list of deployments is empty if the deploy failed before writing any deployment.
pub(super) fn document(
    report: &Report,
    error: Option<&CommandError>,
    cost: &Cost,
    options: &Options,
    links: &Links,
    redactor: &Redactor,
) -> Value {
    let stages = report.stages.iter().map(|(name, time)| json!({"stage": name, "seconds": seconds(time)}));
    let mut document = json!({
        "schema": SCHEMA,
        "steps": report.steps.iter().map(|completed| step(completed, redactor)).collect::<Vec<_>>(),
        "deployments": report.deployments.iter().map(|line| deployment(line, links)).collect::<Vec<_>>(),
        "error": error.map(error_entry),
        "requests": cost.requests,
        "seconds": seconds(cost.time),
        "stages": stages.collect::<Vec<_>>(),
    });
    if let Some(environment) = options.environment_name() {
        document["environment"] = json!(environment);
    }
    if let Some(preview) = &options.preview {
        document["preview"] = json!(preview);
    }
    if !report.resources.is_empty() {
        document["resources"] = report.resources.iter().map(resource).collect();
    }
    if !report.warnings.is_empty() {
        document["warnings"] = report.warnings.iter().map(findings::entry).collect();
    }
    document
}

/// Converts a duration to seconds, rounded to milliseconds.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

fn deployment(line: &DeploymentLine, links: &Links) -> Value {
    let mut entry = json!({
        "name": line.name,
        "status": line.outcome.word(),
        "id": line.id(),
        "url": line.url(links),
        "action": line.action,
        "changes": line.changes,
        "seconds": seconds(line.time),
    });
    if let Some(file) = &line.file {
        entry["file"] = json!(&**file);
    }
    add_outcome(&mut entry, &line.outcome);
    entry
}

fn resource(line: &ResourceLine) -> Value {
    let mut entry = json!({
        "kind": line.key.kind,
        "name": line.key.name,
        "status": line.outcome.word(),
        "id": line.outcome.id(),
        "action": line.action,
        "changes": line.changes,
        "seconds": seconds(line.time),
    });
    if let Some(file) = &line.file {
        entry["file"] = json!(&**file);
    }
    add_outcome(&mut entry, &line.outcome);
    entry
}

/// Adds an outcome's changed fields, error or conflict to an entry.
fn add_outcome(entry: &mut Value, outcome: &Outcome) {
    match outcome {
        Outcome::Updated(_, changed) => entry["changed"] = json!(changed),
        Outcome::Failed { error, .. } | Outcome::Unchecked(error) => {
            entry["error"] = json!(error.to_string());
        }
        Outcome::Kept(reason) => entry["reason"] = json!(reason.to_string()),
        Outcome::Conflict { differences, .. } => entry["conflict"] = json!(differences),
        _ => {}
    }
}

fn step(completed: &CompletedStep, redactor: &Redactor) -> Value {
    let outputs = completed.outputs.clone().map(|outputs| value::to_json(&value::Value::Mapping(outputs)));
    json!({
        "step": completed.name,
        "id": completed.id,
        "section": completed.section,
        "image": completed.image(),
        "reused": completed.is_reused(),
        "outputs": outputs.map(|outputs| plan::redacted_value("outputs", &outputs, redactor)),
        "seconds": seconds(completed.time),
        "deployments": completed.deployments,
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        deployment::StageTimes,
        error::Exit,
        plan::{Action, FieldChange, PlannedChange},
        project::EnvironmentName,
        secret::Secret,
        steps::{Section, StepKind},
        value::from_json,
    };

    fn line(name: &str, outcome: Outcome) -> DeploymentLine {
        let change = PlannedChange {
            field: "tags".into(),
            old: json!([]),
            new: json!(["a"]),
            known_after_build: false,
        };
        DeploymentLine {
            name: name.into(),
            file: None,
            outcome,
            action: Action::Update,
            changes: vec![change],
            time: Duration::from_millis(20),
        }
    }

    #[test]
    fn writes_the_documented_format() {
        let changed = FieldChange { field: "version".into(), old: json!("1"), new: json!("2") };
        let outputs = from_json(&json!({"image": "repo/x:1", "token": "t", "stdout": "a hunter2"}));
        let report = Report {
            deployments: vec![
                line("hello/a", Outcome::Updated(Uuid::nil(), vec!["tags".into()])),
                line("hello/b", Outcome::Conflict { differences: vec![changed], written: false }),
                line("hello/c", Outcome::NotTried),
            ],
            steps: vec![CompletedStep {
                kind: StepKind::BuildDockerImage,
                name: "build_docker_image".into(),
                id: Some("build".into()),
                section: Section::Build,
                outputs: outputs.as_mapping().cloned(),
                time: Duration::from_millis(1500),
                deployments: vec!["hello/a".into()],
            }],
            stages: StageTimes::new(vec![("check", Duration::from_millis(10))]),
            ..Report::default()
        };
        let error = CommandError::new(Exit::ChangedMeanwhile, "changed").help("again");
        let cost = Cost { requests: 9, time: Duration::from_micros(1_234_567) };
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("hunter2"));
        let (action, changes) = ("update", json!([{"field": "tags", "old": [], "new": ["a"]}]));
        let environment = "prod".parse::<EnvironmentName>().ok().map(Into::into);
        let options = Options { preview: "pr-1".parse().ok(), environment, ..Options::default() };
        assert_eq!(
            document(&report, Some(&error), &cost, &options, &Links::new(None), &redactor),
            json!({
                "schema": 1,
                "environment": "prod",
                "preview": "pr-1",
                "steps": [{
                    "step": "build_docker_image", "id": "build", "section": "build", "image": "repo/x:1",
                    "reused": false, "seconds": 1.5, "deployments": ["hello/a"],
                    "outputs": {"image": "repo/x:1", "token": "********", "stdout": "a ********"},
                }],
                "deployments": [
                    {
                        "name": "hello/a", "status": "updated", "id": Uuid::nil(), "url": null, "action": action,
                        "changes": changes, "seconds": 0.02, "changed": ["tags"],
                    },
                    {
                        "name": "hello/b", "status": "changed meanwhile", "id": null, "url": null, "action": action,
                        "changes": changes, "seconds": 0.02,
                        "conflict": [{"field": "version", "old": "1", "new": "2"}],
                    },
                    {
                        "name": "hello/c", "status": "not tried", "id": null, "url": null, "action": action,
                        "changes": changes, "seconds": 0.02,
                    },
                ],
                "error": {"exit": 8, "message": "changed", "help": "again", "findings": []},
                "requests": 9,
                "seconds": 1.235,
                "stages": [{"stage": "check", "seconds": 0.01}],
            })
        );
    }
}
