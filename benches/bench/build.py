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

# Flags that link only the executable statically.
STATIC = ("-C", "target-feature=+crt-static", "-C", "relocation-model=static")
# A module that many others import.
CHANGED = "src/plan/mod.rs"


def run(setting: Setting):
    source = copy_of_source(setting)
    target = setting.folder("target")
    seconds = cargo(source, target, "build", "--release")
    goal, cores = "4 min on 2 cores", os.cpu_count()
    seen = f"{time(seconds)} on {cores} cores"
    yield Row("first `cargo build --release`, without downloads", goal, seen, "", seconds < 240 if cores <= 2 else None)
    yield from compared_with_published(setting, source, target)
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


def compared_with_published(setting: Setting, source: Path, target: Path):
    """Compares the executable of the profile `release` with the published one.

    The published executable is linked statically, so the profiles are compared with the same kind of linking."""
    programs = {"built": str(target / "dynamic"), "static": str(target / "release/prefectl"), "published": setting.program}
    shutil.copy(programs["static"], programs["built"])
    cargo(source, target, "rustc", "--release", "--bin", "prefectl", flags=STATIC)
    folder = setting.folder("empty")
    tasks = {name: lambda file=file: setting.run([file, "--version"], folder) for name, file in programs.items()}
    seconds = {name: sample.seconds for name, sample in in_turns(tasks, setting.rounds(15)).items()}
    ratio = {name: seconds[name] / seconds["published"] for name in seconds}
    published = f"published: {time(seconds['published'])}"
    goal = "at most 1.1 times the published executable"
    what = "`--version` of this build"
    yield Row(what, "no goal", time(seconds["built"]), f"{published}, ratio {ratio['built']:.2f}", None)
    what += ", linked statically"
    yield Row(what, goal, time(seconds["static"]), f"{published}, ratio {ratio['static']:.2f}", ratio["static"] <= 1.1)
    size = {name: os.path.getsize(file) / 1e6 for name, file in programs.items()}
    larger = size["built"] / size["published"]
    published = f"published: {size['published']:.1f} MB, ratio {larger:.2f}"
    yield Row("size of this build", goal, f"{size['built']:.1f} MB", published, larger <= 1.1)


def copy_of_source(setting: Setting) -> Path:
    """Copies the files of the repository, so that changes do not affect it."""
    copy = setting.folder("source")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=setting.root, capture_output=True, text=True, check=True)
    for name in names.stdout.split("\0"):
        if (setting.root / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(setting.root / name, copy / name)
    return copy


def cargo(source: Path, target: Path, *words: str, flags: tuple[str, ...] = ()) -> float:
    """Runs cargo with this target folder, and passes `flags` to rustc. Returns the seconds it takes."""
    environment = {name: value for name, value in os.environ.items() if name not in ("RUSTFLAGS", "CARGO_BUILD_TARGET")}
    environment["CARGO_TARGET_DIR"] = str(target)
    subprocess.run(["cargo", "fetch", "--locked", "--quiet"], cwd=source, env=environment, check=True)
    command = ["cargo", *words, "--locked", "--quiet", *(["--", *flags] if flags else [])]
    started = clock.monotonic()
    subprocess.run(command, cwd=source, env=environment, check=True)
    return clock.monotonic() - started
