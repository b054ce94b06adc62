"""Measures processes alternately."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

KIB_IN_A_MIB = 1024


@dataclass
class Sample:
    """Resources of one process: wall time and CPU time (with children) in seconds, peak memory in KiB."""

    seconds: float
    cpu: float = 0.0
    peak: int = 0


@dataclass
class Series:
    """The samples of a command, one for each run."""

    samples: list[Sample] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return statistics.median(one.seconds for one in self.samples)

    @property
    def cpu(self) -> float:
        return statistics.median(one.cpu for one in self.samples)

    @property
    def peak(self) -> float:
        """Peak memory of all runs in MiB."""
        return max(one.peak for one in self.samples) / KIB_IN_A_MIB

    @property
    def spread(self) -> str:
        """The fastest and the slowest time, in the unit of the median."""
        seconds = [one.seconds for one in self.samples]
        return f"{time(min(seconds), self.seconds)} to {time(max(seconds), self.seconds)}"


class Processes:
    """Runs commands through the executable `measure` in a clean environment."""

    def __init__(self, measure: str, environment: Mapping[str, str]):
        self.measure, self.environment = measure, {"PATH": os.environ["PATH"], **environment}

    def run(self, command: list[str], folder: Path, **variables: str) -> Sample:
        """Runs a command once. Shows its output if it fails."""
        environment = {**self.environment, **variables}
        with tempfile.NamedTemporaryFile() as result, tempfile.TemporaryFile() as output:
            words = [self.measure, result.name, *command]
            subprocess.run(
                words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=True
            )
            wall, cpu, peak, status = map(int, Path(result.name).read_text().split())
            if status != 0:
                output.seek(0)
                raise SystemExit(f"{' '.join(command)} ended with {status}:\n{output.read().decode()[-3000:]}")
        return Sample(wall / 1e9, cpu / 1e9, peak)


def in_turns(tasks: Mapping[str, Callable[[], Sample]], rounds: int, warm: bool = True) -> dict[str, Series]:
    """Runs the tasks alternately for a number of rounds, after one warm-up round."""
    series = {name: Series() for name in tasks}
    for number in range(rounds + warm):
        for name, task in tasks.items():
            sample = task()
            if number >= warm:
                series[name].samples.append(sample)
    return series


def time(seconds: float, unit_of: float | None = None) -> str:
    """Formats a time with a suitable unit, or with the unit of another time."""
    scale = seconds if unit_of is None else unit_of
    if scale < 0.1:
        return f"{seconds * 1000:.1f} ms"
    if scale < 100:
        return f"{seconds:.2f} s"
    if scale < 7200:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"
