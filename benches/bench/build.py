"""Measures the builds of a developer: the first optimised build, and `cargo check` after a change."""

from __future__ import annotations

import os
import shutil
import subprocess
import time as clock
from pathlib import Path

from .measure import in_turns, time
from .rows import Row
from .setting import Setting

# A module that many others import.
CHANGED = "src/plan/mod.rs"


def run(setting: Setting):
    source = copy_of_source(setting)
    target = setting.folder("target")
    seconds = cargo(source, target, "build", "--release")
    goal, cores = "4 min on 2 cores", os.cpu_count()
    seen = f"{time(seconds)} on {cores} cores"
    yield Row("first `cargo build --release`, without downloads", goal, seen, "", seconds < 240 if cores <= 2 else None)
    yield from compared_with_published(setting, str(target / "release/prefectl"))
    shutil.rmtree(target)
    cargo(source, target, "check")
    changes = []
    for number in range(setting.rounds(3)):
        with open(source / CHANGED, "a") as file:
            file.write(f"\nconst _: usize = {number};\n")
        changes.append(cargo(source, target, "check"))
    spread = f"{time(min(changes))} to {time(max(changes))}"
    yield Row(f"`cargo check` after a change to `{CHANGED}`", "10 s", spread, "", max(changes) < 10)
    shutil.rmtree(target)


def compared_with_published(setting: Setting, built: str):
    """Compares the executable of the profile `release` with the published one."""
    folder = setting.folder("empty")
    programs = {"built": built, "published": setting.program}
    tasks = {name: lambda file=file: setting.run([file, "--version"], folder) for name, file in programs.items()}
    found = in_turns(tasks, setting.rounds(15))
    ratio = found["built"].seconds / found["published"].seconds
    compared = f"published: {time(found['published'].seconds)}, ratio {ratio:.2f}"
    yield Row("`--version` of this build", "at most 1.1 times the published executable", time(found["built"].seconds), compared, ratio <= 1.1)
    sizes = {name: os.path.getsize(file) / 1e6 for name, file in programs.items()}
    ratio = sizes["built"] / sizes["published"]
    compared = f"published: {sizes['published']:.1f} MB, ratio {ratio:.2f}"
    yield Row("size of this build", "at most 1.1 times the published executable", f"{sizes['built']:.1f} MB", compared, ratio <= 1.1)


def copy_of_source(setting: Setting) -> Path:
    """Copies the files of the repository, so that changes do not affect it."""
    copy = setting.folder("source")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=setting.root, capture_output=True, text=True, check=True)
    for name in names.stdout.split("\0"):
        if (setting.root / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(setting.root / name, copy / name)
    return copy


def cargo(source: Path, target: Path, *words: str) -> float:
    """Runs cargo with this target folder and no other flags. Returns the seconds it takes."""
    environment = {name: value for name, value in os.environ.items() if name not in ("RUSTFLAGS", "CARGO_BUILD_TARGET")}
    environment["CARGO_TARGET_DIR"] = str(target)
    subprocess.run(["cargo", "fetch", "--locked", "--quiet"], cwd=source, env=environment, check=True)
    started = clock.monotonic()
    subprocess.run(["cargo", *words, "--locked", "--quiet"], cwd=source, env=environment, check=True)
    return clock.monotonic() - started
