//! Composes parser events into a tree, resolves anchors and tags, and enforces the size limits.

use std::{borrow::Cow, collections::HashMap, rc::Rc};

use super::{
    error::{YamlError, YamlErrorKind},
    event::{APPEND, Anchor, Event, EventKind, Properties, Style, Tag as WrittenTag},
    limits::{MAXIMUM_DEPTH, MAXIMUM_NODES, maximum_aliased_nodes},
    parse::Events,
    scalar::{self, ScalarTag},
};
use crate::{diagnostics::did_you_mean, source::Span};

/// The tree of a YAML document. Its scalars have not been converted to values yet.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    /// The root node, or `None` if the file contains no document.
    pub(super) root: Option<Rc<TreeNode<'a>>>,
    /// The number of anchors in the document.
    pub(super) anchors: usize,
}

#[derive(Debug)]
pub(super) struct TreeNode<'a> {
    pub(super) span: Span,
    pub(super) tag: Tag,
    pub(super) content: Content<'a>,
    /// Index of the node's anchor, if the node has one.
    pub(super) anchor: Option<usize>,
    /// Number of nodes in the subtree, including this node. Each alias counts as many nodes as its target.
    size: usize,
    /// Maximum nesting depth of collections in the subtree.
    height: usize,
}

#[derive(Debug)]
pub(super) enum Content<'a> {
    Scalar(Cow<'a, str>),
    Sequence(Vec<Rc<TreeNode<'a>>>),
    Mapping(Vec<TreeEntry<'a>>),
}

/// A key of a mapping and its value.
pub(super) type TreeEntry<'a> = (Rc<TreeNode<'a>>, Rc<TreeNode<'a>>);

/// The type of value that is constructed from a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tag {
    Scalar(ScalarTag),
    Sequence,
    Mapping,
    Set,
    /// The tags `!!omap` and `!!pairs`, which construct a list of key-value pairs.
    Pairs,
    /// The tag `!append`, only supported in overlays.
    Append,
    Unknown(Box<UnknownTag>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnknownTag {
    pub(super) name: String,
    pub(super) span: Span,
}

/// The tags that a document may contain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Tags {
    /// The tags that PyYAML's `SafeLoader` supports.
    #[default]
    Standard,
    /// The standard tags and `!append`.
    Overlay,
}

impl Tag {
    fn named(name: String, span: Span, tags: Tags) -> Self {
        if tags == Tags::Overlay && name == APPEND {
            return Self::Append;
        }
        let unknown = |name| Self::Unknown(Box::new(UnknownTag { name, span }));
        let Some(short) = name.strip_prefix("tag:yaml.org,2002:") else { return unknown(name) };
        match short {
            "null" => Self::Scalar(ScalarTag::Null),
            "bool" => Self::Scalar(ScalarTag::Bool),
            "int" => Self::Scalar(ScalarTag::Int),
            "float" => Self::Scalar(ScalarTag::Float),
            "str" => Self::Scalar(ScalarTag::Text),
            "timestamp" => Self::Scalar(ScalarTag::Timestamp),
            "binary" => Self::Scalar(ScalarTag::Binary),
            "merge" => Self::Scalar(ScalarTag::Merge),
            "value" => Self::Scalar(ScalarTag::Value),
            "seq" => Self::Sequence,
            "map" => Self::Mapping,
            "set" => Self::Set,
            "omap" | "pairs" => Self::Pairs,
            _ => unknown(format!("!!{short}")),
        }
    }
}

impl TreeNode<'_> {
    /// Returns a description of the node for messages, such as "a list".
    pub(super) fn description(&self) -> &'static str {
        match self.content {
            Content::Scalar(_) => "a scalar",
            Content::Sequence(_) => "a list",
            Content::Mapping(_) => "a mapping",
        }
    }
}

/// Composes the document in a YAML text into a tree of nodes.
///
/// # Errors
///
/// Fails if the text is not valid YAML, contains multiple documents or exceeds a limit.
pub(super) fn compose(text: &str, tags: Tags) -> Result<Tree<'_>, YamlError> {
    let mut composer = Composer { text, tags, ..Composer::default() };
    let mut events = Events::new(text);
    while let Some(event) = events.next()? {
        composer.take(event)?;
    }
    Ok(Tree { root: composer.root, anchors: composer.anchors.len() })
}

#[derive(Default)]
struct Composer<'a> {
    text: &'a str,
    tags: Tags,
    has_document: bool,
    root: Option<Rc<TreeNode<'a>>>,
    /// The collections that have not ended yet. The outermost collection comes first.
    open: Vec<Open<'a>>,
    anchors: HashMap<&'a str, Anchored<'a>>,
    nodes: usize,
    aliased_nodes: usize,
}

struct Anchored<'a> {
    span: Span,
    /// The anchored node, or `None` while the node is incomplete.
    node: Option<Rc<TreeNode<'a>>>,
}

struct Open<'a> {
    start: Span,
    /// End offset of the content that has been added so far.
    end: usize,
    tag: Tag,
    anchor: Option<Anchor<'a>>,
    number: Option<usize>,
    children: Vec<Rc<TreeNode<'a>>>,
    mapping: bool,
    size: usize,
    height: usize,
}

impl<'a> Composer<'a> {
    fn take(&mut self, Event { kind, span }: Event<'a>) -> Result<(), YamlError> {
        if self.nodes > MAXIMUM_NODES {
            return Err(YamlErrorKind::TooManyNodes.at(span));
        }
        match kind {
            EventKind::DocumentStart => {
                if std::mem::replace(&mut self.has_document, true) {
                    return Err(YamlErrorKind::SeveralDocuments.at(span));
                }
            }
            EventKind::Alias(name) => self.alias(name, span)?,
            EventKind::Scalar { text, style, properties: Properties { anchor, tag } } => {
                let number = self.define(anchor.as_ref())?;
                let tag = match tag {
                    WrittenTag::Named { name, span } => Tag::named(name, span, self.tags),
                    WrittenTag::Absent if style != Style::Plain => Tag::Scalar(ScalarTag::Text),
                    WrittenTag::Absent | WrittenTag::NonSpecific => Tag::Scalar(scalar::resolve(&text)),
                };
                let span = Span::new(span.start, self.trimmed_end(span));
                let node = TreeNode {
                    span,
                    tag,
                    content: Content::Scalar(text),
                    anchor: number,
                    size: 1,
                    height: 0,
                };
                self.finish(anchor.as_ref(), node);
            }
            EventKind::SequenceStart { properties, .. } => self.start(properties, span, false)?,
            EventKind::MappingStart { properties, .. } => self.start(properties, span, true)?,
            EventKind::End => self.end(span),
            EventKind::DocumentEnd => {}
        }
        Ok(())
    }

    /// Returns the end offset of a scalar, excluding the line breaks at the end of a block scalar.
    fn trimmed_end(&self, span: Span) -> usize {
        span.start + self.text[span.range()].trim_end_matches(['\n', '\r']).len()
    }

    /// Registers the anchor of a node and returns its index.
    ///
    /// # Errors
    ///
    /// Fails if an anchor with the same name is already defined.
    fn define(&mut self, anchor: Option<&Anchor<'a>>) -> Result<Option<usize>, YamlError> {
        let Some(Anchor { name, span }) = anchor else { return Ok(None) };
        if let Some(first) = self.anchors.get(name) {
            let first_line = self.text[..first.span.start].matches('\n').count() + 1;
            return Err(YamlErrorKind::DuplicateAnchor { name: (*name).to_owned(), first_line }.at(*span));
        }
        let number = self.anchors.len();
        self.anchors.insert(name, Anchored { span: *span, node: None });
        Ok(Some(number))
    }

    fn alias(&mut self, name: &'a str, span: Span) -> Result<(), YamlError> {
        let node = match self.anchors.get(name) {
            Some(Anchored { node: Some(node), .. }) => Rc::clone(node),
            Some(Anchored { node: None, .. }) => {
                return Err(YamlErrorKind::RecursiveAlias(name.to_owned()).at(span));
            }
            None => {
                let suggestion = did_you_mean(name, self.anchors.keys().copied()).map(str::to_owned);
                return Err(YamlErrorKind::UndefinedAlias { name: name.to_owned(), suggestion }.at(span));
            }
        };
        if self.open.len() + node.height > MAXIMUM_DEPTH {
            return Err(YamlErrorKind::TooDeep(MAXIMUM_DEPTH).at(span));
        }
        self.aliased_nodes = self.aliased_nodes.saturating_add(node.size);
        if self.aliased_nodes > maximum_aliased_nodes(self.nodes) {
            return Err(YamlErrorKind::TooManyAliases.at(span));
        }
        self.attach(node, span.end);
        Ok(())
    }

    fn start(
        &mut self,
        Properties { anchor, tag }: Properties<'a>,
        start: Span,
        mapping: bool,
    ) -> Result<(), YamlError> {
        if self.open.len() >= MAXIMUM_DEPTH {
            return Err(YamlErrorKind::TooDeep(MAXIMUM_DEPTH).at(start));
        }
        let number = self.define(anchor.as_ref())?;
        let tag = match tag {
            WrittenTag::Named { name, span } => Tag::named(name, span, self.tags),
            WrittenTag::Absent | WrittenTag::NonSpecific if mapping => Tag::Mapping,
            WrittenTag::Absent | WrittenTag::NonSpecific => Tag::Sequence,
        };
        let end = start.end;
        self.open.push(Open {
            start,
            end,
            tag,
            anchor,
            number,
            children: Vec::new(),
            mapping,
            size: 1,
            height: 1,
        });
        Ok(())
    }

    fn end(&mut self, end: Span) {
        let Some(open) = self.open.pop() else { return };
        let content = if open.mapping {
            let mut children = open.children.into_iter();
            let pairs = std::iter::from_fn(|| Some((children.next()?, children.next()?)));
            Content::Mapping(pairs.collect())
        } else {
            Content::Sequence(open.children)
        };
        // The end event of a block collection follows trailing blank lines, so the end of the last value is used
        // instead.
        let end = if end.start == end.end { open.end } else { end.end };
        let node = TreeNode {
            span: Span::new(open.start.start, end),
            tag: open.tag,
            content,
            anchor: open.number,
            size: open.size,
            height: open.height,
        };
        self.finish(open.anchor.as_ref(), node);
    }

    /// Adds a complete node to its parent and resolves its anchor.
    fn finish(&mut self, anchor: Option<&Anchor<'a>>, node: TreeNode<'a>) {
        self.nodes += 1;
        let end = node.span.end;
        let node = Rc::new(node);
        if let Some(anchored) = anchor.and_then(|anchor| self.anchors.get_mut(anchor.name)) {
            anchored.node = Some(Rc::clone(&node));
        }
        self.attach(node, end);
    }

    fn attach(&mut self, node: Rc<TreeNode<'a>>, end: usize) {
        match self.open.last_mut() {
            Some(parent) => {
                parent.end = parent.end.max(end);
                parent.size = parent.size.saturating_add(node.size);
                parent.height = parent.height.max(node.height + 1);
                parent.children.push(node);
            }
            None => self.root = Some(node),
        }
    }
}
