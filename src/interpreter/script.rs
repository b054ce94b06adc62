//! Python scripts that run isolated from the project's files.

use std::{collections::BTreeMap, io, path::Path};

use crate::{
    environment::Environment,
    process::{self, Completion, Finished, Program},
    progress::Progress,
};

/// Prelude of every script. Prevents project files from shadowing the standard library.
const PRELUDE: &str = include_str!("prelude.py");

/// Script that runs a module like `python -m`, but without the current directory in the search path.
const RUN_MODULE: &str = "\
import runpy
restore_user_path()
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)
";

/// A Python script that runs isolated from the project's files.
///
/// The current directory and `PYTHONPATH` are not searched until the script has imported its own modules,
/// because the project may contain a `json.py` or a `sitecustomize.py`. After its imports, a script calls
/// `restore_user_path()`.
#[derive(Debug)]
pub(crate) struct Script {
    arguments: Vec<String>,
    environment: Environment,
}

impl Script {
    pub(crate) fn new<'a>(
        source: &str,
        arguments: impl IntoIterator<Item = &'a str>,
        environment: &Environment,
    ) -> Self {
        let mut environment = environment.clone();
        let python_path = environment.get("PYTHONPATH").unwrap_or_default().to_owned();
        environment.set("PYTHONPATH".to_owned(), None);
        let mut words = vec!["-u".to_owned(), "-c".to_owned(), format!("{PRELUDE}\n{source}"), python_path];
        words.extend(arguments.into_iter().map(str::to_owned));
        Self { arguments: words, environment }
    }

    /// Creates a script that runs a module with command-line arguments, like `python -m`.
    pub(crate) fn module<'a>(
        module: &'a str,
        arguments: impl IntoIterator<Item = &'a str>,
        environment: &Environment,
    ) -> Self {
        Self::new(RUN_MODULE, std::iter::once(module).chain(arguments), environment)
    }

    /// Returns the program that runs this script.
    pub(crate) fn program<'a>(
        &'a self,
        interpreter: &'a str,
        directory: &'a Path,
        variables: &'a BTreeMap<String, String>,
    ) -> Program<'a> {
        Program {
            program: interpreter,
            arguments: &self.arguments,
            directory,
            environment: &self.environment,
            variables,
        }
    }

    /// Runs the script and waits for `completion`. Passes each output line to `progress`.
    ///
    /// # Errors
    ///
    /// Fails if the interpreter cannot be started or its output cannot be read.
    pub(crate) async fn run(
        &self,
        interpreter: &str,
        directory: &Path,
        completion: Completion,
        progress: Option<&dyn Progress>,
    ) -> io::Result<Finished> {
        let variables = BTreeMap::new();
        let program = self.program(interpreter, directory, &variables);
        process::run_until(completion, &program, progress).await
    }

    /// Runs the script with `input` as its stdin.
    ///
    /// # Errors
    ///
    /// Fails if the interpreter cannot be started or its output cannot be read.
    pub(crate) async fn run_with_input(
        &self,
        interpreter: &str,
        directory: &Path,
        input: &[u8],
    ) -> io::Result<Finished> {
        process::run_with_input(&self.program(interpreter, directory, &BTreeMap::new()), input).await
    }
}
