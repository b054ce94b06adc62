//! Generates the JSON schemas of annotations and classes in the form that pydantic generates.

pub(crate) mod annotation;
pub(crate) mod class;
