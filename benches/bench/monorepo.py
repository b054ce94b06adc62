"""Measures one repository with many project files: `check`, `plan` of unchanged deployments, and the selector `changed:`."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .measure import in_turns, time
from .rows import Row
from .setting import Setting

FILES = 200
FLOWS = 2000
DEPLOYMENTS = 10_000
# Files of the repository that no flow uses, so that the repository has 50,000 files.
OTHER_FILES = 47_000
MEMORY = 200

FLOW = '''"""Flow {number} of {service}."""

from datetime import date
from typing import Optional

from prefect import flow, task
from lib.{module} import load


@task
def extract(day: date, limit: int) -> list[dict]:
    return load(day, limit)


@flow(name="{service}-flow-{number}", description="Loads part {number}.")
def run(day: Optional[date] = None, limit: int = 1000, tables: list[str] = ["orders"], region: str = "eu"):
    extract(day, limit)
'''

SHARED = '''def load(day, limit):
    return [{"day": day, "limit": limit}]
'''


def run(setting: Setting):
    root = setting.folder("monorepo")
    write(root)
    git(root, "init", "--quiet")
    commit(root, "Add all services")
    change = root / "services/s007/flows/flow_3.py"
    change.write_text(change.read_text() + "\n# changed\n")
    commit(root, "Change one flow")
    setting.send("POST", "/work_pools/", {"name": "bench", "type": "process"})
    files = ["-f", "services/*/prefect.yaml"]
    commands = {
        "check": [setting.program, "check", *files],
        "changed": [setting.program, "render", *files, "--select", "changed:HEAD~1...HEAD"],
        "one file": [setting.program, "render", "--project-dir", "services/s007", "-n", "d0"],
    }
    tasks = {name: lambda command=command: setting.run(command, root) for name, command in commands.items()}
    found = in_turns(tasks, setting.rounds(5))
    check, changed = found["check"], found["changed"]
    name = f"{FILES} files, {DEPLOYMENTS:,} deployments, {FLOWS:,} flows"
    yield Row(
        f"`check` of {name}",
        f"1.5 s, {MEMORY} MB",
        f"{time(check.seconds)} ({check.spread}), CPU time {time(check.cpu)}, {check.peak:.0f} MiB",
        "",
        check.seconds < 1.5 and check.peak * 1.048576 < MEMORY,
    )
    yield Row(
        "`changed:` in a repository of 50,000 files",
        "1 s",
        f"{time(changed.seconds)} ({changed.spread}), CPU time {time(changed.cpu)}, {changed.peak:.0f} MiB",
        f"a single deployment: {time(found['one file'].seconds)}",
        changed.seconds < 1,
    )
    setting.run([setting.program, "deploy", *files, "--all", "--quiet"], root)
    task = {"plan": lambda: setting.run([setting.program, "plan", *files, "--all"], root)}
    plan = in_turns(task, setting.rounds(3))["plan"]
    yield Row(
        f"`plan` of {name}, unchanged",
        f"CPU time 5 s, {MEMORY} MB",
        f"CPU time {time(plan.cpu)}, {plan.peak:.0f} MiB",
        f"including server time: {time(plan.seconds)}",
        plan.cpu < 5 and plan.peak * 1.048576 < MEMORY,
    )


def write(root: Path) -> None:
    """Writes the services, the modules that they import, and the other files."""
    for index in range(FILES):
        service = f"s{index:03}"
        folder = root / "services" / service
        for number in range(FLOWS // FILES):
            text = FLOW.format(service=service, number=number, module=f"module_{number % 3}")
            put(folder / f"flows/flow_{number}.py", text)
        for number in range(3):
            put(folder / f"lib/module_{number}.py", SHARED)
        put(folder / "prefect.yaml", project(service))
    for number in range(OTHER_FILES):
        put(root / f"data/{number // 500}/{number}.txt", f"{number}\n")


def project(service: str) -> str:
    lines = ["pull: []", "deployments:"]
    for number in range(DEPLOYMENTS // FILES):
        lines += [
            f"- name: d{number}",
            f"  entrypoint: flows/flow_{number % (FLOWS // FILES)}.py:run",
            "  version: '1'",
            f"  tags: [{service}, t{number % 7}]",
            f"  parameters: {{limit: {number + 1}, region: eu}}",
            "  schedules:",
            f"  - {{cron: '{number % 60} 6 * * *', slug: daily}}",
            "  work_pool:",
            "    name: bench",
            f"    job_variables: {{env: {{SERVICE: {service}, PART: 'p{number}'}}}}",
        ]
    return "\n".join([*lines, ""])


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def commit(root: Path, message: str) -> None:
    git(root, "add", "--all")
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    git(root, *identity, "commit", "--quiet", "--message", message)


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=root, check=True)
