//! Cleans docstrings and extracts the descriptions of parameters from them.
//!
//! Prefect parses docstrings with griffe 2 and reads the descriptions of parameters only from Google-style
//! docstrings.

use std::collections::HashMap;

/// Cleans a docstring as Python's `inspect.getdoc` does.
///
/// Expands tabs, removes the common indentation, and drops blank lines at the start and the end.
pub(crate) fn clean(docstring: &str) -> String {
    let expanded = expand_tabs(docstring);
    let mut lines: Vec<&str> = expanded.split('\n').collect();
    let indent = |line: &str| line.chars().count() - line.trim_start().chars().count();
    let margin = lines[1..].iter().filter(|line| !line.trim().is_empty()).map(|line| indent(line)).min();
    lines[0] = lines[0].trim_start();
    if let Some(margin) = margin {
        for line in &mut lines[1..] {
            *line = skip_chars(line, margin);
        }
    }
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    let last = lines.iter().rposition(|line| !line.is_empty()).map_or(first, |last| last + 1);
    lines[first..last].join("\n")
}

/// Replaces each tab with spaces up to the next column that is a multiple of 8.
fn expand_tabs(text: &str) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut column = 0;
    for character in text.chars() {
        match character {
            '\t' => {
                let width = 8 - column % 8;
                expanded.extend(std::iter::repeat_n(' ', width));
                column += width;
            }
            '\n' | '\r' => {
                expanded.push(character);
                column = 0;
            }
            other => {
                expanded.push(other);
                column += 1;
            }
        }
    }
    expanded
}

fn skip_chars(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or("", |(at, _)| &text[at..])
}

/// Returns the descriptions of parameters in a docstring, keyed by parameter name.
///
/// If the docstring has multiple sections for parameters, the last section takes precedence.
pub(crate) fn parameters(docstring: &str) -> HashMap<String, String> {
    let cleaned = clean(docstring.trim_end());
    let lines: Vec<&str> = cleaned.split('\n').collect();
    let mut found = HashMap::new();
    let mut in_fence = false;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        if line.trim_start_matches(' ').starts_with("```") {
            in_fence = !in_fence;
        } else if let Some(kind) = section(line).filter(|_| !in_fence && opens_block(&lines, at)) {
            let block = Block::read(&lines, at + 1);
            if PARAMETER_SECTIONS.contains(&kind.to_lowercase().as_str()) {
                found = block.items.iter().filter_map(|item| described(item)).collect();
            }
            // The end line of a block may be the header of the next section.
            at = block.end.max(at + 1);
            continue;
        }
        at += 1;
    }
    found
}

const PARAMETER_SECTIONS: [&str; 4] = ["args", "arguments", "params", "parameters"];

/// Returns the kind of section that a header line such as `Args:` or `Note: a title` opens, or `None` if the
/// line is not a section header.
fn section(line: &str) -> Option<&str> {
    let (kind, title) = line.split_once(':')?;
    let mut characters = kind.chars();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let starts = characters.next().is_some_and(is_word);
    let continues = characters.all(|c| is_word(c) || c.is_whitespace() || c == '-');
    let titled = title.trim().is_empty() || title.starts_with(char::is_whitespace);
    (starts && continues && titled).then_some(kind)
}

/// Returns whether the section header at a line opens a block.
///
/// The previous line must be blank or missing, and one of the next two lines must be indented.
fn opens_block(lines: &[&str], at: usize) -> bool {
    let is_blank = |line: &&str| line.trim().is_empty();
    let indented =
        |line: Option<&&str>| line.is_some_and(|line| !line.trim().is_empty() && line.starts_with(' '));
    let above_is_blank = at == 0 || is_blank(&lines[at - 1]);
    let (next, after) = (lines.get(at + 1), lines.get(at + 2));
    above_is_blank && (indented(next) || (indented(after) && !next.is_some_and(is_blank)))
}

/// The indented lines after a section header, grouped into items.
struct Block<'l> {
    items: Vec<Vec<&'l str>>,
    end: usize,
}

impl<'l> Block<'l> {
    fn read(lines: &[&'l str], start: usize) -> Self {
        let skipped = lines[start..].iter().take_while(|line| line.trim().is_empty()).count();
        let mut end = start + skipped;
        let mut items = Vec::new();
        let Some(first) = lines.get(end) else { return Self { items, end } };
        let indent = first.len() - first.trim_start_matches(' ').len();
        if indent == 0 {
            return Self { items, end };
        }
        let mut current = vec![&first[indent..]];
        end += 1;
        while let Some(line) = lines.get(end) {
            let depth = line.len() - line.trim_start_matches(' ').len();
            if line.trim().is_empty() {
                current.push("");
            } else if depth >= indent * 2 {
                current.push(&line[indent * 2..]);
            } else if depth > indent {
                current.push(line.trim_start());
            } else if depth == indent {
                items.push(std::mem::replace(&mut current, vec![&line[indent..]]));
            } else {
                break;
            }
            end += 1;
        }
        items.push(current);
        Self { items, end }
    }
}

/// Parses a docstring item of the form `name (type): description` into its name and description.
///
/// Returns `None` if the item contains no colon.
fn described(item: &Vec<&str>) -> Option<(String, String)> {
    let (first, rest) = item.split_first()?;
    let (name, description) = first.split_once(':')?;
    let name = match name.split_once('(') {
        Some((before, _)) if name.ends_with(')') => before.trim(),
        _ => name,
    };
    let lines = std::iter::once(description.trim_start()).chain(rest.iter().copied());
    let text = lines.collect::<Vec<_>>().join("\n");
    Some((name.to_owned(), text.trim_end_matches('\n').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleans_indentation_and_surrounding_empty_lines() {
        let cases = [
            ("One line.", "One line."),
            ("   ", ""),
            ("", ""),
            ("\n    Two\n      indented\n    lines\n    ", "Two\n  indented\nlines"),
            ("First\n    \tTab\n\tOther", "First\nTab\nOther"),
            ("First.\n\n    Trailing   \n", "First.\n\nTrailing   "),
            ("  first\n\n\n", "first"),
        ];
        for (docstring, expected) in cases {
            assert_eq!(clean(docstring), expected, "{docstring:?}");
        }
    }

    fn description_of(docstring: &str, name: &str) -> Option<String> {
        parameters(docstring).remove(name)
    }

    #[test]
    fn reads_parameter_descriptions_from_google_sections() {
        let doc = "Sum.\n\nArgs:\n    a: The a.\n    b (str, optional): The b,\n        more\n\n        deeper\n    c : spaced\n    d(int): tight\n    none\n\nReturns:\n    e: no";
        let expected = [
            ("a", Some("The a.")),
            ("b", Some("The b,\nmore\n\ndeeper")),
            ("c", None),
            ("c ", Some("spaced")),
            ("d", Some("tight")),
            ("e", None),
            ("none", None),
        ];
        for (name, description) in expected {
            assert_eq!(description_of(doc, name).as_deref(), description, "{name}");
        }
    }

    #[test]
    fn ignores_text_that_is_not_a_section() {
        let cases = [
            ("Sum\nArgs:\n    a: no blank line above", None),
            ("Sum\n\nArgs:\n\n    a: blank below", None),
            ("Sum\n\n```\nArgs:\n    a: fenced\n```", None),
            ("Sum\n\nKeyword Args:\n    a: other section", None),
            ("Sum\n\nText\n\n Args:\n    a: indented header", None),
            ("Args:\n    a: first line\nend", Some("first line")),
            ("Sum\n\nPARAMS: title\n    a: any case", Some("any case")),
            ("Sum\n\nArgs:\n    a: one\n\nArguments:\n    b: two", None),
        ];
        for (docstring, expected) in cases {
            assert_eq!(description_of(docstring, "a").as_deref(), expected, "{docstring:?}");
        }
    }
}
