//! Options of the commands that inspect flows with Python.

use clap::{ValueEnum, builder::EnumValueParser};

use super::value_source::NameVariable;
use crate::flow::{ImportMode, PythonUse};

// Each option sets its heading, because a heading of the struct would also apply to subsequent options.
#[derive(Debug, clap::Args)]
pub(crate) struct PythonArguments {
    /// Python interpreter or virtual environment in which Prefect and the flows' dependencies are installed
    #[arg(long, value_name = "PATH", help_heading = "Flows")]
    python: Option<String>,

    /// Never run Python; only inspect the source code
    #[arg(long, help_heading = "Flows")]
    no_python: bool,

    /// When to import flows with Python [default: auto: only if the source code is not sufficient]
    #[arg(
        long,
        value_name = "WHEN",
        env = "PREFECTL_PYTHON_SCHEMA",
        value_parser = NameVariable(EnumValueParser::<PythonSchema>::new()),
        help_heading = "Flows"
    )]
    python_schema: Option<PythonSchema>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PythonSchema {
    Auto,
    Always,
    Never,
}

impl PythonArguments {
    /// Converts the arguments to the policy that determines when Python is run.
    pub(crate) fn python_use(&self) -> PythonUse {
        let mode = match self.python_schema {
            _ if self.no_python => ImportMode::Never,
            None | Some(PythonSchema::Auto) => ImportMode::IfNeeded,
            Some(PythonSchema::Always) => ImportMode::Always,
            Some(PythonSchema::Never) => ImportMode::Never,
        };
        PythonUse { mode, interpreter: self.python.clone(), ..PythonUse::default() }
    }
}
