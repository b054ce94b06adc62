//! `prefectl open`.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{Context, connection};
use crate::{
    cli::OpenCommand,
    deployment,
    environment::Environment,
    error::{CommandError, Exit},
    flow_run::runs,
    process, work_pool,
};

/// Prints the URL of an object in the Prefect UI, and opens the URL in a browser if the command is
/// interactive.
pub(super) async fn run(command: &OpenCommand, context: &Context) -> Result<Exit, CommandError> {
    let (client, links) = (connection::client(context)?, connection::links(context));
    let url = match command {
        OpenCommand::Deployment { name } => {
            links.deployment(deployment::find(&client, name).await?.deployment.id)
        }
        OpenCommand::FlowRun { run } => links.flow_run(runs::find(&client, run).await?.id),
        OpenCommand::WorkPool { name } => links.work_pool(&work_pool::find(&client, name).await?.name),
    };
    let url = url.ok_or_else(|| {
        CommandError::new(Exit::Failed, "the URL of the Prefect UI is unknown").help("set PREFECT_UI_URL")
    })?;
    context.ui.result(&url);
    // The URL comes from the settings. Opening anything other than a web page could start a program.
    let is_web_page = url.starts_with("http://") || url.starts_with("https://");
    if context.interactive && is_web_page && !opens(&url, &context.environment, &context.directory) {
        context
            .ui
            .note("no browser was found; open the URL manually, or set BROWSER to the command of a browser");
    }
    Ok(Exit::Done)
}

/// Opens a URL in the first browser that can be started. Returns `false` if no browser can be started.
fn opens(url: &str, environment: &Environment, project: &Path) -> bool {
    let commands = browsers(environment);
    commands.iter().any(|words| {
        let Some((program, arguments)) = words.split_first() else { return false };
        let Some(program) = find(program, environment, project) else { return false };
        let has_place = arguments.iter().any(|argument| argument.contains(PLACE));
        let mut command = Command::new(program);
        command.args(arguments.iter().map(|argument| argument.replace(PLACE, url)));
        if !has_place {
            command.arg(url);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // The separate process group keeps the browser open if the terminal closes.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().is_ok()
    })
}

/// Returns the path of a program. Ignores `PATH` directories in the project, which could contain a program of this name.
fn find(program: &str, environment: &Environment, project: &Path) -> Option<PathBuf> {
    if cfg!(windows) || program.contains('/') {
        return Some(program.into());
    }
    let path = process::path_outside(environment.get("PATH"), project);
    process::find_on_path(program, Some(&path), project)
}

/// Placeholder for the URL in a command from the `BROWSER` variable.
const PLACE: &str = "%s";

/// Returns the commands that may open a browser: the colon-separated commands in the `BROWSER` variable, or
/// the command of the operating system.
fn browsers(environment: &Environment) -> Vec<Vec<String>> {
    let words = |command: &str| command.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    if let Some(browser) = environment.non_empty("BROWSER") {
        let separator = if cfg!(windows) { ';' } else { ':' };
        return browser.split(separator).map(words).collect();
    }
    let has_display = ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"];
    if cfg!(target_os = "macos") {
        vec![words("open")]
    } else if cfg!(windows) {
        vec![words("explorer")]
    } else if has_display.iter().any(|name| environment.non_empty(name).is_some()) {
        vec![words("xdg-open")]
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn runs_no_program_of_the_project() {
        use std::os::unix::fs::PermissionsExt as _;
        let project = tempfile::tempdir().unwrap();
        let file = project.path().join("own-browser");
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!(".:{}:", project.path().display());
        let environment = Environment::from_iter([("PATH", path.as_str())]);
        assert_eq!(process::find_on_path("own-browser", Some(&path), project.path()), Some(file));
        assert_eq!(find("own-browser", &environment, project.path()), None);
        assert_eq!(find("/opt/b", &environment, project.path()), Some("/opt/b".into()));
    }

    #[test]
    fn reads_the_browsers_of_the_environment() {
        let commands = |variables: &[(&str, &str)]| {
            let commands = browsers(&variables.iter().copied().collect());
            commands.iter().map(|words| words.join(" ")).collect::<Vec<_>>()
        };
        assert_eq!(commands(&[("BROWSER", "firefox --new-tab %s:w3m")]), ["firefox --new-tab %s", "w3m"]);
        if cfg!(target_os = "linux") {
            assert_eq!(commands(&[("DISPLAY", ":0")]), ["xdg-open"]);
            assert!(commands(&[]).is_empty());
        }
    }
}
