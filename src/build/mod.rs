//! Runs the build, push and pull steps of deployments, and renders the deployments with the outputs of these
//! steps.

mod error;
mod image_lock;
pub(crate) mod pulled_code;
pub(crate) mod render;
mod step_context;
mod step_run;
pub(crate) mod steps;
mod stored_deployment;
mod unbuilt;
mod worker;
mod workspace;

pub(crate) use self::{
    error::BuildError,
    image_lock::UnwrittenLock,
    pulled_code::{PullError, PulledFlow},
    render::FurtherUse,
    step_run::{StepRun, StepSelection, run_steps, run_stored},
    stored_deployment::StoredDeployment,
    unbuilt::{UnbuiltDeployment, UnbuiltDeployments, render_unbuilt},
};
