//! Tests of invalid project files. Each file results in a message with the location of the error, and nothing is
//! written.
//!
//! The files are in `tests/data/bad/*.txt`, next to snapshots of the messages. A section starts with `=== title`. `...`
//! means [`DEPLOYMENT`]. `#!` marks the end of a line with an error and is not part of the file.
//! `INSTA_UPDATE=always cargo test --test it invalid_project_files` updates the snapshots.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context as _, Result, ensure};

use crate::support::{MockApi, Output, Sandbox, assert_output};

/// A valid deployment.
const DEPLOYMENT: &str = "\
deployments:
- name: a
  entrypoint: flow.py:hello
  work_pool: {name: pool}
";

/// Maximum distance in lines between a message's location and the error.
const TOLERANCE: usize = 1;

/// Minimum number of invalid files.
const ENOUGH: usize = 100;

/// The command that reports errors without a server.
const CHECK: &str = "check --strict --quiet";

/// The command that reports errors that only a server can detect.
const DEPLOY: &str = "deploy --all --strict --quiet";

/// An invalid project file.
struct Case {
    title: String,
    file: Vec<u8>,
    /// Line numbers of the errors.
    lines: Vec<usize>,
}

impl Case {
    fn generated(title: &str, file: impl Into<Vec<u8>>, line: usize) -> Self {
        Self { title: title.to_owned(), file: file.into(), lines: vec![line] }
    }

    fn parse(title: &str, body: &str) -> Self {
        let body = body.replace("...\n", DEPLOYMENT);
        let (mut file, mut lines) = (String::new(), Vec::new());
        for (index, line) in body.lines().enumerate() {
            let unmarked = line.strip_suffix("#!");
            if unmarked.is_some() {
                lines.push(index + 1);
            }
            file.push_str(unmarked.map_or(line, str::trim_end));
            file.push('\n');
        }
        Self { title: title.to_owned(), file: file.into_bytes(), lines }
    }

    /// Runs the command. Fails if its messages do not point at the marked lines.
    fn run(&self, sandbox: &Sandbox, command: &str) -> Result<Output> {
        sandbox.file("prefect.yaml", &self.file)?;
        sandbox.file("Dockerfile", "FROM scratch\n")?;
        let output = sandbox.run(command)?;
        ensure!([1, 2].contains(&output.code), "the exit code should be 1 or 2:\n{output}");
        ensure!(output.stdout.is_empty(), "there is no result to print:\n{output}");
        let found = places(&output.stderr);
        ensure!(!found.is_empty(), "no place is named:\n{output}");
        let near = |lines: &[usize], line: usize| lines.iter().any(|near| near.abs_diff(line) <= TOLERANCE);
        for line in &found {
            ensure!(near(&self.lines, *line), "line {line} is not where the mistake is:\n{output}");
        }
        for line in &self.lines {
            ensure!(near(&found, *line), "nothing is said about line {line}:\n{output}");
        }
        Ok(output)
    }
}

/// Returns the lines of prefect.yaml that messages point at.
fn places(stderr: &str) -> Vec<usize> {
    let place = |line: &str| {
        let (line, column) = line.trim_start().strip_prefix("--> prefect.yaml:")?.split_once(':')?;
        column.parse::<usize>().ok()?;
        line.parse().ok()
    };
    stderr.lines().filter_map(place).collect()
}

/// Reads the cases of a file in `tests/data/bad`.
fn cases(theme: &str) -> Result<Vec<Case>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/bad").join(theme).with_extension("txt");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let sections = text.split("=== ").skip(1);
    Ok(sections
        .map(|item| item.split_once('\n').map_or_else(|| Case::parse(item, ""), |(t, b)| Case::parse(t, b)))
        .collect())
}

/// Runs the cases and compares all messages with the snapshot.
fn check(theme: &str, cases: &[Case], sandbox: &Sandbox, command: &str) -> Result<()> {
    let (mut messages, mut failures) = (String::new(), Vec::new());
    for case in cases {
        match case.run(sandbox, command) {
            Ok(output) => {
                let stderr = output.normal(&output.stderr);
                writeln!(messages, "=== {} (exit {})\n{}\n", case.title, output.code, stderr.trim_end())?;
            }
            Err(error) => failures.push(format!("=== {}\n{error:#}", case.title)),
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n\n"));
    insta::with_settings!({
        snapshot_path => "../data/bad",
        prepend_module_to_snapshot => false,
        omit_expression => true,
        filters => vec![(r"(?m) +$", "")],
    }, {
        insta::assert_snapshot!(theme, messages);
    });
    Ok(())
}

const THEMES: [&str; 8] = ["keys", "names", "schedules", "shape", "steps", "syntax", "triggers", "values"];

/// Defines one test for each topic, so that the tests run in parallel.
macro_rules! themes {
    ($($theme:ident),*) => {$(
        #[test]
        fn $theme() -> Result<()> {
            assert!(THEMES.contains(&stringify!($theme)));
            check(stringify!($theme), &cases(stringify!($theme))?, &Sandbox::new()?, CHECK)
        }
    )*};
}

themes!(keys, names, schedules, shape, steps, syntax, triggers, values);

#[test]
fn server() -> Result<()> {
    let api = MockApi::with_pool()?;
    check("server", &cases("server")?, &Sandbox::for_project(&api.url(), "")?, DEPLOY)?;
    assert_eq!(api.writes(), [""; 0], "nothing may be written");
    Ok(())
}

/// Generates files that are too large to store.
#[test]
fn limits() -> Result<()> {
    let deep = |open: &str, close: &str| {
        let depth = 5_000;
        format!("deployments:\n- {}{}\n", open.repeat(depth), close.repeat(depth))
    };
    let bomb: Vec<String> = (1..30)
        .map(|n| format!("  a{n}: &a{n} [{}]", ["*a"; 9].map(|a| format!("{a}{}", n - 1)).join(", ")))
        .collect();
    let bomb = bomb.join("\n");
    let nested: Vec<String> = (0..3_000).map(|depth| format!("{}a:", " ".repeat(depth))).collect();
    check(
        "limits",
        &[
            Case::generated("lists in lists", deep("[", "]"), 2),
            Case::generated("mappings in mappings", deep("{a: ", "}"), 2),
            Case::generated("blocks in blocks", nested.join("\n"), 101),
            Case::generated("aliases of aliases", format!("definitions:\n  a0: &a0 [x]\n{bomb}"), 8),
            Case::generated("Latin-1", &b"deployments:\n- name: caf\xe9\n"[..], 2),
            Case::generated("UTF-16", &b"\xff\xfed\0e\0p\0:\0\n\0"[..], 1),
            Case::generated("a null character", &b"deployments:\n- name: a\0b\n"[..], 2),
            Case::generated("a bell", &b"deployments:\n- name: a\n  description: \"\x07\"\n"[..], 3),
            Case::generated("a text without an end", format!("name: \"{}", "x".repeat(100_000)), 1),
        ],
        &Sandbox::new()?,
        CHECK,
    )
}

#[test]
fn has_enough_cases() -> Result<()> {
    let counts = THEMES.iter().map(|theme| Ok(cases(theme)?.len())).collect::<Result<Vec<usize>>>()?;
    assert!(counts.iter().sum::<usize>() >= ENOUGH, "{counts:?}");
    Ok(())
}

/// A placeholder without a value is removed after the steps. A required name may then be empty.
#[test]
fn required_names_without_a_value_are_errors() -> Result<()> {
    let api = MockApi::with_pool()?;
    for (command, name, template, error) in [
        ("deploy --all", "name: a", "name: '{{ nope }}'", "error[no-name]"),
        ("render --all", "name: a", "name: '{{ nope }}{{ none }}'", "error[no-name]"),
        ("render --all", "{name: pool}", "{name: '{{ nope }}'}", "error[no-work-pool]"),
    ] {
        let sandbox = Sandbox::for_project(&api.url(), &DEPLOYMENT.replace(name, template))?;
        let output = sandbox.run(command)?;
        ensure!(output.code != 0 && output.stderr.contains(error), "{command} with {template}\n{output}");
    }
    Ok(())
}

#[test]
fn reports_only_the_missing_deployments_of_an_empty_file() -> Result<()> {
    let api = MockApi::with_pool()?;
    let sandbox = Sandbox::for_project(&api.url(), "deployment:\n- name: default\n")?;
    let output = sandbox.run("deploy --all")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    warning[unknown-key]: the key 'deployment' is unknown and has no effect
     --> prefect.yaml:1:1
      |
    1 | deployment:
      | ^^^^^^^^^^
    help: did you mean `deployments`?
    error[no-deployments]: the file contains no deployments
     --> prefect.yaml:1:1
      |
    1 | deployment:
      | ^^^^^^^^^^^
    help: add an item to `deployments`, for example with `prefectl init`
    error: nothing was registered
    ");
    let plan = sandbox.run("plan --all")?;
    ensure!(plan.code == 2 && plan.stderr.matches("error[").count() == 1, "{plan}");
    // The options may describe a deployment.
    let output = sandbox.run("deploy flow.py:hello --all -n default --pool pool")?;
    ensure!(!output.stderr.contains("no-deployments"), "{output}");
    Ok(())
}
