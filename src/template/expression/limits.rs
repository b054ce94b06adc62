//! Limits on the cost of expressions, so that an untrusted file cannot exhaust time or memory.
//!
//! The expression engine consumes fuel for instructions, visited items and created data. The size of results
//! is limited separately, because a list that contains the same list many times needs little memory until it
//! is copied.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use minijinja::{
    Error, ErrorKind, State,
    value::{Value, ValueKind},
};

use crate::template::budget::LARGEST_TOTAL;

/// Maximum fuel of a single expression. Limits the data that an expression can create to about 8 MiB.
const EXPRESSION_FUEL: u64 = 128 * 1024;

/// Maximum fuel of all expressions that share a budget.
const TOTAL_FUEL: u64 = 64 * 1024 * 1024;

/// Maximum length of an expression in characters, not counting quoted strings.
const LONGEST_EXPRESSION: usize = 4096;

/// Maximum depth of an expression. The depth is the number of tokens in all open brackets, where only the
/// tokens since the last comma of a bracket count.
const DEEPEST_EXPRESSION: usize = 200;

/// Maximum size in bytes of a string that an expression returns.
pub(super) const LARGEST_STRING: usize = 1 << 20;

/// Maximum number of values in the result of an expression.
const LARGEST_RESULT: usize = 100_000;

/// Error message for a result that exceeds a size limit.
pub(super) const TOO_LARGE: &str = "the result is too large";

/// Returns the reason for rejecting a result that would exceed the budget for inserted data.
pub(super) fn too_large_in_total() -> String {
    format!("the templates insert more than {LARGEST_TOTAL} MiB")
}

/// Returns the reason why an expression is too long or too deeply nested for the engine's recursive parser. Returns
/// `None` if the expression is within the limits.
pub(super) fn too_complex(source: &str) -> Option<String> {
    let (mut length, mut depth) = (0, 0);
    // Number of tokens since the last comma, for each open bracket.
    let mut levels = vec![0_usize];
    let mut quote = None;
    let mut is_escaped = false;
    let mut is_in_word = false;
    for character in source.chars() {
        if let Some(open) = quote {
            if !is_escaped && character == open {
                quote = None;
            }
            is_escaped = !is_escaped && character == '\\';
            continue;
        }
        length += 1;
        let was_in_word = std::mem::replace(&mut is_in_word, character.is_alphanumeric() || character == '_');
        match character {
            '"' | '\'' => quote = Some(character),
            ',' => set_last(&mut levels, 0),
            '(' | '[' | '{' => levels.push(1),
            ')' | ']' | '}' if levels.len() > 1 => _ = levels.pop(),
            _ if character.is_whitespace() || (is_in_word && was_in_word) => {}
            _ => {
                let count = levels.last().copied().unwrap_or_default();
                set_last(&mut levels, count + 1);
                depth = depth.max(levels.iter().sum());
            }
        }
        if length > LONGEST_EXPRESSION {
            return Some(format!("the expression is longer than {LONGEST_EXPRESSION} characters"));
        }
        if depth.max(levels.len()) > DEEPEST_EXPRESSION {
            return Some(format!(
                "the expression has more than {DEEPEST_EXPRESSION} operators or nesting levels"
            ));
        }
    }
    None
}

/// Checks whether an expression may multiply lists.
///
/// The items of a repeated list are shared, so the engine cannot charge for their size until the list is
/// formatted.
pub(super) fn repeats_lists(source: &str, has_list_value: bool) -> bool {
    const LIST_WORDS: [&str; 20] = [
        "chain",
        "dict",
        "dictsort",
        "groupby",
        "items",
        "lines",
        "list",
        "map",
        "namespace",
        "range",
        "reject",
        "rejectattr",
        "reverse",
        "select",
        "selectattr",
        "slice",
        "sort",
        "split",
        "unique",
        "zip",
    ];
    let plain = without_strings(source);
    if !plain.contains('*') {
        return false;
    }
    let mut previous = ' ';
    let has_literal = plain.chars().filter(|character| !character.is_whitespace()).any(|character| {
        let follows_value = previous.is_alphanumeric() || matches!(previous, '_' | ']' | ')');
        previous = character;
        character == '{' || (character == '[' && !follows_value)
    });
    let words = plain.split(|character: char| !(character.is_alphanumeric() || character == '_'));
    has_list_value || has_literal || words.into_iter().any(|word| LIST_WORDS.contains(&word))
}

/// Returns an expression without its quoted strings.
fn without_strings(source: &str) -> String {
    let mut quote = None;
    let mut is_escaped = false;
    source
        .chars()
        .filter(|character| {
            let Some(open) = quote else {
                quote = Some(*character).filter(|character| matches!(character, '"' | '\''));
                return quote.is_none();
            };
            if !is_escaped && *character == open {
                quote = None;
            }
            is_escaped = !is_escaped && *character == '\\';
            false
        })
        .collect()
}

fn set_last(levels: &mut [usize], count: usize) {
    if let Some(last) = levels.last_mut() {
        *last = count;
    }
}

/// Counter of the fuel that expressions have consumed. Clones share the same counter.
#[derive(Debug, Clone, Default)]
pub(super) struct Budget {
    consumed: Arc<AtomicU64>,
}

impl Budget {
    /// Returns the amount of fuel for the next expression, or `None` if the budget is exhausted.
    pub(super) fn expression_fuel(&self) -> Option<u64> {
        (self.consumed.load(Ordering::Relaxed) < TOTAL_FUEL).then_some(EXPRESSION_FUEL)
    }

    /// Records the fuel that an evaluation has consumed.
    pub(super) fn record(&self, state: &State<'_, '_>) {
        let consumed = state.fuel_levels().map_or(0, |(consumed, _)| consumed);
        self.consumed.fetch_add(consumed, Ordering::Relaxed);
    }

    /// Records a failed evaluation. Charges the full limit of an expression, because the actual fuel consumption is
    /// unknown.
    pub(super) fn record_failure(&self) {
        self.consumed.fetch_add(EXPRESSION_FUEL, Ordering::Relaxed);
    }
}

/// Returns the reason for an engine error in terms that users understand.
pub(super) fn reason(error: &Error) -> String {
    match error.kind() {
        ErrorKind::OutOfFuel => "the expression takes too much time or memory".to_owned(),
        kind => error.detail().map_or_else(|| kind.to_string(), str::to_owned),
    }
}

/// Checks whether a result, including all nested values, is small enough to be copied.
pub(super) fn is_small(value: &Value) -> bool {
    fn fits(value: &Value, values: &mut usize, bytes: &mut usize) -> bool {
        let length = value.as_bytes().map_or(0, <[u8]>::len);
        if *values == 0 || length > *bytes {
            return false;
        }
        *values -= 1;
        *bytes -= length;
        if value.as_str().is_some() || value.as_bytes().is_some() {
            return true;
        }
        let Ok(mut items) = value.try_iter() else { return true };
        let is_map = value.kind() == ValueKind::Map;
        items.all(|item| {
            let inner = if is_map { value.get_item(&item).ok() } else { None };
            fits(&item, values, bytes) && inner.is_none_or(|inner| fits(&inner, values, bytes))
        })
    }
    fits(value, &mut LARGEST_RESULT.clone(), &mut LARGEST_STRING.clone())
}

/// Formats a value as compact JSON. The engine's own filter would escape characters for HTML.
///
/// # Errors
///
/// Fails if the result is larger than [`LARGEST_STRING`].
pub(super) fn to_json(value: &Value) -> Result<String, Error> {
    let mut writer = LimitedWriter(Vec::new());
    match serde_json::to_writer(&mut writer, value) {
        Ok(()) => Ok(String::from_utf8_lossy(&writer.0).into_owned()),
        Err(error) if error.is_io() => Err(Error::new(ErrorKind::InvalidOperation, TOO_LARGE)),
        Err(error) => {
            let message = "the value cannot be formatted as JSON";
            Err(Error::new(ErrorKind::BadSerialization, message).with_source(error))
        }
    }
}

/// A writer that fails when its contents exceed [`LARGEST_STRING`].
struct LimitedWriter(Vec<u8>);

impl Write for LimitedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LARGEST_STRING {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_the_length_and_depth_of_expressions() {
        let list = format!("[{}]", vec!["a.b ~ 'c, (d'"; 100].join(", "));
        for (source, is_accepted) in [
            ("a".to_owned(), true),
            (list.clone(), true),
            (format!("[{}]", vec![list; 40].join(", ")), false),
            (format!("'{}'", "+".repeat(10_000)), true),
            (format!("'{}\\'{}'", "+".repeat(100), "+".repeat(10_000)), true),
            (vec!["1"; 90].join("+"), true),
            (vec!["1"; 190].join("+"), false),
            ("(".repeat(300), false),
            (format!("a{}", ".b".repeat(300)), false),
        ] {
            assert_eq!(too_complex(&source).is_none(), is_accepted, "{source}");
        }
    }
}
