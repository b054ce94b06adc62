//! When two keys are the same key: Python's idea of equality, in which `1`, `1.0` and `true` are one.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use indexmap::Equivalent;
use jiff::civil::{self, Date};

use super::node::{DateTime, Integer, Node, NodeKind};
use crate::source::Span;

/// What makes a key equal to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    Null,
    /// Integers, and the booleans and floats that equal one.
    Integer(Integer),
    /// The bits of any other float.
    Float(u64),
    /// Not-a-number equals only itself: the very same node, reached by an alias.
    NotANumber(Span),
    Text(Arc<str>),
    Binary(Arc<[u8]>),
    Date(Date),
    /// In UTC if its offset is known, which is the second part.
    DateTime(civil::DateTime, bool),
}

impl Key {
    /// The identity of a key, or `None` for collections, which cannot be keys.
    pub(super) fn of(node: &Node) -> Option<Self> {
        Some(match &node.kind {
            NodeKind::Null => Self::Null,
            NodeKind::Bool(flag) => Self::Integer(Integer::Small((*flag).into())),
            NodeKind::Int(number) => Self::Integer(number.clone()),
            NodeKind::Float(number) => Self::of_float(*number, node.span),
            NodeKind::Text(text) => Self::Text(Arc::clone(text)),
            NodeKind::Binary(bytes) => Self::Binary(Arc::clone(bytes)),
            NodeKind::Date(date) => Self::Date(*date),
            NodeKind::DateTime(moment) => Self::of_date_time(*moment),
            NodeKind::Sequence(_) | NodeKind::Mapping(_) | NodeKind::Set(_) => return None,
        })
    }

    fn of_float(number: f64, span: Span) -> Self {
        // Two to the power of 127 bounds what an `i128` holds; every float below it that is whole converts exactly.
        const LIMIT: f64 = 1.701_411_834_604_692_3e38;
        if number.is_nan() {
            Self::NotANumber(span)
        } else if number.fract() == 0.0 && number.abs() < LIMIT {
            #[expect(clippy::cast_possible_truncation, reason = "the number is whole and within the limits")]
            let whole = number as i128;
            Self::Integer(Integer::Small(whole))
        } else {
            Self::Float(number.to_bits())
        }
    }

    fn of_date_time(DateTime { local, offset }: DateTime) -> Self {
        let utc = offset.and_then(|offset| local.checked_sub(jiff::SignedDuration::from(offset)).ok());
        Self::DateTime(utc.unwrap_or(local), offset.is_some())
    }
}

impl Hash for Key {
    /// Text hashes as `str` does, so that a mapping can be asked for a `&str`.
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Text(text) => text.hash(state),
            Self::Null => 0_u8.hash(state),
            Self::Integer(number) => number.hash(state),
            Self::Float(bits) => bits.hash(state),
            Self::NotANumber(span) => span.hash(state),
            Self::Binary(bytes) => bytes.hash(state),
            Self::Date(date) => date.hash(state),
            Self::DateTime(moment, known) => (moment, known).hash(state),
        }
    }
}

impl Equivalent<Key> for str {
    fn equivalent(&self, key: &Key) -> bool {
        matches!(key, Key::Text(text) if **text == *self)
    }
}
