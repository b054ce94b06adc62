//! A fix for values that YAML can only parse if quoted.

use std::ops::Range;

use super::super::load::load_overlay;
use crate::{
    diagnostics::{Fix, Replacement},
    source::{Source, Span},
};

/// Maximum total number of bytes to parse. The text is parsed again for each quoted value.
const MAXIMUM_WORK: usize = 20_000_000;

/// Characters that cannot start a value without quotes.
const INDICATORS: [char; 4] = ['*', '%', '@', '`'];

/// Quotes the values that make the parser fail, such as `* * * * *` and `{{ tag }}`, until the text is valid.
///
/// Returns `None` if the text contains a different error.
pub(crate) fn quote_values(source: &Source) -> Option<Fix> {
    let mut text = source.text().to_owned();
    let mut replacements: Vec<Replacement> = Vec::new();
    let mut work = 0;
    while let Err(error) = load_overlay(&source.with_text(text.as_str())) {
        let value = value_at(&text, error.span.start)?;
        let quoted = quoted(text.get(value.clone())?)?;
        // Each quoted value before this value has two more characters than in the source.
        let (mut index, mut start) = (0, value.start);
        while replacements.get(index).is_some_and(|earlier| earlier.span.start < start) {
            (index, start) = (index + 1, start.checked_sub(2)?);
        }
        let span = Span::new(start, start + value.len());
        let is_known = replacements.get(index).is_some_and(|next| next.span.start < span.end);
        work += value.end;
        if work > MAXIMUM_WORK || is_known {
            return None;
        }
        replacements.insert(index, Replacement::new(span, quoted.as_str()));
        text.replace_range(value, &quoted);
    }
    let (first, last) = (replacements.first()?, replacements.last()?);
    let extent = Span::new(first.span.start, last.span.end);
    let title = match replacements.len() {
        1 => format!("quote `{}`", &source.text()[first.span.range()]),
        count => format!("quote {count} values"),
    };
    let is_private = source.is_private();
    let source = source.clone();
    (!is_private).then_some(Fix { source, title, replacements, extent, effects: Vec::new() })
}

/// Returns the value on the line of an offset if the value must be quoted.
fn value_at(text: &str, at: usize) -> Option<Range<usize>> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next()?;
    let mut value = line.trim_start_matches([' ', '-']);
    if let Some((key, rest)) = value.split_once(": ")
        && key.chars().all(|next| next.is_alphanumeric() || "_-.".contains(next))
    {
        value = rest.trim_start_matches(' ');
    }
    let start = start + (line.len() - value.len());
    let value = value.split(" #").next()?.trim_end();
    // An alias without an anchor is a misspelled name.
    let is_alias = value.strip_prefix('*').is_some_and(|name| {
        name.starts_with(|first: char| first.is_ascii_alphanumeric()) && !name.contains([' ', '/'])
    });
    let needs_quotes = !is_alias && (value.starts_with(INDICATORS) || value.starts_with("{{"));
    needs_quotes.then(|| start..start + value.len())
}

/// Returns a value in double quotes, or in single quotes if the value contains double quotes.
fn quoted(value: &str) -> Option<String> {
    if !value.contains(['"', '\\']) {
        return Some(format!("\"{value}\""));
    }
    (!value.contains('\'')).then(|| format!("'{value}'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::fix;

    #[test]
    fn quotes_values_that_cannot_be_parsed() {
        for (text, expected) in [
            ("- cron: * * * * *  # minutely\n", Some("- cron: \"* * * * *\"  # minutely\n")),
            (
                "a: */5 * * * *\nb: 1\nc: {{ tag }}\r\nd: @x\n",
                Some("a: \"*/5 * * * *\"\nb: 1\nc: \"{{ tag }}\"\r\nd: \"@x\"\n"),
            ),
            ("- {{ a[\"b\"] }}/x\n", Some("- '{{ a[\"b\"] }}/x'\n")),
            ("a: {{ x }}\nb: [\n", None),
            ("a: &pool x\nb: *pol\n", None),
            ("a: [*x]\n", None),
            ("a: 'x\n", None),
        ] {
            let fixed = quote_values(&Source::new("a", text));
            let fixed = fixed.and_then(|fixed| fix::replace(text, &fixed.replacements));
            assert_eq!(fixed.as_deref(), expected, "{text}");
        }
    }
}
