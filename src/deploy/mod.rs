//! Placeholder.

mod items;
mod slas;
mod triggers;
mod version;
