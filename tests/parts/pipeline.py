#!/usr/bin/env python3
"""Runs the steps of a composite GitHub Action, or a job of a GitLab template, without a runner.

    pipeline.py action FILE [INPUT=VALUE...]
    pipeline.py job FILE NAME

The commands run in the working directory. The caller sets the environment variables that a runner would set. Only the
syntax that this repository uses is supported. Needs PyYAML.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    what, file, *arguments = sys.argv[1:]
    document = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    if what == "action":
        given = dict(argument.split("=", 1) for argument in arguments)
        run_action(document, given, Path(file).resolve().parent)
    elif what == "job":
        run_job(document, *arguments)
    else:
        sys.exit(__doc__)


def run_action(action, given, folder):
    inputs = {name: one.get("default", "") for name, one in action["inputs"].items()}
    unknown = given.keys() - inputs.keys()
    if unknown:
        sys.exit(f"unknown inputs: {unknown}")
    inputs.update(given)

    def render(text):
        """Replaces expressions with inputs. Of alternatives, the first must not be empty."""
        def value(match):
            name, alternatives = match[1], match[2]
            if alternatives and not inputs[name]:
                sys.exit(f"the input '{name}' is required")
            return inputs[name]

        text = re.sub(r"\$\{\{ inputs\.([a-z-]+)( \|\| [^}]*(?:\{[0-9]\}[^}]*)*)? \}\}", value, text)
        if "${{" in text:
            sys.exit(f"unsupported expression: {text}")
        return text

    environment = {**os.environ, "GITHUB_ACTION_PATH": str(folder)}
    for step in action["runs"]["steps"]:
        condition = re.fullmatch(r"inputs\.([a-z-]+) != ''", step.get("if", "inputs.- != ''"))
        if condition[1] != "-" and not inputs[condition[1]]:
            continue
        print(f"-- {step['name']}", flush=True)
        with tempfile.NamedTemporaryFile("r") as added:
            variables = {name: render(value) for name, value in step.get("env", {}).items()}
            run(
                step["run"],
                cwd=render(step.get("working-directory", ".")),
                env={**environment, **variables, "GITHUB_PATH": added.name},
            )
            for directory in added.read().splitlines():
                environment["PATH"] = directory + os.pathsep + environment["PATH"]


def run_job(template, name):
    job = template[name]
    job = {**template.get(job.get("extends"), {}), **job}
    variables = {**template.get("variables", {}), **job.get("variables", {})}
    lines = [*job.get("before_script", []), *job["script"]]
    print(f"-- {name}", flush=True)
    run("\n".join(lines), env={**variables, **os.environ})


def run(script, **options):
    """Runs a script as runners do. Exits if the script fails."""
    status = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script], **options).returncode
    if status:
        sys.exit(status)


if __name__ == "__main__":
    main()
