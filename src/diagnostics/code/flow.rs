//! Diagnostic codes for flows and their entrypoints.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    NO_ENTRYPOINT = Entry {
        name: "no-entrypoint",
        severity: Error,
        title: "a deployment has no entrypoint",
        meaning: "The entrypoint names the file and the function of the flow.",
        example: "deployments:\n- name: default\n  work_pool: {name: local}",
        fix: "Add `entrypoint: path/to/file.py:function`, or pass it on the command line.",
    };
    ENTRYPOINT = Entry {
        name: "entrypoint",
        severity: Error,
        title: "an entrypoint is invalid",
        meaning: "An entrypoint has the form `path/to/file.py:function` or `package.module.function`.",
        example: "entrypoint: flow.py",
        fix: "Add the name of the function.",
    };
    FLOW_FILE = Entry {
        name: "flow-file",
        severity: Error,
        title: "the file of a flow cannot be read",
        meaning: "The file in the entrypoint does not exist or is not readable. The path is relative to the current \
                  directory, not to the project file.",
        example: "entrypoint: flow/hello.py:hello   # flows/hello.py",
        fix: "Correct the path, or run the command from the directory that the path is relative to.",
    };
    FLOW_MODULE = Entry {
        name: "flow-module",
        severity: Error,
        title: "the module of a flow does not exist",
        meaning: "The entrypoint names a Python module that is not in the current directory.",
        example: "entrypoint: my_package.flow.hello",
        fix: "Correct the name. If the entrypoint refers to a file, it ends in `.py:function`.",
    };
    FLOW_SYNTAX = Entry {
        name: "flow-syntax",
        severity: Error,
        title: "the file of a flow is not valid Python",
        meaning: "The source code cannot be parsed, so a worker could not import it either.",
        example: "def hello(:",
        fix: "Correct the syntax error.",
    };
    FLOW_NOT_FOUND = Entry {
        name: "flow-not-found",
        severity: Error,
        title: "the file does not define the flow",
        meaning: "The file or module does not contain a function of this name.",
        example: "entrypoint: flows/hello.py:helo",
        fix: "Correct the name after the colon.",
    };
    NOT_A_FLOW = Entry {
        name: "not-a-flow",
        severity: Error,
        title: "the function is not a flow",
        meaning: "The function exists but does not have the `@flow` decorator.",
        example: "def hello():\n    ...",
        fix: "Decorate the function with `@flow`, or name the flow that calls it.",
    };
    FLOW_NAME = Entry {
        name: "flow-name",
        severity: Error,
        title: "the name of a flow is unknown or invalid",
        meaning: "The name is computed by code that prefectl does not run, or contains one of the characters `/`, \
                  `%`, `&`, `>` and `<`, which Prefect rejects.",
        example: "@flow(name=make_name())",
        fix: "Use a string literal: `@flow(name=\"hello\")`.",
    };
    FLOW_PARAMETER = Entry {
        name: "flow-parameter",
        severity: Error,
        title: "a parameter of a flow has a reserved name",
        meaning: "Prefect reserves a few parameter names and rejects flows that use them.",
        example: "@flow\ndef hello(wait_for):\n    ...",
        fix: "Rename the parameter.",
    };
    FLOW_REFUSED = Entry {
        name: "flow-refused",
        severity: Error,
        title: "Prefect rejects the flow on import",
        meaning: "The file is valid Python, but the decorator or the signature of the flow raises an error on \
                  import.",
        example: "",
        fix: "Correct the error in the flow.",
    };
    FLOW_UNKNOWABLE = Entry {
        name: "flow-unknowable",
        severity: Error,
        title: "the flow cannot be determined without running code",
        meaning: "The object in the entrypoint is created by code that prefectl does not run, such as a function \
                  call or a star import from an installed package.",
        example: "hello = make_flow(\"hello\")",
        fix: "Define the flow with `@flow` above a function, and use that function as the entrypoint.",
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
        title: "the type of a parameter is unknown",
        meaning: "The parameter schema is read from the source code of the flow. If a type comes from code that \
                  prefectl does not run, the parameter accepts any value.",
        example: "def hello(config: installed_package.Config):\n    ...",
        fix: "No action is required. To get the exact schema, provide a Python that has Prefect and the packages of \
              the flow: use `--python` or activate a virtual environment.",
    };
    PYTHON_SCHEMA = Entry {
        name: "python-schema",
        severity: Warning,
        title: "Python could not import a flow",
        meaning: "If the source code does not determine the parameters of a flow, the flow is imported with the \
                  user's Python. This failed, so the schema from the source code is used.",
        example: "prefectl deploy --all --python /usr/bin/python3   # without Prefect",
        fix: "Install the packages that the flow imports, choose another interpreter with `--python` or \
              PREFECTL_PYTHON, or use `--no-python`.",
    };
}
