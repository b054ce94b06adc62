//! The keywords of a schema that apply to a value as a whole.

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
    hash::{Hash, Hasher},
    mem,
};

use regex_automata::meta::Regex;
use serde_json::{Map, Number, Value};

use super::mismatch::Reason;

/// The keywords of a schema, with their values.
pub(super) type Keywords = Map<String, Value>;

/// Checks a value against the keywords that do not contain subschemas.
pub(super) fn check<'a>(
    keywords: &'a Keywords,
    value: &'a Value,
    patterns: &mut Patterns<'a>,
    mut reject: impl FnMut(Reason<'a>),
) {
    let types = keywords.get("type");
    if types.is_some_and(|types| !has_type(value, types)) {
        types.into_iter().for_each(|types| reject(Reason::Type(types)));
    }
    if let Some(expected) = keywords.get("const")
        && !is_equal(value, expected)
    {
        reject(Reason::Const(expected));
    }
    if let Some(Value::Array(allowed)) = keywords.get("enum")
        && !allowed.iter().any(|allowed| is_equal(value, allowed))
    {
        reject(Reason::Enum(allowed));
    }
    match value {
        Value::Number(number) => check_number(keywords, number, reject),
        Value::String(text) => check_string(keywords, text, patterns, reject),
        Value::Array(items) => check_array(keywords, items, reject),
        Value::Object(entries) => check_object(keywords, entries, reject),
        Value::Null | Value::Bool(_) => {}
    }
}

/// Returns whether a value has any of the types. Ignores unknown types.
fn has_type(value: &Value, types: &Value) -> bool {
    let has = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.as_number().is_some_and(is_integer),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    };
    match types {
        Value::String(name) => has(name),
        Value::Array(names) => names.iter().any(|name| name.as_str().is_none_or(has)),
        _ => true,
    }
}

fn is_integer(number: &Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

fn check_number<'a>(keywords: &Keywords, number: &Number, mut reject: impl FnMut(Reason<'a>)) {
    let bounds = [
        ("minimum", Ordering::Less, "less than the minimum"),
        ("maximum", Ordering::Greater, "greater than the maximum"),
    ];
    for (keyword, rejected, relation) in bounds {
        if let Some(Value::Number(bound)) = keywords.get(keyword)
            && compare(number, bound) == rejected
        {
            reject(Reason::Predicate(format!("is {relation} of {bound}")));
        }
    }
    let exclusive_bounds = [
        ("exclusiveMinimum", Ordering::Greater, "less than or equal to the minimum"),
        ("exclusiveMaximum", Ordering::Less, "greater than or equal to the maximum"),
    ];
    for (keyword, accepted, relation) in exclusive_bounds {
        if let Some(Value::Number(bound)) = keywords.get(keyword)
            && compare(number, bound) != accepted
        {
            reject(Reason::Predicate(format!("is {relation} of {bound}")));
        }
    }
    if let Some(Value::Number(divisor)) = keywords.get("multipleOf")
        && !is_multiple(number, divisor)
    {
        let divisor = divisor.as_f64().unwrap_or_default();
        reject(Reason::Predicate(format!("is not a multiple of {divisor}")));
    }
}

fn check_string<'a>(
    keywords: &'a Keywords,
    text: &str,
    patterns: &mut Patterns<'a>,
    mut reject: impl FnMut(Reason<'a>),
) {
    let length = text.chars().count() as u64;
    if let Some(least) = count(keywords, "minLength").filter(|least| length < *least) {
        reject(Reason::Predicate(format!("is shorter than {least} character{}", plural(least, "", "s"))));
    }
    if let Some(most) = count(keywords, "maxLength").filter(|most| length > *most) {
        reject(Reason::Predicate(format!("is longer than {most} character{}", plural(most, "", "s"))));
    }
    if let Some(Value::String(pattern)) = keywords.get("pattern")
        && patterns.matches(pattern, text) == Some(false)
    {
        reject(Reason::Predicate(format!("does not match \"{pattern}\"")));
    }
}

fn check_array<'a>(keywords: &Keywords, items: &[Value], mut reject: impl FnMut(Reason<'a>)) {
    check_size(keywords, ["minItems", "maxItems"], items.len(), ["item", "items"], &mut reject);
    let mut seen = HashSet::new();
    let is_unique = |item| seen.insert(Comparable(item));
    if keywords.get("uniqueItems") == Some(&Value::Bool(true)) && !items.iter().all(is_unique) {
        reject(Reason::Predicate("has non-unique elements".into()));
    }
}

fn check_object<'a>(
    keywords: &'a Keywords,
    entries: &Map<String, Value>,
    mut reject: impl FnMut(Reason<'a>),
) {
    let nouns = ["property", "properties"];
    check_size(keywords, ["minProperties", "maxProperties"], entries.len(), nouns, &mut reject);
    let mut require = |names: &'a Value| {
        let names = names.as_array().into_iter().flatten();
        for name in names.filter(|name| name.as_str().is_some_and(|name| !entries.contains_key(name))) {
            reject(Reason::Required(name));
        }
    };
    keywords.get("required").into_iter().for_each(&mut require);
    let dependent = keywords.get("dependentRequired").and_then(Value::as_object);
    let dependent = dependent.into_iter().flatten();
    dependent.filter(|(name, _)| entries.contains_key(*name)).for_each(|(_, names)| require(names));
}

/// Checks the number of items or properties.
fn check_size<'a>(
    keywords: &Keywords,
    [minimum, maximum]: [&str; 2],
    size: usize,
    [one, many]: [&str; 2],
    reject: &mut impl FnMut(Reason<'a>),
) {
    let size = size as u64;
    if let Some(least) = count(keywords, minimum).filter(|least| size < *least) {
        reject(Reason::Predicate(format!("has less than {least} {}", plural(least, one, many))));
    }
    if let Some(most) = count(keywords, maximum).filter(|most| size > *most) {
        reject(Reason::Predicate(format!("has more than {most} {}", plural(most, one, many))));
    }
}

fn plural<'t>(count: u64, one: &'t str, many: &'t str) -> &'t str {
    if count == 1 { one } else { many }
}

/// Returns the value of a keyword that limits a count, such as `maxItems`. Returns `None` if the keyword is missing or
/// its value is not a non-negative number.
pub(super) fn count(keywords: &Keywords, keyword: &str) -> Option<u64> {
    let value = keywords.get(keyword)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "limits are small")]
    let from_float = || value.as_f64().filter(|number| *number >= 0.0).map(|number| number as u64);
    value.as_u64().or_else(from_float)
}

/// Returns the message for unexpected properties.
pub(super) fn unexpected<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let verb = if names.len() == 1 { "was" } else { "were" };
    let names: Vec<String> = names.map(|name| format!("'{name}'")).collect();
    format!("Additional properties are not allowed ({} {verb} unexpected)", names.join(", "))
}

/// Maximum number of compiled patterns in memory. A pattern may need a megabyte.
const MAX_PATTERNS: usize = 32;

/// Compiled regular expressions by pattern, or `None` for a pattern whose syntax is not supported.
#[derive(Default)]
pub(super) struct Patterns<'a>(HashMap<&'a str, Option<Regex>>);

impl<'a> Patterns<'a> {
    /// Returns whether the text contains a match of a pattern, or `None` if the pattern's syntax is not supported.
    pub(super) fn matches(&mut self, pattern: &'a str, text: &str) -> Option<bool> {
        if self.0.len() >= MAX_PATTERNS && !self.0.contains_key(pattern) {
            self.0.clear();
        }
        let regex = self.0.entry(pattern).or_insert_with(|| compile(pattern));
        regex.as_ref().map(|regex| regex.is_match(text))
    }
}

/// Compiles a pattern with the engine that takes the least time to compile.
fn compile(pattern: &str) -> Option<Regex> {
    let config = Regex::config().hybrid(false).onepass(false).nfa_size_limit(Some(1 << 20));
    Regex::builder().configure(config).build(pattern).ok()
}

/// A value in a set of values that are compared with [`is_equal`].
struct Comparable<'v>(&'v Value);

impl PartialEq for Comparable<'_> {
    fn eq(&self, other: &Self) -> bool {
        is_equal(self.0, other.0)
    }
}

impl Eq for Comparable<'_> {}

impl Hash for Comparable<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        mem::discriminant(self.0).hash(state);
        match self.0 {
            Value::Null => {}
            Value::Bool(flag) => flag.hash(state),
            // Adding zero changes the negative zero to the positive zero.
            Value::Number(number) => (number.as_f64().unwrap_or_default() + 0.0).to_bits().hash(state),
            Value::String(text) => text.hash(state),
            Value::Array(items) => {
                items.len().hash(state);
                items.iter().for_each(|item| Comparable(item).hash(state));
            }
            Value::Object(entries) => {
                let mut entries: Vec<_> =
                    entries.iter().map(|(name, value)| (name, Comparable(value))).collect();
                entries.sort_by_key(|(name, _)| *name);
                entries.hash(state);
            }
        }
    }
}

/// Compares two values. Numbers are equal if they have the same mathematical value.
fn is_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => compare(left, right).is_eq(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| is_equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            let has = |(name, value)| right.get(name).is_some_and(|other| is_equal(value, other));
            left.len() == right.len() && left.iter().all(has)
        }
        _ => left == right,
    }
}

fn compare(left: &Number, right: &Number) -> Ordering {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => left.cmp(&right),
        // Numbers in JSON are never NaN.
        _ => left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// Returns whether a number is an integer multiple of another. Ignores rounding errors of decimal fractions.
fn is_multiple(number: &Number, divisor: &Number) -> bool {
    if let (Some(number), Some(divisor)) = (number.as_i128(), divisor.as_i128()) {
        return number.checked_rem(divisor).is_none_or(|rest| rest == 0);
    }
    let quotient = number.as_f64().unwrap_or_default() / divisor.as_f64().unwrap_or(1.0);
    let error = (quotient - quotient.round()).abs();
    !quotient.is_finite() || error <= f64::EPSILON * 4.0 * quotient.abs().max(1.0)
}
