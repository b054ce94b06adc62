"""Compares time and memory of 1,000 and 10,000 deployments."""

from __future__ import annotations

from .deploys import prepare, project
from .measure import KIB_IN_A_MIB, Sample, in_turns, time
from .rows import Row
from .setting import Setting

COUNTS = (1000, 10000)


def checks(setting: Setting):
    """Measures `check`, which needs no server."""
    prepare(setting)
    found = {}
    for count in COUNTS:
        project(setting, "check", "1", count)
        command = [setting.program, "check"]
        task = {"check": lambda: setting.run(command, setting.folder("many"))}
        found[count] = in_turns(task, setting.rounds(5))["check"]
    small, large = (found[count] for count in COUNTS)
    growth = (large.cpu / COUNTS[1]) / (small.cpu / COUNTS[0])
    seen = f"{time(large.seconds)} ({large.spread}), CPU time {time(large.cpu)}, {large.peak:.0f} MiB"
    compared = f"{COUNTS[0]:,} deployments: {time(small.seconds)}; CPU time per deployment: ratio {growth:.2f}"
    yield Row(f"`check` of {COUNTS[1]:,} deployments", "1 s, linear growth", seen, compared, large.seconds < 1 and growth < 1.2)


def deploys(setting: Setting):
    prepare(setting)
    found: dict[tuple[str, int], Sample] = {}
    for count in COUNTS:
        prefix = f"scale{count}"
        for kind, version in (("new", "1"), ("unchanged", "1"), ("changed", "2")):
            project(setting, prefix, version, count)
            command = [setting.program, "deploy", "--all"]
            found[kind, count] = setting.run(command, setting.folder("many"))
    for kind in ("new", "changed", "unchanged"):
        small, large = (found[kind, count] for count in COUNTS)
        growth = (large.seconds / COUNTS[1]) / (small.seconds / COUNTS[0])
        peak = large.peak / KIB_IN_A_MIB
        seen = f"{time(large.seconds)}, {large.seconds / COUNTS[1] * 1000:.1f} ms per deployment, {peak:.0f} MiB"
        compared = f"{COUNTS[0]:,} deployments: {time(small.seconds)}, {small.seconds / COUNTS[0] * 1000:.1f} ms per deployment; ratio {growth:.2f}"
        reached = growth <= 1.2 and peak * 1.048576 < 150
        goal = "time per deployment at most 1.2 times that of 1,000 deployments; 150 MB"
        yield Row(f"{COUNTS[1]:,} {kind}, local server", goal, seen, compared, reached)
