//! The live view of a command: what it shows, without drawing it.

mod kept;
mod render;
mod state;
mod summary;
mod text;

pub(super) use kept::Said;
pub(super) use render::{Size, view};
pub(super) use state::{State, word};
pub(crate) use summary::Registered;
pub(super) use summary::{Done, summary};
pub(super) use text::columns;
