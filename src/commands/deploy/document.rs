//! `prefectl deploy --output json`: what was done, and what went wrong, as one document.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    deploy::{Line, Outcome, Report},
    diagnostics::json as findings,
    error::CommandError,
    steps::Ran,
};

/// The version of the document's form.
const SCHEMA: u32 = 1;

/// What a deploy has cost.
pub(super) struct Cost {
    /// All that were sent to the API, those that were sent again included.
    pub(super) requests: u64,
    pub(super) time: Duration,
}

/// The document; also for a deploy that ended before it registered anything, whose report is empty.
pub(super) fn document(report: &Report, error: Option<&CommandError>, cost: &Cost) -> Value {
    let error = error.map(|error| {
        json!({
            "exit": error.exit.code(),
            "message": error.message,
            "help": error.help,
            "findings": error.diagnostics.iter().map(findings::entry).collect::<Vec<_>>(),
        })
    });
    json!({
        "schema": SCHEMA,
        "steps": report.steps.iter().map(step).collect::<Vec<_>>(),
        "deployments": report.lines.iter().map(deployment).collect::<Vec<_>>(),
        "error": error,
        "requests": cost.requests,
        "seconds": (cost.time.as_secs_f64() * 1000.0).round() / 1000.0,
    })
}

fn deployment(line: &Line) -> Value {
    let mut entry = json!({"name": line.name, "status": line.outcome.word(), "id": line.id, "url": line.url});
    match &line.outcome {
        Outcome::Updated(_, changed) => entry["changed"] = json!(changed),
        Outcome::Failed { error, .. } | Outcome::Unchecked(error) => {
            entry["error"] = json!(error.to_string());
        }
        Outcome::Conflict(differences) => {
            let side = |one: &crate::deploy::FieldChange| json!({"field": one.field, "old": one.old, "new": one.new});
            entry["conflict"] = differences.iter().map(side).collect();
        }
        _ => {}
    }
    entry
}

fn step(ran: &Ran) -> Value {
    json!({
        "step": ran.step,
        "image": ran.image,
        "reused": ran.reused,
        "deployments": ran.deployments,
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::error::Exit;

    #[test]
    fn the_form_is_that_of_its_version() {
        let line =
            |name: &str, outcome: Outcome| Line { name: name.into(), id: outcome.id(), url: None, outcome };
        let changed =
            crate::deploy::FieldChange { field: "version".into(), old: json!("1"), new: json!("2") };
        let report = Report {
            lines: vec![
                line("hello/a", Outcome::Updated(Uuid::nil(), vec!["tags".into()])),
                line("hello/b", Outcome::Conflict(vec![changed])),
                line("hello/c", Outcome::NotTried),
            ],
            steps: vec![Ran {
                step: "build_docker_image",
                image: Some("repo/x:1".into()),
                reused: false,
                deployments: vec!["hello/a".into()],
            }],
            ..Report::default()
        };
        let error = CommandError::new(Exit::ChangedMeanwhile, "changed").help("again");
        let cost = Cost { requests: 9, time: Duration::from_micros(1_234_567) };
        assert_eq!(
            document(&report, Some(&error), &cost),
            json!({
                "schema": 1,
                "steps": [{"step": "build_docker_image", "image": "repo/x:1", "reused": false, "deployments": ["hello/a"]}],
                "deployments": [
                    {"name": "hello/a", "status": "updated", "id": Uuid::nil(), "url": null, "changed": ["tags"]},
                    {
                        "name": "hello/b", "status": "changed meanwhile", "id": null, "url": null,
                        "conflict": [{"field": "version", "old": "1", "new": "2"}],
                    },
                    {"name": "hello/c", "status": "not tried", "id": null, "url": null},
                ],
                "error": {"exit": 8, "message": "changed", "help": "again", "findings": []},
                "requests": 9,
                "seconds": 1.235,
            })
        );
    }
}
