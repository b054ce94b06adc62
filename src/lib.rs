//! prefectl: deploys Prefect flows from `prefect.yaml`.
//!
//! The package is a library and a thin binary. ARCHITECTURE.md is the map of the modules;
//! `tests/it/layers.rs` keeps the direction of their dependencies.

mod api;
mod cli;
mod clock;
mod cloud;
mod commands;
mod crash;
mod deploy;
mod deployment;
mod diagnostics;
mod digest;
mod docker;
mod doctor;
mod environment;
mod error;
mod flow;
mod flow_run;
mod fs;
mod git;
mod init;
mod interpreter;
mod interrupt;
mod job;
mod json_schema;
mod local_server;
mod names;
mod pointer;
mod process;
mod progress;
mod project;
mod python;
mod questions;
mod schedule;
mod secret;
mod settings;
mod source;
mod steps;
mod storage;
mod template;
mod ui;
mod value;
mod work_pool;
mod yaml;

use std::{backtrace::Backtrace, ffi::OsString, path::Path, process::ExitCode};

use anyhow::Context as _;
use clap::Parser;

use crate::{
    cli::{Cli, GlobalArguments, Topic},
    clock::Clock,
    commands::Context,
    environment::Environment,
    error::{CommandError, Exit},
    interrupt::Interrupts,
    secret::Redactor,
    settings::Settings,
    ui::{ColorChoice, Ui, Verbosity},
};

/// Runs the command line `args` (the program's name first) and returns its exit code.
#[must_use]
pub fn main(args: Vec<OsString>) -> ExitCode {
    let environment = Environment::of_process();
    match commands::completions::answer(&args) {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => {}
        Err(_) => return ExitCode::FAILURE, // a shell that asks shows nothing
    }
    let is_link = args
        .first()
        .is_some_and(|program| Path::new(program).file_stem().is_some_and(|name| name == "prefect"));
    if args.get(1).is_some_and(|argument| argument == cli::PYTHON_CLI) {
        return python_cli(&args[2..], &environment);
    }
    let arguments = cli::normalise(args);
    if let Some(topic) = Topic::asked(&arguments) {
        Ui::new(ColorChoice::Auto, Verbosity::Normal, Redactor::default())
            .result(&commands::help::text(topic));
        return ExitCode::SUCCESS;
    }
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            if let Some(error) = cli::unknown_word(&arguments, &error) {
                Ui::new(ColorChoice::Auto, Verbosity::Normal, Redactor::default()).error(&error);
                return ExitCode::from(error.exit.folded(is_link).code());
            }
            // A failing stream leaves nobody to tell.
            let _ = cli::print_instead(&error);
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage.code()));
        }
    };
    if cli.global.python_cli {
        let error = CommandError::usage(format!("{} must be the first word", cli::PYTHON_CLI));
        Ui::new(ColorChoice::Auto, Verbosity::Normal, Redactor::default()).error(&error);
        return ExitCode::from(error.exit.folded(is_link).code());
    }
    let compatible = cli.global.compat_exit_codes || is_link;
    let redactor = Redactor::default();
    redactor.learn_variables(environment.iter());
    let ui = ui_of(&cli, &environment, colors(&cli.global, &environment), &redactor);
    report_crashes(&ui);
    let exit = match start(cli, environment, ui.clone(), redactor) {
        Ok(Ok(exit)) => exit,
        Ok(Err(error)) => {
            ui.error(&error);
            error.exit
        }
        Err(error) => {
            ui.error(&CommandError::new(Exit::Failed, format!("{error:#}")));
            Exit::Failed
        }
    };
    ExitCode::from(exit.folded(compatible).code())
}

/// What the command line and the environment make of the two streams.
fn ui_of(cli: &Cli, environment: &Environment, color: ColorChoice, redactor: &Redactor) -> Ui {
    let verbosity = match cli.global {
        GlobalArguments { quiet: true, .. } => Verbosity::Quiet,
        GlobalArguments { verbose: true, .. } => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    // The terminals of pipelines keep all that is drawn.
    let draws = environment.get("TERM") != Some("dumb") && environment.non_empty("CI").is_none();
    Ui::new(color, verbosity, redactor.clone())
        .annotating(annotations(environment))
        .telling_events(cli.command.tells_events())
        .drawing(draws)
}

/// What a panic says goes through the mask too.
fn report_crashes(ui: &Ui) {
    let ui = ui.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let report = crash::report(panic.payload(), panic.location(), &Backtrace::capture());
        ui.error(
            &CommandError::new(Exit::Failed, report).help("please report it, with the command and its file"),
        );
    }));
}

/// Leaves everything to the reference's own command line.
fn python_cli(arguments: &[OsString], environment: &Environment) -> ExitCode {
    let directory = std::env::current_dir().unwrap_or_default();
    commands::python_cli::run(arguments, environment, &directory).unwrap_or_else(|error| {
        Ui::new(ColorChoice::Auto, Verbosity::Normal, Redactor::default()).error(&error);
        ExitCode::from(error.exit.code())
    })
}

/// Runs the command. The outer error is the machine's: no current directory, no threads.
fn start(
    cli: Cli,
    environment: Environment,
    ui: Ui,
    redactor: Redactor,
) -> anyhow::Result<Result<Exit, CommandError>> {
    let directory = std::env::current_dir().context("cannot tell the current directory")?;
    let directory = directory.canonicalize().unwrap_or(directory);
    let settings = match Settings::resolve(&environment, cli.global.profile.as_deref(), &directory) {
        Ok(settings) => settings,
        Err(error) => return Ok(Err(error.into())),
    };
    settings.secrets().for_each(|secret| redactor.learn(&secret));
    let ui = if settings.cli_colors.value || cli.global.color == cli::ColorChoice::Always {
        ui
    } else {
        ui_of(&cli, &environment, ColorChoice::Never, &redactor)
    };
    settings.warnings.iter().for_each(|warning| progress::Progress::warn(&ui, warning));
    let interactive = is_interactive(&cli.global, &settings, &environment);
    let context = Context {
        ui,
        settings,
        environment,
        clock: Clock::system(),
        redactor,
        directory,
        interactive,
        interrupts: Interrupts::default(),
    };
    let interrupts = context.interrupts.clone();
    // Dropping a command that is interrupted ends what it has started.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the threads of the program")?;
    let result = runtime.block_on(async {
        tokio::select! {
            // Signals are listened for before anything is started that they should end.
            biased;
            exit = interrupted(&interrupts) => Ok(exit),
            result = commands::run(cli.command, context) => result,
        }
    });
    runtime.shutdown_background();
    ui::restore_terminal();
    Ok(result)
}

/// Waits for the interrupt that ends the command; dropping it then ends what it has started.
async fn interrupted(interrupts: &Interrupts) -> Exit {
    let exit = interrupts.ending().await;
    tokio::spawn(async {
        end_at_once(interrupt::requested().await);
    });
    exit
}

/// Who asks twice does not want to wait for what is being ended.
#[expect(clippy::exit, reason = "what is still going on may take its time")]
fn end_at_once(exit: Exit) {
    std::process::exit(exit.code().into());
}

/// Whether to ask questions: as the command line or the settings say, or at a terminal that is no pipeline's.
fn is_interactive(global: &GlobalArguments, settings: &Settings, environment: &Environment) -> bool {
    let said =
        if global.prompt || global.no_prompt { Some(global.prompt) } else { settings.cli_prompt.value };
    said.unwrap_or_else(|| {
        let is_dumb = environment.get("TERM") == Some("dumb");
        ui::has_terminal() && !is_dumb && !is_pipeline(environment)
    })
}

/// Whether `CI` is set, which every service for pipelines does, and some give their jobs a terminal.
fn is_pipeline(environment: &Environment) -> bool {
    environment.non_empty("CI").is_some_and(|ci| !matches!(ci.to_ascii_lowercase().as_str(), "0" | "false"))
}

/// In GitHub Actions, where in the repository this runs.
fn annotations(environment: &Environment) -> Option<String> {
    if environment.get("GITHUB_ACTIONS") != Some("true") {
        return None;
    }
    let workspace = environment.non_empty("GITHUB_WORKSPACE")?;
    let directory = std::env::current_dir().ok()?;
    let folder = directory.strip_prefix(workspace).unwrap_or(Path::new(""));
    Some(folder.to_string_lossy().into_owned())
}

fn colors(global: &GlobalArguments, environment: &Environment) -> ColorChoice {
    match global.color {
        cli::ColorChoice::Always => ColorChoice::Always,
        cli::ColorChoice::Never => ColorChoice::Never,
        cli::ColorChoice::Auto if environment.non_empty("NO_COLOR").is_some() => ColorChoice::Never,
        cli::ColorChoice::Auto if environment.non_empty("FORCE_COLOR").is_some() => ColorChoice::Always,
        cli::ColorChoice::Auto => ColorChoice::Auto,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_says_so() {
        for (ci, expected) in
            [("true", true), ("1", true), ("woodpecker", true), ("", false), ("0", false), ("False", false)]
        {
            let environment = Environment::from_iter([("CI", ci)]);
            assert_eq!(is_pipeline(&environment), expected, "{ci:?}");
        }
        assert!(!is_pipeline(&Environment::default()));
    }
}
