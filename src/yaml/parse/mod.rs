//! Parses a YAML text into events according to PyYAML's grammar.

mod collections;
mod mistakes;
mod next;

use std::{borrow::Cow, collections::HashMap};

use self::next::Next;
use super::{
    error::YamlError,
    event::{Anchor, Event, EventKind, Properties, Style, Tag},
    scanner::{Directive, Handle, Scanner, Token, TokenKind},
    syntax::Mistake,
};
use crate::source::Span;

/// An iterator over the events of a YAML text.
pub(super) struct Events<'a> {
    text: &'a str,
    scanner: Scanner<'a>,
    state: State,
    /// Return states of the open nodes.
    outer: Vec<State>,
    /// The brackets of the open flow collections and their positions.
    brackets: Vec<(char, usize)>,
    handles: HashMap<&'a str, Cow<'a, str>>,
    /// Whether the last event was an empty block scalar.
    after_empty_block: bool,
}

/// The construct that the parser expects next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The start of the first document, which does not require a `---`.
    FirstDocument,
    DocumentStart,
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockItem,
    /// An item of a block list that has the same indentation as the list's key.
    IndentlessItem,
    BlockKey,
    BlockValue,
    FlowItem,
    FirstFlowItem,
    /// A key of a mapping without brackets inside a flow list, as in `[key: value]`.
    PairKey,
    PairValue,
    PairEnd,
    FlowKey,
    FirstFlowKey,
    FlowValue,
    /// The missing value of a key without a colon in a flow mapping.
    EmptyFlowValue,
    Done,
}

/// The position of a node. It determines which collections are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    Flow,
    Block,
    /// A key or a value of a block mapping. A block list may have the same indentation as its key.
    BlockMapping,
}

/// The result of a parser step. `None` means that the state changed without producing an event.
type Step<'a> = Result<Option<Event<'a>>, YamlError>;

impl<'a> Events<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            scanner: Scanner::new(text),
            state: State::FirstDocument,
            outer: Vec::new(),
            brackets: Vec::new(),
            handles: HashMap::new(),
            after_empty_block: false,
        }
    }

    /// Returns the next event, or `None` at the end of the text.
    ///
    /// # Errors
    ///
    /// Fails if the text is not valid YAML.
    pub(super) fn next(&mut self) -> Step<'a> {
        while self.state != State::Done {
            if let Some(event) = self.step()? {
                self.after_empty_block = matches!(
                    &event.kind,
                    EventKind::Scalar { text, style: Style::Block, .. } if text.trim().is_empty()
                ) || (self.after_empty_block
                    && matches!(event.kind, EventKind::DocumentEnd));
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    fn step(&mut self) -> Step<'a> {
        match self.state {
            State::FirstDocument => self.first_document(),
            State::DocumentStart => self.document_start(),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::BlockNode => self.node(Position::Block),
            State::BlockItem => self.block_item(),
            State::IndentlessItem => self.indentless_item(),
            State::BlockKey => self.block_key(),
            State::BlockValue => self.block_value(),
            State::FirstFlowItem => self.flow_item(true),
            State::FlowItem => self.flow_item(false),
            State::PairKey => self.pair_key(),
            State::PairValue => self.pair_value(),
            State::PairEnd => {
                let at = self.peek()?.1.start;
                self.state = State::FlowItem;
                Ok(Some(event(EventKind::End, empty(at))))
            }
            State::FirstFlowKey => self.flow_key(true),
            State::FlowKey => self.flow_key(false),
            State::FlowValue => self.flow_value(),
            State::EmptyFlowValue => {
                let at = self.peek()?.1.start;
                Ok(Some(self.absent(at, State::FlowKey)))
            }
            State::Done => Ok(None),
        }
    }

    fn first_document(&mut self) -> Step<'a> {
        let (next, span) = self.peek()?;
        if matches!(next, Next::Directive | Next::DocumentStart | Next::End) {
            return self.document_start();
        }
        self.handles = default_handles();
        self.outer.push(State::DocumentEnd);
        self.state = State::BlockNode;
        Ok(Some(event(EventKind::DocumentStart, empty(span.start))))
    }

    fn document_start(&mut self) -> Step<'a> {
        while self.peek()?.0 == Next::DocumentEnd {
            self.take()?;
        }
        if self.peek()?.0 == Next::End {
            self.state = State::Done;
            return Ok(None);
        }
        self.directives()?;
        let (next, span) = self.peek()?;
        if next != Next::DocumentStart {
            let mistake = if self.after_empty_block { Mistake::BlockText } else { Mistake::DocumentStart };
            return Err(self.error(mistake, span.start));
        }
        self.take()?;
        self.outer.push(State::DocumentEnd);
        self.state = State::DocumentContent;
        Ok(Some(event(EventKind::DocumentStart, span)))
    }

    fn document_content(&mut self) -> Step<'a> {
        let (next, span) = self.peek()?;
        if matches!(next, Next::Directive | Next::DocumentStart | Next::DocumentEnd | Next::End) {
            let outer = self.leave();
            return Ok(Some(self.absent(span.start, outer)));
        }
        self.node(Position::Block)
    }

    fn document_end(&mut self) -> Step<'a> {
        let (next, span) = self.peek()?;
        if next == Next::DocumentEnd {
            self.take()?;
        }
        self.state = State::DocumentStart;
        Ok(Some(event(EventKind::DocumentEnd, empty(span.start))))
    }

    /// Parses the directives before a document.
    fn directives(&mut self) -> Result<(), YamlError> {
        self.handles.clear();
        let mut has_version = false;
        while self.peek()?.0 == Next::Directive {
            let Token { kind, span } = self.take()?;
            let is_repeated = match kind {
                TokenKind::Directive(Directive::Version { major }) => {
                    if major.trim_start_matches('0') != "1" {
                        return Err(self.error(Mistake::Version, span.start));
                    }
                    std::mem::replace(&mut has_version, true)
                }
                TokenKind::Directive(Directive::Tag { handle, prefix }) => {
                    self.handles.insert(handle, Cow::Owned(prefix)).is_some()
                }
                _ => false,
            };
            if is_repeated {
                return Err(self.error(Mistake::RepeatedDirective, span.start));
            }
        }
        for (handle, prefix) in default_handles() {
            self.handles.entry(handle).or_insert(prefix);
        }
        Ok(())
    }

    /// Parses a node with its properties.
    fn node(&mut self, position: Position) -> Step<'a> {
        if self.peek()?.0 == Next::Alias {
            let Token { kind, span } = self.take()?;
            self.state = self.leave();
            let TokenKind::Alias(name) = kind else { return Ok(None) };
            return Ok(Some(event(EventKind::Alias(name), span)));
        }
        let (properties, end) = self.properties()?;
        let (next, span) = self.peek()?;
        let start = empty(span.start);
        let (kind, span) = match next {
            Next::Item if position == Position::BlockMapping => {
                self.state = State::IndentlessItem;
                (EventKind::SequenceStart { properties }, start)
            }
            Next::Scalar => {
                let Token { kind, span } = self.take()?;
                self.state = self.leave();
                let TokenKind::Scalar(text, style) = kind else { return Ok(None) };
                (EventKind::Scalar { text, style, properties }, span)
            }
            Next::FlowSequence => {
                self.open('[', State::FirstFlowItem)?;
                (EventKind::SequenceStart { properties }, span)
            }
            Next::FlowMapping => {
                self.open('{', State::FirstFlowKey)?;
                (EventKind::MappingStart { properties }, span)
            }
            Next::BlockSequence if position != Position::Flow => {
                self.take()?;
                self.state = State::BlockItem;
                (EventKind::SequenceStart { properties }, start)
            }
            Next::BlockMapping if position != Position::Flow => {
                self.take()?;
                self.state = State::BlockKey;
                (EventKind::MappingStart { properties }, start)
            }
            _ => {
                let Some(end) = end else { return Err(self.misplaced(next, span)) };
                self.state = self.leave();
                let text = Cow::Borrowed("");
                (EventKind::Scalar { text, style: Style::Plain, properties }, empty(end))
            }
        };
        Ok(Some(event(kind, span)))
    }

    /// Parses an optional anchor and an optional tag, in any order. Also returns the end offset of the last property,
    /// or `None` if the node has no properties.
    fn properties(&mut self) -> Result<(Properties<'a>, Option<usize>), YamlError> {
        let mut properties = Properties::default();
        let mut end = None;
        for _ in 0..2 {
            match self.peek()?.0 {
                Next::Anchor if properties.anchor.is_none() => {
                    let Token { kind, span } = self.take()?;
                    if let TokenKind::Anchor(name) = kind {
                        properties.anchor = Some(Anchor { name, span });
                    }
                    end = Some(span.end);
                }
                Next::Tag if matches!(properties.tag, Tag::Absent) => {
                    let Token { kind, span } = self.take()?;
                    if let TokenKind::Tag(handle, suffix) = kind {
                        properties.tag = self.tag(handle, suffix, span)?;
                    }
                    end = Some(span.end);
                }
                _ => break,
            }
        }
        Ok((properties, end))
    }

    fn tag(&self, handle: Handle<'a>, suffix: String, span: Span) -> Result<Tag, YamlError> {
        let name = match handle {
            Handle::None if suffix == "!" => return Ok(Tag::NonSpecific),
            Handle::None => suffix,
            Handle::Named(handle) => match self.handles.get(handle) {
                Some(prefix) => format!("{prefix}{suffix}"),
                None => return Err(self.error(Mistake::Handle, span.start)),
            },
        };
        Ok(Tag::Named { name, span })
    }

    /// Opens a flow collection.
    fn open(&mut self, bracket: char, state: State) -> Result<(), YamlError> {
        let Token { span, .. } = self.take()?;
        self.brackets.push((bracket, span.start));
        self.state = state;
        Ok(())
    }

    /// Ends the current collection.
    fn close(&mut self) -> Step<'a> {
        let Token { kind, span } = self.take()?;
        if !matches!(kind, TokenKind::BlockEnd) {
            self.brackets.pop();
        }
        self.state = self.leave();
        Ok(Some(event(EventKind::End, span)))
    }

    /// Returns the state in which the parser continues after a node.
    fn leave(&mut self) -> State {
        self.outer.pop().unwrap_or(State::Done)
    }

    /// Returns an empty node with the value null and continues in the given state.
    fn absent(&mut self, at: usize, state: State) -> Event<'a> {
        self.state = state;
        let (text, properties) = (Cow::Borrowed(""), Properties::default());
        event(EventKind::Scalar { text, style: Style::Plain, properties }, empty(at))
    }

    fn peek(&mut self) -> Result<(Next, Span), YamlError> {
        let Token { kind, span } = self.scanner.peek()?;
        Ok((Next::from(kind), *span))
    }

    fn take(&mut self) -> Result<Token<'a>, YamlError> {
        self.scanner.next()
    }

    fn error(&self, mistake: Mistake, at: usize) -> YamlError {
        self.scanner.error(mistake, at)
    }
}

fn default_handles<'a>() -> HashMap<&'a str, Cow<'a, str>> {
    HashMap::from([("!", Cow::Borrowed("!")), ("!!", Cow::Borrowed("tag:yaml.org,2002:"))])
}

fn event(kind: EventKind<'_>, span: Span) -> Event<'_> {
    Event { kind, span }
}

fn empty(at: usize) -> Span {
    Span::new(at, at)
}
