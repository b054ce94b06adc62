//! Constructs values from the tree of a document, according to the tags of its nodes.

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
    sync::Arc,
};

use super::{
    compose::{Content, Tag, Tree, TreeEntry, TreeNode},
    document::{Document, DuplicateKey, MergeConflict},
    error::{YamlError, YamlErrorKind},
    key::Key,
    node::{Entry, Mapping, Node, NodeKind},
    scalar::{self, ScalarTag},
};
use crate::source::{Source, Span};

/// Constructs the values of a document from its tree.
pub(super) fn construct<'a>(source: &'a Source, tree: &Tree<'a>) -> Result<Document, YamlError> {
    let mut constructor = Constructor {
        text: source.text(),
        nodes: vec![None; tree.anchors],
        mappings: vec![None; tree.anchors],
        texts: HashSet::new(),
        duplicate_keys: Vec::new(),
        merge_conflicts: Vec::new(),
        appended: HashSet::new(),
    };
    let root = match &tree.root {
        Some(root) => constructor.node(root)?,
        None => Node::new(Span::default(), NodeKind::Null),
    };
    let mut duplicate_keys = constructor.duplicate_keys;
    duplicate_keys.sort_unstable_by_key(|duplicate| duplicate.second.start);
    let mut merge_conflicts = constructor.merge_conflicts;
    merge_conflicts.sort_unstable_by(|a, b| (a.merge_key.start, &a.key).cmp(&(b.merge_key.start, &b.key)));
    let appended = constructor.appended;
    Ok(Document {
        source: source.clone(),
        root,
        duplicate_keys,
        merge_conflicts,
        appended,
        layers: Vec::new(),
        removed: HashMap::new(),
    })
}

/// A constructor of values. Stores anchored values, so that aliases can share them.
struct Constructor<'a> {
    text: &'a str,
    nodes: Vec<Option<Node>>,
    mappings: Vec<Option<Arc<Mapping>>>,
    /// The distinct strings of the document. Equal strings, such as the keys of all deployments, share their text.
    texts: HashSet<Arc<str>>,
    duplicate_keys: Vec<DuplicateKey>,
    merge_conflicts: Vec<MergeConflict>,
    appended: HashSet<Span>,
}

/// Entries that a mapping inherits through merge keys (`<<`).
struct Merged {
    mapping: Mapping,
    /// Maps each key that has different values in a merge list's mappings to the position of the merge key `<<`.
    conflicts: HashMap<Key, Span>,
}

impl<'a> Constructor<'a> {
    fn node(&mut self, node: &Rc<TreeNode<'a>>) -> Result<Node, YamlError> {
        if let Some(shared) = node.anchor.and_then(|anchor| self.nodes[anchor].clone()) {
            return Ok(shared);
        }
        let constructed = Node::new(node.span, self.kind(node)?);
        if let Some(anchor) = node.anchor {
            self.nodes[anchor] = Some(constructed.clone());
        }
        Ok(constructed)
    }

    fn kind(&mut self, node: &Rc<TreeNode<'a>>) -> Result<NodeKind, YamlError> {
        let unexpected =
            |expected| YamlErrorKind::WrongNode { expected, found: node.description() }.at(node.span);
        match (&node.tag, &node.content) {
            (Tag::Scalar(tag), _) => {
                let text = scalar_text(node).ok_or_else(|| unexpected(tag.expectation()))?;
                match tag {
                    ScalarTag::Text => Ok(NodeKind::Text(self.shared(text))),
                    _ => construct_scalar(*tag, text, node.span),
                }
            }
            (Tag::Append, Content::Sequence(items)) => {
                self.appended.insert(node.span);
                let items: Result<_, _> = items.iter().map(|item| self.node(item)).collect();
                Ok(NodeKind::Sequence(items?))
            }
            (Tag::Append, _) => Err(YamlErrorKind::AppendedValue(node.description()).at(node.span)),
            (Tag::Sequence, Content::Sequence(items)) => {
                let items: Result<_, _> = items.iter().map(|item| self.node(item)).collect();
                Ok(NodeKind::Sequence(items?))
            }
            (Tag::Mapping, Content::Mapping(entries)) => Ok(NodeKind::Mapping(self.mapping(node, entries)?)),
            (Tag::Set, Content::Mapping(entries)) => {
                let mapping = self.mapping(node, entries)?;
                Ok(NodeKind::Set(mapping.entries().map(|entry| entry.key.clone()).collect()))
            }
            (Tag::Pairs, Content::Sequence(items)) => {
                let pairs: Result<_, _> = items.iter().map(|item| self.pair(item)).collect();
                Ok(NodeKind::Sequence(pairs?))
            }
            (Tag::Sequence | Tag::Pairs, _) => Err(unexpected("a list")),
            (Tag::Mapping | Tag::Set, _) => Err(unexpected("a mapping")),
            (Tag::Unknown(tag), _) => Err(YamlErrorKind::UnknownTag(tag.name.clone()).at(tag.span)),
        }
    }

    /// Constructs an item of `!!omap` or `!!pairs`.
    ///
    /// The item must be a mapping with a single entry. The result is a list of the key and the value.
    fn pair(&mut self, item: &Rc<TreeNode<'a>>) -> Result<Node, YamlError> {
        match &item.content {
            Content::Mapping(entries) if let [(key, value)] = entries.as_slice() => {
                let pair = [self.node(key)?, self.node(value)?];
                Ok(Node::new(item.span, NodeKind::Sequence(pair.into())))
            }
            _ => Err(YamlErrorKind::WrongNode {
                expected: "a mapping with one entry",
                found: item.description(),
            }
            .at(item.span)),
        }
    }

    /// Constructs the entries of a mapping node with any tag. Entries from merge keys are included.
    fn mapping(&mut self, node: &TreeNode<'a>, entries: &[TreeEntry<'a>]) -> Result<Arc<Mapping>, YamlError> {
        if let Some(made) = node.anchor.and_then(|anchor| self.mappings[anchor].clone()) {
            return Ok(made);
        }
        let Merged { mut mapping, mut conflicts } = self.merged(entries)?;
        let merged = mapping.len();
        let mut overridden = HashSet::new();
        for (key, value) in entries.iter().filter(|(key, _)| !is_merge(key)) {
            let key = self.key(key)?;
            let identity = self.identity(&key)?;
            conflicts.remove(&identity);
            let value = self.node(value)?;
            let Some((index, first)) = mapping.insert(identity, Entry { key, value }) else { continue };
            // A key that overrides a merged entry once is not a duplicate because this is the purpose of merge keys.
            if index >= merged || !overridden.insert(index) {
                self.duplicate_keys.extend(mapping.duplicate(index, first));
            }
        }
        self.merge_conflicts.extend(conflicts.into_iter().filter_map(|(identity, merge_key)| {
            let key = mapping.get(&identity)?.key.key_text()?.into_owned();
            Some(MergeConflict { key, merge_key })
        }));
        let mapping = Arc::new(mapping);
        if let Some(anchor) = node.anchor {
            self.mappings[anchor] = Some(Arc::clone(&mapping));
        }
        Ok(mapping)
    }

    /// Returns the entries that a mapping with the given `entries` inherits through merge keys. The mapping's own
    /// entries can override inherited entries.
    ///
    /// A later merge key takes precedence over an earlier merge key. In a list of mappings, the earlier mapping takes
    /// precedence.
    fn merged(&mut self, entries: &[TreeEntry<'a>]) -> Result<Merged, YamlError> {
        let mut merged = Mapping::with_capacity(entries.len());
        let mut conflicts = HashMap::new();
        for (merge_key, source) in entries.iter().filter(|(key, _)| is_merge(key)) {
            let mut own: HashMap<Key, Entry> = HashMap::new();
            for mapping in self.merge_sources(source)?.iter().rev() {
                for (identity, entry) in mapping.identified() {
                    conflicts.remove(identity);
                    if let Some(other) = own.insert(identity.clone(), entry.clone())
                        && !is_interned(identity)
                        && !entry.value.is_equal_to(&other.value)
                    {
                        conflicts.insert(identity.clone(), merge_key.span);
                    }
                    merged.insert(identity.clone(), entry.clone());
                }
            }
        }
        Ok(Merged { mapping: merged, conflicts })
    }

    fn merge_sources(&mut self, source: &Rc<TreeNode<'a>>) -> Result<Vec<Arc<Mapping>>, YamlError> {
        match &source.content {
            Content::Mapping(entries) => Ok(vec![self.mapping(source, entries)?]),
            Content::Sequence(items) => items
                .iter()
                .map(|item| match &item.content {
                    Content::Mapping(entries) => self.mapping(item, entries),
                    _ => Err(YamlErrorKind::MergeSource(item.description()).at(item.span)),
                })
                .collect(),
            Content::Scalar(_) => Err(YamlErrorKind::MergeSource(source.description()).at(source.span)),
        }
    }

    /// Constructs the key of a mapping entry. An unquoted `=` is a string if it is a key.
    fn key(&mut self, key: &Rc<TreeNode<'a>>) -> Result<Node, YamlError> {
        match (&key.tag, &key.content) {
            (Tag::Scalar(ScalarTag::Value), Content::Scalar(text)) => {
                Ok(Node::new(key.span, NodeKind::Text(self.shared(text))))
            }
            _ => self.node(key),
        }
    }

    /// Returns the shared copy of a string.
    fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&text));
        text
    }

    fn identity(&self, key: &Node) -> Result<Key, YamlError> {
        key.identity().ok_or_else(|| {
            let before = self.text[..key.span.start].trim_end_matches(' ');
            let template = matches!(key.kind, NodeKind::Mapping(_))
                && self.text[key.span.range()].starts_with('{')
                && before.ends_with('{');
            YamlErrorKind::UnhashableKey { found: key.type_name(), template }.at(key.span)
        })
    }
}

/// Returns whether a key is a merge key: an unquoted `<<`.
fn is_merge(key: &TreeNode<'_>) -> bool {
    key.tag == Tag::Scalar(ScalarTag::Merge)
}

/// Returns whether PyYAML 6.0.4 merges a key like other releases.
///
/// This release compares strings by identity, and Python shares the objects of strings with at most one character.
fn is_interned(key: &Key) -> bool {
    matches!(key, Key::Text(text) if text.chars().count() <= 1)
}

/// Returns the text of a scalar. A mapping with the key `=` is treated as the scalar under that key.
fn scalar_text<'n>(node: &'n TreeNode<'_>) -> Option<&'n str> {
    match &node.content {
        Content::Scalar(text) => Some(text),
        Content::Sequence(_) => None,
        Content::Mapping(entries) => entries
            .iter()
            .find(|(key, _)| key.tag == Tag::Scalar(ScalarTag::Value))
            .and_then(|(_, value)| scalar_text(value)),
    }
}

fn construct_scalar(tag: ScalarTag, text: &str, span: Span) -> Result<NodeKind, YamlError> {
    match tag {
        ScalarTag::Merge => Err(YamlErrorKind::BareIndicator("<<").at(span)),
        ScalarTag::Value => Err(YamlErrorKind::BareIndicator("=").at(span)),
        _ => scalar::construct(tag, text).ok_or_else(|| {
            let text = text.chars().take(60).collect();
            YamlErrorKind::InvalidScalar { text, expected: tag.expectation() }.at(span)
        }),
    }
}
