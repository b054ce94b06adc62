//! Imports flows with the user's Python and Prefect if their source is not enough to determine the parameters.
//!
//! One process imports all flows. It runs their code, as `prefect deploy` does, and has a time limit. If it fails, the
//! result of reading the source is kept.

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

/// Time limit for importing all flows.
const TIME_LIMIT: Duration = Duration::from_mins(2);

/// When flows are imported with Python, and with which interpreter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PythonUse {
    pub(crate) when: AskPython,
    /// The value of `--python`.
    pub(crate) interpreter: Option<String>,
    /// The interpreters that may be started if the user named none.
    pub(crate) scope: SearchScope,
}

impl PythonUse {
    /// Allows starting the project's own interpreter, for commands that run the project's code in any case.
    pub(crate) fn with_project_scope(self) -> Self {
        Self { scope: SearchScope::Project, ..self }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum AskPython {
    #[default]
    Never,
    /// Import flows whose source is not enough, if an interpreter has Prefect.
    WhereNeeded,
    Always,
}

/// The context of an import.
pub(crate) struct Asking<'a> {
    pub(crate) python: &'a PythonUse,
    /// The base directory of entrypoints.
    pub(crate) directory: &'a Path,
    pub(crate) environment: &'a Environment,
    pub(crate) progress: &'a dyn Progress,
}

/// The result of an import.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Whether the result changed for flows that were inspected before.
    pub(crate) learnt: bool,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// Flows that inspections could not determine, and the results of their imports.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<BTreeMap<String, Question>>);

#[derive(Debug)]
struct Question {
    /// The flow as read from its source, if that succeeded.
    read: Option<Arc<Flow>>,
    /// The location of the flow in its source.
    place: Option<Place>,
    /// The result of the import. Flows are imported at most once.
    answer: Option<Result<Arc<Flow>, ()>>,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Question>> {
        // A thread that panicked did so between two complete entries, so the map is valid.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a flow: the result of its import, else the result of reading its source.
    pub(super) fn flow(&self, entrypoint: &Entrypoint) -> Option<Arc<Flow>> {
        let read = || self.lock().get(&entrypoint.to_string())?.read.clone();
        self.answer(entrypoint).or_else(read)
    }

    /// Returns the result of importing a flow.
    pub(super) fn answer(&self, entrypoint: &Entrypoint) -> Option<Arc<Flow>> {
        self.lock().get(&entrypoint.to_string())?.answer.clone()?.ok()
    }

    /// Remembers what the source tells.
    pub(super) fn note(&self, entrypoint: &Entrypoint, read: &Result<Arc<Flow>, FlowError>) {
        let (read, place) = match read {
            Ok(flow) => (Some(Arc::clone(flow)), Some(flow.place.clone())),
            Err(error) if error.is_open_to_python() => (None, error.place().cloned()),
            Err(_) => return,
        };
        let question = Question { read, place, answer: None };
        self.lock().entry(entrypoint.to_string()).or_insert(question);
    }

    fn open(&self, when: AskPython) -> Vec<String> {
        let wanted = |question: &Question| match when {
            AskPython::Never => false,
            AskPython::WhereNeeded => question.read.as_ref().is_none_or(|flow| flow.grade != Grade::Exact),
            AskPython::Always => true,
        };
        let questions = self.lock();
        let open = questions.iter().filter(|(_, question)| question.answer.is_none() && wanted(question));
        open.map(|(entrypoint, _)| entrypoint.clone()).collect()
    }

    fn place(&self, entrypoint: &str) -> Option<Place> {
        self.lock().get(entrypoint)?.place.clone()
    }

    fn keep(&self, entrypoint: &str, answer: Result<Flow, ()>) {
        if let Some(question) = self.lock().get_mut(entrypoint) {
            question.answer = Some(answer.map(Arc::new));
        }
    }
}

impl Inspector {
    /// Imports the inspected flows whose source is not enough. Inspecting them again returns the result of the import.
    ///
    /// Failures become warnings, and the result of reading the source is kept.
    pub(crate) async fn ask_python(&self, asking: &Asking<'_>) -> Asked {
        let entrypoints = self.memory.open(asking.python.when);
        if entrypoints.is_empty() {
            return Asked::default();
        }
        let search = Search {
            chosen: asking.python.interpreter.as_deref(),
            scope: asking.python.scope,
            environment: asking.environment,
            directory: asking.directory,
        };
        match search.find(&["prefect"]).await {
            Ok(interpreter) => self.ask(&interpreter, &entrypoints, asking, TIME_LIMIT).await,
            // Without an explicit request for Python, a missing interpreter is not a failure.
            Err(_) if asking.python.when == AskPython::WhereNeeded && !search.is_chosen() => Asked::default(),
            Err(error) => Asked { learnt: false, warnings: vec![failure(error.to_string())] },
        }
    }

    async fn ask(
        &self,
        interpreter: &Interpreter,
        entrypoints: &[String],
        asking: &Asking<'_>,
        limit: Duration,
    ) -> Asked {
        let program = interpreter.program.as_str();
        let count = match entrypoints {
            [only] => only.clone(),
            several => format!("{} flows", several.len()),
        };
        asking.progress.status(&format!("Importing {count} with {program}..."));
        let mut asked = Asked::default();
        let answers =
            match importer::run(program, entrypoints, asking.directory, asking.environment, limit).await {
                Ok(answers) => answers,
                Err(error) => {
                    asked.warnings.push(failure(format!("cannot import flows with {program}: {error}")));
                    return asked;
                }
            };
        for (entrypoint, answer) in entrypoints.iter().zip(answers) {
            let place = self.memory.place(entrypoint);
            match answer {
                Answer::Flow(imported) => {
                    self.memory.keep(entrypoint, Ok(flow(imported, place, asking.directory, entrypoint)));
                    asked.learnt = true;
                }
                Answer::Error(reason) => {
                    self.memory.keep(entrypoint, Err(()));
                    let message = format!("{program} cannot import {entrypoint}: {reason}");
                    asked.warnings.push(failure(message).at(place));
                }
            }
        }
        asked
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

/// Returns the location of a line in a file that Python reported.
fn place_of((path, line): &(PathBuf, usize), directory: &Path) -> Option<Place> {
    let text = fs::read_text(path).ok()?;
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let name = path.strip_prefix(directory).unwrap_or(path).display().to_string();
    let end = start + text[start..].lines().next().map_or(0, str::len);
    Some(Place::new(&Source::new(name, text), Span::new(start, end)))
}

#[cfg(test)]
mod tests;
