//! The table at the end: what was done, and where to look at it.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use indexmap::IndexMap;
use owo_colors::OwoColorize;

use super::{
    render::{Color, Row, Size, WIDEST, step_line, widest},
    state::{Phase, State},
};

/// A deployment as the report has it.
#[derive(Debug, Clone)]
pub(crate) struct Registered {
    pub(crate) name: String,
    /// What became of it, in a word.
    pub(crate) outcome: String,
    pub(crate) is_done: bool,
    /// Where the user interface shows it.
    pub(crate) url: Option<String>,
}

/// What a command has done, and how long it has taken.
#[derive(Debug, Clone, Copy)]
pub(in crate::ui) struct Done<'d> {
    pub(in crate::ui) registered: &'d [Registered],
    pub(in crate::ui) took: Duration,
}

/// The lines of the table. With `links`, names are links; without, the addresses stand under them.
pub(in crate::ui) fn summary(state: &State, done: &Done<'_>, size: Size, links: bool) -> Vec<String> {
    const INDENTED: usize = 2;
    let (registered, now) = (done.registered, Instant::now()); // nothing runs that the time would matter for
    let width = size.width.saturating_sub(1).min(WIDEST);
    let mut lines = Vec::new();
    let ran: Vec<_> = state.steps.values().filter(|step| !matches!(step.phase, Phase::Waiting)).collect();
    if !ran.is_empty() {
        lines.push("Steps".bold().to_string());
        let names = widest(ran.iter().copied());
        let line = |step| step_line(step, names, now, width.saturating_sub(INDENTED));
        lines.extend(ran.iter().map(|step| format!("  {}", line(step))));
    }
    if !registered.is_empty() {
        lines.push("Deployments".bold().to_string());
    }
    for one in registered {
        let known = state.deployments.get(&one.name).map(|known| known.phase);
        let took = known.and_then(|phase| phase.took(now)).unwrap_or_default();
        let row = Row {
            name: &one.name,
            about: ("", 0),
            phase: Phase::Over { is_done: one.is_done, took },
            word: &one.outcome,
            color: if one.is_done { Color::Green } else { Color::Red },
        };
        let line = row.line(now, width.saturating_sub(INDENTED));
        match &one.url {
            Some(url) if links => lines.push(format!("  {}", linked(&line, &one.name, url))),
            Some(url) => lines.extend([format!("  {line}"), format!("    {url}")]),
            None => lines.push(format!("  {line}")),
        }
    }
    lines.extend(total(done));
    lines
}

/// The line with the name in it as a link, which terminals that know no links show as the name.
fn linked(line: &str, name: &str, url: &str) -> String {
    let target = url.replace(|character: char| character.is_control(), "");
    line.replacen(name, &format!("\u{1b}]8;;{target}\u{1b}\\{name}\u{1b}]8;;\u{1b}\\"), 1)
}

/// How many there are of each outcome, if there are several.
fn total(Done { registered, took }: &Done<'_>) -> Option<String> {
    let mut counts: IndexMap<&str, usize> = IndexMap::new();
    registered.iter().for_each(|one| *counts.entry(&one.outcome).or_default() += 1);
    let mut text = format!("{} deployments:", registered.len());
    for (number, (outcome, count)) in counts.iter().enumerate() {
        let separator = if number == 0 { "" } else { "," };
        // Writing to a text cannot fail.
        let _ = write!(text, "{separator} {count} {outcome}");
    }
    let _ = write!(text, " in {}", super::text::took(*took));
    (registered.len() > 1).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::{DeploymentEvent, StepEnd, StepEvent, StepId};

    fn state() -> State {
        let mut state = State::default();
        let start = Instant::now();
        let [built, waiting, broken_off] = [(); 3].map(|()| StepId::next());
        let started = |name, subject| StepEvent::Started { name, deployment: "h/a", subject: Some(subject) };
        state.step(built, started("build_docker_image", "registry/app"), start);
        let ended = StepEvent::Ended { end: StepEnd::Done, subject: Some("registry/app:1") };
        state.step(built, ended, start + Duration::from_millis(12_300));
        state.step(waiting, StepEvent::Waiting { name: "push_docker_image" }, start);
        state.step(broken_off, started("run_shell_script", "sleep 9"), start);
        state.deployment("h/a", DeploymentEvent::Writing, start);
        let ended = DeploymentEvent::Ended { outcome: "created", is_done: true };
        state.deployment("h/a", ended, start + Duration::from_millis(250));
        state.stop(start + Duration::from_secs(13));
        state
    }

    #[test]
    fn the_table_has_what_was_done_and_where_it_is() {
        let one = |name: &str, outcome: &str, is_done, url: Option<&str>| Registered {
            name: name.into(),
            outcome: outcome.into(),
            is_done,
            url: url.map(str::to_owned),
        };
        let registered =
            [one("h/a", "created", true, Some("http://ui/d/1")), one("h/b", "not tried", false, None)];
        let done = Done { registered: &registered, took: Duration::from_secs(20) };
        let size = Size { width: 71, height: 24 };
        let lines = summary(&state(), &done, size, false).join("\n");
        insta::assert_snapshot!(anstream::adapter::strip_str(&lines).to_string(), @r"
        Steps
          ✔ build_docker_image  registry/app:1              done         12.3s
          ✖ run_shell_script    sleep 9                     stopped      13.0s
        Deployments
          ✔ h/a                                             created       0.2s
            http://ui/d/1
          ✖ h/b                                             not tried
        2 deployments: 1 created, 1 not tried in 20.0s
        ");
        let linked = summary(&state(), &done, size, true).concat();
        assert!(linked.contains("\u{1b}]8;;http://ui/d/1\u{1b}\\h/a\u{1b}]8;;\u{1b}\\"), "{linked:?}");
        assert!(!linked.contains("    http://"), "{linked:?}");
    }
}
