//! Evaluates JSON schemas of draft 2020-12.
//!
//! Reports only mismatches that the specification requires. Ignores keywords with invalid values, references that do
//! not resolve, patterns with unsupported syntax, `format`, `$dynamicRef` and the `unevaluated...` keywords.
//!
//! A schema may come from an untrusted project or server, so the cost and the depth of an evaluation are limited.

use std::ptr;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::{
    cost::{self, Budget},
    mismatch::{Mismatch, Reason, Shown},
    pattern::Patterns,
    rules::{self, Keywords},
};

/// Maximum number of nested schemas and references. Without this limit, a long chain of references would overflow the
/// stack.
const MAX_DEPTH: usize = 200;

/// Returns the mismatches between `value` and `schema`. Resolves references within `schema`.
///
/// Returns no mismatches if the evaluation is too expensive.
pub(super) fn mismatches<'a>(schema: &'a Value, value: &'a Value) -> Vec<Mismatch<'a>> {
    let mut evaluator = Evaluator::new(schema, Budget::default());
    let found = evaluator.mismatches(schema, Part { value, path: &Path::Root });
    if evaluator.budget.is_exhausted() { Vec::new() } else { found }
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
    budget: Budget,
    patterns: Patterns<'a>,
    /// Nesting depth: the number of schemas that contain the current schema or refer to it.
    depth: usize,
    /// References being followed, each with the value it applies to. Tracked because a schema may refer to itself.
    active: Vec<(*const Value, *const Value)>,
}

impl<'a> Evaluator<'a> {
    fn new(root: &'a Value, budget: Budget) -> Self {
        Self { root, budget, patterns: Patterns::default(), depth: 0, active: Vec::new() }
    }

    fn evaluate(&mut self, schema: &'a Value, part: Part<'a, '_>, found: &mut Found<'a>) {
        if self.depth == MAX_DEPTH {
            self.budget.exhaust();
        }
        self.depth += 1;
        self.evaluate_keywords(schema, part, found);
        self.depth -= 1;
    }

    fn reject(&mut self, part: Part<'a, '_>, reason: Reason<'a>, found: &mut Found<'a>) {
        self.budget.spend(cost::MISMATCH);
        found.push(part.mismatch(reason));
    }

    fn evaluate_keywords(&mut self, schema: &'a Value, part: Part<'a, '_>, found: &mut Found<'a>) {
        let keywords = match schema {
            _ if self.budget.is_exhausted() => return,
            Value::Bool(false) => {
                let message = format!("False schema does not allow {}", Shown(part.value));
                return self.reject(part, Reason::Message(message), found);
            }
            Value::Object(keywords) => keywords,
            _ => return,
        };
        self.budget.spend(cost::of_keywords(keywords, part.value));
        if self.budget.is_exhausted() {
            return;
        }
        rules::check(keywords, part.value, |reason| self.reject(part, reason, found));
        if let (Some(Value::String(pattern)), Value::String(text)) = (keywords.get("pattern"), part.value)
            && self.patterns.matches(pattern, text, &mut self.budget) == Some(false)
        {
            self.reject(part, Reason::Predicate(format!("does not match \"{pattern}\"")), found);
        }
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
        let is_additional = |name: &String| properties.is_none_or(|known| !known.contains_key(name));
        let mut are_additional: Vec<bool> = entries.keys().map(is_additional).collect();
        let patterns = keywords.get("patternProperties").and_then(Value::as_object);
        for (pattern, schema) in patterns.into_iter().flatten() {
            for ((name, value), is_additional) in entries.iter().zip(&mut are_additional) {
                let is_match = self.patterns.matches(pattern, name, &mut self.budget);
                // If a pattern is not supported, all properties may match it.
                *is_additional &= is_match == Some(false);
                if is_match == Some(true) {
                    self.evaluate(schema, Part { value, path: &Path::Key(part.path, name) }, found);
                }
                if self.budget.is_exhausted() {
                    return;
                }
            }
        }
        let additional = entries.iter().zip(are_additional).filter(|(_, is_additional)| *is_additional);
        let additional: Vec<(&String, &Value)> = additional.map(|(entry, _)| entry).collect();
        match keywords.get("additionalProperties") {
            Some(Value::Bool(false)) if !additional.is_empty() => {
                let names = additional.iter().map(|(name, _)| name.as_str());
                self.reject(part, Reason::Message(rules::unexpected(names)), found);
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
            let mut evaluator = Evaluator::new(self.root, std::mem::take(&mut self.budget));
            evaluator.depth = self.depth;
            for value in &names {
                let rejected = evaluator.mismatches(schema, Part { value, path: part.path });
                evaluator.budget.spend(cost::MISMATCH * rejected.len());
                found.extend(rejected.iter().map(|inner| part.mismatch(Reason::Message(inner.to_string()))));
            }
            self.budget = evaluator.budget;
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
                let message = format!("None of {} are valid under the given schema", Shown(part.value));
                self.reject(part, Reason::Message(message), found);
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
            self.reject(part, Reason::AnyOf(rejected), found);
        }
        let choices = list(keywords, "oneOf");
        let number = match choices.iter().filter(|schema| self.is_valid(schema, part)).count() {
            0 if !choices.is_empty() => Some("any"),
            0 | 1 => None,
            _ => Some("more than one"),
        };
        if let Some(number) = number {
            let not = if number == "any" { "not " } else { "" };
            let predicate =
                format!("is {not}valid under {number} of the schemas listed in the 'oneOf' keyword");
            self.reject(part, Reason::Predicate(predicate), found);
        }
        if let Some(schema) = keywords.get("not")
            && self.is_valid(schema, part)
        {
            let message = format!("{} is not allowed for {}", Shown(schema), Shown(part.value));
            self.reject(part, Reason::Message(message), found);
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
