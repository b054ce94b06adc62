//! Generates the JSON schemas of annotations and classes as pydantic generates them.

pub(crate) mod annotation;
pub(crate) mod class;
