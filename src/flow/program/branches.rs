//! Determines which conditional blocks of a module run on a worker.
//!
//! Workers are assumed to run Linux, with Prefect and its dependencies installed.

use super::{
    ImportTarget, Module, Program,
    attributes::attribute_of_module,
    externals::{self, Presence},
    scope::Scope,
    syntax::{Attempt, Bound, Condition, Handler, Import},
};
use crate::flow::evaluate;

/// The minor versions of Python 3 that Prefect supports.
const PYTHON_MINORS: std::ops::RangeInclusive<u8> = 11..=15;

/// Whether a statement runs when its module is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runs {
    Yes,
    No,
    Unknown,
}

/// The decision whether a statement runs, and the package that the decision assumes to be missing.
pub(super) struct Decision {
    pub(super) runs: Runs,
    /// Package that must be missing for the decision to be valid. `None` if the decision is always valid.
    pub(super) missing_package: Option<String>,
}

/// The outcome of running the body of a `try` statement.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    Success,
    /// The statement at the offset `at` raises an exception.
    Failure {
        at: usize,
        exception: Exception,
        missing_package: Option<String>,
    },
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exception {
    /// The exception `ModuleNotFoundError`, a subclass of `ImportError`.
    ModuleNotFound,
    Import,
    Other,
}

impl Handler {
    fn catches(&self, exception: Exception) -> Option<bool> {
        let Some(names) = &self.exceptions else { return Some(true) };
        let has = |name: &str| names.iter().any(|other| other == name);
        match exception {
            _ if has("Exception") || has("BaseException") => Some(true),
            Exception::ModuleNotFound => Some(has("ImportError") || has("ModuleNotFoundError")),
            Exception::Import => Some(has("ImportError")),
            // The class of the raised exception is unknown.
            Exception::Other => {
                if names.iter().all(|name| matches!(name.as_str(), "ImportError" | "ModuleNotFoundError")) {
                    Some(false)
                } else {
                    None
                }
            }
        }
    }
}

impl<'p> Scope<'p> {
    /// Decides whether the statement at the offset `at` runs, given the branch that contains it.
    pub(super) fn decide(self, program: &'p Program<'p>, branch: Option<usize>, at: usize) -> Decision {
        let body = self.module.body();
        let mut decision = Decision { runs: Runs::Yes, missing_package: None };
        let mut next = branch;
        while let Some(branch) = next.and_then(|index| body.branches.get(index)) {
            let scope = Scope::at(self.module, branch.at);
            let inner = match &branch.condition {
                Condition::Tests(tests) => scope.decide_tests(program, tests),
                Condition::Attempt(index) => match scope.outcome(program, *index) {
                    Outcome::Failure { at: failed, missing_package, .. } => {
                        Decision { runs: if at < failed { Runs::Yes } else { Runs::No }, missing_package }
                    }
                    // The statement is assumed to run. Otherwise the name would be undefined and the flow
                    // could not be loaded.
                    Outcome::Success | Outcome::Unknown => {
                        Decision { runs: Runs::Yes, missing_package: None }
                    }
                },
                Condition::Success(index) => match scope.outcome(program, *index) {
                    Outcome::Success => Decision { runs: Runs::Yes, missing_package: None },
                    Outcome::Failure { missing_package, .. } => Decision { runs: Runs::No, missing_package },
                    Outcome::Unknown => Decision { runs: Runs::Unknown, missing_package: None },
                },
                Condition::Handler(index, position) => scope.decide_handler(program, *index, *position),
            };
            decision.missing_package = decision.missing_package.or(inner.missing_package);
            match inner.runs {
                Runs::No => return Decision { runs: Runs::No, ..decision },
                Runs::Unknown => decision.runs = Runs::Unknown,
                Runs::Yes => {}
            }
            next = branch.outer;
        }
        decision
    }

    fn decide_tests(self, program: &'p Program<'p>, tests: &[(usize, bool)]) -> Decision {
        let mut runs = Runs::Yes;
        for (index, expected) in tests {
            match self.test(program, *index) {
                Some(result) if result != *expected => {
                    return Decision { runs: Runs::No, missing_package: None };
                }
                Some(_) => {}
                None => runs = Runs::Unknown,
            }
        }
        Decision { runs, missing_package: None }
    }

    /// Evaluates an `if` or `elif` condition in the module. `index` is the expression's position in the module.
    ///
    /// Returns `None` if the result is unknown or differs between the supported Python versions.
    fn test(self, program: &'p Program<'p>, index: usize) -> Option<bool> {
        let body = self.module.body();
        let key = (std::ptr::from_ref(body), index);
        if let Some(known) = program.memo.tests.borrow().get(&key) {
            return *known;
        }
        // A test that depends on itself has an unknown result.
        program.memo.tests.borrow_mut().insert(key, None);
        let expr = body.tests.get(index)?;
        let evaluate = || evaluate::evaluate(program, self, expr).and_then(|value| value.truth()).ok();
        let result = evaluate().or_else(|| {
            let mut results = PYTHON_MINORS.map(|minor| {
                let outer = program.python_minor.replace(Some(minor));
                let result = evaluate();
                program.python_minor.set(outer);
                result
            });
            let first = results.next().flatten()?;
            results.all(|result| result == Some(first)).then_some(first)
        });
        program.memo.tests.borrow_mut().insert(key, result);
        result
    }

    fn decide_handler(self, program: &'p Program<'p>, index: usize, position: usize) -> Decision {
        let unconditional = |runs| Decision { runs, missing_package: None };
        let Some(attempt) = self.module.body().attempts.get(index) else {
            return unconditional(Runs::Unknown);
        };
        let (exception, missing_package) = match self.outcome(program, index) {
            Outcome::Success if !attempt.may_raise => return unconditional(Runs::No),
            Outcome::Success => {
                let catches = attempt.handlers[position].catches(Exception::Other);
                return unconditional(if catches == Some(false) { Runs::No } else { Runs::Unknown });
            }
            Outcome::Unknown => return unconditional(Runs::Unknown),
            Outcome::Failure { exception, missing_package, .. } => (exception, missing_package),
        };
        let catches = |handler: &Handler| handler.catches(exception);
        let runs = match catches(&attempt.handlers[position]) {
            _ if attempt.handlers[..position].iter().any(|it| catches(it) == Some(true)) => Runs::No,
            Some(true) if attempt.handlers[..position].iter().all(|it| catches(it) == Some(false)) => {
                Runs::Yes
            }
            Some(false) => Runs::No,
            _ => Runs::Unknown,
        };
        Decision { runs, missing_package }
    }

    fn outcome(self, program: &'p Program<'p>, index: usize) -> Outcome {
        let body = self.module.body();
        let key = (std::ptr::from_ref(body), index);
        if let Some(known) = program.memo.outcomes.borrow().get(&key) {
            return known.clone();
        }
        program.memo.outcomes.borrow_mut().insert(key, Outcome::Unknown);
        let outcome = body
            .attempts
            .get(index)
            .map_or(Outcome::Unknown, |attempt| self.outcome_of_imports(program, attempt));
        program.memo.outcomes.borrow_mut().insert(key, outcome.clone());
        outcome
    }

    fn outcome_of_imports(self, program: &'p Program<'p>, attempt: &'p Attempt) -> Outcome {
        for (at, import) in &attempt.imports {
            if attempt.raise_at.is_some_and(|raise| raise < *at) {
                break;
            }
            match self.import_outcome(program, import) {
                ImportOutcome::Success => {}
                ImportOutcome::Unknown => return Outcome::Unknown,
                ImportOutcome::Failure(exception, missing_package) => {
                    return Outcome::Failure { at: *at, exception, missing_package };
                }
            }
        }
        match attempt.raise_at {
            Some(at) => Outcome::Failure { at, exception: Exception::Other, missing_package: None },
            None => Outcome::Success,
        }
    }

    fn import_outcome(self, program: &'p Program<'p>, import: &'p Import) -> ImportOutcome {
        let target = if import.level > 0 {
            program.find_relative(self.module, import.level, &import.module)
        } else {
            program.find(&import.module)
        };
        match target {
            Err(_) => ImportOutcome::Failure(Exception::ModuleNotFound, None),
            Ok(ImportTarget::Namespace(_)) => ImportOutcome::Success,
            Ok(ImportTarget::Module(module)) => match missing_package(program, module) {
                Some(package) => ImportOutcome::Failure(Exception::ModuleNotFound, Some(package)),
                None => attribute_outcome(program, module, import),
            },
            Ok(ImportTarget::External) => {
                match externals::presence(&import.module, import.attribute.as_deref()) {
                    Presence::Present => ImportOutcome::Success,
                    Presence::DependsOnVersion => ImportOutcome::Unknown,
                    Presence::Absent => ImportOutcome::Failure(Exception::ModuleNotFound, None),
                    Presence::ThirdParty => {
                        let top = import.module.split('.').next().unwrap_or_default();
                        ImportOutcome::Failure(Exception::ModuleNotFound, Some(top.to_owned()))
                    }
                }
            }
        }
    }
}

enum ImportOutcome {
    Success,
    /// The exception that the import raises, and the package that is assumed to be missing.
    Failure(Exception, Option<String>),
    Unknown,
}

fn attribute_outcome<'p>(program: &'p Program<'p>, module: &'p Module, import: &'p Import) -> ImportOutcome {
    let Some(attribute) = import.attribute.as_deref().filter(|attribute| *attribute != "*") else {
        return ImportOutcome::Success;
    };
    let has_star = module.body().star_imports().next().is_some();
    let is_bound = module.body().bindings_of(attribute).next().is_some();
    if is_bound || has_star || attribute_of_module(program, module, attribute).is_ok() {
        return ImportOutcome::Success;
    }
    ImportOutcome::Failure(Exception::Import, None)
}

/// Returns the first package that is assumed to be missing and that the module imports unconditionally.
fn missing_package<'p>(program: &'p Program<'p>, module: &'p Module) -> Option<String> {
    let key = std::ptr::from_ref(module.body());
    if let Some(known) = program.memo.imports.borrow().get(&key) {
        return known.clone();
    }
    program.memo.imports.borrow_mut().insert(key, None);
    let missing =
        module.body().bindings.iter().filter(|binding| binding.branch.is_none()).find_map(|binding| {
            let Bound::Import(import) = &binding.bound else { return None };
            let outcome =
                program.descend(|| Ok(Scope::end_of(module).import_outcome(program, import))).ok()?;
            match outcome {
                ImportOutcome::Failure(_, package) => package,
                ImportOutcome::Success | ImportOutcome::Unknown => None,
            }
        });
    program.memo.imports.borrow_mut().insert(key, missing.clone());
    missing
}
