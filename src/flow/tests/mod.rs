//! End-to-end tests for reading flows.

mod computed;
mod differential;
mod growing_sources;
mod hostile_sources;
mod idioms;
mod projects;
mod recorded;
mod team_decorators;
