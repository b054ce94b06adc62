//! prefectl: deploys Prefect flows from `prefect.yaml`.
//!
//! The package is a library with a thin binary. ARCHITECTURE.md describes the modules, and `tests/it/layers` checks the
//! direction of their dependencies.

mod api;
mod apply;
mod base_job_template;
mod block_schema;
mod build;
mod cleanup;
mod cli;
mod clock;
mod cloud;
mod coerce;
mod command_thread;
mod commands;
mod crash;
mod date_time;
mod deploy;
mod deployment;
mod diagnostics;
mod digest;
mod docker;
mod doctor;
mod environment;
mod error;
mod escape;
mod flow;
mod flow_run;
mod fs;
mod git;
mod init;
mod interpreter;
mod interrupt;
mod jinja;
mod job;
mod json_diff;
mod json_schema;
mod local_server;
mod loopback;
mod names;
mod plan;
mod pointer;
mod process;
mod progress;
mod project;
mod python;
mod questions;
mod records;
mod resolve;
mod resource;
mod schedule;
mod secret;
mod settings;
mod source;
mod steps;
mod storage;
mod target;
mod template;
#[cfg(test)]
mod test_files;
#[cfg(test)]
mod test_limits;
mod ui;
mod validate;
mod value;
mod work_pool;
mod yaml;

use std::{backtrace::Backtrace, ffi::OsString, path::Path, process::ExitCode};

use anyhow::Context as _;
use clap::Parser;

use crate::{
    cleanup::Urgency,
    cli::{Cli, Topic},
    clock::Clock,
    commands::{Context, terminal},
    environment::Environment,
    error::{CommandError, Exit, ExitCodes},
    fs::FileError,
    interrupt::Interrupts,
    secret::Redactor,
    settings::Settings,
    ui::{ColorChoice, Ui, Verbosity},
};

/// Exit code after a panic, as in all Rust programs.
const PANIC_EXIT_CODE: i32 = 101;

/// Runs the command line `args`. The first argument is the name of the program. Returns the exit code.
#[must_use]
pub fn main(args: Vec<OsString>) -> ExitCode {
    let environment = Environment::from_process();
    match commands::completions::complete(&args) {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => {}
        Err(_) => return ExitCode::FAILURE, // the shell does not show errors that occur during completion
    }
    let is_link = args
        .first()
        .is_some_and(|program| Path::new(program).file_stem().is_some_and(|name| name == "prefect"));
    if args.get(1).is_some_and(|argument| argument == cli::PYTHON_CLI) {
        return python_cli(&args[2..], &environment);
    }
    let exit_codes = if is_link || args.iter().any(|argument| argument == "--compat-exit-codes") {
        ExitCodes::Compatible
    } else {
        ExitCodes::Distinct
    };
    let mut arguments = cli::normalize(args);
    if is_link {
        arguments = cli::normalize_commands(arguments, &Cli::complete_command());
    }
    arguments = cli::normalize_flags(arguments, Cli::complete_command);
    if let Some(topic) = Topic::from_arguments(&arguments) {
        return print_result(&commands::help::text(topic));
    }
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return print_parse_error(&error, &arguments, is_link, exit_codes),
    };
    if cli.global.python_cli {
        let error = CommandError::usage(format!("`{}` must be the first argument", cli::PYTHON_CLI));
        return print_error(&error, exit_codes);
    }
    if let Some(directory) = &cli.global.project_dir
        && let Err(error) = std::env::set_current_dir(directory)
    {
        let error = CommandError::usage(FileError::new("enter the directory", directory, error));
        return print_error(&error.help("pass an existing directory to --project-dir"), exit_codes);
    }
    let redactor = Redactor::default();
    redactor.learn_variables(environment.iter());
    let is_prefect = is_link && !wants_json(&arguments);
    let ui = terminal::configured_ui(&cli, &environment, &redactor).with_prefect_style(is_prefect);
    end_on_panic(&ui);
    let changes_server = cli.command.changes_server();
    let exit = start(cli, arguments, environment, ui.clone(), redactor, is_link).unwrap_or_else(|error| {
        ui.error(&error);
        error.exit
    });
    exit_codes.code(after_output(exit, changes_server, &ui))
}

/// Reports an invalid command line, or prints the help or version that it requests.
fn print_parse_error(
    error: &clap::Error,
    arguments: &[OsString],
    is_link: bool,
    exit_codes: ExitCodes,
) -> ExitCode {
    if let Some(error) = cli::explain_unknown(arguments, error) {
        return print_error(&error, exit_codes);
    }
    if is_link && error.kind() == clap::error::ErrorKind::DisplayVersion {
        return print_result(&api::TESTED_RELEASE.to_string());
    }
    print_clap(error, exit_codes)
}

/// Returns the exit code of a command. If the command succeeded but its output could not be written, the exit
/// code reports a failure.
fn after_output(exit: Exit, changes_server: bool, ui: &Ui) -> Exit {
    let Err(error) = ui.check_output() else { return exit };
    ui.error(&error);
    match exit {
        Exit::Done | Exit::Changes if changes_server => Exit::Partly,
        Exit::Done | Exit::Changes => error.exit,
        exit => exit,
    }
}

/// Returns whether an option requests JSON on stdout. In this case, no other messages may be written to
/// stdout.
fn wants_json(arguments: &[OsString]) -> bool {
    arguments.iter().map(|argument| argument.to_string_lossy().to_lowercase()).any(|argument| {
        ["json", "--json", "-ojson"].contains(&argument.as_str()) || argument.ends_with("=json")
    })
}

/// Creates the output streams for messages that are printed before the command line is parsed.
fn basic_ui() -> Ui {
    Ui::new(ColorChoice::Auto, Verbosity::Normal, Redactor::default())
        .for_environment(&Environment::from_process())
}

/// Prints an error that occurred before the command started. Returns its exit code.
fn print_error(error: &CommandError, exit_codes: ExitCodes) -> ExitCode {
    basic_ui().error(error);
    exit_codes.code(error.exit)
}

/// Prints text to stdout.
fn print_result(text: &str) -> ExitCode {
    let ui = basic_ui();
    ui.result(text);
    match ui.check_output() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            ui.error(&error);
            ExitCodes::Distinct.code(error.exit)
        }
    }
}

/// Prints the help, the version or a usage error from clap. Returns the exit code.
fn print_clap(error: &clap::Error, exit_codes: ExitCodes) -> ExitCode {
    match cli::print_help_or_error(error) {
        // A write error on stderr cannot be reported.
        Err(failure) if !error.use_stderr() && failure.kind() != std::io::ErrorKind::BrokenPipe => {
            let failure = CommandError::new(Exit::Failed, format!("cannot write to stdout: {failure}"));
            print_error(&failure, exit_codes)
        }
        _ if error.exit_code() == 0 => ExitCode::SUCCESS,
        _ => exit_codes.code(Exit::Usage),
    }
}

/// Installs a panic hook that prints a crash report, with secrets redacted, cleans up, and ends the process.
#[expect(clippy::exit, reason = "a panic cannot return an exit code")]
fn end_on_panic(ui: &Ui) {
    let ui = ui.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let report = crash::report(panic.payload(), panic.location(), &Backtrace::capture());
        ui.error(
            &CommandError::new(Exit::Failed, report)
                .help("please report this bug, and include the command and the project file"),
        );
        ui::restore_terminal();
        cleanup::run(Urgency::Normal);
        std::process::exit(PANIC_EXIT_CODE);
    }));
}

/// Runs the command line of the Python package `prefect` with the given arguments.
fn python_cli(arguments: &[OsString], environment: &Environment) -> ExitCode {
    let directory = std::env::current_dir().unwrap_or_default();
    commands::python_cli::run(arguments, environment, &directory)
        .unwrap_or_else(|error| print_error(&error, ExitCodes::Distinct))
}

/// Sets up the process and runs the command.
fn start(
    cli: Cli,
    arguments: Vec<OsString>,
    environment: Environment,
    ui: Ui,
    redactor: Redactor,
    is_prefect: bool,
) -> Result<Exit, CommandError> {
    let directory = std::env::current_dir().context("cannot determine the current directory")?;
    let directory = directory.canonicalize().unwrap_or(directory);
    let settings = Settings::resolve(&environment, cli.global.profile.as_deref(), &directory)?;
    settings.secrets().for_each(|secret| redactor.learn(&secret));
    let ui = if settings.cli_colors.value || cli.global.color == cli::ColorChoice::Always {
        ui
    } else {
        ui.without_colors()
    };
    let aside = ui.aside();
    settings.warnings.iter().for_each(|warning| progress::Progress::warn(&aside, warning));
    let interactive = terminal::is_interactive(&cli.global, &settings, &environment);
    let context = Context {
        arguments,
        ui,
        settings,
        environment,
        clock: Clock::system(),
        redactor,
        directory,
        is_prefect,
        interactive,
        interrupts: Interrupts::default(),
    };
    let interrupts = context.interrupts.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    let interrupted = async {
        let exit = interrupted(&interrupts).await;
        Err(CommandError::new(exit, exit.meaning()))
    };
    let result = command_thread::run(&runtime, interrupted, move || commands::run(cli.command, context))
        .context("cannot start the command")?;
    runtime.shutdown_background();
    // A command that did not react to an interrupt still has its child processes.
    cleanup::run(Urgency::Immediate);
    ui::restore_terminal();
    result
}

/// Waits for an interrupt that ends the command. A second interrupt then ends the process immediately.
async fn interrupted(interrupts: &Interrupts) -> Exit {
    let exit = interrupts.unhandled().await;
    interrupt::exit_on_next();
    exit
}
