//! Validates automation actions.

use serde_json::{Map, Value as Json, json};

use super::{
    ResourceReference, action_templates,
    fields::{Placeholders, alternatives},
    references::ReferenceKind::{self, Automation, Block, Deployment, WorkPool, WorkQueue},
};
use crate::{
    deployment::item_reader::duration_value,
    diagnostics::{Code, Diagnostic},
    pointer::Pointer,
    project::Findings,
    schedule::duration::Seconds,
    value::{self, Mapping, Value, to_json},
};

/// An action type and the keys that the API accepts.
struct ActionType {
    name: &'static str,
    /// The kind of object that the action changes or uses.
    target: Option<Target>,
    keys: &'static [ActionKey],
}

#[derive(Clone, Copy)]
struct Target {
    kind: ReferenceKind,
    /// Whether the object can be inferred from the event that triggers the automation.
    is_inferable: bool,
}

/// Key that selects the object's source.
const SOURCE: &str = "source";

/// The source of the object that an action changes or uses.
#[derive(Clone, Copy, PartialEq)]
enum Source {
    /// The action names the object.
    Selected,
    /// The event that triggers the automation determines the object.
    Inferred,
}

impl Source {
    /// Returns an action's source, or `None` if the source is invalid.
    fn of(action: &Mapping) -> Option<Self> {
        match action.get(SOURCE) {
            None => Some(Self::Selected),
            Some(given) => {
                let mut sources = [Self::Selected, Self::Inferred].into_iter();
                sources.find(|source| given.as_str() == Some(source.name()))
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Selected => "selected",
            Self::Inferred => "inferred",
        }
    }
}

/// A key of an action.
struct ActionKey {
    name: &'static str,
    shape: Shape,
    missing: Missing,
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Text,
    /// A Jinja template.
    Template,
    /// A Jinja template, or a mapping that the server converts to JSON.
    Payload,
    Flag,
    Mapping,
    /// A mapping whose strings may be Jinja templates.
    Parameters,
    Duration,
    State,
}

/// Treatment of a missing key.
#[derive(Clone, Copy)]
enum Missing {
    Error,
    Null,
    Text(&'static str),
    False,
    Zero,
}

const STATES: [&str; 9] = [
    "SCHEDULED",
    "PENDING",
    "RUNNING",
    "COMPLETED",
    "FAILED",
    "CANCELLED",
    "CRASHED",
    "PAUSED",
    "CANCELLING",
];

const fn key(name: &'static str, shape: Shape, missing: Missing) -> ActionKey {
    ActionKey { name, shape, missing }
}

const fn plain(name: &'static str) -> ActionType {
    ActionType { name, target: None, keys: &[] }
}

const fn on(name: &'static str, kind: ReferenceKind) -> ActionType {
    ActionType { name, target: Some(Target { kind, is_inferable: true }), keys: &[] }
}

const fn with_block(name: &'static str, keys: &'static [ActionKey]) -> ActionType {
    ActionType { name, target: Some(Target { kind: Block, is_inferable: false }), keys }
}

const TYPES: [ActionType; 17] = [
    plain("do-nothing"),
    plain("cancel-flow-run"),
    plain("suspend-flow-run"),
    plain("resume-flow-run"),
    plain("delete-flow-run"),
    ActionType {
        name: "run-deployment",
        target: Some(Target { kind: Deployment, is_inferable: true }),
        keys: &[
            key("parameters", Shape::Parameters, Missing::Null),
            key("job_variables", Shape::Mapping, Missing::Null),
            key("schedule_after", Shape::Duration, Missing::Zero),
        ],
    },
    on("pause-deployment", Deployment),
    on("resume-deployment", Deployment),
    ActionType {
        name: "change-flow-run-state",
        target: None,
        keys: &[
            key("name", Shape::Text, Missing::Null),
            key("state", Shape::State, Missing::Error),
            key("message", Shape::Text, Missing::Null),
            key("force", Shape::Flag, Missing::False),
        ],
    },
    on("pause-work-queue", WorkQueue),
    on("resume-work-queue", WorkQueue),
    on("pause-work-pool", WorkPool),
    on("resume-work-pool", WorkPool),
    on("pause-automation", Automation),
    on("resume-automation", Automation),
    with_block(
        "send-notification",
        &[
            key("subject", Shape::Template, Missing::Text("Prefect automated notification")),
            key("body", Shape::Template, Missing::Error),
        ],
    ),
    with_block("call-webhook", &[key("payload", Shape::Payload, Missing::Text(""))]),
];

/// Validates an action and adds default values. Returns the action and the object that it references by name. Returns
/// `None` if the action is invalid.
pub(super) fn action(
    entries: &Mapping,
    placeholders: Placeholders,
    pointer: &Pointer,
    findings: &mut Findings<'_>,
) -> Option<(Json, Option<ResourceReference>)> {
    let error = |findings: &mut Findings<'_>, key: &str, message: String, help: Option<String>| {
        let diagnostic = Diagnostic { help, ..Diagnostic::error(Code::AUTOMATION, message) };
        findings.at_value(&pointer.join(key), diagnostic);
    };
    let Some(name) = entries.get("type").and_then(Value::as_str) else {
        error(findings, "type", "an action must have a `type`".to_owned(), None);
        return None;
    };
    let names = TYPES.iter().map(|known| known.name);
    let Some(kind) = TYPES.iter().find(|known| known.name == name) else {
        error(findings, "type", format!("unknown action type '{name}'"), Some(alternatives(name, names)));
        return None;
    };
    reject_unknown_keys(kind, entries, pointer, findings);
    let mut action = Map::from_iter([("type".to_owned(), json!(name))]);
    let reference = match kind.target {
        None => None,
        Some(target) => match self::target(target, entries, &mut action) {
            Ok(reference) => reference,
            Err((key, message)) => {
                let is_missing = target.is_inferable && !entries.contains_key(key);
                let kind = target.kind.label();
                let help = format!("add `{key}`, or set `source: inferred` to use the {kind} of the event");
                error(findings, key, message, is_missing.then_some(help));
                return None;
            }
        },
    };
    for key in kind.keys {
        match value(key, entries.get(key.name)) {
            Ok(value) => {
                let given = entries.get(key.name);
                templates(key, given, &value, placeholders, &pointer.join(key.name), findings);
                action.insert(key.name.to_owned(), value);
            }
            Err(message) => {
                error(findings, key.name, format!("`{}` of the action {message}", key.name), None);
                return None;
            }
        }
    }
    Some((Json::Object(action), reference))
}

fn reject_unknown_keys(kind: &ActionType, entries: &Mapping, pointer: &Pointer, findings: &mut Findings<'_>) {
    let mut known = vec!["type"];
    if let Some(target) = kind.target {
        known.extend([target.kind.name_key(), target.kind.id_key()]);
        known.extend(target.is_inferable.then_some(SOURCE));
    }
    known.extend(kind.keys.iter().map(|key| key.name));
    for key in entries.keys() {
        let text = key.as_str().map_or_else(|| to_json(key).to_string(), str::to_owned);
        if !known.contains(&text.as_str()) {
            let message = format!("unknown key `{text}` in an action of type '{}'", kind.name);
            let diagnostic = Diagnostic::error(Code::UNKNOWN_KEY, message);
            findings.at_key(
                &pointer.join(text.as_str()),
                diagnostic.help(alternatives(&text, known.iter().copied())),
            );
        }
    }
}

/// Reads an action's target object.
///
/// # Errors
///
/// Fails with the invalid key and a message.
fn target(
    target: Target,
    entries: &Mapping,
    action: &mut Map<String, Json>,
) -> Result<Option<ResourceReference>, (&'static str, String)> {
    let Target { kind, is_inferable } = target;
    let (name_key, id_key) = (kind.name_key(), kind.id_key());
    let name = entries.get(name_key).filter(|name| !name.is_null());
    let id = entries.get(id_key).filter(|id| !id.is_null());
    if is_inferable {
        let Some(source) = Source::of(entries) else {
            return Err((SOURCE, "`source` of an action must be `selected` or `inferred`".to_owned()));
        };
        action.insert(SOURCE.to_owned(), source.name().into());
        if source == Source::Inferred {
            if name.or(id).is_some() {
                let message = format!("`{name_key}` has no effect in an action with `source: inferred`");
                return Err((SOURCE, message));
            }
            action.insert(id_key.to_owned(), Json::Null);
            return Ok(None);
        }
    }
    match (name, id) {
        (Some(_), Some(_)) => {
            Err((id_key, format!("an action must not have both `{name_key}` and `{id_key}`")))
        }
        (None, None) => Err((name_key, format!("the action requires `{name_key}`"))),
        (None, Some(id)) if id.as_str().is_some_and(|id| id.parse::<uuid::Uuid>().is_ok()) => {
            action.insert(id_key.to_owned(), to_json(id));
            Ok(None)
        }
        (None, Some(_)) => Err((id_key, format!("`{id_key}` must be the ID of a {}", kind.label()))),
        (Some(name), None) => match name.as_str().filter(|name| kind.accepts(name)) {
            Some(name) => {
                action.insert(name_key.to_owned(), name.into());
                Ok(Some(ResourceReference { kind, name: name.to_owned() }))
            }
            None => Err((name_key, format!("`{name_key}` must be a name in the form {}", kind.form()))),
        },
    }
}

/// Validates a key's value. Returns the default if the value is missing.
fn value(key: &ActionKey, given: Option<&Value>) -> Result<Json, String> {
    let Some(given) = given.filter(|given| !given.is_null()) else {
        return match key.missing {
            Missing::Error => Err("is missing".to_owned()),
            Missing::Null => Ok(Json::Null),
            Missing::Text(text) => Ok(text.into()),
            Missing::False => Ok(false.into()),
            Missing::Zero => Ok(json!(Seconds::ZERO)),
        };
    };
    let expected = |what: &str| Err(format!("must be {what}, not {}", value::kind(given)));
    match (key.shape, given) {
        (Shape::Text | Shape::Template | Shape::Payload, Value::String(_))
        | (Shape::Flag, Value::Bool(_))
        | (Shape::Mapping | Shape::Parameters, Value::Mapping(_)) => Ok(to_json(given)),
        (Shape::Payload, Value::Mapping(_)) => Ok(format!("{:#}", to_json(given)).into()),
        (Shape::Duration, _) => match duration_value(given)? {
            wait if wait.is_negative() => Err("must not be negative".to_owned()),
            wait => Ok(json!(wait)),
        },
        (Shape::State, Value::String(state)) if STATES.contains(&state.as_str()) => Ok(to_json(given)),
        (Shape::State, _) => Err(format!("must be one of {}", STATES.join(", "))),
        (Shape::Text | Shape::Template, _) => expected("a string"),
        (Shape::Payload, _) => expected("a string or a mapping"),
        (Shape::Flag, _) => expected("true or false"),
        (Shape::Mapping | Shape::Parameters, _) => expected("a mapping"),
    }
}

/// Checks the Jinja templates in a key's value. `sent` is the value in API format.
fn templates(
    key: &ActionKey,
    given: Option<&Value>,
    sent: &Json,
    placeholders: Placeholders,
    pointer: &Pointer,
    findings: &mut Findings<'_>,
) {
    match (key.shape, given, sent) {
        (Shape::Template | Shape::Payload, _, Json::String(text)) => {
            action_templates::text(text, placeholders, pointer, findings);
        }
        (Shape::Parameters, Some(Value::Mapping(parameters)), _) => {
            let code = Code::AUTOMATION;
            action_templates::check_run_parameters(parameters, code, placeholders, pointer, findings);
        }
        _ => {}
    }
}
