//! Detection of text that looks like a placeholder but is not substituted.

use std::ops::Range;

use super::{expression, placeholder};

/// A substring that looks like a placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lookalike {
    /// Byte range within the string.
    pub(crate) range: Range<usize>,
    pub(crate) kind: LookalikeKind,
    /// Replacement that has the intended effect, if it can be determined.
    pub(crate) suggestion: Option<String>,
}

/// The kind of text that looks like a placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LookalikeKind {
    /// Text in `{{ }}` that is not a name, such as `{{ $TAG | default('latest') }}`.
    Braces,
    /// A placeholder that lacks a closing brace, such as `{{ $TAG }`.
    Unclosed,
    /// A shell variable such as `$NAME`, `${NAME}` or `%NAME%`.
    ShellVariable,
}

/// Finds text after `{{` that is not a placeholder.
pub(crate) fn braces(text: &str) -> Vec<Lookalike> {
    let mut found = closed(text);
    let mut unclosed = unclosed(text);
    unclosed.retain(|unclosed| !found.iter().any(|closed| closed.range.contains(&unclosed.range.start)));
    found.append(&mut unclosed);
    found
}

/// Finds text in `{{ }}` that is not a placeholder. Both delimiters must be on the same line.
fn closed(text: &str) -> Vec<Lookalike> {
    let mut placeholders = placeholder::find(text).map(|found| found.range).peekable();
    let mut found = Vec::new();
    let (mut from, mut line_end) = (0, 0);
    while let Some(start) = text[from..].find("{{").map(|offset| from + offset) {
        if start >= line_end {
            line_end = text[start..].find('\n').map_or(text.len(), |offset| start + offset);
        }
        let Some(end) = text[start..line_end].find("}}").map(|offset| start + offset + 2) else {
            from = line_end;
            continue;
        };
        let inner = text[start + 2..end - 2].trim();
        while placeholders.next_if(|range| range.end <= start).is_some() {}
        let has_placeholder = placeholders.peek().is_some_and(|range| range.start < end);
        if !has_placeholder && !inner.is_empty() && !inner.contains("{{") {
            let suggestion = as_expression(inner);
            found.push(Lookalike { range: start..end, kind: LookalikeKind::Braces, suggestion });
        }
        from = end;
    }
    found
}

/// Finds names after `{{` that are followed by a single `}`.
fn unclosed(text: &str) -> Vec<Lookalike> {
    let unclosed = |(start, _): (usize, &str)| {
        let inside = &text[start + 2..];
        let length = inside.find('}')?;
        let name = inside[..length].trim();
        let suggestion = format!("{{{{ {name} }}}}");
        let is_name = placeholder::only(&suggestion).is_some_and(|found| found.name == name);
        let is_closed = inside[length + 1..].starts_with('}');
        (is_name && !is_closed).then(|| Lookalike {
            range: start..start + 2 + length + 1,
            kind: LookalikeKind::Unclosed,
            suggestion: Some(suggestion),
        })
    };
    text.match_indices("{{").filter_map(unclosed).collect()
}

/// Finds shell variables: `$NAME` and `%NAME%` if they make up the whole string, and `${NAME}` anywhere in
/// the string.
///
/// Only names in upper case are reported, because other names often have a different meaning.
pub(crate) fn shell_variables(text: &str) -> Vec<Lookalike> {
    let variable = |range: Range<usize>, name: &str| {
        let suggestion = Some(format!("{{{{ ${name} }}}}"));
        Lookalike { range, kind: LookalikeKind::ShellVariable, suggestion }
    };
    let whole = text.strip_prefix('$').or_else(|| text.strip_prefix('%')?.strip_suffix('%'));
    if let Some(name) = whole.filter(|name| is_variable_name(name)) {
        return vec![variable(0..text.len(), name)];
    }
    let mut found = Vec::new();
    for (start, _) in text.match_indices("${") {
        let inner = &text[start + 2..];
        // A nested variable starts a separate lookalike.
        let length = inner.find(['}', '$']).unwrap_or(inner.len());
        let (inner, rest) = inner.split_at(length);
        let (name, default) = inner.split_once(":-").map_or((inner, None), |(name, rest)| (name, Some(rest)));
        if !rest.starts_with('}') || !is_variable_name(name) {
            continue;
        }
        let mut lookalike = variable(start..start + 2 + length + 1, name);
        if let Some(default) = default {
            lookalike.suggestion = as_expression(&format!("${name} | default({default:?})"));
        }
        found.push(lookalike);
    }
    found
}

fn is_variable_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && name.len() > 1
}

/// Converts the text between `{{` and `}}` to an expression. Returns `None` if the expression would be
/// invalid.
fn as_expression(inner: &str) -> Option<String> {
    let mut source = String::with_capacity(inner.len());
    let mut quote = None;
    for character in inner.chars() {
        match quote {
            Some(open) if open == character => {
                quote = None;
                source.push('"');
            }
            Some(_) if matches!(character, '"' | '\\') => return None,
            None if matches!(character, '"' | '\'') => {
                quote = Some(character);
                source.push('"');
            }
            None if character == '$' => source.push_str("env."),
            _ => source.push(character),
        }
    }
    let source = source.replace("prefect.variables.", "variables.");
    let is_valid = !source.contains("<<") && !source.contains(">>") && expression::is_valid(&source);
    is_valid.then(|| format!("<< {source} >>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_braces_that_are_not_placeholders() {
        for (text, expected) in [
            ("{{ $TAG | default('latest') }}", vec![Some("<< env.TAG | default(\"latest\") >>")]),
            ("a:{{ $TAG | upper }}-{{ sha.stdout }}", vec![Some("<< env.TAG | upper >>")]),
            (
                "{{ env['VERSION'] | default('dev') }}",
                vec![Some("<< env[\"VERSION\"] | default(\"dev\") >>")],
            ),
            ("{{ a or b }}", vec![Some("<< a or b >>")]),
            ("{{ 'text' }}", vec![Some("<< \"text\" >>")]),
            ("{{ prefect.variables.x['a'] }}", vec![Some("<< variables.x[\"a\"] >>")]),
            ("{{ a b }}", vec![None]),
            ("{{ a } }}", vec![None]),
            ("{{ a }} {{{ b }}} {{ }} {{ $X }}", vec![]),
            ("{{ a |\n b }}", vec![]),
            ("{{ no end", vec![]),
            ("v-{{ sha.stdout }", vec![Some("{{ sha.stdout }}")]),
            ("{{ $BRANCH }\n{{ $X }}", vec![Some("{{ $BRANCH }}")]),
            ("{{\"a\": 1}", vec![]),
        ] {
            let found: Vec<_> = braces(text).into_iter().map(|found| found.suggestion).collect();
            assert_eq!(found.iter().map(Option::as_deref).collect::<Vec<_>>(), expected, "{text}");
        }
        assert_eq!(braces("é {{ a|b }}!")[0].range, 3..12);
    }

    #[test]
    fn finds_placeholders_that_lack_a_brace() {
        for (text, expected) in [
            ("{{ $TAG }", vec![(0..9, "{{ $TAG }}")]),
            ("v{{$TAG} {{ sha.stdout }-{{ b }}", vec![(1..8, "{{ $TAG }}"), (9..24, "{{ sha.stdout }}")]),
            ("{{ a }} {{ a | upper } {{ }", vec![]),
            ("{{{ a }", vec![]),
            ("{{\"a\": 1}, 2}", vec![]),
            ("{{ a", vec![]),
        ] {
            let found: Vec<_> =
                braces(text).into_iter().map(|found| (found.range, found.suggestion.unwrap())).collect();
            let expected: Vec<_> =
                expected.into_iter().map(|(range, text)| (range, text.to_owned())).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn finds_shell_variables() {
        for (text, expected) in [
            ("${GITHUB_HEAD_REF}", vec![(0..18, "{{ $GITHUB_HEAD_REF }}")]),
            ("$WAREHOUSE", vec![(0..10, "{{ $WAREHOUSE }}")]),
            ("%WEBHOOK%", vec![(0..9, "{{ $WEBHOOK }}")]),
            ("a/${X_1}/b", vec![(2..8, "{{ $X_1 }}")]),
            ("${A1:-none}", vec![(0..11, "<< env.A1 | default(\"none\") >>")]),
            ("$5", vec![]),
            ("cost: $USD", vec![]),
            ("^a$", vec![]),
            ("$ref ${lower} ${{ secrets.X }}", vec![]),
            ("100%", vec![]),
        ] {
            let found: Vec<_> = shell_variables(text)
                .into_iter()
                .map(|found| (found.range, found.suggestion.unwrap()))
                .collect();
            let expected: Vec<_> =
                expected.into_iter().map(|(range, text)| (range, text.to_owned())).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
