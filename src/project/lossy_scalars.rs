//! Detects unquoted scalars that lose characters if YAML reads them as numbers or booleans.

use std::{collections::HashSet, sync::Arc};

use crate::{
    diagnostics::{Code, Diagnostic, Place},
    python,
    yaml::{self, Document, Node, NodeKind},
};

/// Keys of mappings that contain only string values.
const STRINGS: [&str; 4] = ["build_args", "buildargs", "env", "labels"];

/// Key suffixes for versions and tags.
const ENDINGS: [&str; 3] = ["tag", "tags", "version"];

/// Returns a hint to quote a scalar that YAML does not read as a string.
///
/// Returns `None` for strings, nulls and collections.
pub(super) fn quoting_advice(document: &Document, node: &Node) -> Option<String> {
    Some(match &node.kind {
        NodeKind::Bool(flag) if is_alias_of_boolean(document, node) => {
            format!("quote the value: YAML reads `{}` as {flag}", written(document, node)?)
        }
        NodeKind::Int(_) | NodeKind::Float(_) => match loss(document, node) {
            Some((written, value)) => format!("quote the value: YAML reads `{written}` as {value}"),
            None => "quote the value".to_owned(),
        },
        NodeKind::Bool(_) => "quote the value".to_owned(),
        NodeKind::Date(_) | NodeKind::DateTime(_) => {
            "quote the value, because YAML interprets it as a date".to_owned()
        }
        _ => return None,
    })
}

/// Returns warnings about versions, tags and environment variables that lose characters.
///
/// Skips values that already have another diagnostic. The merged document does not contain values that an environment
/// overrides.
pub(super) fn warnings(document: &Document, others: &[Diagnostic]) -> Vec<Diagnostic> {
    let places = others.iter().filter_map(|diagnostic| diagnostic.place.clone());
    let mut search =
        Search { document, reported: places.collect(), visited: HashSet::new(), found: Vec::new() };
    search.visit(&document.root, false);
    search.found
}

struct Search<'a> {
    document: &'a Document,
    /// Positions of reported values.
    reported: HashSet<Place>,
    /// Addresses of visited collections. An alias shares its anchor's collection.
    visited: HashSet<usize>,
    found: Vec<Diagnostic>,
}

impl Search<'_> {
    /// Visits a value. `is_text` specifies whether all scalars in the value are intended to be strings.
    fn visit(&mut self, node: &Node, is_text: bool) {
        match &node.kind {
            NodeKind::Mapping(mapping) => {
                if !self.visited.insert(Arc::as_ptr(mapping).addr()) {
                    return;
                }
                for entry in mapping.entries() {
                    let key = entry.key.key_text().unwrap_or_default();
                    let is_scalar = !matches!(entry.value.kind, NodeKind::Mapping(_));
                    self.visit(&entry.value, (is_text && is_scalar) || has_text(&key, is_scalar));
                }
            }
            NodeKind::Sequence(items) if self.visited.insert(Arc::as_ptr(items).addr()) => {
                for item in items.iter() {
                    self.visit(item, is_text && !matches!(item.kind, NodeKind::Mapping(_)));
                }
            }
            NodeKind::Sequence(_) => {}
            _ if is_text => self.scalar(node),
            _ => {}
        }
    }

    fn scalar(&mut self, node: &Node) {
        let Some((written, value)) = loss(self.document, node) else { return };
        let place = self.document.place(node.span);
        if self.reported.insert(place.clone()) {
            let message = format!("YAML reads `{written}` as {value}");
            let diagnostic = Diagnostic::warning(Code::LOSSY_SCALAR, message)
                .at(place)
                .help(format!("quote the value: \"{written}\""))
                .fix(yaml::quote_value(self.document, node));
            self.found.push(diagnostic);
        }
    }
}

/// Returns whether the scalars under a key are intended to be strings.
fn has_text(key: &str, is_scalar: bool) -> bool {
    if !is_scalar {
        return STRINGS.contains(&key);
    }
    let key = key.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| key.ends_with(ending))
}

/// Returns the source text of a number or boolean and the value read by YAML.
///
/// Returns `None` if both are the same in Python's format.
fn loss<'a>(document: &'a Document, node: &Node) -> Option<(&'a str, String)> {
    match node.kind {
        NodeKind::Int(_) | NodeKind::Float(_) => {}
        NodeKind::Bool(_) if is_alias_of_boolean(document, node) => {}
        _ => return None,
    }
    let written = written(document, node)?;
    let value = match node.kind {
        NodeKind::Bool(flag) => flag.to_string(),
        _ => python::to_text(&node.to_value().ok()?),
    };
    (value != written).then_some((written, value))
}

/// Returns whether a boolean is written as an alias, such as `yes` or `off`.
fn is_alias_of_boolean(document: &Document, node: &Node) -> bool {
    written(document, node)
        .is_some_and(|written| !matches!(written.to_ascii_lowercase().as_str(), "true" | "false"))
}

fn written<'a>(document: &'a Document, node: &Node) -> Option<&'a str> {
    let (document, span) = document.written(node.span);
    document.source.text().get(span.range())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    #[test]
    fn warns_about_scalars_that_lose_characters() {
        let text = "build:\n- step:\n    tag: 1.10\n    buildargs: {PYTHON_VERSION: 3.10, DEBUG: true, LANG: no}\n\
                    deployments:\n- tags: [1.0, 010]\n  work_pool: {job_variables: {env: {A: 1_000, B: 12}, cpu: 0.10}}\n\
                    \x20 parameters: {python_version: 3.10, threshold: 0.10, tag: '1.10'}\n  prefect-version: 12:30\n";
        let document = yaml::load(&Source::new("prefect.yaml", text)).unwrap();
        let found = warnings(&document, &[]);
        let messages: Vec<_> =
            found.iter().map(|found| found.message.trim_start_matches("YAML reads ")).collect();
        let expected = [
            "`1.10` as 1.1",
            "`3.10` as 3.1",
            "`no` as false",
            "`010` as 8",
            "`1_000` as 1000",
            "`3.10` as 3.1",
            "`12:30` as 750",
        ];
        assert_eq!(messages, expected);
        assert!(found.iter().all(|found| found.fix.is_some()));
        assert_eq!(warnings(&document, &found).len(), 0);
    }

    #[test]
    fn advises_to_quote_scalars() {
        let document = yaml::load(&Source::new("a", "[no, false, 1.10, 2, 2024-01-01, a, ~, []]")).unwrap();
        let items = document.root.as_sequence().unwrap();
        let advice: Vec<_> =
            items.iter().map(|node| quoting_advice(&document, node).unwrap_or_default()).collect();
        let expected = [
            "quote the value: YAML reads `no` as false",
            "quote the value",
            "quote the value: YAML reads `1.10` as 1.1",
            "quote the value",
            "quote the value, because YAML interprets it as a date",
            "",
            "",
            "",
        ];
        assert_eq!(advice, expected);
    }
}
