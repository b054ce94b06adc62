//! Selects the deployments that a command operates on, and applies command-line options to them.

mod across;
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
mod relative_path;
mod selection;
mod specs;
mod unmet;
pub(crate) mod wizard;

pub(crate) use self::{
    across::select_across,
    error::TargetError,
    flow_names::FlowNames,
    narrowing::Selectable,
    overrides::OptionError,
    selection::{NamePattern, SelectError, select},
    specs::{selected, specs},
};
