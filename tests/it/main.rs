//! Integration tests of the executable with a real Prefect server, Docker engine, registries and object
//! stores.
//!
//! Tests that need services are ignored by default. `tests/run` starts the services and runs all tests.

#[cfg(unix)]
mod as_prefect;
mod attacks;
mod changed_deployments;
mod check_fix;
mod cloud;
#[cfg(unix)]
mod concise_output;
#[cfg(unix)]
mod confirmations;
mod conflicts;
mod connection;
mod declared_automations;
mod declared_blocks;
mod declared_pools;
mod deploy;
mod deployment_commands;
mod differences;
mod docker_steps;
mod doctor;
mod documentation;
mod editor;
mod environments;
mod error_messages;
mod export;
mod flow_runs;
mod git_clone;
#[cfg(target_os = "linux")]
mod growth;
mod help;
mod html_plan;
mod ignore_changes;
mod image_builds;
mod image_lock;
mod init_and_completion;
mod injected_faults;
mod interrupted_deploys;
mod invalid_project_files;
mod layers;
mod local_server;
mod monorepo_example;
mod option_errors;
mod output;
mod output_schemas;
mod plan;
#[cfg(unix)]
mod preview_recipe;
mod previews;
mod profiles;
#[cfg(unix)]
mod progress;
#[cfg(unix)]
mod prompts;
#[cfg(unix)]
mod prompts_code_storage;
#[cfg(unix)]
mod prompts_compared;
#[cfg(unix)]
mod prompts_selection;
mod prune;
mod python_inspection;
mod python_steps;
mod redeploy;
mod resource_ownership;
mod resource_pruning;
mod resource_round_trips;
mod resources;
#[cfg(unix)]
mod screens;
mod secret_leaks;
mod selection;
mod server_editions;
mod server_errors;
mod settings;
mod several_files;
mod signals;
mod simultaneous_records;
mod step_order;
mod stopped_steps;
mod storage;
mod support;
#[cfg(unix)]
mod trust;
mod variables_blocks_automations;
mod work_pools;
