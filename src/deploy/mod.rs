//! Placeholder.

mod triggers;
mod version;
