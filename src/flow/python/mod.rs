//! Asking Python: what the source does not tell, learnt by importing the flows with the user's own Prefect.
//!
//! One process imports all flows that are asked for. It runs their code, as `prefect deploy` does; it has a time
//! limit, and what the flows print does not get in the way. If it fails, what the source tells stays.

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
use importer::{Answer, Told};

/// How long importing all flows may take.
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
    /// Where the source does not tell all, if there is a Python with Prefect.
    WhereNeeded,
    Always,
}

/// What asking needs.
pub(crate) struct Asking<'a> {
    pub(crate) python: &'a PythonUse,
    /// Where entrypoints start from.
    pub(crate) directory: &'a Path,
    pub(crate) environment: &'a Environment,
    pub(crate) progress: &'a dyn Progress,
}

/// What asking came to.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Whether flows that were inspected before are known better now.
    pub(crate) learnt: bool,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// What inspections have left to ask, and what Python has said.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<BTreeMap<String, Question>>);

#[derive(Debug)]
struct Question {
    /// What the source tells, if it can be read.
    read: Option<Arc<Flow>>,
    /// Where the flow is, as far as its source tells.
    place: Option<Place>,
    /// Python's answer; nobody is asked twice.
    answer: Option<Result<Arc<Flow>, ()>>,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Question>> {
        // A poisoned lock means another thread failed between two whole entries: the map is still good.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a flow: what Python has said, else what the source tells.
    pub(super) fn flow(&self, entrypoint: &Entrypoint) -> Option<Arc<Flow>> {
        let read = || self.lock().get(&entrypoint.to_string())?.read.clone();
        self.answer(entrypoint).or_else(read)
    }

    /// What Python has said of a flow.
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
    /// Asks Python about the flows inspected so far whose source does not tell all; inspecting them again gives what
    /// Python said. What goes wrong becomes warnings, and leaves what the source tells.
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
            // Nobody has asked for Python: then it is no failure that there is none.
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
                    asked.warnings.push(failure(format!("asking {program} about flows failed: {error}")));
                    return asked;
                }
            };
        for (entrypoint, answer) in entrypoints.iter().zip(answers) {
            let place = self.memory.place(entrypoint);
            match answer {
                Answer::Flow(told) => {
                    self.memory.keep(entrypoint, Ok(flow(told, place, asking.directory, entrypoint)));
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

fn flow(told: Told, place: Option<Place>, directory: &Path, entrypoint: &str) -> Flow {
    let place = place.or_else(|| place_of(told.place.as_ref()?, directory));
    Flow {
        name: told.name,
        description: told.description,
        version: told.version,
        parameters: told.parameters.into(),
        grade: Grade::Exact,
        reasons: Vec::new(),
        warnings: Vec::new(),
        place: place.unwrap_or_else(|| Place::new(&Source::new(entrypoint, ""), Span::default())),
    }
}

/// The start of a line in a file that Python has named.
fn place_of((path, line): &(PathBuf, usize), directory: &Path) -> Option<Place> {
    let text = fs::read_text(path).ok()?;
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let name = path.strip_prefix(directory).unwrap_or(path).display().to_string();
    let end = start + text[start..].lines().next().map_or(0, str::len);
    Some(Place::new(&Source::new(name, text), Span::new(start, end)))
}

#[cfg(test)]
mod tests;
