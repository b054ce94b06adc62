//! Runs the build, push and pull steps of deployments, and renders the deployments with the outputs of these
//! steps.

pub(crate) mod pulled_code;
pub(crate) mod render;
pub(crate) mod steps;
pub(crate) mod workspace;

pub(crate) use self::{
    pulled_code::{PullError, PulledFlow},
    workspace::Pulled,
};
