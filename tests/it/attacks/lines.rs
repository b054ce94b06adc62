//! Names and values with line breaks, which must not forge output lines or Markdown in a summary.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::{Target, acts_on_terminal, project};
use crate::support::Output;

/// Text that would forge lines, workflow commands and Markdown. Each line starts with [`MARK`] or a workflow
/// command.
const HOSTILE: &str = "x\nFORGED\r\nFORGED\rFORGED\u{85}FORGED\u{2028}FORGED\n::error::FORGED\u{1b}[31m\u{202e}\
                       [a](http://evil) ![b](http://evil) @octocat <img src=x> | `c` | www.evil";

/// [`HOSTILE`] as the content of a double-quoted string in YAML and Python.
const IN_YAML: &str = "x\\nFORGED\\r\\nFORGED\\rFORGED\\u0085FORGED\\u2028FORGED\\n::error::FORGED\\u001b[31m\\u202e\
                       [a](http://evil) ![b](http://evil) @octocat <img src=x> | `c` | www.evil";

/// [`IN_YAML`] without the characters that are invalid in names.
const NAME_IN_YAML: &str = "x\\nFORGED\\r\\nFORGED\\rFORGED\\u0085FORGED\\u2028FORGED\\n::error::FORGED\\u001b[31m\\u202e\
                            [a](javascript:b) @octocat | `c` | www.evil";

const MARK: &str = "FORGED";

/// The commands that read the project.
const COMMANDS: &[&str] = &[
    "check",
    "check --env prod",
    "check --output github",
    "plan --all --offline",
    "plan --all",
    "plan --all --output markdown",
    "plan --all --output html",
    "plan --all --env prod",
    "render --all",
    "render --all --explain",
    "deploy --all",
    "deploy --all --preview pr-1 --project p",
    "deploy -n nothing",
    "plan --all",
    "drift --all",
    "export --all",
    "preview ls --project p",
    "steps run --build --push",
    "steps run --pull",
    "flow ls",
    "flow inspect flow.py:hello",
    "doctor",
    "deployment ls",
    "rollback --yes",
    "destroy --project p --yes",
];

/// Projects with [`HOSTILE`] in one position each.
fn projects() -> Vec<(&'static str, String)> {
    let position = |name, more: &str| (name, project(&more.replace("EVIL", IN_YAML)));
    let step = "prefect.deployments.steps.run_shell_script";
    vec![
        ("deployment", project("").replace("name: a", &format!("name: \"{NAME_IN_YAML}\""))),
        ("invalid deployment", project("").replace("name: a", &format!("name: \"{IN_YAML}\""))),
        ("pool", position("", &format!("  work_pool: {{name: \"{NAME_IN_YAML}\"}}")).1),
        position("queue", "  work_pool: {name: pool, work_queue_name: \"EVIL\", \"EVIL\": 1}"),
        position("job variable", "  work_pool: {name: pool, job_variables: {\"EVIL\": \"EVIL\"}}"),
        position("tags", "  tags: [\"EVIL\"]\n  version: \"EVIL\""),
        position("description", "  description: \"EVIL\""),
        position("key", "  \"EVIL\": 1"),
        position("entrypoint", "  entrypoint: \"EVIL\""),
        position("function", "  entrypoint: \"flow.py:EVIL\""),
        position("parameter", "  parameters: {\"EVIL\": \"EVIL\", times: \"EVIL\"}"),
        position(
            "parameter of any name",
            "  enforce_parameter_schema: false\n  parameters: {\"EVIL\": \"EVIL\"}",
        ),
        position(
            "schedule",
            "  schedules: [{cron: \"EVIL\", timezone: \"EVIL\"}, {interval: 60, slug: \"EVIL\"}]",
        ),
        position("slug", "  schedules: [{interval: 60, slug: \"EVIL\"}]"),
        position("trigger", "  triggers: [{name: \"EVIL\", expect: [\"EVIL\"], \"EVIL\": 1}]"),
        position("automation", "  triggers: [{name: \"EVIL\", expect: [\"EVIL\"]}]"),
        position("placeholder", "  description: \"{{ EVIL }} << EVIL >> {{ prefect.blocks.secret.EVIL }}\""),
        position("variable", "  description: \"{{ prefect.variables.x }} {{ $X }} << env.nope >>\""),
        position("version type", "  version_type: \"EVIL\""),
        position("step", "  build: [{\"EVIL\": {}}]"),
        position("step id", &format!("  build:\n  - {step}: {{id: \"EVIL\", script: echo a, \"EVIL\": 1}}")),
        position("script", &format!("  build:\n  - {step}: {{id: \"EVIL\", script: \"EVIL\"}}")),
        position(
            "output",
            &format!("  build:\n  - {step}: {{id: s, script: cat evil}}\n  tags: [\"{{{{ s.stdout }}}}\"]"),
        ),
        position("failure", &format!("  build:\n  - {step}: {{script: \"sh fail.sh\"}}")),
        position(
            "clone",
            "  pull:\n  - prefect.deployments.steps.git_clone: {repository: \"file:///EVIL\", branch: \"EVIL\"}",
        ),
        position(
            "image",
            "  build:\n  - prefect_docker.deployments.steps.build_docker_image: {image_name: \"EVIL\", tag: \"EVIL\", dockerfile: \"EVIL\"}",
        ),
        ("environment", format!("environments: {{\"{IN_YAML}\": {{tags: [a]}}}}\n{}", project(""))),
        ("resource", format!("prefectl:\n  variables: {{\"{IN_YAML}\": \"{IN_YAML}\"}}\n{}", project(""))),
        ("top", format!("\"{IN_YAML}\": 1\n{}", project(""))),
        ("type", format!("deployments: \"{IN_YAML}\"\n")),
        ("anchor", format!("{}\n- *\"{HOSTILE}", project(""))),
        ("tag", format!("a: !<\"{IN_YAML}\"> b\n")),
    ]
}

fn target(project: &str, is_ci: bool) -> Result<Target> {
    let flow = format!(
        "from prefect import flow\n\n@flow(name=\"{NAME_IN_YAML}\")\ndef hello(times: int = 1):\n    \"{IN_YAML}\"\n"
    );
    let target = Target::new()?
        .file("prefect.yaml", project)?
        .file("flow.py", flow)?
        .file("evil", HOSTILE)?
        .file("fail.sh", "cat evil >&2; exit 1")?
        .variable("X", HOSTILE);
    let summary = target.sandbox.directory().join("summary.md").display().to_string();
    let target = target.variable("GITHUB_STEP_SUMMARY", &summary);
    target.server.change(|server| {
        server.answers.insert("variables/name/x".to_owned(), json!({"name": "x", "value": HOSTILE}));
    });
    Ok(if is_ci { target.variable("GITHUB_ACTIONS", "true") } else { target })
}

/// Fails if the text contains a forged line or a character that controls the terminal.
fn check_text(text: &str) -> Result<()> {
    let control = text.chars().find(|&character| acts_on_terminal(character));
    ensure!(control.is_none(), "the control character {control:?}");
    let is_break = |character| matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}');
    let forged =
        text.split(is_break).find(|line| line.starts_with(MARK) || line.starts_with("::error::FORGED"));
    ensure!(forged.is_none(), "a forged line: {}", forged.unwrap_or_default());
    Ok(())
}

/// Returns a Markdown text without code spans and code blocks.
fn without_code(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::new();
    while let Some(at) = rest.find('`') {
        let (before, code) = rest.split_at(at);
        kept += before;
        let content = code.trim_start_matches('`');
        let fence = &code[..code.len() - content.len()];
        if before.ends_with('\\') {
            rest = content;
            continue;
        }
        let end = content
            .match_indices(fence)
            .map(|(at, _)| at)
            .find(|at| !content[..*at].ends_with('`') && !content[at + fence.len()..].starts_with('`'));
        rest = end.map_or(content, |end| &content[end + fence.len()..]);
    }
    kept + rest
}

/// Fails if a Markdown text has links, images, HTML or mentions that come from [`HOSTILE`].
fn check_markdown(text: &str) -> Result<()> {
    check_text(text)?;
    let text = without_code(text).replace("\\\\", "");
    for part in ["[a](", "![b]", "@octocat", "<img", "http://evil", "www.evil"] {
        let found = text.match_indices(part).any(|(at, _)| !text[..at].ends_with('\\'));
        ensure!(!found, "Markdown with {part:?}");
    }
    Ok(())
}

fn check_output(command: &str, output: &Output, is_ci: bool) -> Result<()> {
    ensure!((0..=10).contains(&output.code), "exit code {}", output.code);
    let is_page = command.ends_with("html");
    for text in [&output.stdout, &output.stderr].into_iter().skip(usize::from(is_page)) {
        check_text(text)?;
        // GitHub also recognizes indented commands.
        let is_command = |line: &str| line.trim_start().starts_with("::error::FORGED");
        ensure!(!is_ci || !text.lines().any(is_command), "a forged workflow command");
    }
    ensure!(!is_page || !output.stdout.contains("<img"), "an HTML element");
    if command.ends_with("markdown") {
        check_markdown(&output.stdout)?;
    }
    Ok(())
}

#[test]
fn names_cannot_forge_lines() -> Result<()> {
    let projects = projects();
    let mut failures = Vec::new();
    std::thread::scope(|scope| {
        let threads: Vec<_> = [0, 1, 2]
            .map(|thread| {
                let projects = &projects;
                scope.spawn(move || {
                    let own = projects.iter().enumerate().filter(|(index, _)| index % 3 == thread);
                    own.flat_map(|(index, (name, project))| attempts(name, project, index % 2 == 0)).collect()
                })
            })
            .into();
        for thread in threads {
            let found: Vec<String> = thread.join().unwrap_or_else(|_| vec!["a panic".to_owned()]);
            failures.extend(found);
        }
    });
    ensure!(failures.is_empty(), "{} failures:\n\n{}", failures.len(), failures.join("\n\n"));
    Ok(())
}

/// Runs all commands in a project. Returns the failures.
fn attempts(name: &str, project: &str, is_ci: bool) -> Vec<String> {
    let attempt = |target: &Target, command: &str| -> Result<()> {
        let output = target.sandbox.run(command)?;
        check_output(command, &output, is_ci)?;
        let summary = target.sandbox.read("summary.md").unwrap_or_default();
        check_markdown(&summary).context("in the job summary")
    };
    let target = match target(project, is_ci) {
        Ok(target) => target,
        Err(error) => return vec![format!("{name}: {error:#}")],
    };
    let failed = |command: &&str| attempt(&target, command).err();
    let describe =
        |(command, error): (&&str, anyhow::Error)| format!("{name}: prefectl {command}: {error:#}");
    COMMANDS.iter().filter_map(|command| Some((command, failed(command)?))).map(describe).collect()
}
