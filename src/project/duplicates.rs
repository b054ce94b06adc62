//! Reports keys that occur more than once in a mapping. Duplicate keys in the section that declares resources are
//! errors because one of the declarations would be lost.

use super::{environments, resources::SECTION};
use crate::{
    diagnostics::{Code, Diagnostic, Place},
    source::Span,
    yaml::{Document, DuplicateKey, Entry, Mapping, Node},
};

/// Key of the variables section.
const VARIABLES: &str = "variables";

/// Returns the duplicate key findings and merge warnings for a parsed document.
pub(super) fn parser_findings(document: &Document) -> Vec<Diagnostic> {
    let sections = sections(&document.root);
    let finding = |duplicate: &DuplicateKey| match sections
        .iter()
        .find(|section| contains(section, duplicate.second))
    {
        Some(section) => in_section(section, duplicate, document),
        None => duplicate.diagnostic(&document.source),
    };
    document.duplicate_keys.iter().map(finding).chain(document.merge_warnings()).collect()
}

/// Returns the sections that declare resources in the file and its environments.
fn sections(root: &Node) -> Vec<&Entry> {
    let environments = root.get(environments::KEY).and_then(Node::as_mapping);
    let environments = environments.into_iter().flat_map(Mapping::entries).map(|entry| &entry.value);
    let parts = std::iter::once(root).chain(environments);
    parts.filter_map(|part| part.as_mapping()?.entry(SECTION)).collect()
}

/// Returns whether a key is in a section or is the section's own key.
fn contains(section: &Entry, key: Span) -> bool {
    let Span { start, end } = section.value.span;
    section.key.span == key || (start <= key.start && key.end <= end)
}

/// Returns the error for a duplicate key in a section.
fn in_section(section: &Entry, duplicate: &DuplicateKey, document: &Document) -> Diagnostic {
    let source = &document.source;
    let variables = section.value.get(VARIABLES).and_then(Node::as_mapping);
    let variable = variables.and_then(|variables| variables.entry(&duplicate.key));
    let message = if variable.is_some_and(|entry| entry.key.span == duplicate.second) {
        let line = source.position(duplicate.first.start).line;
        format!("variable '{}' is already declared at {}:{line}", duplicate.key, source.name())
    } else {
        duplicate.message(source)
    };
    Diagnostic::error(Code::DUPLICATE_RESOURCE, message)
        .at(Place::new(source, duplicate.second))
        .help("remove or rename one of the two entries")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{source::Source, yaml};

    #[test]
    fn reports_keys_that_occur_twice() {
        for (text, expected) in [
            (
                "prefectl:\n  variables:\n    a: 1\n    b: 2\n    a: 3\n",
                "5:5 error variable 'a' is already declared at prefect.yaml:3",
            ),
            (
                "prefectl: {variables: {a: 1, 'a': 2}}\n",
                "1:30 error variable 'a' is already declared at prefect.yaml:1",
            ),
            (
                "prefectl:\n  variables: {a: 1}\n  variables: {b: 1}\n",
                "3:3 error the key `variables` is already set on line 2",
            ),
            (
                "prefectl: {variables: {a: 1}}\npull: []\nprefectl: {}\n",
                "3:1 error the key `prefectl` is already set on line 1",
            ),
            (
                "prefectl:\n  work_pools:\n  - name: a\n    type: process\n    name: b\n",
                "5:5 error the key `name` is already set on line 3",
            ),
            (
                "environments:\n  prod:\n    prefectl: {variables: {a: 1, a: 2}}\n",
                "3:34 error variable 'a' is already declared at prefect.yaml:3",
            ),
            (
                "pull: []\npull: []\nprefectl: {}\n",
                "2:1 warning the key `pull` is already set on line 1; this value overrides it",
            ),
            ("x: &x {a: 1}\nprefectl: {variables: {<<: *x, a: 2}}\n", ""),
        ] {
            let document = yaml::load(&Source::new("prefect.yaml", text)).unwrap();
            let shown = |found: &Diagnostic| {
                let start = found.place.as_ref().unwrap().start();
                let severity = if found.is_error() { "error" } else { "warning" };
                format!("{}:{} {severity} {}", start.line, start.column, found.message)
            };
            let found: Vec<String> = parser_findings(&document).iter().map(shown).collect();
            assert_eq!(found.join("; "), expected, "{text}");
        }
    }
}
