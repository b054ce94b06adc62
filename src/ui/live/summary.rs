//! The summary table that is printed after a command, with the steps, the deployments and their links.

use std::time::{Duration, Instant};

use indexmap::IndexMap;
use owo_colors::OwoColorize;

use super::{
    render::{Color, MAX_WIDTH, Row, Size, name_column, step_line},
    state::{Phase, State},
};
use crate::escape;

/// The result of a deployment.
#[derive(Debug, Clone)]
pub(crate) struct DeploymentResult {
    pub(crate) name: String,
    /// A short description of the outcome, such as `created`.
    pub(crate) outcome: String,
    pub(crate) is_done: bool,
    /// URL of the deployment in the Prefect UI.
    pub(crate) url: Option<String>,
}

/// Results of a command, and the time that the command took.
#[derive(Debug, Clone, Copy)]
pub(in crate::ui) struct Results<'r> {
    pub(in crate::ui) deployments: &'r [DeploymentResult],
    pub(in crate::ui) took: Duration,
}

/// Returns the lines of the table. If `links` is set, names are terminal hyperlinks. Otherwise, each URL is
/// on a separate line.
pub(in crate::ui) fn summary(state: &State, results: &Results<'_>, size: Size, links: bool) -> Vec<String> {
    const INDENT: usize = 2;
    let now = Instant::now(); // only affects running steps, and no steps are running
    let width = size.width.saturating_sub(1).min(MAX_WIDTH);
    let mut lines = Vec::new();
    let ran: Vec<_> = state.steps.values().filter(|step| !matches!(step.phase, Phase::Waiting)).collect();
    if !ran.is_empty() {
        lines.push("Steps".bold().to_string());
        let names = name_column(ran.iter().copied());
        let line = |step| step_line(step, names, now, width.saturating_sub(INDENT));
        lines.extend(ran.iter().map(|step| format!("  {}", line(step))));
    }
    if !results.deployments.is_empty() {
        lines.push("Deployments".bold().to_string());
    }
    for result in results.deployments {
        let phase = state.deployments.get(&result.name).map(|deployment| deployment.phase);
        let took = phase.and_then(|phase| phase.took(now)).unwrap_or_default();
        let row = Row {
            name: &result.name,
            subject: ("", 0),
            phase: Phase::Ended { is_success: result.is_done, took },
            status: &result.outcome,
            color: if result.is_done { Color::Green } else { Color::Red },
        };
        let line = row.line(now, width.saturating_sub(INDENT));
        match &result.url {
            Some(url) if links => lines.push(format!("  {}", linked(&line, &result.name, url))),
            Some(url) => lines.extend([format!("  {line}"), format!("    {url}")]),
            None => lines.push(format!("  {line}")),
        }
    }
    lines.extend(total(results));
    lines
}

/// Turns the name in a line into a terminal hyperlink (OSC 8). Terminals that do not support hyperlinks show
/// the plain name.
fn linked(line: &str, name: &str, url: &str) -> String {
    let target = escape::line(url);
    line.replacen(name, &format!("\u{1b}]8;;{target}\u{1b}\\{name}\u{1b}]8;;\u{1b}\\"), 1)
}

/// Returns a line with the number of deployments for each outcome, or `None` if there are fewer than two deployments.
pub(in crate::ui) fn total(Results { deployments, took }: &Results<'_>) -> Option<String> {
    let mut counts: IndexMap<&str, usize> = IndexMap::new();
    deployments.iter().for_each(|result| *counts.entry(&result.outcome).or_default() += 1);
    let counts: Vec<String> = counts.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
    let time = super::text::took(*took);
    (deployments.len() > 1).then(|| format!("{} in {time}", counts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::{DeploymentEvent, StepEnd, StepEvent, StepId};

    fn state() -> State {
        let mut state = State::default();
        let start = Instant::now();
        let [built, waiting, stopped] = [(); 3].map(|()| StepId::next());
        let started =
            |name, subject| StepEvent::Started { name, id: None, deployment: "h/a", subject: Some(subject) };
        state.step(built, started("build_docker_image", "registry/app"), start);
        let ended = StepEvent::Ended { end: StepEnd::Done, subject: Some("registry/app:1") };
        state.step(built, ended, start + Duration::from_millis(12_300));
        state.step(waiting, StepEvent::Waiting { name: "push_docker_image", id: None }, start);
        state.step(stopped, started("run_shell_script", "sleep 9"), start);
        state.deployment("h/a", DeploymentEvent::Writing, start);
        let ended = DeploymentEvent::Ended { outcome: "created", is_done: true };
        state.deployment("h/a", ended, start + Duration::from_millis(250));
        state.stop(start + Duration::from_secs(13));
        state
    }

    #[test]
    fn lists_steps_and_deployments_with_links() {
        let result = |name: &str, outcome: &str, is_done, url: Option<&str>| DeploymentResult {
            name: name.into(),
            outcome: outcome.into(),
            is_done,
            url: url.map(str::to_owned),
        };
        let deployments =
            [result("h/a", "created", true, Some("http://ui/d/1")), result("h/b", "not tried", false, None)];
        let results = Results { deployments: &deployments, took: Duration::from_secs(20) };
        let size = Size { width: 71, height: 24 };
        let lines = summary(&state(), &results, size, false).join("\n");
        insta::assert_snapshot!(anstream::adapter::strip_str(&lines).to_string(), @r"
        Steps
          ✔ build_docker_image  registry/app:1              done         12.3s
          ✖ run_shell_script    sleep 9                     stopped      13.0s
        Deployments
          ✔ h/a                                             created       0.2s
            http://ui/d/1
          ✖ h/b                                             not tried
        1 created, 1 not tried in 20.0s
        ");
        let linked = summary(&state(), &results, size, true).concat();
        assert!(linked.contains("\u{1b}]8;;http://ui/d/1\u{1b}\\h/a\u{1b}]8;;\u{1b}\\"), "{linked:?}");
        assert!(!linked.contains("    http://"), "{linked:?}");
    }
}
