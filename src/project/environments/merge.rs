//! Merges the values of an environment with the project file.

use std::collections::HashSet;

use super::{EnvironmentName, JOB_VARIABLES, KEY, NAME_SUFFIX, WORK_POOL, deployments};
use crate::{
    diagnostics::{Code, Diagnostic},
    source::Span,
    yaml::{AppendError, Document, Entry, Mapping, Node, NodeKind, Overlay},
};

/// Returns the section of an environment in the project file, or `None` if the file does not define the environment.
pub(super) fn section<'a>(document: &'a Document, name: &EnvironmentName) -> Option<&'a Node> {
    document.root.get(KEY)?.get(name.as_str())
}

/// Merges the values of an environment with the project file. The section in the project file comes first, followed by
/// the overlay file.
///
/// # Errors
///
/// Returns all problems that prevent the merge.
pub(super) fn merged(
    base: &Document,
    name: &EnvironmentName,
    overlay: Option<Document>,
) -> Result<Document, Vec<Diagnostic>> {
    if base.root.as_mapping().is_none() {
        // The structure of the project file is checked later.
        return Ok(base.clone());
    }
    let mut document = base.layered();
    let mut layers = Vec::new();
    layers.extend(section(base, name).map(|section| (section.clone(), HashSet::new())));
    layers.extend(overlay.map(|overlay| document.add_layer(overlay)));
    let mut merging = Merging { document: &document, suffix: None, findings: Vec::new() };
    let mut root = base.root.clone();
    for (layer, appended) in layers {
        root = merging.layer(root, &layer, appended);
    }
    if let Some(suffix) = merging.suffix.take() {
        root = with_suffix(&root, &suffix);
    }
    let findings = merging.findings;
    if !findings.is_empty() {
        return Err(findings);
    }
    document.root = root;
    Ok(document)
}

/// The state while the layers of an environment are merged.
pub(super) struct Merging<'a> {
    /// The document that contains the files of all layers.
    document: &'a Document,
    suffix: Option<String>,
    findings: Vec<Diagnostic>,
}

impl Merging<'_> {
    /// Merges a layer with the values of the layers before it.
    fn layer(&mut self, root: Node, layer: &Node, appended: HashSet<Span>) -> Node {
        let mapping = match &layer.kind {
            NodeKind::Mapping(mapping) => mapping,
            NodeKind::Null => return root,
            _ => {
                let message = format!("an environment must be a mapping, not {}", layer.type_name());
                self.error(Code::WRONG_TYPE, layer.span, message, None);
                return root;
            }
        };
        let mut overlay = Overlay::new(appended);
        self.suffix(mapping);
        let for_all = self.for_all(mapping);
        let special = [NAME_SUFFIX, WORK_POOL, JOB_VARIABLES, KEY];
        let is_removed = |entry: &Entry| matches!(entry.value.kind, NodeKind::Null);
        let is_own = |entry: &&Entry| match entry.key.as_text() {
            Some("deployments") => is_removed(entry),
            Some(key) => !special.contains(&key),
            None => true,
        };
        let own = Mapping::from_entries(mapping.entries().filter(is_own).cloned());
        if let Some(entry) = mapping.entry(KEY) {
            let message = "environments cannot be nested".to_owned();
            let help = "define the environment in `environments` of the project file, or in its own overlay file";
            self.error(Code::ENVIRONMENT_OVERLAY, entry.key.span, message, Some(help.to_owned()));
        }
        let own = Node::new(layer.span, NodeKind::Mapping(own.into()));
        let root = overlay.merge(Some(&root), &own).unwrap_or(root);
        let declared = mapping.entry("deployments").filter(|entry| !is_removed(entry));
        let root = deployments::merged(self, &mut overlay, &root, declared, &for_all);
        for error in overlay.into_errors() {
            self.append_error(error);
        }
        root
    }

    /// Reads the suffix of the names. Null removes the suffix of an earlier layer.
    fn suffix(&mut self, layer: &Mapping) {
        match layer.entry(NAME_SUFFIX).map(|entry| &entry.value) {
            None => {}
            Some(Node { kind: NodeKind::Null, .. }) => self.suffix = None,
            Some(Node { kind: NodeKind::Text(text), .. }) => self.suffix = Some(text.to_string()),
            Some(other) => {
                let message = format!("`{NAME_SUFFIX}` must be a string, not {}", other.type_name());
                self.error(Code::WRONG_TYPE, other.span, message, None);
            }
        }
    }

    /// Returns the values that a layer sets for all deployments, in the form of deployments.
    fn for_all(&mut self, layer: &Mapping) -> Vec<Node> {
        let mut values = Vec::new();
        for key in [WORK_POOL, JOB_VARIABLES] {
            let Some(Entry { key: node, value }) = layer.entry(key) else { continue };
            if !matches!(value.kind, NodeKind::Mapping(_) | NodeKind::Null) {
                let message = format!("`{key}` must be a mapping, not {}", value.type_name());
                let help = (key == WORK_POOL)
                    .then(|| "write the name of the work pool as `work_pool: {name: ...}`".to_owned());
                self.error(Code::WRONG_TYPE, value.span, message, help);
                continue;
            }
            let inner = Node::with_entry(value.span, node.clone(), value.clone());
            values.push(if key == WORK_POOL {
                inner
            } else {
                Node::with_entry(value.span, Node::text(node.span, WORK_POOL), inner)
            });
        }
        values
    }

    fn append_error(&mut self, error: AppendError) {
        match error {
            AppendError::Base { list, base, found } => {
                let base = self.document.place(base);
                let message = format!("`!append` requires a list in the project file, but the value is {found}");
                let help = format!("the value is set in {}:{}", base.source.name(), base.start().line);
                self.error(Code::ENVIRONMENT_OVERLAY, list, message, Some(help));
            }
            AppendError::Replaced { list } => {
                let message = "`!append` has no effect inside the items of a list".to_owned();
                let help = "lists are replaced as a whole: remove the tag, or append to the outer list";
                self.error(Code::ENVIRONMENT_OVERLAY, list, message, Some(help.to_owned()));
            }
        }
    }

    /// Returns the line of a value in its file.
    pub(super) fn line(&self, span: Span) -> usize {
        self.document.place(span).start().line
    }

    /// Records an error at the position of a value.
    pub(super) fn error(&mut self, code: Code, span: Span, message: String, help: Option<String>) {
        let diagnostic = Diagnostic::error(code, message).at(self.document.place(span));
        self.findings.push(Diagnostic { help, ..diagnostic });
    }
}

/// Adds a suffix to the names of all deployments. Names that are not strings are reported later.
fn with_suffix(root: &Node, suffix: &str) -> Node {
    let renamed = |item: &Node| {
        let name = item.get("name").and_then(|name| Some((name.span, name.as_text()?)));
        let Some((span, name)) = name else { return item.clone() };
        item.with_value("name", Node::text(span, &format!("{name}{suffix}")))
    };
    let Some((list, items)) = root.get("deployments").and_then(|list| Some((list, list.as_sequence()?))) else {
        return root.clone();
    };
    let items = items.iter().map(renamed).collect();
    root.with_value("deployments", Node::new(list.span, NodeKind::Sequence(items)))
}
