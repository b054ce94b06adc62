//! Options of the commands that read flows.

use clap::ValueEnum;

use crate::flow::{AskPython, PythonUse};

// Each names its heading: one of the structure would go on for what comes after it in a command.
#[derive(Debug, clap::Args)]
pub(crate) struct PythonArguments {
    /// Python interpreter, or virtual environment, with Prefect and what the flows import
    #[arg(long, value_name = "PATH", help_heading = "Flows")]
    python: Option<String>,

    /// Never run Python: flows are read from their source alone
    #[arg(long, help_heading = "Flows")]
    no_python: bool,

    /// When to import flows with Python [default: auto, where the source does not tell all]
    #[arg(long, value_name = "WHEN", env = "PREFECTL_PYTHON_SCHEMA", help_heading = "Flows")]
    python_schema: Option<PythonSchema>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PythonSchema {
    Auto,
    Always,
    Never,
}

impl PythonArguments {
    /// When Python is asked, and which.
    pub(crate) fn python_use(&self) -> PythonUse {
        let when = match self.python_schema {
            _ if self.no_python => AskPython::Never,
            None | Some(PythonSchema::Auto) => AskPython::WhereNeeded,
            Some(PythonSchema::Always) => AskPython::Always,
            Some(PythonSchema::Never) => AskPython::Never,
        };
        PythonUse { when, interpreter: self.python.clone() }
    }
}
