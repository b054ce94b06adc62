"""Runs the selected parts, prints their rows, and writes the table."""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import platform
import subprocess
from pathlib import Path

from . import build, deploys, flows, images, job, model, monorepo, scale, start
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
    "job": job.run,
    "build": build.run,
    "model": model.run,
}
TOPICS = {
    "Start-up and size": ["start"],
    "Checking and reading flows": ["check", "flows"],
    "Deploying 100 deployments": ["deploy", "cron"],
    "Deploying 100 deployments on PostgreSQL": ["postgres", "workers"],
    "Deploying 100 deployments to a distant server": ["far"],
    "Scale": ["scale"],
    "Monorepos": ["monorepo"],
    "Images": ["images", "shared"],
    "Cold CI job": ["job"],
    "Builds": ["build"],
    "Calculated": ["model"],
}
BEGIN, END = "<!-- measured by benches/run -->\n", "<!-- end -->\n"


def main() -> None:
    options = parse()
    setting = Setting(
        program=options.program, reference=options.reference, python=options.python, measure=options.measure,
        nothing=options.nothing, root=Path(options.root), work=Path(options.work), port=options.port,
        postgres_port=options.postgres_port, workers_port=options.workers_port,
        docker_host=options.docker_host, registry=options.registry, few=options.rounds,
    )  # fmt: skip
    rows: dict[str, list[Row]] = {}
    print(HEAD, flush=True)
    for part in options.parts or PARTS:
        for row in PARTS[part](setting):
            rows.setdefault(topic(part), []).append(row)
            print(row.markdown(), flush=True)
    print(f"\n{machine(setting)}")
    if options.write:
        found = {title: f"{table(rows)}\n\n{machine(setting)}" for title, rows in rows.items()}
        write(setting.root / "docs/src/benchmarks.md", found)


def topic(part: str) -> str:
    """Returns the heading under which the rows of a part are published."""
    return next(title for title, parts in TOPICS.items() if part in parts)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benches/run")
    for name in ("program", "reference", "python", "measure", "nothing", "root", "work", "docker-host", "registry"):
        parser.add_argument(f"--{name}", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--postgres-port", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--workers-port", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS])
    return parser.parse_args()


def machine(setting: Setting) -> str:
    """Returns a sentence with the version of Prefect, the date, the commit and the machine."""
    processor = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    cores = len([line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("processor")])
    git = ["git", "-C", str(setting.root), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip() or "no commit"
    prefect = importlib.metadata.version("prefect")
    return (
        f"Measured with Prefect {prefect} on {datetime.date.today()} at {commit}, {cores} cores of {processor}, "
        f"Linux {platform.release()}."
    )


def write(page: Path, found: dict[str, str]) -> None:
    """Replaces the measured sections between the two markers of the page, and keeps the others."""
    before, rest = page.read_text().split(BEGIN)
    measured, after = rest.split(END)
    sections = dict(section.split("\n\n", 1) for section in measured.split("## ")[1:]) | found
    text = [f"## {title}\n\n{sections[title].strip()}\n" for title in TOPICS if title in sections]
    page.write_text(before + BEGIN + "\n".join(text) + END + after)


if __name__ == "__main__":
    main()
