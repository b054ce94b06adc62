use anstream::adapter::strip_str;
use proptest::prelude::*;

use super::*;
use crate::progress::{DeploymentEvent, StepEnd, StepEvent, StepId, Stream};

const WIDE: Size = Size { width: 81, height: 40 };

/// Applies events at intervals of one second. Returns the final state and time.
fn state(steps: &[(usize, StepEvent<'_>)], deployments: &[(&str, DeploymentEvent<'_>)]) -> (State, Instant) {
    let mut state = State::default();
    let mut now = Instant::now();
    let ids: Vec<StepId> = (0..9).map(|_| StepId::next()).collect();
    for (number, event) in steps {
        state.step(ids[*number], *event, now);
        now += Duration::from_secs(1);
    }
    for (name, event) in deployments {
        state.deployment(name, *event, now);
        now += Duration::from_secs(1);
    }
    (state, now)
}

fn rendered(state: &State, now: Instant, size: Size) -> String {
    let lines = view(state, now, size).join("\n");
    strip_str(&lines).to_string()
}

fn output(line: &str) -> StepEvent<'_> {
    StepEvent::Output { stream: Stream::Stdout, line }
}

/// Returns a state with steps and deployments in every phase.
fn all_states() -> (State, Instant) {
    let started =
        |name, subject| StepEvent::Started { name, id: None, deployment: "hello/a", subject: Some(subject) };
    let ended = |end| StepEvent::Ended { end, subject: None };
    state(
        &[
            (0, StepEvent::Waiting { name: "run_shell_script", id: None }),
            (4, StepEvent::Waiting { name: "push_docker_image", id: None }),
            (0, started("run_shell_script", "git rev-parse HEAD")),
            (0, output("v1")),
            (0, ended(StepEnd::Done)),
            (1, started("build_docker_image", "registry/team/flows:1")),
            (2, started("build_docker_image", "registry/team/日本語の長い名前のイメージ:2")),
            (1, StepEvent::Shared { deployment: "hello/b" }),
            (1, output("Step 1/4 : FROM python")),
            (1, StepEvent::Status("abc: Pulling\tlayer")),
            (1, output("\u{1b}[31m\u{1b}[0m")),
            (1, output(" ---> 1234")),
            (1, output("Step 2/4 : COPY . .")),
            (3, started("build_docker_image", "registry/other")),
            (3, ended(StepEnd::Reused)),
            (5, started("run_shell_script", "false")),
            (5, ended(StepEnd::Failed)),
        ],
        &[
            ("hello/a", DeploymentEvent::Waiting),
            ("hello/b", DeploymentEvent::Writing),
            ("hello/c", DeploymentEvent::Ended { outcome: "unchanged", is_done: true }),
            ("hello/d", DeploymentEvent::Ended { outcome: "changed meanwhile", is_done: false }),
        ],
    )
}

#[test]
fn shows_a_line_per_step_and_deployment() {
    let (state, now) = all_states();
    insta::assert_snapshot!(rendered(&state, now, WIDE), @r"
    ✔ run_shell_script    git rev-parse HEAD                      done          2.0s
    ⠋ build_docker_image  registry/team/flows:1, for 2 deploymen… running      16.0s
      | abc: Pulling layer
      | ---> 1234
      | Step 2/4 : COPY . .
    ⠋ build_docker_image  registry/team/日本語の長い名前のイメー… running      15.0s
    ✔ build_docker_image  registry/other                          reused        1.0s
    ✖ run_shell_script    false                                   failed        1.0s
    · push_docker_image                                           waiting
    · hello/a                                                     waiting
    ⠋ hello/b                                                     writing       3.0s
    ✔ hello/c                                                     unchanged
    ✖ hello/d                                             changed meanwhile
    ");
}

#[test]
fn shortens_lines_on_narrow_terminals() {
    let (state, now) = all_states();
    insta::assert_snapshot!(rendered(&state, now, Size { width: 40, ..WIDE }), @r"
    ✔ run_shell_script    git rev-par… 2.0s
    ⠋ build_docker_image  registry/t… 16.0s
      | abc: Pulling layer
      | ---> 1234
      | Step 2/4 : COPY . .
    ⠋ build_docker_image  registry/t… 15.0s
    ✔ build_docker_image  registry/ot… 1.0s
    ✖ run_shell_script    false        1.0s
    · push_docker_image             waiting
    · hello/a                       waiting
    ⠋ hello/b                          3.0s
    ✔ hello/c                     unchanged
    ✖ hello/d             changed meanwhile
    ");
}

#[test]
fn counts_idle_items_on_low_terminals() {
    let (mut state, now) = all_states();
    for number in 0..1000 {
        state.deployment(&format!("many/{number}"), DeploymentEvent::Waiting, now);
    }
    insta::assert_snapshot!(rendered(&state, now, Size { height: 14, ..WIDE }), @r"
    ✔ run_shell_script    git rev-parse HEAD                      done          2.0s
    ⠋ build_docker_image  registry/team/flows:1, for 2 deploymen… running      16.0s
      | Step 2/4 : COPY . .
    ⠋ build_docker_image  registry/team/日本語の長い名前のイメー… running      15.0s
    ✔ build_docker_image  registry/other                          reused        1.0s
    ✖ run_shell_script    false                                   failed        1.0s
    · push_docker_image                                           waiting
    ⠋ hello/b                                                     writing       3.0s
    ✖ hello/d                                             changed meanwhile
    ░░░░░░░░░░░░░░░░░░░░ 2/1004 deployments
    ");
    insta::assert_snapshot!(rendered(&state, now, Size { height: 5, ..WIDE }), @r"
    ⠋ build_docker_image  registry/team/flows:1, for 2 deploymen… running      16.0s
    ⠋ build_docker_image  registry/team/日本語の長い名前のイメー… running      15.0s
    ✖ run_shell_script    false                                   failed        1.0s
    · steps: 2 done, 1 waiting
    ");
}

#[test]
fn shows_the_activity_while_nothing_is_running() {
    let (mut state, now) = state(&[], &[]);
    state.activity("Comparing with the server", now);
    let now = now + Duration::from_millis(1_300);
    assert_eq!(
        rendered(&state, now, Size { width: 45, height: 9 }),
        "⠸ Comparing with the server             1.3s"
    );
    state.deployment("a/b", DeploymentEvent::Writing, now);
    assert!(!rendered(&state, now, WIDE).contains("Comparing"));
}

proptest! {
    #[test]
    fn fits_the_terminal(
        width in 0_usize..130,
        height in 0_usize..30,
        name in "[a-z/日🚀é\u{301}]{0,60}",
        subject in "\\PC{0,200}",
        line in "\\PC{0,200}",
        outcome in "[a-z ]{1,20}",
    ) {
        let started = StepEvent::Started { name: &name, id: None, deployment: &name, subject: Some(&subject) };
        let ended = DeploymentEvent::Ended { outcome: &outcome, is_done: false };
        let waiting = DeploymentEvent::Waiting;
        let (state, now) = state(&[(0, started), (0, output(&line))], &[(&name, ended), ("x", waiting)]);
        let lines = view(&state, now, Size { width, height });
        prop_assert!(lines.len() <= height.saturating_sub(1));
        for line in lines {
            prop_assert!(!line.contains('\n'));
            prop_assert!(columns(&line) <= width.saturating_sub(1).max(2), "{line:?} in {width}");
        }
    }
}
