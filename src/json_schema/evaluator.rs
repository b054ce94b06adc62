//! Evaluates JSON schemas of draft 2020-12.
//!
//! Reports only mismatches that the specification requires. Ignores keywords with invalid values, references that do
//! not resolve, patterns with unsupported syntax, `format`, `$dynamicRef` and the `unevaluated...` keywords.

use std::ptr;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::{
    mismatch::{Mismatch, Reason},
    rules::{self, Keywords, Patterns},
};

/// Maximum number of schemas evaluated for a value. Without this limit, nested references can multiply indefinitely.
const MAX_STEPS: u32 = 1_000_000;

/// Maximum number of nested schemas. A long chain of references would overflow the stack.
const MAX_DEPTH: usize = 512;

/// Returns the mismatches between `value` and `schema`. Resolves references within `schema`.
///
/// Returns no mismatches if the evaluation takes too many steps or if the schemas are nested too deeply.
pub(super) fn mismatches<'a>(schema: &'a Value, value: &'a Value) -> Vec<Mismatch<'a>> {
    let mut evaluator = Evaluator::new(schema, MAX_STEPS, 0);
    let found = evaluator.mismatches(schema, Part { value, path: &Path::Root });
    if evaluator.remaining == 0 { Vec::new() } else { found }
}

/// Resolves a reference to a schema within `root`. Returns `None` if the reference does not resolve.
pub(super) fn referenced<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    let pointer = percent_decode_str(reference.strip_prefix('#')?).decode_utf8().ok()?;
    root.pointer(&pointer)
}

/// The path of a nested value.
enum Path<'p> {
    Root,
    Key(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl Path<'_> {
    fn segments(&self) -> Vec<String> {
        let (parent, segment) = match self {
            Self::Root => return Vec::new(),
            Self::Key(parent, key) => (parent, (*key).to_owned()),
            Self::Index(parent, index) => (parent, index.to_string()),
        };
        let mut segments = parent.segments();
        segments.push(segment);
        segments
    }
}

/// A value, possibly nested, and its path.
#[derive(Clone, Copy)]
struct Part<'a, 'p> {
    value: &'a Value,
    path: &'p Path<'p>,
}

impl<'a> Part<'a, '_> {
    fn mismatch(self, reason: Reason<'a>) -> Mismatch<'a> {
        Mismatch { path: self.path.segments(), value: self.value, reason }
    }
}

type Found<'a> = Vec<Mismatch<'a>>;

struct Evaluator<'a> {
    root: &'a Value,
    /// Number of further schemas to evaluate.
    remaining: u32,
    /// Number of schemas that contain the current schema.
    depth: usize,
    /// References being followed, each with the value it applies to. Tracked because a schema may refer to itself.
    active: Vec<(*const Value, *const Value)>,
    patterns: Patterns<'a>,
}

impl<'a> Evaluator<'a> {
    fn new(root: &'a Value, remaining: u32, depth: usize) -> Self {
        Self { root, remaining, depth, active: Vec::new(), patterns: Patterns::default() }
    }

    fn evaluate(&mut self, schema: &'a Value, part: Part<'a, '_>, found: &mut Found<'a>) {
        self.remaining = if self.depth < MAX_DEPTH { self.remaining.saturating_sub(1) } else { 0 };
        match schema {
            _ if self.remaining == 0 => {}
            Value::Bool(false) => found.push(part.mismatch(Reason::False)),
            Value::Object(keywords) => {
                self.depth += 1;
                self.evaluate_keywords(keywords, part, found);
                self.depth -= 1;
            }
            _ => {}
        }
    }

    fn evaluate_keywords(&mut self, keywords: &'a Keywords, part: Part<'a, '_>, found: &mut Found<'a>) {
        rules::check(keywords, part.value, &mut self.patterns, |reason| found.push(part.mismatch(reason)));
        match part.value {
            Value::Object(entries) => self.evaluate_entries(keywords, entries, part, found),
            Value::Array(items) => self.evaluate_items(keywords, items, part, found),
            _ => {}
        }
        self.evaluate_combinations(keywords, part, found);
        self.evaluate_condition(keywords, part, found);
        if let Some(Value::String(reference)) = keywords.get("$ref") {
            self.follow(reference, part, found);
        }
    }

    fn mismatches(&mut self, schema: &'a Value, part: Part<'a, '_>) -> Found<'a> {
        let mut found = Vec::new();
        self.evaluate(schema, part, &mut found);
        found
    }

    fn is_valid(&mut self, schema: &'a Value, part: Part<'a, '_>) -> bool {
        self.mismatches(schema, part).is_empty()
    }

    fn follow(&mut self, reference: &str, part: Part<'a, '_>, found: &mut Found<'a>) {
        let Some(schema) = referenced(self.root, reference) else { return };
        let step = (ptr::from_ref(schema), ptr::from_ref(part.value));
        if !self.active.contains(&step) {
            self.active.push(step);
            self.evaluate(schema, part, found);
            self.active.pop();
        }
    }

    fn evaluate_entries(
        &mut self,
        keywords: &'a Keywords,
        entries: &'a Map<String, Value>,
        part: Part<'a, '_>,
        found: &mut Found<'a>,
    ) {
        let properties = keywords.get("properties").and_then(Value::as_object);
        for (name, schema) in properties.into_iter().flatten() {
            if let Some(value) = entries.get(name) {
                self.evaluate(schema, Part { value, path: &Path::Key(part.path, name) }, found);
            }
        }
        let mut additional: Vec<(&String, &Value)> = entries.iter().collect();
        additional.retain(|(name, _)| properties.is_none_or(|known| !known.contains_key(*name)));
        let patterns = keywords.get("patternProperties").and_then(Value::as_object);
        for (pattern, schema) in patterns.into_iter().flatten() {
            // If a pattern is not supported, all properties may match it.
            additional.retain(|(name, _)| self.patterns.matches(pattern, name) == Some(false));
            let mut matching: Vec<(&String, &Value)> = entries.iter().collect();
            matching.retain(|(name, _)| self.patterns.matches(pattern, name) == Some(true));
            for (name, value) in matching {
                self.evaluate(schema, Part { value, path: &Path::Key(part.path, name) }, found);
            }
        }
        match keywords.get("additionalProperties") {
            Some(Value::Bool(false)) if !additional.is_empty() => {
                let names = additional.iter().map(|(name, _)| name.as_str());
                found.push(part.mismatch(Reason::Message(rules::unexpected(names))));
            }
            Some(schema) => {
                for (name, value) in additional {
                    self.evaluate(schema, Part { value, path: &Path::Key(part.path, name) }, found);
                }
            }
            None => {}
        }
        self.evaluate_names(keywords, entries, part, found);
    }

    /// Evaluates the keywords that depend on property names.
    fn evaluate_names(
        &mut self,
        keywords: &'a Keywords,
        entries: &'a Map<String, Value>,
        part: Part<'a, '_>,
        found: &mut Found<'a>,
    ) {
        if let Some(schema) = keywords.get("propertyNames") {
            let names: Vec<Value> = entries.keys().cloned().map(Value::String).collect();
            let mut evaluator = Evaluator::new(self.root, self.remaining, self.depth);
            for value in &names {
                let rejected = evaluator.mismatches(schema, Part { value, path: part.path });
                found.extend(rejected.iter().map(|inner| part.mismatch(Reason::Message(inner.to_string()))));
            }
            self.remaining = evaluator.remaining;
        }
        let dependent = keywords.get("dependentSchemas").and_then(Value::as_object);
        for (name, schema) in dependent.into_iter().flatten() {
            if entries.contains_key(name) {
                self.evaluate(schema, part, found);
            }
        }
    }

    fn evaluate_items(
        &mut self,
        keywords: &'a Keywords,
        items: &'a [Value],
        part: Part<'a, '_>,
        found: &mut Found<'a>,
    ) {
        let prefix = list(keywords, "prefixItems").iter();
        let further = keywords.get("items").into_iter().cycle();
        for (index, (schema, value)) in prefix.chain(further).zip(items).enumerate() {
            self.evaluate(schema, Part { value, path: &Path::Index(part.path, index) }, found);
        }
        if let Some(schema) = keywords.get("contains") {
            let least = rules::count(keywords, "minContains").unwrap_or(1);
            let most = rules::count(keywords, "maxContains").unwrap_or(u64::MAX);
            let contained =
                items.iter().filter(|value| self.is_valid(schema, Part { value, path: part.path }));
            let contained = contained.count() as u64;
            if !(least..=most).contains(&contained) {
                found.push(part.mismatch(Reason::Contains));
            }
        }
    }

    fn evaluate_combinations(&mut self, keywords: &'a Keywords, part: Part<'a, '_>, found: &mut Found<'a>) {
        for schema in list(keywords, "allOf") {
            self.evaluate(schema, part, found);
        }
        let choices = list(keywords, "anyOf");
        let mut rejected = Vec::new();
        for schema in choices {
            rejected.push(self.mismatches(schema, part));
            if rejected.last().is_some_and(Vec::is_empty) {
                break;
            }
        }
        if !rejected.is_empty() && rejected.iter().all(|mismatches| !mismatches.is_empty()) {
            found.push(part.mismatch(Reason::AnyOf(rejected)));
        }
        let choices = list(keywords, "oneOf");
        let accepting = choices.iter().filter(|schema| self.is_valid(schema, part)).count();
        if !choices.is_empty() && accepting != 1 {
            found.push(part.mismatch(Reason::OneOf { is_ambiguous: accepting > 1 }));
        }
        if let Some(schema) = keywords.get("not")
            && self.is_valid(schema, part)
        {
            found.push(part.mismatch(Reason::Not(schema)));
        }
    }

    fn evaluate_condition(&mut self, keywords: &'a Keywords, part: Part<'a, '_>, found: &mut Found<'a>) {
        let Some(condition) = keywords.get("if") else { return };
        let branch = if self.is_valid(condition, part) { "then" } else { "else" };
        if let Some(schema) = keywords.get(branch) {
            self.evaluate(schema, part, found);
        }
    }
}

/// Returns the schemas that a keyword lists.
fn list<'a>(keywords: &'a Keywords, keyword: &str) -> &'a [Value] {
    keywords.get(keyword).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
