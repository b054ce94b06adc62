//! Conditions for firing triggers.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{
    deployment::{
        item_reader::{Reader, duration_value, integer, list, nullable, number, one_of, text},
        triggers::COMMON_KEYS,
    },
    schedule::duration::Seconds,
    value::{Value, kind},
};

/// Minimum `within` of proactive triggers.
const SHORTEST_PROACTIVE: Seconds = Seconds::from_secs(10);
/// Minimum and default time range of metric triggers.
const SHORTEST_METRIC: Seconds = Seconds::from_secs(300);

/// The condition of a trigger. Its fields have the names and the order that the API uses.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Condition {
    Event {
        r#match: Labels,
        match_related: Related,
        after: BTreeSet<String>,
        expect: BTreeSet<String>,
        for_each: BTreeSet<String>,
        posture: Posture,
        threshold: i64,
        within: Seconds,
    },
    Metric {
        r#match: Labels,
        match_related: Related,
        posture: MetricPosture,
        metric: Metric,
    },
    Compound {
        triggers: Vec<Self>,
        within: Option<Seconds>,
        require: Require,
    },
    Sequence {
        triggers: Vec<Self>,
        within: Option<Seconds>,
    },
}

/// Resource labels, each with its matching values.
type Labels = BTreeMap<String, LabelValues>;

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum LabelValues {
    One(String),
    Any(Vec<String>),
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Related {
    One(Labels),
    Any(Vec<Labels>),
}

/// Whether a trigger fires when events occur or when they fail to occur.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) enum Posture {
    Reactive,
    Proactive,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) enum MetricPosture {
    Metric,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Metric {
    name: String,
    threshold: f64,
    operator: &'static str,
    range: Seconds,
    firing_for: Seconds,
}

/// Number of nested triggers that must fire.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Require {
    Number(i64),
    Word(&'static str),
}

/// Whether a condition belongs to a deployment's trigger or is nested in another trigger.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Depth {
    Top,
    Nested,
}

const RESOURCE_KEYS: &[&str] = &["type", "match", "match_related", "posture"];
const EVENT_KEYS: &[&str] = &["after", "expect", "for_each", "threshold", "within"];
const COMPOSITE_KEYS: &[&str] = &["type", "triggers", "within"];
/// Metrics that the tested Prefect version supports. Other metrics are sent without an error, because a newer server
/// may support them.
const METRICS: [&str; 3] = ["lateness", "duration", "successes"];
const METRIC_KEYS: &[&str] = &["name", "threshold", "operator", "range", "firing_for"];

/// Parses the condition of a trigger. Returns `None` if an error prevents the rest from being parsed.
pub(super) fn read(reader: &mut Reader<'_>, depth: Depth) -> Option<Condition> {
    let common: &[&str] = if depth == Depth::Top { &COMMON_KEYS } else { &[] };
    let kind = kind_of(reader, depth)?;
    let own: &[&[&'static str]] = match kind {
        "metric" => &[RESOURCE_KEYS, &["metric"]],
        "compound" => &[COMPOSITE_KEYS, &["require"]],
        "sequence" => &[COMPOSITE_KEYS],
        _ => &[RESOURCE_KEYS, EVENT_KEYS],
    };
    reader.note_unknown_keys(&[&[common], own].concat());
    match kind {
        "metric" => metric(reader),
        "compound" => compound(reader),
        "sequence" => {
            let triggers = nested(reader)?;
            Some(Condition::Sequence { triggers, within: composite_within(reader) })
        }
        _ => Some(event(reader)),
    }
}

/// Returns a trigger's type. A missing type is inferred from the other keys.
fn kind_of(reader: &mut Reader<'_>, depth: Depth) -> Option<&'static str> {
    const KINDS: [&str; 4] = ["event", "metric", "compound", "sequence"];
    if reader.get("type").is_some() {
        return reader.required("type", |value| one_of(value, &KINDS));
    }
    let is_metric = reader.get("posture").and_then(Value::as_str) == Some("Metric");
    let is_composite = reader.get("triggers").is_some();
    Some(match (is_metric, is_composite) {
        (true, false) => "metric",
        (true, true) if depth == Depth::Top => "metric",
        (_, true) if reader.get("require").is_some() => "compound",
        (_, true) => "sequence",
        (false, false) => "event",
    })
}

fn event(reader: &mut Reader<'_>) -> Condition {
    let posture = reader.optional("posture", Posture::Reactive, |value| {
        Ok(match one_of(value, &["Reactive", "Proactive"])? {
            "Proactive" => Posture::Proactive,
            _ => Posture::Reactive,
        })
    });
    Condition::Event {
        r#match: reader.optional("match", Labels::new(), labels),
        match_related: related(reader),
        after: reader.optional("after", BTreeSet::new(), set),
        expect: reader.optional("expect", BTreeSet::new(), set),
        for_each: reader.optional("for_each", BTreeSet::new(), set),
        posture,
        threshold: reader.optional("threshold", 1, integer),
        within: event_within(reader, posture),
    }
}

fn event_within(reader: &mut Reader<'_>, posture: Posture) -> Seconds {
    let within = reader.optional("within", Seconds::ZERO, duration_value);
    if within.is_negative() {
        reader.error("within", "the value must not be negative");
    } else if posture == Posture::Proactive && within == Seconds::ZERO {
        return SHORTEST_PROACTIVE;
    } else if posture == Posture::Proactive && within < SHORTEST_PROACTIVE {
        reader.error("within", "`within` for Proactive triggers must be greater than or equal to 10 seconds");
    }
    within
}

fn metric(reader: &mut Reader<'_>) -> Option<Condition> {
    reader.optional("posture", "Metric", |value| one_of(value, &["Metric"]));
    let r#match = reader.optional("match", Labels::new(), labels);
    let match_related = related(reader);
    let query = reader.required("metric", |value| match value {
        Value::Mapping(_) => Ok(()),
        other => Err(format!("expected a mapping, found {}", kind(other))),
    });
    query?;
    let entries = reader.get("metric")?.as_mapping()?;
    let path = reader.path_of("metric");
    let metric = metric_query(&mut Reader::new(entries, path, reader.findings))?;
    Some(Condition::Metric { r#match, match_related, posture: MetricPosture::Metric, metric })
}

fn metric_query(reader: &mut Reader<'_>) -> Option<Metric> {
    reader.note_unknown_keys(&[METRIC_KEYS]);
    let name = reader.metric_name("name", &METRICS);
    let threshold = reader.required("threshold", number);
    let operator = reader.required("operator", |value| one_of(value, &["<", "<=", ">", ">="]));
    let at_least = |value: &Value| match duration_value(value)? {
        length if length < SHORTEST_METRIC => Err("The minimum range is 300 seconds (5 minutes)".to_owned()),
        length => Ok(length),
    };
    let range = reader.optional("range", SHORTEST_METRIC, at_least);
    let firing_for = reader.optional("firing_for", SHORTEST_METRIC, at_least);
    Some(Metric { name: name?, threshold: threshold?, operator: operator?, range, firing_for })
}

fn compound(reader: &mut Reader<'_>) -> Option<Condition> {
    let require = reader.required("require", |value| match value {
        Value::String(word) if word == "any" => Ok(Require::Word("any")),
        Value::String(word) if word == "all" => Ok(Require::Word("all")),
        other => integer(other)
            .map(Require::Number)
            .map_err(|_| "expected the number of triggers, `any` or `all`".to_owned()),
    });
    let triggers = nested(reader);
    let within = composite_within(reader);
    let (require, triggers) = (require?, triggers?);
    match require {
        Require::Number(number) if number < 1 => reader.error("require", "require must be at least 1"),
        Require::Number(number) if usize::try_from(number).is_ok_and(|number| number > triggers.len()) => {
            reader.error("require", "require must be less than or equal to the number of triggers");
        }
        _ => {}
    }
    Some(Condition::Compound { triggers, within, require })
}

fn composite_within(reader: &mut Reader<'_>) -> Option<Seconds> {
    let within = reader.optional("within", None, nullable(duration_value));
    if within.is_some_and(Seconds::is_negative) {
        // Prefect accepts a negative value. The server then forgets earlier events before it counts the current
        // event.
        let message = "`within` is negative, so multiple events never fire the trigger";
        reader.warn("within", message, Some("use a positive duration".to_owned()));
    }
    within
}

/// Parses the nested triggers of a compound or sequence trigger.
fn nested(reader: &mut Reader<'_>) -> Option<Vec<Condition>> {
    reader.required("triggers", |value| list(value).map(|_| ()))?;
    let items = reader.get("triggers")?.as_sequence()?;
    let mut conditions = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = reader.path_of("triggers").join(index);
        match item {
            Value::Mapping(entries) => {
                conditions.extend(read(&mut Reader::new(entries, path, reader.findings), Depth::Nested));
            }
            other => reader.findings.error(&path, format!("expected a mapping, found {}", kind(other))),
        }
    }
    Some(conditions)
}

fn related(reader: &mut Reader<'_>) -> Related {
    reader.optional("match_related", Related::One(Labels::new()), |value| match value {
        Value::Sequence(items) => items.iter().map(labels).collect::<Result<_, _>>().map(Related::Any),
        other => labels(other).map(Related::One),
    })
}

fn labels(value: &Value) -> Result<Labels, String> {
    let Value::Mapping(entries) = value else {
        return Err(format!("expected a mapping of labels, found {}", kind(value)));
    };
    entries
        .iter()
        .map(|(label, values)| {
            let values = match values {
                Value::Sequence(items) => LabelValues::Any(items.iter().map(text).collect::<Result<_, _>>()?),
                other => {
                    LabelValues::One(text(other).map_err(|error| format!("{error}, as a label's value"))?)
                }
            };
            Ok((text(label)?, values))
        })
        .collect()
}

fn set(value: &Value) -> Result<BTreeSet<String>, String> {
    list(value)?.iter().map(text).collect()
}
