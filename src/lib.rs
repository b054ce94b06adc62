//! prefectl: deploys Prefect flows from `prefect.yaml`.
//!
//! The package is a library and a thin binary. ARCHITECTURE.md is the map of the modules;
//! `tests/it/layers.rs` keeps the direction of their dependencies.

mod api;
mod cli;
mod clock;
mod commands;
mod deploy;
mod diagnostics;
mod docker;
mod environment;
mod error;
mod flow;
mod fs;
mod git;
mod json_schema;
mod pointer;
mod process;
mod progress;
mod project;
mod schedule;
mod secret;
mod settings;
mod source;
mod steps;
mod template;
mod ui;
mod value;
mod yaml;

use std::{ffi::OsString, process::ExitCode};

/// Runs the command line `args` (the program's name first) and returns its exit code.
#[must_use]
pub fn main(args: Vec<OsString>) -> ExitCode {
    let _ = args;
    ExitCode::SUCCESS
}
