//! Merges an environment's values into the project file.

use std::collections::HashSet;

use super::{
    EnvironmentName, JOB_VARIABLES, KEY, NAME_SUFFIX, WORK_POOL, deployments, merging::Merging, resources,
};
use crate::{
    diagnostics::{Code, Diagnostic, Place, did_you_mean},
    names::FORBIDDEN_CHARACTERS,
    project::checker::is_misspelling,
    source::Span,
    yaml::{AppendError, Document, Entry, Mapping, Node, NodeKind, Overlay},
};

/// The keys that have a special meaning in environments, except `deployments`.
const OWN_KEYS: [&str; 3] = [NAME_SUFFIX, WORK_POOL, JOB_VARIABLES];

/// Maximum number of values copied from an environment to all deployments.
const MAXIMUM_COPIED_NODES: usize = 4_000_000;

/// Returns an environment's section in the project file, or `None` if the file does not define the environment.
pub(super) fn section<'a>(document: &'a Document, name: &EnvironmentName) -> Option<&'a Node> {
    document.root.get(KEY)?.get(name.as_str())
}

/// A project file merged with an environment's values.
pub(super) struct Merged {
    pub(super) document: Document,
    pub(super) warnings: Vec<Diagnostic>,
    /// Position of `name_suffix`, if set.
    pub(super) suffix: Option<Place>,
}

/// Merges an environment's values into the project file. The section in the project file comes first, followed by the
/// overlay file. The merged document has no `environments` key.
///
/// # Errors
///
/// Fails with all problems found in the environment.
pub(super) fn merged(
    base: &Document,
    name: &EnvironmentName,
    overlay: Option<Document>,
) -> Result<Merged, Vec<Diagnostic>> {
    if base.root.as_mapping().is_none() {
        // The structure of the project file is checked later.
        return Ok(Merged { document: base.clone(), warnings: Vec::new(), suffix: None });
    }
    let mut document = base.layered();
    let mut layers = Vec::new();
    layers.extend(section(base, name).map(|section| (section.clone(), HashSet::new())));
    layers.extend(overlay.map(|overlay| document.add_layer(overlay)));
    let mut merging = Merging::new(&document);
    let mut root = without_environments(&base.root);
    for (layer, appended) in layers {
        root = merging.layer(root, &layer, appended);
    }
    let mut suffix = None;
    if let Some(node) = merging.suffix.take() {
        root = with_suffix(&root, &node);
        suffix = Some(document.place(node.span));
    }
    let Merging { findings, nulls, .. } = merging;
    if findings.iter().any(Diagnostic::is_error) {
        return Err(findings);
    }
    document.set_merged(root, nulls);
    Ok(Merged { document, warnings: findings, suffix })
}

/// Removes the `environments` key. Other environments' values have no effect and must not cause warnings.
fn without_environments(root: &Node) -> Node {
    let entries = root.as_mapping().into_iter().flat_map(Mapping::entries);
    let others = entries.filter(|entry| entry.key.as_text() != Some(KEY)).cloned();
    Node::new(root.span, NodeKind::Mapping(Mapping::from_entries(others).into()))
}

impl Merging<'_> {
    /// Merges a layer with the preceding layers' values.
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
        self.misspelled_keys(mapping);
        let mut overlay = Overlay::new(appended, std::mem::take(&mut self.nulls));
        self.suffix(mapping);
        let for_all = self.for_all(mapping);
        let is_own = |entry: &&Entry| match entry.key.as_text() {
            Some(key) => key != "deployments" && key != KEY && !OWN_KEYS.contains(&key),
            None => true,
        };
        let own = Mapping::from_entries(mapping.entries().filter(is_own).cloned());
        if let Some(entry) = mapping.entry(KEY) {
            let message = "environments cannot be nested".to_owned();
            let help =
                "define the environment in `environments` of the project file, or in its own overlay file";
            self.error(Code::ENVIRONMENT_OVERLAY, entry.key.span, message, Some(help.to_owned()));
        }
        let own = Node::new(layer.span, NodeKind::Mapping(own.into()));
        let own = resources::merged(self, &mut overlay, &root, &own);
        let root = overlay.merge(Some(&root), &own).unwrap_or(root);
        // A list without items, for example with only comments, is null.
        let is_null = |entry: &&Entry| matches!(entry.value.kind, NodeKind::Null);
        let declared = mapping.entry("deployments").filter(|entry| !is_null(entry));
        let root = if self.is_small(&root, &for_all) {
            deployments::merged(self, &mut overlay, &root, declared, &for_all)
        } else {
            root
        };
        let (nulls, errors) = overlay.finish();
        self.nulls = nulls;
        for error in errors {
            self.append_error(&error);
        }
        root
    }

    /// Warns about keys that are probably misspelled environment keys.
    fn misspelled_keys(&mut self, layer: &Mapping) {
        for entry in layer.entries() {
            let Some(key) = entry.key.as_text() else { continue };
            let similar = did_you_mean(key, OWN_KEYS).filter(|similar| is_misspelling(key, similar));
            if let Some(similar) = similar.filter(|similar| *similar != key) {
                let message = format!("the key '{key}' is unknown and has no effect");
                let diagnostic = Diagnostic::warning(Code::UNKNOWN_KEY, message)
                    .at(self.document.place(entry.key.span))
                    .help(format!("did you mean `{similar}`?"));
                self.findings.push(diagnostic);
            }
        }
    }

    /// Returns whether copying the values for all deployments stays within the size limit. Reports an error otherwise.
    fn is_small(&mut self, root: &Node, for_all: &[Node]) -> bool {
        let deployments = root.get("deployments").and_then(Node::as_sequence).unwrap_or_default().len();
        let size = for_all.iter().map(Node::size).fold(0_usize, usize::saturating_add);
        let is_small = size.saturating_mul(deployments) <= MAXIMUM_COPIED_NODES;
        if let Some(first) = for_all.first().filter(|_| !is_small) {
            let message = "the values for all deployments expand to too many values".to_owned();
            self.error(Code::YAML_LIMIT, first.span, message, None);
        }
        is_small
    }

    /// Reads the name suffix. Null removes an earlier layer's suffix.
    fn suffix(&mut self, layer: &Mapping) {
        match layer.entry(NAME_SUFFIX).map(|entry| &entry.value) {
            None => {}
            Some(Node { kind: NodeKind::Null, .. }) => self.suffix = None,
            Some(suffix @ Node { kind: NodeKind::Text(_), .. }) => self.suffix = Some(suffix.clone()),
            Some(other) => {
                let message = format!("`{NAME_SUFFIX}` must be a string, not {}", other.type_name());
                self.error(Code::WRONG_TYPE, other.span, message, None);
            }
        }
    }

    /// Returns a layer's values for all deployments as deployment nodes.
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

    fn append_error(&mut self, error: &AppendError) {
        match *error {
            AppendError::Base { list, base, found } => {
                let base = self.document.place(base);
                let message =
                    format!("`!append` requires a list in the project file, but the value is {found}");
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
}

/// Adds a suffix to all deployment names. Names that are not strings are reported later.
///
/// A name keeps its position in the file. If only the suffix contains a template or a forbidden character, the name
/// gets the suffix's position because the suffix causes the problem.
fn with_suffix(root: &Node, suffix: &Node) -> Node {
    let (suffix, suffix_span) = (suffix.as_text().unwrap_or_default(), suffix.span);
    let can_be_wrong = |text: &str| {
        text.contains(FORBIDDEN_CHARACTERS) || ["{{", "<<"].iter().any(|mark| text.contains(mark))
    };
    let is_suspect = can_be_wrong(suffix);
    let renamed = |item: &Node| {
        let name = item.get("name").and_then(|name| Some((name.span, name.as_text()?)));
        let Some((span, name)) = name else { return item.clone() };
        let span = if is_suspect && !can_be_wrong(name) { suffix_span } else { span };
        item.with_value("name", Node::text(span, &format!("{name}{suffix}")))
    };
    let Some((list, items)) = root.get("deployments").and_then(|list| Some((list, list.as_sequence()?)))
    else {
        return root.clone();
    };
    let items = items.iter().map(renamed).collect();
    root.with_value("deployments", Node::new(list.span, NodeKind::Sequence(items)))
}
