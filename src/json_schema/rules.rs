//! The keywords of a schema that apply to a value as a whole.

use std::{
    cmp::Ordering,
    collections::HashMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use serde_json::{Map, Number, Value};

use super::mismatch::{Reason, Shown};

/// The keywords of a schema, with their values.
pub(super) type Keywords = Map<String, Value>;

/// Checks a value against the keywords that do not contain subschemas.
pub(super) fn check<'a>(keywords: &'a Keywords, value: &'a Value, mut reject: impl FnMut(Reason<'a>)) {
    let types = keywords.get("type");
    if types.is_some_and(|types| !has_type(value, types)) {
        types.into_iter().for_each(|types| reject(Reason::Type(types)));
    }
    if let Some(expected) = keywords.get("const")
        && !is_equal(value, expected)
    {
        reject(Reason::Message(format!("{} was expected", Shown(expected))));
    }
    if let Some(Value::Array(allowed)) = keywords.get("enum")
        && !allowed.iter().any(|allowed| is_equal(value, allowed))
    {
        reject(Reason::Enum(allowed));
    }
    match value {
        Value::Number(number) => check_number(keywords, number, reject),
        Value::String(text) => check_string(keywords, text, reject),
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

fn check_string<'a>(keywords: &Keywords, text: &str, mut reject: impl FnMut(Reason<'a>)) {
    let length = text.chars().count() as u64;
    if let Some(least) = count(keywords, "minLength").filter(|least| length < *least) {
        reject(Reason::Predicate(format!("is shorter than {least} character{}", plural(least, "", "s"))));
    }
    if let Some(most) = count(keywords, "maxLength").filter(|most| length > *most) {
        reject(Reason::Predicate(format!("is longer than {most} character{}", plural(most, "", "s"))));
    }
}

fn check_array<'a>(keywords: &Keywords, items: &[Value], mut reject: impl FnMut(Reason<'a>)) {
    check_size(keywords, ["minItems", "maxItems"], items.len(), ["item", "items"], &mut reject);
    if keywords.get("uniqueItems") == Some(&Value::Bool(true)) && has_equal_items(items) {
        reject(Reason::Predicate("has non-unique elements".into()));
    }
}

fn check_object<'a>(keywords: &Keywords, entries: &Map<String, Value>, mut reject: impl FnMut(Reason<'a>)) {
    let nouns = ["property", "properties"];
    check_size(keywords, ["minProperties", "maxProperties"], entries.len(), nouns, &mut reject);
    let mut require = |names: &Value| {
        let names = names.as_array().into_iter().flatten();
        for name in names.filter(|name| name.as_str().is_some_and(|name| !entries.contains_key(name))) {
            reject(Reason::Message(format!("{name} is a required property")));
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

/// Returns whether any two items are equal.
fn has_equal_items(items: &[Value]) -> bool {
    let mut seen: HashMap<u64, Vec<&Value>> = HashMap::with_capacity(items.len());
    items.iter().any(|item| {
        let similar = seen.entry(fingerprint(item)).or_default();
        let is_repeated = similar.iter().any(|other| is_equal(item, other));
        similar.push(item);
        is_repeated
    })
}

/// Returns a hash that is the same for values that are equal according to [`is_equal`].
fn fingerprint(value: &Value) -> u64 {
    let mut state = DefaultHasher::new();
    match value {
        Value::Null => {}
        Value::Bool(value) => value.hash(&mut state),
        // An integer may be equal to a decimal number.
        Value::Number(number) => number.as_f64().unwrap_or_default().to_bits().hash(&mut state),
        Value::String(text) => text.hash(&mut state),
        Value::Array(items) => items.iter().map(fingerprint).for_each(|item| item.hash(&mut state)),
        Value::Object(entries) => {
            // The order of the entries is irrelevant.
            let sum = entries.iter().fold(0_u64, |sum, (name, value)| {
                let mut state = DefaultHasher::new();
                (name, fingerprint(value)).hash(&mut state);
                sum.wrapping_add(state.finish())
            });
            sum.hash(&mut state);
        }
    }
    state.finish()
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
        _ => left.as_f64().unwrap_or_default().total_cmp(&right.as_f64().unwrap_or_default()),
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
