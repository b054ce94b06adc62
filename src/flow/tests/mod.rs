//! Tests of flow reading as a whole.

mod differential;
mod growing_sources;
mod hostile_sources;
mod projects;
mod recorded;
mod team_decorators;
