//! Imports flows with the user's Python interpreter if their source does not determine all parameters.
//!
//! A single process imports all flows. Like `prefect deploy`, it runs the flows' code. The process is stopped after a
//! time limit. If an import fails, the static analysis result is kept.

mod importer;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{Flow, FlowError, Grade, Inspector, entrypoint::Entrypoint};
use crate::{
    diagnostics::{Code, Diagnostic, Place},
    environment::Environment,
    fs,
    interpreter::{Interpreter, Search, SearchScope},
    progress::Progress,
    source::{Source, Span},
};
use importer::{Answer, ImportedFlow};

/// Maximum duration of the process that imports all flows.
const TIME_LIMIT: Duration = Duration::from_mins(2);

/// Settings that determine when flows are imported with Python, and the interpreter to use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PythonUse {
    pub(crate) mode: ImportMode,
    /// The interpreter that the user chose with the option `--python`.
    pub(crate) interpreter: Option<String>,
    /// The interpreters that may be started if the user did not choose one.
    pub(crate) scope: SearchScope,
}

impl PythonUse {
    /// Allows starting the project's interpreter. Only commands that already run code of the project may use this
    /// scope.
    pub(crate) fn with_project_scope(self) -> Self {
        Self { scope: SearchScope::Project, ..self }
    }
}

/// The flows that are imported with Python.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum ImportMode {
    #[default]
    Never,
    /// Flows that static analysis cannot read exactly. Requires a Python interpreter with Prefect installed.
    IfNeeded,
    Always,
}

/// The settings and the environment for importing flows with Python.
pub(crate) struct ImportContext<'a> {
    pub(crate) python: &'a PythonUse,
    /// The base directory for relative entrypoints.
    pub(crate) directory: &'a Path,
    pub(crate) environment: &'a Environment,
    pub(crate) progress: &'a dyn Progress,
}

/// The outcome of importing flows with Python.
#[derive(Debug, Default)]
pub(crate) struct ImportSummary {
    /// Whether the import changed the data of previously inspected flows.
    pub(crate) has_changed_flows: bool,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// The inspected flows, keyed by entrypoint, and the results of importing these flows with Python.
#[derive(Debug, Default)]
pub(super) struct InspectedFlows(Mutex<BTreeMap<String, InspectedFlow>>);

#[derive(Debug)]
struct InspectedFlow {
    /// The flow as read from its source, or `None` if its source could not be read.
    read: Option<Arc<Flow>>,
    /// The position of the flow in its source, used for diagnostics.
    place: Option<Place>,
    import: ImportState,
}

/// The state of importing a flow. Each flow is imported at most once.
#[derive(Debug)]
enum ImportState {
    Pending,
    Imported(Arc<Flow>),
    Failed,
}

impl InspectedFlows {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, InspectedFlow>> {
        // A panic while the lock is held cannot leave a partial entry, so a poisoned map is still consistent.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the flow at an entrypoint. The result of an import takes precedence over the result of reading the
    /// source.
    pub(super) fn flow(&self, entrypoint: &Entrypoint) -> Option<Arc<Flow>> {
        let read = || self.lock().get(&entrypoint.to_string())?.read.clone();
        self.imported(entrypoint).or_else(read)
    }

    /// Returns the flow that was imported from an entrypoint, or `None` if it was not imported successfully.
    pub(super) fn imported(&self, entrypoint: &Entrypoint) -> Option<Arc<Flow>> {
        match &self.lock().get(&entrypoint.to_string())?.import {
            ImportState::Imported(flow) => Some(Arc::clone(flow)),
            ImportState::Pending | ImportState::Failed => None,
        }
    }

    /// Records the result of reading a flow from its source. Ignores errors that would also occur on import.
    pub(super) fn record(&self, entrypoint: &Entrypoint, read: &Result<Arc<Flow>, FlowError>) {
        let (read, place) = match read {
            Ok(flow) => (Some(Arc::clone(flow)), Some(flow.place.clone())),
            Err(error) if error.is_open_to_python() => (None, error.place().cloned()),
            Err(_) => return,
        };
        let flow = InspectedFlow { read, place, import: ImportState::Pending };
        self.lock().entry(entrypoint.to_string()).or_insert(flow);
    }

    /// Returns the entrypoints of the flows to import.
    fn pending(&self, mode: ImportMode) -> Vec<String> {
        let is_pending = |flow: &InspectedFlow| {
            matches!(flow.import, ImportState::Pending)
                && match mode {
                    ImportMode::Never => false,
                    ImportMode::IfNeeded => flow.read.as_ref().is_none_or(|flow| flow.grade != Grade::Exact),
                    ImportMode::Always => true,
                }
        };
        let flows = self.lock();
        let pending = flows.iter().filter(|(_, flow)| is_pending(flow));
        pending.map(|(entrypoint, _)| entrypoint.clone()).collect()
    }

    fn place(&self, entrypoint: &str) -> Option<Place> {
        self.lock().get(entrypoint)?.place.clone()
    }

    fn set_import(&self, entrypoint: &str, import: ImportState) {
        if let Some(flow) = self.lock().get_mut(entrypoint) {
            flow.import = import;
        }
    }
}

impl Inspector {
    /// Imports the inspected flows that cannot be read exactly from their source.
    ///
    /// Afterwards, inspecting one of these flows returns the import result. If an import fails, reports a warning and
    /// keeps the static analysis result.
    pub(crate) async fn import_flows(&self, import: &ImportContext<'_>) -> ImportSummary {
        let entrypoints = self.inspected.pending(import.python.mode);
        if entrypoints.is_empty() {
            return ImportSummary::default();
        }
        let search = Search {
            chosen: import.python.interpreter.as_deref(),
            scope: import.python.scope,
            environment: import.environment,
            directory: import.directory,
        };
        match search.find(&["prefect"]).await {
            Ok(interpreter) => self.import_with(&interpreter, &entrypoints, import, TIME_LIMIT).await,
            // A missing interpreter is only reported if the user requested Python explicitly.
            Err(_) if import.python.mode == ImportMode::IfNeeded && !search.is_chosen() => {
                ImportSummary::default()
            }
            Err(error) => {
                ImportSummary { has_changed_flows: false, warnings: vec![failure(error.to_string())] }
            }
        }
    }

    async fn import_with(
        &self,
        interpreter: &Interpreter,
        entrypoints: &[String],
        import: &ImportContext<'_>,
        limit: Duration,
    ) -> ImportSummary {
        let program = interpreter.program.as_str();
        let count = match entrypoints {
            [only] => only.clone(),
            several => format!("{} flows", several.len()),
        };
        import.progress.status(&format!("Importing {count} with {program}..."));
        let mut summary = ImportSummary::default();
        let answers =
            match importer::run(program, entrypoints, import.directory, import.environment, limit).await {
                Ok(answers) => answers,
                Err(error) => {
                    summary.warnings.push(failure(format!("cannot import flows with {program}: {error}")));
                    return summary;
                }
            };
        for (entrypoint, answer) in entrypoints.iter().zip(answers) {
            let place = self.inspected.place(entrypoint);
            match answer {
                Answer::Flow(imported) => {
                    if let Some(problem) = &imported.problem {
                        let message = format!(
                            "{program} cannot import {entrypoint}: {problem}; its definitions were evaluated one by one, \
                             as Prefect does"
                        );
                        summary.warnings.push(failure(message).at(place.clone()));
                    }
                    let flow = flow(imported, place, import.directory, entrypoint);
                    self.inspected.set_import(entrypoint, ImportState::Imported(Arc::new(flow)));
                    summary.has_changed_flows = true;
                }
                Answer::Error(reason) => {
                    self.inspected.set_import(entrypoint, ImportState::Failed);
                    let message = format!("{program} cannot import {entrypoint}: {reason}");
                    summary.warnings.push(failure(message).at(place));
                }
            }
        }
        summary
    }
}

fn failure(message: String) -> Diagnostic {
    Diagnostic::warning(Code::PYTHON_SCHEMA, message)
}

fn flow(imported: ImportedFlow, place: Option<Place>, directory: &Path, entrypoint: &str) -> Flow {
    let place = place.or_else(|| place_of(imported.place.as_ref()?, directory));
    Flow {
        name: imported.name,
        description: imported.description,
        version: imported.version,
        parameters: imported.parameters.into(),
        grade: Grade::Exact,
        reasons: Vec::new(),
        warnings: Vec::new(),
        place: place.unwrap_or_else(|| Place::new(&Source::new(entrypoint, ""), Span::default())),
    }
}

/// Returns the position of a line in a file, given the path and line number reported by Python.
fn place_of((path, line): &(PathBuf, usize), directory: &Path) -> Option<Place> {
    let text = fs::read_text(path).ok()?;
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let name = path.strip_prefix(directory).unwrap_or(path).display().to_string();
    let end = start + text[start..].lines().next().map_or(0, str::len);
    Some(Place::new(&Source::new(name, text), Span::new(start, end)))
}

#[cfg(test)]
mod tests;
