//! Parses `.env` files with the syntax of `python-dotenv`: quotes, comments, `export`, `${NAME}` and
//! `${NAME:-default}`.

use std::collections::BTreeMap;

use crate::environment::Environment;

/// Maximum total size in bytes of the values that contain references. A value that refers to another value twice is
/// twice as large, so a few lines could exhaust memory.
const LARGEST: usize = 1 << 20;

/// The error returned if the values of a file are too large.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the value of {name} is too large, because it repeats other values")]
pub(crate) struct TooLarge {
    name: String,
}

/// Parses the assignments in a file. If a name is assigned multiple times, uses the last assignment. Ignores lines that
/// are not assignments.
///
/// # Errors
///
/// Fails if the values that contain references are larger than [`LARGEST`] in total.
pub(super) fn parse(text: &str, environment: &Environment) -> Result<BTreeMap<String, String>, TooLarge> {
    let mut values = BTreeMap::new();
    let mut rest = text;
    let mut left = LARGEST;
    while let Some((assignment, after)) = next_assignment(rest) {
        rest = after;
        let Some((name, mut value)) = assignment else { continue };
        if value.contains("${") {
            let lookup = |name: &str| values.get(name).map(String::as_str).or_else(|| environment.get(name));
            match interpolate(&value, lookup, left) {
                Some(interpolated) => value = interpolated,
                None => return Err(TooLarge { name }),
            }
            left = left.saturating_sub(value.len());
        }
        values.insert(name, value);
    }
    Ok(values)
}

/// Name and value of an assignment, and the rest of the file. The first element is `None` if the line is not an
/// assignment.
type Parsed<'a> = (Option<(String, String)>, &'a str);

fn next_assignment(text: &str) -> Option<Parsed<'_>> {
    let text = text.trim_start();
    if text.is_empty() {
        return None;
    }
    let (line, after) = split_line(text);
    let body = line.strip_prefix("export ").map_or(line, str::trim_start);
    let Some(equals) = body.find('=').filter(|_| !body.starts_with('#')) else { return Some((None, after)) };
    let name = body[..equals].trim().trim_matches('\'').to_owned();
    // A quoted value may continue on the following lines, so the search is not limited to this line.
    let start = line.len() - body.len() + equals + 1;
    let value = text[start..].trim_start_matches([' ', '\t']);
    for quote in ['\'', '"'] {
        if let Some((value, after)) = value.strip_prefix(quote).and_then(|value| quoted(value, quote)) {
            return Some((Some((name, value)), split_line(after).1));
        }
    }
    Some((Some((name, bare(&body[equals + 1..]).to_owned())), after))
}

fn split_line(text: &str) -> (&str, &str) {
    match text.split_once('\n') {
        Some((line, after)) => (line.trim_end_matches('\r'), after),
        None => (text, ""),
    }
}

/// Parses a quoted value. Returns the value and the remaining string. Returns `None` if the closing quote is missing.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => match characters.next()?.1 {
                escaped if escaped == quote || escaped == '\\' => value.push(escaped),
                'n' if quote == '"' => value.push('\n'),
                'r' if quote == '"' => value.push('\r'),
                't' if quote == '"' => value.push('\t'),
                other => value.extend(['\\', other]),
            },
            _ if character == quote => return Some((value, &text[at + 1..])),
            _ => value.push(character),
        }
    }
    None
}

/// Parses an unquoted value, which ends before a `#` that follows whitespace.
fn bare(text: &str) -> &str {
    let comment = text.match_indices('#').map(|(at, _)| at).find(|at| text[..*at].ends_with([' ', '\t']));
    text[..comment.unwrap_or(text.len())].trim()
}

/// Replaces the references in a value. Returns `None` if the result is larger than `most` bytes.
fn interpolate<'a>(text: &str, lookup: impl Fn(&str) -> Option<&'a str>, most: usize) -> Option<String> {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("${") {
        let Some((reference, after)) = inside.split_once('}') else { break };
        let (name, default) = reference.split_once(":-").unwrap_or((reference, ""));
        result.push_str(before);
        result.push_str(lookup(name).unwrap_or(default));
        if result.len() > most {
            return None;
        }
        rest = after;
    }
    Some(result + rest).filter(|result| result.len() <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_assignments_as_python_dotenv_does() {
        let cases = [
            ("A=1\nB=two words \n", vec![("A", "1"), ("B", "two words")]),
            ("# no\n\nexport A=\"x\" # c\r\nB='k#1'\n", vec![("A", "x"), ("B", "k#1")]),
            ("A=pool # not\nB=a#b\nC=", vec![("A", "pool"), ("B", "a#b"), ("C", "")]),
            ("A=\"one\ntwo\"\nB=3", vec![("A", "one\ntwo"), ("B", "3")]),
            (
                r#"A="a\nb\"c"
B='a\nb\'c'"#,
                vec![("A", "a\nb\"c"), ("B", "a\\nb'c")],
            ),
            (
                "A=${HOME}/x\nB=${A}-${NONE}-${NONE:-d}\nC=${",
                vec![("A", "/h/x"), ("B", "/h/x--d"), ("C", "${")],
            ),
            ("A=1\nnothing\nA=2", vec![("A", "2")]),
            ("A='open\nB=1", vec![("A", "'open"), ("B", "1")]),
            (" A = 1 ", vec![("A", "1")]),
        ];
        let environment = Environment::from_iter([("HOME", "/h")]);
        for (text, expected) in cases {
            let values = parse(text, &environment).unwrap();
            let values: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(values, expected, "{text}");
        }
    }

    #[test]
    fn values_that_double_are_an_error() {
        let text = "A=aaaaaaaa\n".to_owned() + &"A=${A}${A}\n".repeat(100);
        let error = parse(&text, &Environment::default()).unwrap_err();
        assert_eq!(error.to_string(), "the value of A is too large, because it repeats other values");
        let plain = format!("A={}\nB=${{C}}", "a".repeat(2 * LARGEST));
        assert_eq!(parse(&plain, &Environment::default()).unwrap().len(), 2);
    }
}
