"""Describes how two runs of a case differ."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .background import Json
from .case import Case

ABSENT = object()
WIDTH = 160  # longer values are truncated
OUTPUT_LINES = 15  # number of output lines shown, from the end


def differences(expected: list[Json], actual: list[Json]) -> list[str]:
    """Returns one line for each difference, grouped by command."""
    lines = []
    for number, (wanted, got) in enumerate(zip(expected, actual, strict=True), 1):
        found = [
            *_exit_status(wanted["exit"], got["exit"]),
            *_values(wanted["changes"], got["changes"], ""),
            *_values(wanted.get("document"), got.get("document"), "output", additional_keys=True),
        ]
        if found:
            said = got["output"].strip().splitlines()[-OUTPUT_LINES:]
            lines += [f"  command {number}: {wanted['command']}", *(f"    {line}" for line in found)]
            lines += [f"    | {line}" for line in said]
    return lines


def contradictions(case: Case, steps: list[Json]) -> list[str]:
    """Returns a line for each command whose success contradicts the case."""
    lines = []
    for command, step in zip(case.commands, steps, strict=True):
        fails = case.should_fail(command)
        if bool(step["exit"]) != fails:
            lines.append(f"  {step['command']}: exit status {step['exit']}")
        elif fails and step["changes"] and not command.get("leaves_traces"):
            lines.append(f"  {step['command']}: fails, but changes {', '.join(step['changes'])}")
    return lines


def _exit_status(expected: int, actual: int | str) -> Iterator[str]:
    """Compares only success and failure. A timeout never matches."""
    if isinstance(actual, str) or bool(expected) != bool(actual):
        yield f"exit status: expected {'a failure' if expected else 'success'}, got {actual}"


def _values(expected: Json, actual: Json, path: str, *, additional_keys: bool = False) -> Iterator[str]:
    """Describes the differences. With `additional_keys`, ignores keys that are not expected."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in sorted(expected if additional_keys else {**expected, **actual}):
            below = f"{path} > {key}" if path else key
            pair = expected.get(key, ABSENT), actual.get(key, ABSENT)
            yield from _values(*pair, below, additional_keys=additional_keys)
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for index, (wanted, got) in enumerate(zip(expected, actual)):
            yield from _values(wanted, got, f"{path}[{index}]", additional_keys=additional_keys)
    elif _json(expected) != _json(actual):  # compared as JSON text, since 1, 1.0 and true are equal in Python
        yield f"{path}: expected {_shown(expected)}, got {_shown(actual)}"


def _json(value: Json) -> str:
    return "nothing" if value is ABSENT else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _shown(value: Json) -> str:
    text = _json(value)
    return text if len(text) <= WIDTH else text[:WIDTH] + " ..."
