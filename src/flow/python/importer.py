"""Imports flows with Prefect and says what it would register for each.

Standard input has one JSON document, {"entrypoints": [...]}. Standard output gets a line of JSON for each, in order
and as soon as it is known; what flows print while they are imported goes to standard error.
"""

import inspect
import json
import os


def load(entrypoint):
    """The flow, from a true import: Prefect's way of guessing at files that cannot be imported is not taken."""
    from prefect import Flow
    from prefect.flows import load_flow_from_entrypoint

    flow = load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
    if not isinstance(flow, Flow):
        raise TypeError(f"{entrypoint!r} is not a flow")
    return flow


def describe(flow):
    from prefect.utilities.callables import parameter_schema

    if not isinstance(flow.version, (str, type(None))):
        raise TypeError(f"the flow's version {flow.version!r} is not text")
    return {
        "name": flow.name,
        "description": flow.description,
        "version": flow.version,
        "parameters": parameter_schema(flow).model_dump(mode="json", exclude_unset=True),
        "place": place(flow),
    }


def place(flow):
    """The file and the line of the function, where it has any."""
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
        return json.dumps({"flow": describe(load(entrypoint))}, allow_nan=False)
    except BaseException as error:  # SystemExit too: the others are still to be asked for
        return json.dumps({"error": reason(error)})


def main():
    sys.argv = ["prefect"]
    entrypoints = json.load(sys.stdin)["entrypoints"]
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    import prefect  # noqa: F401

    restore_user_path()  # noqa: F821 - from prelude.py
    sys.dont_write_bytecode = True  # the project is left as it is
    for entrypoint in entrypoints:
        print(answer(entrypoint), file=answers, flush=True)
    answers.flush()
    os._exit(0)  # threads that a flow has started do not keep it


main()
