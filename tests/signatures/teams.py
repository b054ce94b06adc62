"""Decorators and factories as teams write them."""

import functools
import os

import prefect
from prefect import Flow


def flow(*args, **kwargs):
    defaults = {"log_prints": True, "persist_result": True}
    return prefect.flow(*args, **{**defaults, **kwargs})


def team_flow(fn=None, **kwargs):
    if fn is None:
        return lambda function: team_flow(function, **kwargs)
    kwargs.setdefault("retries", 2)
    return prefect.flow(fn, **kwargs)


retrying = functools.partial(prefect.flow, retries=3)
fixed = prefect.flow(name="fixed", description="Fixed.")


def named(prefix, *parts, suffix="x", keep=True):
    def decorator(fn):
        name = "-".join([prefix, *parts, suffix])

        @functools.wraps(fn)
        def kept(*args, **kwargs):
            return fn(*args, **kwargs)

        def replaced(first: int = 3, *rest: str):
            """Replaced."""

        function = kept if keep else replaced
        return prefect.flow(name=name.lower(), description=fn.__doc__ or "none")(function)

    return decorator


def optional(fn=None, /, *, name=None, **options):
    options.update(name=name or (fn.__name__.replace("_", ".") if fn else "late"))
    options.pop("extra", None)
    if "version" in options and options["version"] is None:
        del_version = options.pop("version")
        options["version"] = del_version or "1"
    decorate = functools.partial(Flow, **options)
    return decorate(fn) if callable(fn) else decorate


class Registry:
    prefix = "team"

    def __init__(self, team, **options):
        self.team = team
        self.options = options

    def __call__(self, fn):
        return prefect.flow(fn, name=f"{self.prefix}-{self.team}", **self.options)

    def flow(self, name=None, **more):
        def decorator(fn):
            options = dict(self.options, **more)
            return Flow(fn, name=self.team + "-" + (name or fn.__name__), **options)

        return decorator


class Special(Registry):
    prefix = "special"

    def __init__(self, team):
        self.team = team.upper()
        self.options = {"version": "7"} if os.environ.get("NOT_SET") is None else {}


registry = Registry("etl")


def uncertain(fn):
    for _ in range(1):
        fn = prefect.flow(fn)
    return fn


def renamed(fn):
    def wrapper(*args, **kwargs):
        return fn(*args, **kwargs)

    wrapper.__name__ = "renamed_" + fn.__name__
    return prefect.flow(wrapper)


def make(limit=3, label="made"):
    @prefect.flow(name=f"load-{label}")
    def load(n: int = limit, text: str = label + "!"):
        """Loads."""

    return load
