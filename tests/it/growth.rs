//! Tests how memory use grows with the number of deployments, and how CPU time grows with the size of hostile
//! templates.
//!
//! The tests limit bytes and CPU time because neither depends on other processes.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use crate::support::{FaultServer, Sandbox};

/// Number of deployments in a small and in a large project.
const COUNTS: [usize; 2] = [200, 1700];

/// Maximum peak memory of `check` for each deployment, in bytes. An executable without optimization needs about 17.5 KiB.
const CHECKED: usize = 20 * 1024;

/// Maximum peak memory of `plan` for each deployment that is unchanged, in bytes.
const PLANNED: usize = 22 * 1024;

/// Returns a project file with `count` deployments of a flow.
fn project(count: usize) -> String {
    let mut text = "pull: []\ndeployments:\n".to_owned();
    for number in 0..count {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "- name: d{number}\n  entrypoint: flow.py:hello\n  version: '1'\n  tags: [service, t{tag}]\n  parameters: {{name: \
             n{number}}}\n  schedules:\n  - {{cron: '{minute} 6 * * *', slug: daily}}\n  work_pool:\n    name: pool\n    \
             job_variables: {{env: {{SERVICE: service, PART: p{number}}}}}\n",
            tag = number % 7,
            minute = number % 60,
        );
    }
    text
}

/// Returns the additional peak memory of a command for each additional deployment, in bytes. The difference does not depend on
/// the size of the executable.
fn growth(line: &str, prepare: &str) -> Result<usize> {
    let mut peaks = [0; 2];
    for (peak, count) in peaks.iter_mut().zip(COUNTS) {
        let server = FaultServer::start()?;
        let sandbox = Sandbox::for_project(&server.url(), &project(count))?;
        if !prepare.is_empty() {
            let output = sandbox.run(prepare)?;
            ensure!(output.code == 0, "{output}");
        }
        *peak = sandbox.peak_memory(line)?;
    }
    Ok(peaks[1].saturating_sub(peaks[0]) / (COUNTS[1] - COUNTS[0]))
}

#[test]
fn memory_grows_slowly_with_the_number_of_deployments() -> Result<()> {
    for (line, prepare, limit) in [("check", "", CHECKED), ("plan --all", "deploy --all --quiet", PLANNED)] {
        let growth = growth(line, prepare)?;
        ensure!(growth <= limit, "{line} needs {growth} bytes for each deployment, more than {limit}");
    }
    Ok(())
}

/// CPU time of a command in seconds. Linear work takes about a second without optimization, quadratic work minutes.
const CPU_SECONDS: u32 = 15;

/// Number of repetitions in a hostile template.
const MANY: usize = 20_000;

/// Repeats the text that `part` returns for a number.
fn repeated(part: impl Fn(usize) -> String) -> String {
    (0..MANY).map(part).collect()
}

#[test]
fn work_grows_linearly_with_the_size_of_templates() -> Result<()> {
    let described = |text: String| format!("  description: {}", serde_json::Value::from(text));
    let variables = |part: fn(usize) -> String| {
        let entries: Vec<String> = (0..MANY).map(part).collect();
        format!("  work_pool: {{name: pool, job_variables: {{env: {{{}}}}}}}", entries.join(", "))
    };
    for (name, lines) in [
        ("negations", described(format!("<< {}1 >>", "not ".repeat(MANY)))),
        ("sums", described(format!("<< a{} >>", "+a".repeat(MANY)))),
        ("subtractions", described(format!("<< if{} >>", "-if".repeat(MANY)))),
        ("guards", described(format!("<< [{}] >>", repeated(|number| format!("a{number}|d(1),"))))),
        ("expressions in a line", described("<< env.HOME >>".repeat(MANY))),
        ("expressions in many lines", described("x << abc >> y\n".repeat(MANY))),
        ("undefined names", described(repeated(|number| format!("<< u{number} >>")))),
        ("long names", described(format!("<< {} >>", "n".repeat(MANY)))),
        ("here-documents", described(format!("{}EOF", "x << EOF >> y\n".repeat(MANY)))),
        ("apostrophes", described("<< it's ) >> ".repeat(MANY))),
        ("shell operators in quotes", described(format!("{}>>", "<<)\"\\\"".repeat(MANY)))),
        ("unset variables", described(repeated(|number| format!("{{{{ $V{number} }}}}")))),
        ("missing outputs", described(repeated(|number| format!("{{{{ v{number} }}}}")))),
        ("invalid placeholders", described(repeated(|number| format!("{{{{ a|b{number} }}}} ")))),
        ("shell variables", described(repeated(|number| format!("${{AB{number}}} ")))),
        ("nested shell variables", described(format!("{}}}", "${AB:-".repeat(MANY)))),
        ("variables of the environment", variables(|number| format!("K{number}: '{{{{ $HOME }}}}'"))),
        ("numbers as keys", variables(|number| format!("{number}: '{{{{ $HOME }}}}'"))),
    ] {
        let sandbox = Sandbox::new()?;
        let pool = if lines.contains("work_pool") { "" } else { "  work_pool: {name: pool}\n" };
        let head = "pull: []\ndeployments:\n- name: a\n  entrypoint: flow.py:hello\n";
        sandbox.file("prefect.yaml", format!("{head}{pool}{lines}\n"))?;
        let output = sandbox.run_with_cpu_limit("check", CPU_SECONDS)?;
        let shown: String = output.to_string().chars().take(500).collect();
        ensure!((0..=7).contains(&output.code), "{name} took more than {CPU_SECONDS} s or crashed:\n{shown}");
    }
    Ok(())
}
