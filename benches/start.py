"""Measures whole processes in turns: see the script `start`."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

GUIDE = Path(__file__).resolve().parent.parent / "examples" / "kubernetes"
FLOW = "from prefect import flow\n\n\n@flow\ndef hello(name: str = 'Marvin'):\n    pass\n"


@dataclass
class Measured:
    """What a command took, once for each run."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak: int = 0

    def row(self, what: str, who: str, compared: "Measured | None") -> str:
        middle, spread = statistics.median(self.seconds), max(self.seconds) - min(self.seconds)
        ratio = f"{statistics.median(compared.seconds) / middle:8.1f}" if compared else " " * 8
        return (
            f"{what:<34} {who:<10} {middle * 1000:9.1f} {spread * 1000:9.1f}"
            f" {statistics.median(self.cpu) * 1000:9.1f} {self.peak / 1024:9.1f} {ratio}"
        )


def run(measured: Measured, command: list[str], folder: Path, environment: dict[str, str]) -> None:
    begun = time.perf_counter()
    child = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    measured.seconds.append(time.perf_counter() - begun)
    measured.cpu.append(usage.ru_utime + usage.ru_stime)
    measured.peak = max(measured.peak, usage.ru_maxrss)
    if child.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")


def compare(what: str, commands: dict[str, list[str]], folder: Path, environment: dict[str, str], rounds: int) -> None:
    """Runs each command once to warm up and then in turns, and prints a row for each."""
    measured = {who: Measured() for who in commands}
    for who, command in commands.items():
        run(Measured(), command, folder, environment)
    for _ in range(rounds):
        for who, command in commands.items():
            run(measured[who], command, folder, environment)
    for who, one in measured.items():
        print(one.row(what, who, measured["reference"] if who == "prefectl" and "reference" in measured else None), flush=True)


def project(folder: Path, count: int) -> Path:
    """A folder with a file of so many deployments of one flow."""
    folder.mkdir()
    (folder / "flow.py").write_text(FLOW)
    lines = ["pull: []", "deployments:"]
    for index in range(count):
        lines.append(
            f"- {{name: d{index}, entrypoint: 'flow.py:hello', work_pool: {{name: bench}}, tags: [a, b],"
            f" parameters: {{name: n{index}}}, schedules: [{{cron: '{index % 60} * * * *'}}]}}"
        )
    (folder / "prefect.yaml").write_text("\n".join(lines) + "\n")
    return folder


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("program", "reference", "nothing", "api", "folder"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--no-reference", action="store_true")
    options = parser.parse_args()
    folder = Path(options.folder)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PREFECT_HOME": str(folder / "home"), "PREFECT_API_URL": options.api, "PREFECT_IMAGE_NAME": "localhost/bench"}

    def both(*words: str) -> dict[str, list[str]]:
        commands = {"prefectl": [options.program, *words]}
        if not options.no_reference:
            commands["reference"] = [options.reference, *words]
        return commands

    print(f"{'what':<34} {'who':<10} {'ms':>9} {'spread':>9} {'CPU ms':>9} {'MiB':>9} {'faster':>8}")
    compare("a process that does nothing", {"native": [options.nothing]}, folder, environment, options.rounds)
    for words in (["--version"], ["--help"]):
        compare(words[0], both(*words), folder, environment, options.rounds)
    guide = folder / "guide"
    shutil.copytree(GUIDE, guide)
    compare("check: the guide's file", {"prefectl": [options.program, "check"]}, guide, environment, options.rounds)
    one = project(folder / "one", 1)
    subprocess.run(
        [options.program, "work-pool", "create", "bench", "--type", "process"], env=environment, check=True, stdout=subprocess.DEVNULL
    )
    compare("one deployment, as it is already", both("deploy", "--all"), one, environment, options.rounds)
    written = {**both("deploy", "--all"), "prefectl": [options.program, "deploy", "--all", "--force"]}
    compare("one deployment, written anew", written, one, environment, options.rounds)
    for count in (1000, 10000):
        many = project(folder / f"many-{count}", count)
        compare(f"check: {count} deployments", {"prefectl": [options.program, "check"]}, many, environment, max(options.rounds // 3, 1))
    print(f"the executable: {os.path.getsize(options.program) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
