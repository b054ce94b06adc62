//! Resolves blocks, variables, environment variables and expressions in deployments and inspects each entrypoint's
//! flow.

mod deployment;
pub(crate) mod expressions;
mod inspection;
mod lookup;
pub(crate) mod outputs;
pub(crate) mod resources;
pub(crate) mod version;

pub(crate) use self::{
    deployment::{complete, note, resolve},
    inspection::Inspection,
    lookup::ApiLookup,
};
