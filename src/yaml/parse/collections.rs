//! Parses block and flow collections.

use super::{Events, Next, Position, State, Step, empty, event};
use crate::yaml::{
    event::{EventKind, Properties},
    syntax::Collection,
};

impl<'a> Events<'a> {
    pub(super) fn block_item(&mut self) -> Step<'a> {
        match self.peek()? {
            (Next::Item, span) => {
                self.take()?;
                if matches!(self.peek()?.0, Next::Item | Next::BlockEnd) {
                    return Ok(Some(self.absent(span.end, State::BlockItem)));
                }
                self.outer.push(State::BlockItem);
                self.node(Position::Block)
            }
            (Next::BlockEnd, _) => self.close(),
            (next, span) => Err(self.outside(Collection::List, next, span)),
        }
    }

    pub(super) fn indentless_item(&mut self) -> Step<'a> {
        let (next, span) = self.peek()?;
        if next != Next::Item {
            self.state = self.leave();
            return Ok(Some(event(EventKind::End, empty(span.start))));
        }
        self.take()?;
        if matches!(self.peek()?.0, Next::Item | Next::Key | Next::Value | Next::BlockEnd) {
            return Ok(Some(self.absent(span.end, State::IndentlessItem)));
        }
        self.outer.push(State::IndentlessItem);
        self.node(Position::Block)
    }

    pub(super) fn block_key(&mut self) -> Step<'a> {
        match self.peek()? {
            (Next::Key, span) => {
                self.take()?;
                if matches!(self.peek()?.0, Next::Key | Next::Value | Next::BlockEnd) {
                    return Ok(Some(self.absent(span.end, State::BlockValue)));
                }
                self.outer.push(State::BlockValue);
                self.node(Position::BlockMapping)
            }
            (Next::BlockEnd, _) => self.close(),
            (next, span) => Err(self.outside(Collection::Mapping, next, span)),
        }
    }

    pub(super) fn block_value(&mut self) -> Step<'a> {
        let (next, span) = self.peek()?;
        if next != Next::Value {
            return Ok(Some(self.absent(span.start, State::BlockKey)));
        }
        self.take()?;
        if matches!(self.peek()?.0, Next::Key | Next::Value | Next::BlockEnd) {
            return Ok(Some(self.absent(span.end, State::BlockKey)));
        }
        self.outer.push(State::BlockKey);
        self.node(Position::BlockMapping)
    }

    pub(super) fn flow_item(&mut self, is_first: bool) -> Step<'a> {
        if self.peek()?.0 == Next::FlowSequenceEnd {
            return self.close();
        }
        if !is_first {
            self.comma(Collection::List)?;
        }
        match self.peek()? {
            (Next::FlowSequenceEnd, _) => self.close(),
            (Next::Key, span) => {
                self.state = State::PairKey;
                let properties = Properties::default();
                Ok(Some(event(EventKind::MappingStart { properties }, empty(span.start))))
            }
            _ => {
                self.outer.push(State::FlowItem);
                self.node(Position::Flow)
            }
        }
    }

    pub(super) fn pair_key(&mut self) -> Step<'a> {
        let end = self.take()?.span.end;
        if matches!(self.peek()?.0, Next::Value | Next::Comma | Next::FlowSequenceEnd) {
            return Ok(Some(self.absent(end, State::PairValue)));
        }
        self.outer.push(State::PairValue);
        self.node(Position::Flow)
    }

    pub(super) fn pair_value(&mut self) -> Step<'a> {
        let (next, span) = self.peek()?;
        if next != Next::Value {
            return Ok(Some(self.absent(span.start, State::PairEnd)));
        }
        self.take()?;
        if matches!(self.peek()?.0, Next::Comma | Next::FlowSequenceEnd) {
            return Ok(Some(self.absent(span.end, State::PairEnd)));
        }
        self.outer.push(State::PairEnd);
        self.node(Position::Flow)
    }

    pub(super) fn flow_key(&mut self, is_first: bool) -> Step<'a> {
        if self.peek()?.0 == Next::FlowMappingEnd {
            return self.close();
        }
        if !is_first {
            self.comma(Collection::Mapping)?;
        }
        match self.peek()? {
            (Next::FlowMappingEnd, _) => self.close(),
            (Next::Key, span) => {
                self.take()?;
                if matches!(self.peek()?.0, Next::Value | Next::Comma | Next::FlowMappingEnd) {
                    return Ok(Some(self.absent(span.end, State::FlowValue)));
                }
                self.outer.push(State::FlowValue);
                self.node(Position::Flow)
            }
            _ => {
                self.outer.push(State::EmptyFlowValue);
                self.node(Position::Flow)
            }
        }
    }

    pub(super) fn flow_value(&mut self) -> Step<'a> {
        let (next, span) = self.peek()?;
        if next != Next::Value {
            return Ok(Some(self.absent(span.start, State::FlowKey)));
        }
        self.take()?;
        if matches!(self.peek()?.0, Next::Comma | Next::FlowMappingEnd) {
            return Ok(Some(self.absent(span.end, State::FlowKey)));
        }
        self.outer.push(State::FlowKey);
        self.node(Position::Flow)
    }
}
