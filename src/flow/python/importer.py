"""Imports flows with Prefect and prints what Prefect would register for each.

Stdin has one JSON document, {"entrypoints": [...]}. Stdout gets a line of JSON for each entrypoint, in order and
without delay. The output of the flows during their import goes to stderr.
"""

import inspect
import json
import os


def load(entrypoint):
    """Returns the flow, and the error of the import if Prefect's fallback is used.

    If a file cannot be imported, Prefect evaluates its imports and definitions one by one, and skips those that fail.
    """
    from prefect import Flow, flows
    from prefect.exceptions import ScriptError

    problem = None
    try:
        flow = flows.load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
    except ScriptError as error:
        fallback = getattr(flows, "safe_load_flow_from_entrypoint", None)  # since Prefect 3.0
        flow = fallback(entrypoint) if fallback else None
        if flow is None:
            raise
        problem = reason(error)
    if not isinstance(flow, Flow):
        raise TypeError(f"{entrypoint!r} is not a flow")
    return flow, problem


def describe(flow, problem):
    from prefect.utilities.callables import parameter_schema

    if not isinstance(flow.version, (str, type(None))):
        raise TypeError(f"the flow's version {flow.version!r} is not a string")
    return {
        "name": flow.name,
        "description": flow.description,
        "version": flow.version,
        "parameters": parameter_schema(flow).model_dump(mode="json", exclude_unset=True),
        "place": place(flow),
        "problem": problem,
    }


def place(flow):
    """The file and the line of the function, or None."""
    try:
        function = inspect.unwrap(flow.fn)
        return [inspect.getsourcefile(function), inspect.getsourcelines(function)[1]]
    except (OSError, TypeError):
        return None


def reason(error):
    error = getattr(error, "user_exc", None) or error
    return f"{type(error).__name__}: {error}"


def answer(entrypoint):
    try:
        return json.dumps({"flow": describe(*load(entrypoint))}, allow_nan=False)
    except BaseException as error:  # includes SystemExit, since the other flows follow
        return json.dumps({"error": reason(error)})


def main():
    sys.argv = ["prefect"]
    entrypoints = json.load(sys.stdin)["entrypoints"]
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    import prefect  # noqa: F401

    restore_user_path()  # noqa: F821 - from prelude.py
    sys.dont_write_bytecode = True  # write nothing to the project
    for entrypoint in entrypoints:
        print(answer(entrypoint), file=answers, flush=True)
    answers.flush()
    os._exit(0)  # do not wait for threads of the flows


main()
