//! Names and values that contain terminal control sequences.

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt as _};

use anyhow::{Result, ensure};
use serde_json::json;

use super::{Attack, Outcome, Target, attack, project};

/// Control sequences: clear the screen, set the title, write to the clipboard, hide text, move back, reverse
/// the direction.
const EVIL: &str = "\u{1b}[2J\u{1b}]0;title\u{7}\u{1b}]52;c;cHduZWQ=\u{7}\u{1b}[8m\r\u{8}\u{7f}\u{9b}1A\u{202e}\u{200f}\u{61c}[bold]:snake:";

/// [`EVIL`] as the content of a double-quoted string in YAML and JSON.
const EVIL_IN_YAML: &str = "\\u001b[2J\\u001b]0;title\\u0007\\u001b]52;c;cHduZWQ=\\u0007\\u001b[8m\\r\\b\\u007f\\u009b1A\\u202e\\u200f\\u061c[bold]:snake:";

/// The part of [`EVIL`] that may be shown.
const SEEN: &str = "[bold]:snake:";

/// Makes the server respond to requests for `path` with `answer`.
fn answering(target: Target, path: &str, answer: serde_json::Value) -> Target {
    target.server.change(|server| {
        server.answers.insert(path.to_owned(), answer);
    });
    target
}

fn pools() -> serde_json::Value {
    json!([{
        "id": uuid::Uuid::nil(), "name": EVIL, "type": EVIL, "description": EVIL, "is_paused": false, "status": "READY",
        "base_job_template": {"variables": {"properties": {}}},
    }])
}

pub(super) const ATTACKS: &[Attack] = &[
    attack("control characters in the name of a deployment", Outcome::Ended, "deploy --all", |target| {
        target.file("prefect.yaml", project("").replace("name: a", &format!("name: \"{EVIL_IN_YAML}\"")))
    }),
    attack("control characters in a description", Outcome::Sent("\\u001b[2J"), "deploy --all", |target| {
        target.project(&format!("  description: \"{EVIL_IN_YAML}\""))
    }),
    attack("control characters in a plan", Outcome::Shown("\\u001b[2J"), "plan --all", |target| {
        target.project(&format!("  description: \"{EVIL_IN_YAML}\""))
    }),
    attack(
        "control characters in the page of a plan",
        Outcome::Shown("\\u001b[2J"),
        "plan --all --output html",
        |target| target.project(&format!("  description: \"{EVIL_IN_YAML}\"")),
    ),
    attack("control characters in the name of a pool", Outcome::Refused(SEEN), "deploy --all", |target| {
        target.project(&format!("  work_pool: {{name: \"{EVIL_IN_YAML}\"}}"))
    }),
    attack("control characters in a parameter", Outcome::Refused(SEEN), "deploy --all", |target| {
        target.project(&format!("  parameters: {{times: \"{EVIL_IN_YAML}\"}}"))
    }),
    attack("control characters in a key", Outcome::Ended, "check", |target| {
        target.project(&format!("  \"{EVIL_IN_YAML}\": 1"))
    }),
    attack("control characters in the name of a flow", Outcome::Ended, "deploy --all", |target| {
        let text = format!("from prefect import flow\n\n@flow(name=\"{EVIL_IN_YAML}\")\ndef hello(): pass\n");
        target.file("flow.py", text)
    }),
    attack("control characters in a docstring", Outcome::Ended, "flow inspect flow.py:hello", |target| {
        let text = format!("from prefect import flow\n\n@flow\ndef hello():\n    \"{EVIL_IN_YAML}\"\n");
        target.file("flow.py", text)
    }),
    attack("control characters in the name of a file", Outcome::Ended, "flow ls", |target| {
        let name = "\u{1b}[2J\u{1b}]0;title\u{7}.py";
        target.file(name, "from prefect import flow\n\n@flow\ndef other(): pass\n")
    }),
    attack(
        "a file name that is not valid UTF-8",
        Outcome::Shown("f\u{fffd}.py"),
        "flow ls --output json",
        |target| {
            let name = OsStr::from_bytes(b"f\xff.py");
            let flow = "from prefect import flow\n\n@flow\ndef other(): pass\n";
            fs::write(target.sandbox.directory().join(name), flow)?;
            Ok(target)
        },
    ),
    attack("control characters that a step prints", Outcome::Shown(SEEN), "deploy --all", |target| {
        let step = "  build:\n  - prefect.deployments.steps.run_shell_script: {script: cat text}";
        target.file("text", EVIL)?.project(step)
    }),
    attack("control characters of a step that fails", Outcome::Refused(SEEN), "deploy --all", |target| {
        let step = "  build:\n  - prefect.deployments.steps.run_shell_script: {script: sh fail.sh}";
        target.file("text", EVIL)?.file("fail.sh", "cat text >&2\nexit 1\n")?.project(step)
    }),
    attack("control characters in a YAML comment", Outcome::Ended, "check", |target| {
        target.file("prefect.yaml", format!("# {EVIL}\n{}", project("")))
    }),
    attack("control characters of the server in a table", Outcome::Shown(SEEN), "work-pool ls", |target| {
        Ok(answering(target, "work_pools/filter", pools()))
    }),
    attack(
        "control characters of the server in JSON",
        Outcome::Shown(SEEN),
        "work-pool ls --output json",
        |target| Ok(answering(target, "work_pools/filter", pools())),
    ),
    attack(
        "control characters of the server in an object",
        Outcome::Ended,
        "work-pool inspect pool",
        |target| Ok(answering(target, "work_pools/pool", pools()[0].clone())),
    ),
    attack(
        "control characters of the server in an error",
        Outcome::Refused("invalid response"),
        "work-pool ls",
        |target| Ok(answering(target, "work_pools/filter", json!({"id": EVIL, "detail": EVIL}))),
    ),
    attack(
        "control characters in the logs of a run",
        Outcome::Ended,
        "flow-run logs 00000000-0000-0000-0000-000000000000",
        |target| {
            let run = json!({
                "id": uuid::Uuid::nil(), "name": EVIL, "flow_id": uuid::Uuid::nil(), "state": {"type": "COMPLETED", "name": EVIL},
                "state_type": "COMPLETED", "state_name": EVIL, "created": "2026-01-01T00:00:00Z",
            });
            let logs = json!([{
                "id": uuid::Uuid::nil(), "name": EVIL, "level": 20, "message": EVIL, "timestamp": "2026-01-01T00:00:00Z",
                "flow_run_id": uuid::Uuid::nil(),
            }]);
            let target = answering(target, "flow_runs/00000000-0000-0000-0000-000000000000", run);
            Ok(answering(target, "logs/filter", logs))
        },
    ),
    attack(
        "control characters on the command line",
        Outcome::Refused("\\u001b"),
        "deploy -n \u{1b}[2J/a/b",
        Ok,
    ),
    attack("an unknown word with control characters", Outcome::Refused(""), "deploi\u{1b}[2J", Ok),
    attack("control characters in a setting", Outcome::Shown("\\u001b"), "config view", |target| {
        Ok(target.variable("PREFECT_DEFAULT_WORK_POOL_NAME", EVIL))
    }),
    attack("control characters in a variable", Outcome::Ended, "check", |target| {
        target.variable("EVIL", EVIL).project("  description: << env.EVIL.nope >>")
    }),
];

#[test]
fn names_of_directories_and_project_files_need_not_be_utf8() -> Result<()> {
    let name = OsStr::from_bytes(b"n\xff");
    let target = Target::new()?;
    let directory = target.sandbox.directory().join(name);
    fs::create_dir(&directory)?;
    for file in ["prefect.yaml", "flow.py"] {
        fs::copy(target.sandbox.directory().join(file), directory.join(file))?;
    }
    fs::copy(directory.join("prefect.yaml"), directory.join(name))?;
    for (line, has_file) in [
        ("check", false),
        ("plan --all --out plan.json", true),
        ("deploy --plan plan.json", false),
        ("deploy --all", false),
        ("deploy --all", true),
        ("rollback --yes", false),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let mut command = target.sandbox.command(&words);
        if has_file {
            command.arg("-f").arg(name);
        }
        let output = command.current_dir(&directory).output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        let code = output.status.code();
        ensure!(matches!(code, Some(0..=2)) && !stderr.contains("crashed"), "{line}: {code:?} {stderr}");
        ensure!(code == Some(0) || line.starts_with("rollback"), "{line}: {stderr}");
    }
    Ok(())
}
