//! Splits scripts into lines and words like Python's `splitlines` and `shlex`.
//!
//! The `shlex` crate is not suitable because it treats `#` as the start of a comment and does not report the kind of
//! error.

/// The error for a line that cannot be split into words. The messages are the same as in Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SplitError {
    #[error("No closing quotation")]
    OpenQuote,
    #[error("No escaped character")]
    NothingEscaped,
}

/// Splits a string at every line boundary that Python recognizes.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    // `\r\n` produces an additional empty line. Callers skip it.
    text.split(['\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'])
}

/// Splits a line into words with the quoting rules of a POSIX shell, except that `#` does not start a comment.
///
/// Inside double quotes, a backslash only escapes a backslash or a double quote. Spaces, tabs, carriage returns and
/// line feeds separate words.
///
/// # Errors
///
/// Fails if a quote is not closed or the line ends with a backslash.
pub(crate) fn split_words(line: &str) -> Result<Vec<String>, SplitError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' => single_quoted(&mut characters, word.get_or_insert_default())?,
            '"' => double_quoted(&mut characters, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(characters.next().ok_or(SplitError::NothingEscaped)?),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

fn single_quoted(characters: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), SplitError> {
    loop {
        match characters.next().ok_or(SplitError::OpenQuote)? {
            '\'' => return Ok(()),
            quoted => word.push(quoted),
        }
    }
}

fn double_quoted(characters: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), SplitError> {
    loop {
        match characters.next().ok_or(SplitError::OpenQuote)? {
            '"' => return Ok(()),
            '\\' => match characters.next().ok_or(SplitError::NothingEscaped)? {
                escaped @ ('"' | '\\') => word.push(escaped),
                other => word.extend(['\\', other]),
            },
            other => word.push(other),
        }
    }
}

/// Expands `$name` and `${name}`. Replaces `$$` with a dollar sign. Keeps unknown and malformed references unchanged.
pub(super) fn expand<'a>(text: &str, lookup: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at..];
        let (length, replacement) = match reference(&rest[1..]) {
            Some((length, "")) => (length, Some("$")),
            Some((length, name)) => (length, lookup(name)),
            None => (0, None),
        };
        expanded.push_str(replacement.unwrap_or(&rest[..=length]));
        rest = &rest[1 + length..];
    }
    expanded + rest
}

/// Parses a variable reference after the dollar sign. Returns the reference length and variable name. The name is empty
/// for `$$`.
fn reference(text: &str) -> Option<(usize, &str)> {
    if text.starts_with('$') {
        return Some((1, ""));
    }
    let (braced, inner) = text.strip_prefix('{').map_or((false, text), |inner| (true, inner));
    let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inner.len());
    let name = &inner[..end];
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let closed = !braced || inner[end..].starts_with('}');
    (starts_well && closed).then_some((end + if braced { 2 } else { 0 }, name))
}

/// Returns the first shell operator in a script that runs without a shell, with its line.
///
/// Only words that make no sense without a shell are reported. `a>=1` and `';'`, for example, are valid
/// arguments.
pub(crate) fn shell_operator(script: &str) -> Option<(&str, &str)> {
    // `<<` may start a template expression, where `|` and `>` are not shell operators.
    let mut plain = lines(script).filter(|line| !line.contains("<<"));
    plain.find_map(|line| {
        raw_words(line).into_iter().find_map(operator).map(|operator| (operator, line.trim()))
    })
}

fn operator(word: &str) -> Option<&str> {
    let is_quoted = word.contains(['\'', '"', '\\']);
    let is_operator =
        matches!(word, "|" | "||" | "&&" | "<") || word.starts_with('>') || word.starts_with("2>");
    if is_quoted {
        None
    } else if is_operator {
        Some(word)
    } else {
        word.ends_with(';').then_some(";")
    }
}

/// Splits a line into words without removing their quotes.
fn raw_words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut quote, mut is_escaped) = (0, None, false);
    for (at, character) in line.char_indices() {
        match (quote, character) {
            _ if is_escaped => is_escaped = false,
            (None | Some('"'), '\\') => is_escaped = true,
            (Some(open), _) => quote = Some(open).filter(|open| *open != character),
            (None, '"' | '\'') => quote = Some(character),
            (None, ' ' | '\t') => {
                words.push(&line[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push(&line[start..]);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_words_as_python_does() {
        for (line, expected) in [
            ("echo a  b\tc", vec!["echo", "a", "b", "c"]),
            (r"a\ b 'c d' \'", vec!["a b", "c d", "'"]),
            (r#""a\$b" "x\"y" "p\\q""#, vec![r"a\$b", r#"x"y"#, r"p\q"]),
            ("a#b #c", vec!["a#b", "#c"]),
            (r#"'' "" x''y"#, vec!["", "", "xy"]),
            ("   ", vec![]),
        ] {
            assert_eq!(split_words(line).unwrap(), expected, "{line}");
        }
        assert_eq!(split_words("echo 'a"), Err(SplitError::OpenQuote));
        assert_eq!(split_words("echo \"a"), Err(SplitError::OpenQuote));
        assert_eq!(split_words("echo a \\"), Err(SplitError::NothingEscaped));
    }

    #[test]
    fn expands_variables_as_python_does() {
        let lookup = |name: &str| (name == "FOO").then_some("foo bar");
        for (text, expected) in [
            ("echo $FOO ${FOO} $MISSING $$ $1", "echo foo bar foo bar $MISSING $ $1"),
            (r"\$FOO ${FOO $ ${} $", r"\foo bar ${FOO $ ${} $"),
            ("$FOOd ${FOO}d é$FOO", "$FOOd foo bard éfoo bar"),
        ] {
            assert_eq!(expand(text, lookup), expected, "{text}");
        }
    }

    #[test]
    fn finds_operators_that_only_a_shell_understands() {
        for (script, expected) in [
            ("echo a && echo b", Some("&&")),
            ("echo ok\ncat x | grep y", Some("|")),
            ("cd x; make", Some(";")),
            ("date > out", Some(">")),
            ("date >>out", Some(">>out")),
            ("make 2>&1", Some("2>&1")),
            ("pip install a>=1 'b>2'", None),
            ("cut -d '|' -f 1 \"a && b\"", None),
            ("find . -exec rm {} \\;", None),
            ("echo << git.sha >> x", None),
            ("echo 'it is' \"a ' b\" c", None),
        ] {
            assert_eq!(shell_operator(script).map(|(operator, _)| operator), expected, "{script}");
        }
    }
}
