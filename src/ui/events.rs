//! Progress events for programs, written as one JSON object per line.
//!
//! Each object contains the keys `schema` and `event`. The events are `status`, `step`, `output` (of a step),
//! `finding`, `deployment`, `note` and `error`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::{
    diagnostics::{Diagnostic, json as findings},
    error::CommandError,
    progress::{StepEvent, StepId, Stream},
    secret::is_fixed,
};

/// Version of the event format.
const SCHEMA: u32 = 1;

pub(super) enum Event<'a> {
    Status(&'a str),
    /// A step event, with the name and run time of the step if it has started.
    Step {
        id: StepId,
        event: StepEvent<'a>,
        run: Option<(String, Duration)>,
    },
    Output {
        step: Option<StepId>,
        stream: Stream,
        line: &'a str,
    },
    Finding(&'a Diagnostic),
    Deployment {
        name: &'a str,
        outcome: &'a str,
    },
    Note(&'a str),
    Error(&'a CommandError),
}

impl Event<'_> {
    /// Serializes the event as a line of JSON. `mask` redacts the secrets in a string.
    pub(super) fn line(&self, mask: impl Fn(&str) -> String) -> String {
        let (event, fields) = match self {
            Self::Status(line) => ("status", json!({"message": plain(line)})),
            Self::Step { id, event, run } => ("step", step(*id, event, run.as_ref())),
            Self::Output { step, stream, line } => {
                let stream = match stream {
                    Stream::Stdout => "stdout",
                    Stream::Stderr => "stderr",
                };
                let step = step.map(StepId::number);
                ("output", json!({"step": step, "stream": stream, "line": plain(line)}))
            }
            Self::Finding(finding) => ("finding", findings::entry(finding)),
            Self::Deployment { name, outcome } => ("deployment", json!({"name": name, "status": outcome})),
            Self::Note(text) => ("note", json!({"message": plain(text)})),
            Self::Error(error) => {
                ("error", json!({"exit": error.exit.code(), "message": error.message, "help": error.help}))
            }
        };
        let mut object = Map::from_iter([("schema".into(), json!(SCHEMA)), ("event".into(), json!(event))]);
        if let Value::Object(fields) = masked(fields, &mask) {
            object.extend(fields);
        }
        Value::Object(object).to_string()
    }
}

fn step(id: StepId, event: &StepEvent<'_>, run: Option<&(String, Duration)>) -> Value {
    let mut fields = json!({"id": id.number()});
    if let Some((name, _)) = run {
        fields["name"] = json!(name);
    }
    match event {
        StepEvent::Waiting { name, .. } => {
            fields["name"] = json!(name);
            fields["status"] = json!("waiting");
        }
        StepEvent::Started { deployment, subject, .. } => {
            fields["status"] = json!("running");
            fields["deployment"] = json!(deployment);
            fields["subject"] = json!(subject);
        }
        StepEvent::Shared { deployment } => {
            fields["status"] = json!("shared");
            fields["deployment"] = json!(deployment);
        }
        StepEvent::Ended { end, subject } => {
            fields["status"] = json!(super::live::step_status(*end));
            fields["subject"] = json!(subject);
            fields["seconds"] = json!(run.map(|(_, took)| (took.as_secs_f64() * 1000.0).round() / 1000.0));
        }
        StepEvent::Status(_) | StepEvent::Output { .. } | StepEvent::Advanced(_) => {}
    }
    fields
}

/// Removes colors.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// Redacts all strings in a value. This must happen before serialization, because serialization may escape characters
/// in a secret.
fn masked(value: Value, mask: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => mask(&text).into(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| {
                let value = if is_fixed(&key, &value) { value } else { masked(value, mask) };
                (key, value)
            })
            .collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diagnostics::Code, error::Exit, progress::StepEnd};

    #[test]
    fn writes_the_documented_format() {
        let error = CommandError::new(Exit::Partly, "no \"pass\"").help("again");
        let finding = Diagnostic::error(Code::NO_NAME, "no name");
        let id = StepId::next();
        let run = Some(("f".to_owned(), Duration::from_micros(1_234_567)));
        let started = StepEvent::Started { name: "f", id: None, deployment: "a/b", subject: Some("x") };
        let ended = StepEvent::Ended { end: StepEnd::Reused, subject: None };
        for (event, expected) in [
            (
                Event::Status("\u{1b}[2m > Running\u{1b}[0m"),
                json!({"event": "status", "message": " > Running"}),
            ),
            (
                Event::Output { step: Some(id), stream: Stream::Stderr, line: "\"pass\"" },
                json!({"event": "output", "step": id.number(), "stream": "stderr", "line": "****"}),
            ),
            (
                Event::Step { id, event: StepEvent::Waiting { name: "f", id: None }, run: None },
                json!({"event": "step", "id": id.number(), "name": "f", "status": "waiting"}),
            ),
            (
                Event::Step { id, event: started, run: run.clone() },
                json!({
                    "event": "step", "id": id.number(), "name": "f", "status": "running", "deployment": "a/b",
                    "subject": "x",
                }),
            ),
            (
                Event::Step { id, event: ended, run },
                json!({
                    "event": "step", "id": id.number(), "name": "f", "status": "reused", "subject": null,
                    "seconds": 1.235,
                }),
            ),
            (
                Event::Deployment { name: "hello/a", outcome: "created" },
                json!({"event": "deployment", "name": "hello/a", "status": "created"}),
            ),
            (Event::Note("x"), json!({"event": "note", "message": "x"})),
            (
                Event::Error(&error),
                json!({"event": "error", "exit": 3, "message": "no ****", "help": "again"}),
            ),
        ] {
            let line = event.line(|text| text.replace("\"pass\"", "****"));
            let mut found: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(found.as_object_mut().unwrap().remove("schema"), Some(json!(1)));
            assert_eq!(found, expected);
        }
        let line = Event::Finding(&finding).line(str::to_owned);
        assert!(line.contains(r#""event":"finding""#) && line.contains(r#""code":"no-name""#), "{line}");
    }
}
