//! Container images: finding an engine, building with it, pushing with it.
//!
//! [`engine::Engine`] speaks to Docker or Podman through bollard. What is sent (the context, the generated
//! Dockerfile, credentials) is prepared by modules that know nothing of the engine.

mod archive;
pub(crate) mod auth;
pub(crate) mod base_images;
pub(crate) mod build;
pub(crate) mod buildkit;
pub(crate) mod config;
pub(crate) mod context;
pub(crate) mod dockerfile;
pub(crate) mod engine;
pub(crate) mod error;
pub(crate) mod fingerprint;
mod glob;
pub(crate) mod ignore;
pub(crate) mod inputs;
pub(crate) mod instructions;
mod lines;
mod push;
pub(crate) mod reference;
mod registry;
pub(crate) mod requirements;
