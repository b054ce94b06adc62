//! The tree to values: what each tag makes of its node.

use std::{collections::HashSet, rc::Rc, sync::Arc};

use super::{
    compose::{Content, Tag, Tree, TreeEntry, TreeNode},
    document::{Document, DuplicateKey},
    error::{YamlError, YamlErrorKind},
    key::Key,
    node::{Entry, Mapping, Node, NodeKind},
    scalar::{self, ScalarTag},
};
use crate::source::{Source, Span};

/// Makes the values of a document.
pub(super) fn construct<'a>(source: &'a Source, tree: &Tree<'a>) -> Result<Document, YamlError> {
    let mut constructor = Constructor {
        text: source.text(),
        nodes: vec![None; tree.anchors],
        mappings: vec![None; tree.anchors],
        duplicate_keys: Vec::new(),
    };
    let root = match &tree.root {
        Some(root) => constructor.node(root)?,
        None => Node::new(Span::default(), NodeKind::Null),
    };
    let mut duplicate_keys = constructor.duplicate_keys;
    duplicate_keys.sort_by_key(|duplicate| duplicate.second.start);
    Ok(Document { source: source.clone(), root, duplicate_keys })
}

/// Values that were made, by the number of their anchor, so that aliases share them.
struct Constructor<'a> {
    text: &'a str,
    nodes: Vec<Option<Node>>,
    mappings: Vec<Option<Arc<Mapping>>>,
    duplicate_keys: Vec<DuplicateKey>,
}

impl<'a> Constructor<'a> {
    fn node(&mut self, node: &Rc<TreeNode<'a>>) -> Result<Node, YamlError> {
        if let Some(made) = node.anchor.and_then(|anchor| self.nodes[anchor].clone()) {
            return Ok(made);
        }
        let made = Node::new(node.span, self.kind(node)?);
        if let Some(anchor) = node.anchor {
            self.nodes[anchor] = Some(made.clone());
        }
        Ok(made)
    }

    fn kind(&mut self, node: &Rc<TreeNode<'a>>) -> Result<NodeKind, YamlError> {
        let unexpected =
            |expected| YamlErrorKind::WrongNode { expected, found: node.description() }.at(node.span);
        match (&node.tag, &node.content) {
            (Tag::Scalar(tag), _) => {
                let text = scalar_text(node).ok_or_else(|| unexpected(tag.expectation()))?;
                construct_scalar(*tag, text, node.span)
            }
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

    /// An item of `!!omap` or `!!pairs`: a mapping of one entry, as a list of its key and value.
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

    /// The entries of a mapping node, whatever its tag, with merge keys carried out.
    fn mapping(&mut self, node: &TreeNode<'a>, entries: &[TreeEntry<'a>]) -> Result<Arc<Mapping>, YamlError> {
        if let Some(made) = node.anchor.and_then(|anchor| self.mappings[anchor].clone()) {
            return Ok(made);
        }
        let mut mapping = self.merged(entries)?;
        let merged = mapping.len();
        let mut overridden = HashSet::new();
        for (key, value) in entries.iter().filter(|(key, _)| !is_merge(key)) {
            let key = self.key(key)?;
            let identity = self.identity(&key)?;
            let value = self.node(value)?;
            let Some((index, first)) = mapping.insert(identity, Entry { key, value }) else { continue };
            // To override a merged entry once is what merging is for.
            if index >= merged || !overridden.insert(index) {
                self.duplicate_keys.extend(mapping.duplicate(index, first));
            }
        }
        let made = Arc::new(mapping);
        if let Some(anchor) = node.anchor {
            self.mappings[anchor] = Some(Arc::clone(&made));
        }
        Ok(made)
    }

    /// What the merge keys among some entries bring in. It comes before the mapping's own entries and yields to them.
    ///
    /// A later merge key wins over an earlier one, but in a list of mappings the earlier one wins.
    fn merged(&mut self, entries: &[TreeEntry<'a>]) -> Result<Mapping, YamlError> {
        let mut merged = Mapping::with_capacity(entries.len());
        for (_, source) in entries.iter().filter(|(key, _)| is_merge(key)) {
            for mapping in self.merge_sources(source)?.iter().rev() {
                for (identity, entry) in mapping.identified() {
                    merged.insert(identity.clone(), entry.clone());
                }
            }
        }
        Ok(merged)
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

    /// A key; a bare `=` is a text here.
    fn key(&mut self, key: &Rc<TreeNode<'a>>) -> Result<Node, YamlError> {
        match (&key.tag, &key.content) {
            (Tag::Scalar(ScalarTag::Value), Content::Scalar(text)) => {
                Ok(Node::new(key.span, NodeKind::Text(text.as_ref().into())))
            }
            _ => self.node(key),
        }
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

/// Whether a key is `<<`.
fn is_merge(key: &TreeNode<'_>) -> bool {
    key.tag == Tag::Scalar(ScalarTag::Merge)
}

/// The text of a scalar; a mapping with a `=` key stands for the scalar under that key.
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
