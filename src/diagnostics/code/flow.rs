//! Diagnostic codes for flows and their entrypoints.

use super::{Entry, codes};
use crate::diagnostics::Severity::{Error, Warning};

codes! {
    NO_ENTRYPOINT = Entry {
        name: "no-entrypoint",
        severity: Error,
        title: "a deployment has no entrypoint",
        meaning: "The deployment has no entrypoint. An entrypoint specifies the file and the function of a \
                  flow.",
        example: "deployments:\n- name: default\n  work_pool: {name: local}",
        fix: "Add `entrypoint: path/to/file.py:function` to the deployment, or pass the entrypoint on the \
              command line.",
    };
    ENTRYPOINT = Entry {
        name: "entrypoint",
        severity: Error,
        title: "an entrypoint is invalid",
        meaning: "The entrypoint is malformed. The supported forms are `path/to/file.py:function` and \
                  `package.module.function`.",
        example: "entrypoint: flow.py",
        fix: "Add the name of the function to the entrypoint.",
    };
    FLOW_FILE = Entry {
        name: "flow-file",
        severity: Error,
        title: "the entrypoint's file cannot be read",
        meaning: "The file named in the entrypoint does not exist or is not readable. The path is relative \
                  to the project root: the working directory or, if the command reads multiple project \
                  files, the project file's directory.",
        example: "entrypoint: flow/hello.py:hello   # flows/hello.py",
        fix: "Correct the path, or run the command in the directory that the path is relative to.",
    };
    FLOW_MODULE = Entry {
        name: "flow-module",
        severity: Error,
        title: "the entrypoint's module does not exist",
        meaning: "The entrypoint names a Python module that cannot be found in the project root.",
        example: "entrypoint: my_package.flow.hello",
        fix: "Correct the name of the module. An entrypoint that refers to a file must end in \
              `.py:function`.",
    };
    FLOW_SYNTAX = Entry {
        name: "flow-syntax",
        severity: Error,
        title: "the entrypoint's file is not valid Python",
        meaning: "The source file cannot be parsed, so importing it would also fail on a worker.",
        example: "def hello(:",
        fix: "Correct the syntax at the reported location.",
    };
    FLOW_NOT_FOUND = Entry {
        name: "flow-not-found",
        severity: Error,
        title: "the entrypoint's file does not define the flow",
        meaning: "The file or module named in the entrypoint does not contain a function with this name.",
        example: "entrypoint: flows/hello.py:helo",
        fix: "Use a function that the file defines. `prefectl flow ls` lists the flows of the project.",
    };
    NOT_A_FLOW = Entry {
        name: "not-a-flow",
        severity: Error,
        title: "the entrypoint's function is not a flow",
        meaning: "The function named in the entrypoint exists but is not decorated with `@flow`.",
        example: "def hello():\n    ...",
        fix: "Decorate the function with `@flow`, or use the flow that calls the function as the entrypoint.",
    };
    FLOW_NAME = Entry {
        name: "flow-name",
        severity: Error,
        title: "the flow's name is unknown or invalid",
        meaning: "The flow's name is computed by code that prefectl does not run, or it contains a \
                  character that Prefect rejects: `/`, `%`, `&`, `>` or `<`.",
        example: "@flow(name=make_name())",
        fix: "Set the name to a string literal, such as `@flow(name=\"hello\")`.",
    };
    FLOW_PARAMETER = Entry {
        name: "flow-parameter",
        severity: Error,
        title: "a parameter of a flow has a reserved name",
        meaning: "Prefect reserves some parameter names and rejects flows that use them.",
        example: "@flow\ndef hello(wait_for):\n    ...",
        fix: "Rename the parameter.",
    };
    FLOW_REFUSED = Entry {
        name: "flow-refused",
        severity: Error,
        title: "importing the flow raises an error",
        meaning: "The file is valid Python, but the arguments of the `@flow` decorator or the signature of \
                  the function raise an error when the flow is imported.",
        example: "",
        fix: "Correct the reported decorator argument or function parameter.",
    };
    FLOW_UNKNOWABLE = Entry {
        name: "flow-unknowable",
        severity: Error,
        title: "the flow cannot be determined without running code",
        meaning: "The entrypoint refers to an object that is created by code that prefectl does not run, \
                  such as a function call or a star import from an installed package.",
        example: "hello = make_flow(\"hello\")",
        fix: "Define the flow as a function decorated with `@flow`, and use that function as the entrypoint.",
    };
    FLOW_IMPORT = Entry {
        name: "flow-import",
        severity: Warning,
        title: "an import fails on workers",
        meaning: "An import fails if only Prefect 2 has the imported object. It also fails if it is an import such \
                  as `from ..module import name` in the file of an entrypoint, because workers load the file as a \
                  top-level module. In both cases, every run crashes.",
        example: "from ..base import TABLE",
        fix: "Remove imports of objects that Prefect 3 does not have. For a relative import, use a module \
              entrypoint, such as `company.etl.flows.ingest.ingest`, or use an absolute import.",
    };
    APPROXIMATE_SCHEMA = Entry {
        name: "approximate-schema",
        severity: Warning,
        title: "the type of a flow parameter is unknown",
        meaning: "The parameter schema is derived from the source code of the flow. If the type of a \
                  parameter is defined by code that prefectl does not run, the parameter accepts any value.",
        example: "def hello(config: installed_package.Config):\n    ...",
        fix: "No action is required. For a complete schema, use a Python interpreter in which Prefect and \
              the flow's dependencies are installed: pass `--python` or activate a virtual environment.",
    };
    PYTHON_SCHEMA = Entry {
        name: "python-schema",
        severity: Warning,
        title: "Python could not import a flow",
        meaning: "prefectl imports a flow with the user's Python interpreter if static analysis cannot \
                  determine the flow's parameters. The import failed, so prefectl uses the schema derived \
                  from the source code.",
        example: "prefectl deploy --all --python /usr/bin/python3   # without Prefect",
        fix: "Install the packages that the flow imports, choose another interpreter with `--python` or \
              PREFECTL_PYTHON, or pass `--no-python`.",
    };
}
