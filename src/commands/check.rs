//! `prefectl check`.

use std::{
    collections::{BTreeSet, HashSet},
    path::Path,
};

use owo_colors::OwoColorize as _;
use similar::TextDiff;

use super::{Context, target};
use crate::{
    cli::{CheckArguments, FindingsFormat},
    diagnostics::{Code, Diagnostic, Severity, Summary, json, sarif},
    error::{CommandError, Exit},
    fs,
    names::counted,
    progress::Progress,
    project::{EnvironmentName, ProjectError, STDIN, overlay_path},
    validate::{
        PreparationError,
        checking::{self, FixedFile, FixedProjects, ProjectFindings},
    },
};

pub(super) async fn run(arguments: &CheckArguments, context: &Context) -> Result<Exit, CommandError> {
    if arguments.diff && arguments.output != FindingsFormat::Text {
        return Err(CommandError::usage("--diff requires `--output text`")
            .help("the JSON and SARIF formats contain the fix for each finding"));
    }
    if arguments.fix && arguments.options().files.include_stdin() {
        return Err(CommandError::usage("--fix cannot change a project file that is read from stdin")
            .help("use --diff to show the changes"));
    }
    let checked = check(arguments, context).await;
    let Checked { findings, fixed, count } =
        checked.or_else(|error| undetermined(error, arguments).map(Checked::unfixed))?;
    // If both options are passed, `--diff` takes precedence and nothing is written.
    if arguments.diff && count > 0 {
        let diffs: String = fixed.iter().map(diff).collect();
        context.ui.result(diffs.trim_end_matches('\n'));
    }
    if arguments.fix && !arguments.diff {
        for file in &fixed {
            fs::rewrite(&context.directory.join(&file.path), file.original.text(), file.fixed.text())?;
        }
        if count > 0 && arguments.output == FindingsFormat::Text {
            context.ui.note(&fixes(count, &fixed));
        }
    }
    let files = described(&findings, arguments.options().environment_name());
    Ok(report(findings, arguments, context, &files))
}

/// The result of checking project files, with the fixes to apply or show.
struct Checked {
    findings: Vec<ProjectFindings>,
    /// The files that the fixes change.
    fixed: Vec<FixedFile>,
    /// Number of fixes.
    count: usize,
}

impl Checked {
    fn unfixed(findings: Vec<ProjectFindings>) -> Self {
        Self { findings, fixed: Vec::new(), count: 0 }
    }
}

/// Checks the project files. Reports findings in the original files with `--diff`, and in the fixed files with
/// `--fix`.
async fn check(arguments: &CheckArguments, context: &Context) -> Result<Checked, PreparationError> {
    let options = target::listed_files(arguments.options(), context)?;
    let ctx = target::deploy_context(&options, context);
    if !arguments.diff && !arguments.fix {
        return checking::findings(&ctx).await.map(Checked::unfixed);
    }
    let FixedProjects { files, count, before, after } = checking::fix(&ctx).await?;
    Ok(Checked { findings: if arguments.diff { before } else { after }, fixed: files, count })
}

/// Describes the fixes that were applied.
fn fixes(count: usize, files: &[FixedFile]) -> String {
    let changed =
        if let [only] = files { only.path.display().to_string() } else { counted(files.len(), "file") };
    format!("Fixed {} in {changed}", counted(count, "problem"))
}

/// Converts an error in the selection of project files to findings. Returns other errors as failures. An unreadable
/// file, an undefined environment or an invalid selection is a finding only if the output is a document.
fn undetermined(
    error: PreparationError,
    arguments: &CheckArguments,
) -> Result<Vec<ProjectFindings>, CommandError> {
    let is_document = arguments.output != FindingsFormat::Text;
    let diagnostics = match error {
        PreparationError::Findings(diagnostics) => diagnostics,
        error @ (PreparationError::Project(_) | PreparationError::Target(_)) if is_document => {
            let code = match error {
                PreparationError::Project(ProjectError::File(_)) => Code::PROJECT_FILES,
                _ => Code::OPTIONS,
            };
            let CommandError { message, help, diagnostics, .. } = error.into();
            if diagnostics.is_empty() {
                vec![Diagnostic { help, ..Diagnostic::error(code, message) }]
            } else {
                diagnostics
            }
        }
        error => return Err(error.into()),
    };
    let place = diagnostics.first().and_then(|diagnostic| diagnostic.place.as_ref());
    let path =
        place.map_or_else(|| arguments.options().files.to_string(), |place| place.source.name().to_owned());
    Ok(vec![ProjectFindings::invalid(path.into(), diagnostics)])
}

/// Shows the project file, or the overlay file if it contains all findings. Shows the number of project files
/// if there are multiple files.
fn described(findings: &[ProjectFindings], selected: Option<&EnvironmentName>) -> String {
    match findings {
        [only] if only.path == Path::new(STDIN) => "stdin".to_owned(),
        [only] => {
            let name = |finding: &Diagnostic| Some(finding.place.as_ref()?.source.name().to_owned());
            let names: BTreeSet<Option<String>> = only.diagnostics.iter().map(name).collect();
            let overlay = |name| overlay_path(&only.path, name).display().to_string();
            let mut overlays = only.environments.iter().chain(selected).map(overlay);
            overlays
                .find(|overlay| names.len() == 1 && names.contains(&Some(overlay.clone())))
                .unwrap_or_else(|| only.path.display().to_string())
        }
        findings => format!("{} files", findings.len()),
    }
}

/// Prints the findings and returns the corresponding exit code.
fn report(
    findings: Vec<ProjectFindings>,
    arguments: &CheckArguments,
    context: &Context,
    files: &str,
) -> Exit {
    let environments: BTreeSet<EnvironmentName> =
        findings.iter().flat_map(|findings| findings.environments.clone()).collect();
    let deployments = findings.iter().map(|findings| findings.deployments).sum();
    let mut seen = HashSet::new();
    let mut found: Vec<Diagnostic> = findings.into_iter().flat_map(|findings| findings.diagnostics).collect();
    // Projects that share a flow have the same findings about it.
    found.retain(|finding| {
        seen.insert((finding.code.name(), finding.text().into_owned(), finding.place.clone()))
    });
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
            ui.note(&summary(&found, deployments, environments.len(), files));
            if let Some(hint) = hint(&found).filter(|_| !arguments.diff) {
                ui.note(&hint);
            }
        }
        FindingsFormat::Json => {
            let selected = arguments.options().environment.map(|selected| selected.name);
            ui.document(json::document(&found, selected.as_ref().map(EnvironmentName::as_str)));
        }
        FindingsFormat::Github => {
            for finding in &found {
                ui.annotation(finding);
            }
        }
        FindingsFormat::Sarif => ui.json(sarif::document(&found)),
    }
    if found.iter().any(Diagnostic::is_error) { Exit::Usage } else { Exit::Done }
}

/// Returns a line that summarizes the findings.
fn summary(found: &[Diagnostic], deployments: usize, environments: usize, files: &str) -> String {
    if !found.is_empty() {
        return format!("{} in {files}", Summary(found));
    }
    let mut counts = vec![counted(deployments, "deployment")];
    if environments > 0 {
        counts.push(counted(environments, "environment"));
    }
    format!("No problems found in {files} ({})", counts.join(", "))
}

/// Returns a hint to use `--fix`, or `None` if no finding has a fix.
fn hint(found: &[Diagnostic]) -> Option<String> {
    let count = found.iter().filter(|finding| finding.fix.is_some()).count();
    (count > 0).then(|| {
        format!(
            "{} can be fixed with `prefectl check --fix`; `prefectl check --diff` shows the changes",
            counted(count, "problem")
        )
    })
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
