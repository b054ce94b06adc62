//! Configures output and prompts according to the command line, the settings and the environment.

use std::path::Path;

use crate::{
    cli::{self, Cli, GlobalArguments},
    environment::Environment,
    secret::Redactor,
    settings::Settings,
    ui::{self, ColorChoice, Ui, Verbosity},
};

/// Creates the output streams according to the command line and the environment.
pub(crate) fn configured_ui(cli: &Cli, environment: &Environment, redactor: &Redactor) -> Ui {
    let verbosity = match cli.global {
        GlobalArguments { quiet: true, .. } => Verbosity::Quiet,
        GlobalArguments { verbose: true, .. } => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    // CI logs would contain every frame of a live view.
    let has_live_view = environment.get("TERM") != Some("dumb") && environment.non_empty("CI").is_none();
    Ui::new(colors(&cli.global, environment), verbosity, redactor.clone())
        .for_environment(environment)
        .with_annotations(annotations(environment))
        .with_events(cli.command.writes_events())
        .with_live_view(has_live_view)
}

/// Returns whether to prompt for input. If neither the command line nor the settings enable or disable prompts, prompts
/// require a terminal and are disabled in CI.
pub(crate) fn is_interactive(
    global: &GlobalArguments,
    settings: &Settings,
    environment: &Environment,
) -> bool {
    let choice =
        if global.prompt || global.no_prompt { Some(global.prompt) } else { settings.cli_prompt.value };
    choice.unwrap_or_else(|| {
        let is_dumb = environment.get("TERM") == Some("dumb");
        ui::has_terminal() && !is_dumb && !is_ci(environment)
    })
}

/// Returns whether the `CI` variable is set. CI services set it, and some of them also provide a terminal.
fn is_ci(environment: &Environment) -> bool {
    environment.non_empty("CI").is_some_and(|ci| !matches!(ci.to_ascii_lowercase().as_str(), "0" | "false"))
}

/// Returns the current directory relative to the root of the repository, or `None` outside GitHub Actions.
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
    fn detects_ci_from_its_variable() {
        for (ci, expected) in
            [("true", true), ("1", true), ("woodpecker", true), ("", false), ("0", false), ("False", false)]
        {
            let environment = Environment::from_iter([("CI", ci)]);
            assert_eq!(is_ci(&environment), expected, "{ci:?}");
        }
        assert!(!is_ci(&Environment::default()));
    }
}
