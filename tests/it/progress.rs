//! Tests of progress output: a live view on terminals, lines elsewhere.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::support::{Api, RecordedTerminal, SIZE, Sandbox};

/// Two sequential steps that print text.
const STEPS: &str = "
build:
- prefect.deployments.steps.run_shell_script: {id: quick, script: sh quick.sh}
- prefect.deployments.steps.run_shell_script: {id: slow, script: sh slow.sh}
pull: []
deployments:
- {name: one, entrypoint: 'flow.py:hello', work_pool: {name: pool-UNIQUE}}
- {name: two, entrypoint: 'flow.py:goodbye', work_pool: {name: pool-UNIQUE}}
";
const QUICK: &str = "echo first\nsleep 0.3\n";
/// A script that prints long lines with wide characters for longer than the view's refresh interval.
const SLOW: &str = "for i in 1 2 3 4 5 6 7 8 9; do
  echo \"line $i 日本語の長い長い長い長い長い長い長い長い長い長い長い長い長い長い長い長い長い長い長い長い行\"
  sleep 0.1
done
";
const RUN: &str = "steps run --build --all";

fn sandbox() -> Result<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.file("prefect.yaml", STEPS)?;
    sandbox.file("quick.sh", QUICK)?;
    sandbox.file("slow.sh", SLOW)?;
    Ok(sandbox)
}

fn colored(command: &mut Command) {
    command.env_remove("NO_COLOR");
}

fn is_live(output: &RecordedTerminal) -> bool {
    output.bytes.windows(8).any(|window| window == b"\x1b[?2026h")
}

/// Checks whether the output contains escape sequences for colors.
fn has_colors(bytes: &[u8]) -> bool {
    bytes.windows(5).any(|window| window.starts_with(b"\x1b[3") && window.ends_with(b"m"))
}

#[test]
fn terminal_shows_steps_with_their_output_and_then_a_table() -> Result<()> {
    let output = sandbox()?.run_at_terminal(SIZE, RUN, colored)?;
    ensure!(output.code == 0, "{}", output.last()?);
    let texts = output.texts()?;
    let during = texts.iter().find(|text| text.contains("line 5")).context("the fifth line")?;
    for part in [
        "✔ run_shell_script 'quick'  sh quick.sh",
        "run_shell_script 'slow'   sh slow.sh",
        "running",
        "| line 4",
        "| line 3",
    ] {
        ensure!(during.contains(part), "{part:?} is not in\n{during}");
    }
    ensure!(!during.contains("| line 2") && !during.contains("| first"), "{during}");
    ensure!(texts.iter().any(|text| text.contains("· run_shell_script") && text.contains("waiting")));

    let last = output.last()?;
    ensure!(!last.contains("| line 9") && !last.contains("running"), "the view is still there:\n{last}");
    ensure!(
        last.starts_with("Steps\n  ✔ run_shell_script 'quick'  sh quick.sh, for 2 deployments"),
        "{last}"
    );
    ensure!(last.contains("\nhello-") && last.contains("stdout: first"), "{last}");
    Ok(())
}

#[test]
fn live_view_fits_and_disappears_on_small_terminals() -> Result<()> {
    for size in [(24, 30), (5, 30), (3, 100), (24, 12)] {
        let output = sandbox()?.run_at_terminal(size, &format!("{RUN} --output json"), |_| {})?;
        ensure!(output.code == 0, "{size:?}: {}", output.last()?);
        let drawings = output.drawings()?;
        let live = &drawings[..drawings.len() - 1];
        let wrapped = live.iter().find(|screen| (0..size.0).any(|row| screen.row_wrapped(row)));
        ensure!(wrapped.is_none(), "{size:?}: {}", wrapped.map(vt100::Screen::contents).unwrap_or_default());
        let last = output.last()?;
        ensure!(!last.contains("running") && !last.contains("| line"), "{size:?}: {last}");
        ensure!(last.starts_with("Steps"), "{size:?}: {last}");
    }
    Ok(())
}

#[test]
fn live_view_is_drawn_at_most_ten_times_per_second() -> Result<()> {
    let sandbox = sandbox()?;
    sandbox.file("slow.sh", "seq 20000\nsleep 0.5\n")?;
    for line in [RUN.to_owned(), format!("{RUN} --verbose")] {
        let output = sandbox.run_at_terminal(SIZE, &line, |_| {})?;
        ensure!(output.code == 0, "{}", output.last()?);
        let text = String::from_utf8_lossy(&output.bytes).into_owned();
        let drawn = text.split("\x1b[?2026h").filter(|drawing| drawing.contains("running")).count();
        let most = output.took.as_millis() / 100 + 5;
        ensure!(u128::try_from(drawn)? <= most, "{drawn} drawings in {:?}", output.took);
    }
    Ok(())
}

#[test]
fn prints_the_output_of_a_failed_step() -> Result<()> {
    let sandbox = sandbox()?;
    sandbox.file("slow.sh", "for i in $(seq 50); do echo number $i; done; exit 3\n")?;
    let output = sandbox.run_at_terminal((40, 80), RUN, |_| {})?;
    let last = output.last()?;
    ensure!(output.code == 7, "{last}");
    for part in [
        "   | number 1\n",
        "   | number 25\n",
        "   | number 50\n",
        "error[step-failed]",
        "✖ run_shell_script",
    ] {
        ensure!(last.contains(part), "{part:?} is not in\n{last}");
    }
    ensure!(!last.contains("| first"), "what went well is folded:\n{last}");
    Ok(())
}

#[test]
fn verbose_prints_all_output_on_a_terminal() -> Result<()> {
    let output = sandbox()?.run_at_terminal((60, 100), &format!("{RUN} --verbose"), |_| {})?;
    let last = output.last()?;
    for part in ["   | first\n", "   | line 1 日本", "   | line 9 日本", " > run_shell_script: done ("] {
        ensure!(last.contains(part), "{part:?} is not in\n{last}");
    }
    Ok(())
}

#[test]
fn live_view_needs_a_capable_terminal_independent_of_colors() -> Result<()> {
    type Variables = &'static [(&'static str, &'static str)];
    // Environment variables, options, whether the view is drawn, and whether there are colors.
    let cases: [(Variables, &str, bool, bool); 8] = [
        (&[], "", true, true),
        (&[("NO_COLOR", "1")], "", true, false),
        (&[("NO_COLOR", "")], "", true, true),
        (&[("NO_COLOR", "1"), ("FORCE_COLOR", "1")], "", true, false),
        (&[("TERM", "dumb")], "", false, false),
        (&[("CI", "true")], "", false, false),
        (&[], "--quiet", false, false),
        (&[], "--color never", true, false),
    ];
    let sandbox = sandbox()?;
    sandbox.file("slow.sh", "echo line\n")?;
    for (variables, options, live, colors) in cases {
        let set = |command: &mut Command| {
            command.env_remove("NO_COLOR").envs(variables.iter().copied());
        };
        let output = sandbox.run_at_terminal(SIZE, &format!("{RUN} {options}"), set)?;
        let text = String::from_utf8_lossy(&output.bytes);
        ensure!(output.code == 0, "{variables:?} {options}: {text}");
        ensure!(is_live(&output) == live, "{variables:?} {options}: {text:?}");
        ensure!(has_colors(&output.bytes) == colors, "{variables:?} {options}: {text:?}");
    }
    Ok(())
}

#[test]
fn pipes_get_plain_lines_with_timestamps() -> Result<()> {
    let sandbox = sandbox()?;
    sandbox.file("slow.sh", "echo second\n")?;
    let output = sandbox.run(RUN)?.success()?;
    ensure!(!output.stderr.contains('\x1b'), "{:?}", output.stderr);
    let said: Vec<&str> = output.stderr.lines().filter_map(|line| line.get(21..)).collect();
    let expected = [
        "Running deployment build steps...",
        " > Running run_shell_script step...",
        "   | first",
        " > run_shell_script: done (",
        " > Running run_shell_script step...",
        "   | second",
        " > run_shell_script: done (",
    ];
    for (line, expected) in said.iter().zip(expected) {
        ensure!(line.starts_with(expected), "{line:?} and not {expected:?}:\n{output}");
    }
    for line in output.stderr.lines() {
        let is_time = line.get(..20).is_some_and(|time| time.parse::<jiff::Timestamp>().is_ok());
        ensure!(is_time, "{line:?} has no time");
    }

    // Colors are forced, but the view is not drawn.
    let forced =
        sandbox.run_with(&[("FORCE_COLOR", "1".into()), ("NO_COLOR", String::new())], RUN)?.success()?;
    ensure!(has_colors(forced.stderr.as_bytes()) || forced.stderr.contains("\x1b[2m"), "{:?}", forced.stderr);
    ensure!(!forced.stderr.contains("\x1b[?") && forced.stderr.lines().count() >= expected.len(), "{forced}");

    let quiet = sandbox.run(&format!("{RUN} --quiet"))?.success()?;
    ensure!(quiet.stderr.is_empty() && quiet.stdout == output.stdout, "{quiet}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn verbose_prints_requests() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(STEPS)?;
    sandbox.file("quick.sh", QUICK)?;
    sandbox.file("slow.sh", "echo second\n")?;
    let output = sandbox.run("deploy -n one --verbose")?.success()?;
    ensure!(
        output.stderr.contains("POST /deployments/: 201 Created (")
            || output.stderr.contains("POST /deployments: 201 Created ("),
        "{output}"
    );
    let both = sandbox.run("deploy -n one --verbose --quiet")?;
    ensure!(both.code == 2, "{both}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn deploy_ends_with_a_table_of_links() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(STEPS)?;
    sandbox.file("quick.sh", QUICK)?;
    sandbox.file("slow.sh", "sleep 0.3\n")?;
    let output = sandbox.run_at_terminal((50, 100), "deploy --all", colored)?;
    let last = output.last()?;
    ensure!(output.code == 0, "{last}");
    ensure!(!last.contains("successfully created"), "the table has the results: {last}");
    let table = last.find("Deployments\n").context("the table")?;
    for part in ["  ✔ hello-UNIQUE/one", "  ✔ goodbye-UNIQUE/two", "2 created in "] {
        ensure!(last[table..].contains(&sandbox.unique(part)), "{part:?} is not in\n{last}");
    }
    let text = String::from_utf8_lossy(&output.bytes).into_owned();
    let link = sandbox.unique("\x1b\\hello-UNIQUE/one\x1b]8;;\x1b\\");
    ensure!(text.contains("\x1b]8;;http://") && text.contains(&link), "{text:?}");
    let texts = output.texts()?;
    let waiting = sandbox.unique("· hello-UNIQUE/one");
    ensure!(texts.iter().any(|text| text.contains(&waiting)), "{}", texts.join("\n---\n"));
    ensure!(!output.wrapped()? || last.contains("View Deployment in UI"), "{last}");

    let piped = sandbox.run("deploy --all")?.success()?;
    ensure!(!piped.to_string().contains('\x1b') && !piped.stderr.contains("Deployments\n"), "{piped}");
    Ok(())
}

#[test]
fn interrupt_removes_the_live_view() -> Result<()> {
    let sandbox = sandbox()?;
    sandbox.file("slow.sh", "kill -INT $PPID; sleep 30\n")?;
    let output = sandbox.run_at_terminal(SIZE, RUN, |_| {})?;
    let last = output.last()?;
    ensure!(output.code == 130 && !last.contains("running"), "{}: {last}", output.code);
    Ok(())
}
