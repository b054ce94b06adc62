"""Runs the selected parts, prints their rows, and writes the table."""

from __future__ import annotations

import argparse
import datetime
import platform
import subprocess
from pathlib import Path

from . import deploys, flows, images, model, monorepo, scale, start
from .rows import HEAD, Row, table
from .setting import Setting

PARTS = {
    "start": start.run,
    "check": scale.checks,
    "flows": flows.run,
    "deploy": deploys.local,
    "cron": deploys.cron,
    "postgres": deploys.postgres,
    "workers": deploys.workers,
    "far": deploys.far,
    "scale": scale.deploys,
    "monorepo": monorepo.run,
    "images": images.contexts,
    "shared": images.shared,
    "model": model.run,
}
TOPICS = {
    "Start-up and size": ["start"],
    "Checking and reading flows": ["check", "flows"],
    "Deploying 100 deployments": ["deploy", "cron", "postgres", "workers", "far"],
    "Scale": ["scale", "monorepo"],
    "Images": ["images", "shared"],
    "Calculated": ["model"],
}
BEGIN, END = "<!-- measured by benches/run -->\n", "<!-- end -->\n"


def main() -> None:
    options = parse()
    setting = Setting(
        program=options.program, reference=options.reference, python=options.python, measure=options.measure,
        nothing=options.nothing, root=Path(options.root), work=Path(options.work), port=options.port,
        postgres_port=options.postgres_port, workers_port=options.workers_port,
        docker_host=options.docker_host, few=options.rounds,
    )  # fmt: skip
    rows: dict[str, list[Row]] = {}
    print(HEAD, flush=True)
    for part in options.parts or PARTS:
        for row in PARTS[part](setting):
            rows.setdefault(topic(part), []).append(row)
            print(row.markdown(), flush=True)
    print(f"\n{machine(setting)}")
    if options.write:
        sections = [f"## {title}\n\n{table(found)}\n" for title, found in rows.items()]
        write(setting.root / "docs/src/benchmarks.md", "\n".join([*sections, machine(setting)]) + "\n")


def topic(part: str) -> str:
    """Returns the heading under which the rows of a part are published."""
    return next(title for title, parts in TOPICS.items() if part in parts)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benches/run")
    for name in ("program", "reference", "python", "measure", "nothing", "root", "work", "docker-host"):
        parser.add_argument(f"--{name}", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--postgres-port", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--workers-port", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS])
    return parser.parse_args()


def machine(setting: Setting) -> str:
    """Returns a sentence with the date, the commit and the machine."""
    processor = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    cores = len([line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("processor")])
    git = ["git", "-C", str(setting.root), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip() or "no commit"
    return f"Measured on {datetime.date.today()} at {commit}, {cores} cores of {processor}, Linux {platform.release()}."


def write(page: Path, text: str) -> None:
    """Replaces the text between the two markers of the page."""
    before, rest = page.read_text().split(BEGIN)
    _, after = rest.split(END)
    page.write_text(before + BEGIN + text + END + after)


if __name__ == "__main__":
    main()
