//! Content of the live view, which the `screen` module draws.

mod output;
mod render;
mod state;
mod summary;
mod text;

pub(super) use output::OutputLine;
pub(super) use render::{Size, view};
pub(super) use state::{State, step_status};
pub(crate) use summary::DeploymentResult;
pub(super) use summary::{Results, summary, total};
pub(super) use text::{columns, cut, padded};
