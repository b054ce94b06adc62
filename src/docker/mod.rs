//! Container images: connects to an engine, and builds and pushes images with it.
//!
//! [`engine::Engine`] uses bollard to communicate with Docker or Podman. The modules that prepare the requests (build
//! context, generated Dockerfile, credentials) are independent of the engine.

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
