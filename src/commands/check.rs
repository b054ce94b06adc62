//! `prefectl check`.

use owo_colors::OwoColorize as _;
use similar::TextDiff;

use super::Context;
use crate::{
    cli::{CheckArguments, FindingsFormat},
    deployment::DeployContext,
    diagnostics::{Diagnostic, Severity, Summary, github, json, sarif},
    error::{CommandError, Exit},
    fs,
    progress::Progress,
    project,
    validate::checking::{self, FixedFile, FixedProject, ProjectFindings},
};

pub(super) async fn run(arguments: &CheckArguments, context: &Context) -> Result<Exit, CommandError> {
    if arguments.diff && arguments.output != FindingsFormat::Text {
        return Err(CommandError::usage("--diff requires `--output text`")
            .help("the JSON and SARIF formats contain the fix for each finding"));
    }
    let options = arguments.options();
    let checked = DeployContext {
        options: &options,
        answers: None,
        directory: &context.directory,
        environment: &context.environment,
        clock: &context.clock,
        progress: &context.ui,
        redactor: &context.redactor,
        default_work_pool: context.settings.default_work_pool_name.value.as_deref(),
        keeps_schedules_on_empty: false,
        docker_namespace: None,
    };
    let file = options.prefect_file.as_deref().unwrap_or(project::DEFAULT_FILE.as_ref());
    let (findings, count) = if arguments.diff {
        let fixed = checking::fix(&checked).await?;
        if fixed.count > 0 {
            let diffs: String = fixed.files.iter().map(diff).collect();
            context.ui.result(diffs.trim_end_matches('\n'));
        }
        (fixed.before, 0)
    } else if arguments.fix {
        let FixedProject { files, count, after, .. } = checking::fix(&checked).await?;
        for file in &files {
            fs::rewrite(&context.directory.join(&file.path), file.fixed.text())?;
        }
        (after, count)
    } else {
        (checking::findings(&checked).await?, 0)
    };
    let file = file.display().to_string();
    if count > 0 && arguments.output == FindingsFormat::Text {
        let plural = if count == 1 { "" } else { "s" };
        context.ui.note(&format!("Fixed {count} problem{plural} in {file}"));
    }
    Ok(report(findings, arguments, context, &file))
}

/// Prints the findings, and returns the corresponding exit code.
fn report(findings: ProjectFindings, arguments: &CheckArguments, context: &Context, file: &str) -> Exit {
    let ProjectFindings { diagnostics: mut found, deployments, environments, .. } = findings;
    // Findings without a location come first.
    found.sort_by_cached_key(|finding| {
        finding.place.as_ref().map(|place| (place.source.name().to_owned(), place.span.start))
    });
    if arguments.strict {
        for finding in &mut found {
            finding.severity = Severity::Error;
        }
    }
    let ui = &context.ui;
    match arguments.output {
        FindingsFormat::Text => {
            for finding in &found {
                ui.warn(finding);
            }
            ui.note(&summary(&found, deployments, environments, file));
            if let Some(hint) = hint(&found).filter(|_| !arguments.diff) {
                ui.note(&hint);
            }
        }
        FindingsFormat::Json => ui.document(&json::document(&found)),
        FindingsFormat::Github => {
            for finding in &found {
                ui.annotation(&github::command(finding, ""));
            }
        }
        FindingsFormat::Sarif => ui.json(&sarif::document(&found)),
    }
    if found.iter().any(Diagnostic::is_error) { Exit::Usage } else { Exit::Done }
}

/// Returns the line that summarizes the findings.
fn summary(found: &[Diagnostic], deployments: usize, environments: usize, file: &str) -> String {
    if !found.is_empty() {
        return format!("{} in {file}", Summary(found));
    }
    let counted = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let mut counts = vec![counted(deployments, "deployment")];
    if environments > 0 {
        counts.push(counted(environments, "environment"));
    }
    format!("No problems found in {file} ({})", counts.join(", "))
}

/// Returns a hint to use `--fix`. Returns `None` if no finding has a fix.
fn hint(found: &[Diagnostic]) -> Option<String> {
    let count = found.iter().filter(|finding| finding.fix.is_some()).count();
    let subject = match count {
        0 => return None,
        1 => "1 problem can".to_owned(),
        count => format!("{count} problems can"),
    };
    Some(format!("{subject} be fixed with `prefectl check --fix`; `prefectl check --diff` shows the changes"))
}

/// Returns the changes to the file as a colored unified diff. The diff is empty if nothing changes.
fn diff(FixedFile { original, fixed, .. }: &FixedFile) -> String {
    let diff = TextDiff::from_lines(original.text(), fixed.text());
    let text = diff.unified_diff().header(original.name(), fixed.name()).to_string();
    let colored = |line: &str| match line.as_bytes().first() {
        Some(b'+') => line.green().to_string(),
        Some(b'-') => line.red().to_string(),
        _ => line.to_owned(),
    };
    text.lines().map(|line| colored(line) + "\n").collect()
}
