//! Tests of the program as its users meet it: the real executable, a real server, a real Docker engine.
//!
//! `tests/run` provides the server and the engine; a test that needs one that is not there says that it is
//! skipped.

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
