//! Codes about flows and their entrypoints.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    NO_ENTRYPOINT = Entry {
        name: "no-entrypoint",
        severity: Error,
        title: "a deployment does not say which flow it runs",
        meaning: "The entrypoint names the file and the function of the flow.",
        example: "deployments:\n- name: default\n  work_pool: {name: local}",
        fix: "Add `entrypoint: path/to/file.py:function`, or give it on the command line.",
    };
    ENTRYPOINT = Entry {
        name: "entrypoint",
        severity: Error,
        title: "an entrypoint cannot be read",
        meaning: "An entrypoint is `path/to/file.py:function` or `package.module.function`.",
        example: "entrypoint: flow.py",
        fix: "Name the function after the file.",
    };
    FLOW_FILE = Entry {
        name: "flow-file",
        severity: Error,
        title: "the file of a flow cannot be read",
        meaning: "The entrypoint's file does not exist or cannot be read. Paths start at the current directory, not \
                  at the project file.",
        example: "entrypoint: flow/hello.py:hello   # flows/hello.py",
        fix: "Correct the path, or change to the directory that it starts from.",
    };
    FLOW_MODULE = Entry {
        name: "flow-module",
        severity: Error,
        title: "the module of a flow is not found",
        meaning: "The entrypoint names a Python module that is not in the current directory.",
        example: "entrypoint: my_package.flow.hello",
        fix: "Correct the name; a file's entrypoint ends in `.py:function`.",
    };
    FLOW_SYNTAX = Entry {
        name: "flow-syntax",
        severity: Error,
        title: "the file of a flow is not Python",
        meaning: "The source cannot be parsed, so a worker could not import it either.",
        example: "def hello(:",
        fix: "Correct the place shown.",
    };
    FLOW_NOT_FOUND = Entry {
        name: "flow-not-found",
        severity: Error,
        title: "the file does not define the flow",
        meaning: "The file or module has no function of this name.",
        example: "entrypoint: flows/hello.py:helo",
        fix: "Correct the name after the colon.",
    };
    NOT_A_FLOW = Entry {
        name: "not-a-flow",
        severity: Error,
        title: "the function is not a flow",
        meaning: "The function is there, but not decorated as a flow.",
        example: "def hello():\n    ...",
        fix: "Put `@flow` above the function, or name the flow that calls it.",
    };
    FLOW_NAME = Entry {
        name: "flow-name",
        severity: Error,
        title: "the flow's name is not known or not allowed",
        meaning: "The name is computed by code that is not run here, or has a character that Prefect refuses: \
                  `/ % & > <`.",
        example: "@flow(name=make_name())",
        fix: "Write the name as text: `@flow(name=\"hello\")`.",
    };
    FLOW_PARAMETER = Entry {
        name: "flow-parameter",
        severity: Error,
        title: "a flow's parameter has a reserved name",
        meaning: "Prefect keeps a few names of arguments to itself and refuses flows that use them.",
        example: "@flow\ndef hello(wait_for):\n    ...",
        fix: "Rename the parameter.",
    };
    FLOW_REFUSED = Entry {
        name: "flow-refused",
        severity: Error,
        title: "Prefect refuses the flow when it is imported",
        meaning: "The file is Python, but its decorator or signature would raise an error at import.",
        example: "",
        fix: "Correct the place shown.",
    };
    FLOW_UNKNOWABLE = Entry {
        name: "flow-unknowable",
        severity: Error,
        title: "the flow cannot be read without running its program",
        meaning: "What the entrypoint names is made by code that is not run here, such as a call or a star import of \
                  an installed package.",
        example: "hello = make_flow(\"hello\")",
        fix: "Define the flow with `@flow` above a function and name that.",
    };
    FLOW_IMPORT = Entry {
        name: "flow-import",
        severity: Warning,
        title: "a relative import fails on workers",
        meaning: "A worker loads a file entrypoint as a top-level module. `from ..module import name` then goes beyond \
                  the file's folder, and every run crashes.",
        example: "from ..base import TABLE",
        fix: "Name the flow as a module, such as `company.etl.flows.ingest.ingest`, or use an absolute import.",
    };
    APPROXIMATE_SCHEMA = Entry {
        name: "approximate-schema",
        severity: Warning,
        title: "a parameter's type is not known without Python",
        meaning: "The schema of the flow's parameters is read from its source. Where a type comes from code that is \
                  not run here, the parameter accepts anything.",
        example: "def hello(config: installed_package.Config):\n    ...",
        fix: "Nothing needs to be done; a type that is written out is checked when runs are started. Or have a Python \
              that has Prefect and the flow's packages: `--python`, or an active virtual environment.",
    };
    PYTHON_SCHEMA = Entry {
        name: "python-schema",
        severity: Warning,
        title: "Python could not be asked about a flow",
        meaning: "Where a flow's source does not tell its parameters, it is imported by the user's Python, if that has \
                  Prefect. This failed, so that what the source tells is used.",
        example: "prefectl deploy --all --python /usr/bin/python3   # without Prefect",
        fix: "Install what the flow imports, name another interpreter by `--python` or PREFECTL_PYTHON, or do without: \
              `--no-python`.",
    };
}
