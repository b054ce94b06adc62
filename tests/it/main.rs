//! Integration tests: the real executable with a real Prefect server, a real Docker engine, registries and
//! object stores.
//!
//! Tests that need services are ignored by default. `tests/run` starts the services and runs all tests.

mod answers;
mod attacks;
mod bad_files;
mod bad_input;
mod canaries;
mod cloud;
mod commands;
mod connection;
mod deploy;
mod differences;
mod docker;
mod doctor;
mod documentation;
mod editor;
mod export;
mod faults;
mod git_clone;
mod help;
mod images;
mod interrupted;
mod layers;
mod local_server;
mod machine;
mod meanwhile;
mod objects;
mod page;
mod plan;
mod pools;
#[cfg(unix)]
mod progress;
#[cfg(unix)]
mod prompts;
mod prune;
mod python;
mod python_steps;
mod redeploy;
mod runs;
mod settings;
mod signals;
mod starting;
mod stopping;
mod storage;
mod support;
#[cfg(unix)]
mod trust;
