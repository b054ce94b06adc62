//! Selects the deployments that a command operates on, and applies command-line options to them.

mod changed;
mod criteria;
#[cfg(test)]
mod criteria_tests;
mod error;
mod flow_names;
mod item_options;
mod narrowing;
mod option_paths;
mod overrides;
mod selection;
mod specs;
pub(crate) mod wizard;

pub(crate) use self::{
    error::TargetError,
    flow_names::FlowNames,
    overrides::OptionError,
    selection::{NamePattern, SelectError, none, select},
    specs::{selected, specs},
};
