//! Container images: connects to a container engine, and builds and pushes images.
//!
//! [`engine::Engine`] communicates with Docker or Podman through the bollard crate. The modules for the build
//! context, the generated Dockerfile and the credentials do not depend on the engine.

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
pub(crate) mod image_lock;
pub(crate) mod inputs;
pub(crate) mod instructions;
mod lines;
pub(crate) mod named_context;
mod push;
pub(crate) mod reference;
pub(crate) mod registry;
pub(crate) mod requirements;
