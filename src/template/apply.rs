//! Filling in standard and environment placeholders from values at hand.

use std::borrow::Cow;

use super::{
    note::{Note, NoteKind, Trail},
    path::Values,
    placeholder::{self, Kind, Placeholder},
    text,
    walk::{self, Fill},
};
use crate::{environment::Environment, value::Value};

/// What becomes of placeholders without a value.
///
/// Where such a placeholder is a whole text, the entry or item that it stands in is kept or removed; inside a text,
/// and for the environment, the placeholder itself is kept or replaced by nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    Remove,
    /// The reference removes items of lists even so, and with them step outputs that a later pass would fill in.
    Keep,
}

/// One pass of substitution: what it fills in, and from where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pass<'a> {
    /// What standard placeholders name.
    pub(crate) values: Values<'a>,
    /// What `{{ $NAME }}` reads, in every pass.
    pub(crate) environment: &'a Environment,
    pub(crate) unknown: Unknown,
    /// Placeholders whose names begin with one of these are left as they are.
    pub(crate) skip_prefixes: &'a [&'a str],
}

/// A template that has been filled in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Applied {
    /// Nothing if the template is one placeholder without a value.
    pub(crate) value: Option<Value>,
    pub(crate) notes: Vec<Note>,
}

impl Pass<'_> {
    /// The template with its placeholders filled in.
    pub(crate) fn apply(&self, template: &Value) -> Applied {
        let mut filling = Filling { pass: self, notes: Vec::new() };
        let value = walk::fill(template, &mut filling);
        Applied { value, notes: filling.notes }
    }

    /// The value of a placeholder and what there is to note about where it comes from.
    fn look_up(&self, placeholder: &Placeholder<'_>) -> Looked<'_> {
        match placeholder.kind() {
            Kind::Block | Kind::Variable => Looked::NotOurs,
            _ if self.skip_prefixes.iter().any(|prefix| placeholder.name.starts_with(prefix)) => {
                Looked::NotOurs
            }
            Kind::Environment => {
                self.environment.get(placeholder.environment_name()).map_or(Looked::Missing, |value| {
                    Looked::Found(Cow::Owned(Value::from(value)), Some(NoteKind::Environment))
                })
            }
            Kind::Standard => self.values.get(placeholder.name).map_or(Looked::Missing, |value| {
                let from_environment = matches!(self.values, Values::Environment(_));
                Looked::Found(value, from_environment.then_some(NoteKind::EnvironmentWithoutDollar))
            }),
        }
    }
}

/// What looking up a placeholder gave.
enum Looked<'a> {
    /// The placeholder is left for another pass.
    NotOurs,
    Missing,
    Found(Cow<'a, Value>, Option<NoteKind>),
}

struct Filling<'a> {
    pass: &'a Pass<'a>,
    notes: Vec<Note>,
}

impl Filling<'_> {
    fn whole(&mut self, placeholder: &Placeholder<'_>, trail: &Trail<'_>) -> Option<Value> {
        match self.pass.look_up(placeholder) {
            Looked::NotOurs => Some(Value::from(placeholder.text)),
            Looked::Missing => {
                self.notes.push(Note::new(NoteKind::Missing, trail, placeholder, true));
                None
            }
            Looked::Found(value, note) => {
                self.notes.extend(note.map(|kind| Note::new(kind, trail, placeholder, true)));
                Some(value.into_owned())
            }
        }
    }

    fn part(&mut self, placeholder: &Placeholder<'_>, trail: &Trail<'_>) -> Option<String> {
        match self.pass.look_up(placeholder) {
            Looked::NotOurs => None,
            Looked::Missing => {
                self.notes.push(Note::new(NoteKind::Missing, trail, placeholder, false));
                (self.pass.unknown == Unknown::Remove).then(String::new)
            }
            Looked::Found(value, note) => {
                self.notes.extend(note.map(|kind| Note::new(kind, trail, placeholder, false)));
                self.notes.extend(Note::embedded(&value, trail, placeholder));
                Some(text::to_text(&value))
            }
        }
    }
}

impl Fill for Filling<'_> {
    fn text(&mut self, text: &str, trail: &Trail<'_>) -> Option<Value> {
        match placeholder::only(text) {
            Some(placeholder) if placeholder.kind() == Kind::Standard => self.whole(&placeholder, trail),
            _ => {
                let filled = placeholder::replace(text, |placeholder| self.part(placeholder, trail));
                Some(Value::String(filled))
            }
        }
    }

    fn keeps_unknown(&self) -> bool {
        self.pass.unknown == Unknown::Keep
    }
}
