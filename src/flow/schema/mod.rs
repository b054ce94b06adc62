//! Generates the JSON schemas of annotations and classes, as pydantic does.

pub(crate) mod annotation;
pub(crate) mod class;
