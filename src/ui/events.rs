//! What happens, for programs that follow it: one JSON object a line.
//!
//! Each has `schema` and `event`: `status`, `output` (of a step), `finding`, `deployment`, `note` or `error`.

use serde_json::{Map, Value, json};

use crate::{
    diagnostics::{Diagnostic, json as findings},
    error::CommandError,
    progress::Stream,
};

/// The version of the objects' form.
const SCHEMA: u32 = 1;

pub(super) enum Event<'a> {
    Status(&'a str),
    Output { stream: Stream, line: &'a str },
    Finding(&'a Diagnostic),
    Deployment { name: &'a str, outcome: &'a str },
    Note(&'a str),
    Error(&'a CommandError),
}

impl Event<'_> {
    /// The object on one line; `mask` hides secrets in a text.
    pub(super) fn line(&self, mask: impl Fn(&str) -> String) -> String {
        let (event, fields) = match self {
            Self::Status(line) => ("status", json!({"message": plain(line)})),
            Self::Output { stream, line } => {
                let stream = match stream {
                    Stream::Stdout => "stdout",
                    Stream::Stderr => "stderr",
                };
                ("output", json!({"stream": stream, "line": plain(line)}))
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

/// A text without colours.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// Each text by itself: in JSON a secret may be written otherwise.
fn masked(value: Value, mask: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => mask(&text).into(),
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key, masked(value, mask))).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diagnostics::Code, error::Exit};

    #[test]
    fn the_form_is_that_of_its_version() {
        let error = CommandError::new(Exit::Partly, "no \"pass\"").help("again");
        let finding = Diagnostic::error(Code::NO_NAME, "no name");
        for (event, expected) in [
            (
                Event::Status("\u{1b}[2m > Running\u{1b}[0m"),
                json!({"event": "status", "message": " > Running"}),
            ),
            (
                Event::Output { stream: Stream::Stderr, line: "\"pass\"" },
                json!({"event": "output", "stream": "stderr", "line": "****"}),
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
