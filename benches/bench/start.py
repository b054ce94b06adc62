"""Measures small commands: start-up, one file, and one deployment."""

from __future__ import annotations

import shutil

from .measure import in_turns, time
from .rows import Row
from .setting import Setting

FLOW = "from prefect import flow\n\n\n@flow\ndef hello(name: str = 'Marvin'):\n    pass\n"


def run(setting: Setting):
    rounds = setting.rounds(15)
    for words in (["--version"], ["--help"]):
        yield words_only(setting, words, rounds)
    yield guide(setting, rounds)
    yield from one_deployment(setting, rounds)


def words_only(setting: Setting, words: list[str], rounds: int) -> Row:
    folder = setting.folder("empty")
    tasks = {
        "nothing": lambda: setting.run([setting.nothing], folder),
        "prefectl": lambda: setting.run([setting.program, *words], folder),
    }
    if setting.reference:
        tasks["prefect"] = lambda: setting.run([setting.reference, *words], folder)
    found = in_turns(tasks, rounds)
    ours, nothing = found["prefectl"], found["nothing"]
    compared = f"empty process: {time(nothing.seconds)}, ratio {ours.seconds / nothing.seconds:.1f}"
    reached = ours.seconds < 0.010 and ours.seconds < 3 * nothing.seconds
    if theirs := found.get("prefect"):
        compared += f"; Python CLI: {time(theirs.seconds)}, {theirs.seconds / ours.seconds:.0f} times slower"
        reached = reached and theirs.seconds > 100 * ours.seconds
    goal = "10 ms; at most 3 times an empty process; 100 times faster than the Python CLI"
    return Row(f"`{words[0]}`", goal, f"{time(ours.seconds)} ({ours.spread})", compared, reached)


def guide(setting: Setting, rounds: int) -> Row:
    folder = setting.folder("guide")
    shutil.copytree(setting.root / "examples/kubernetes", folder, dirs_exist_ok=True)
    task = {"check": lambda: setting.run([setting.program, "check"], folder, PREFECT_IMAGE_NAME="localhost/bench")}
    found = in_turns(task, rounds)["check"]
    reached = found.seconds < 0.010
    return Row("`check` of the guide's file", "10 ms", f"{time(found.seconds)} ({found.spread})", "", reached)


def one_deployment(setting: Setting, rounds: int):
    folder = setting.folder("one")
    (folder / "flow.py").write_text(FLOW)
    setting.send("POST", "/work_pools/", {"name": "bench", "type": "process"})
    deployment = "{name: one, entrypoint: 'flow.py:hello', work_pool: {name: bench}}"
    (folder / "prefect.yaml").write_text(f"pull: []\ndeployments:\n- {deployment}\n")
    tasks = {"prefectl": lambda: setting.run([setting.program, "deploy", "--all", "--force"], folder)}
    if setting.reference:
        tasks["prefect"] = lambda: setting.run([setting.reference, "--no-prompt", "deploy", "--all"], folder)
    found = in_turns(tasks, rounds)
    ours = found["prefectl"]
    compared, reached = "", None
    if theirs := found.get("prefect"):
        ratio = theirs.seconds / ours.seconds
        compared, reached = f"Python CLI: {time(theirs.seconds)} ({theirs.spread}), {ratio:.0f} times slower", ratio >= 10
    seen = f"{time(ours.seconds)} ({ours.spread})"
    yield Row("one unchanged deployment, rewritten with `--force`, local server", "10 times faster", seen, compared, reached)
    yield Row("CPU time of this deploy", "20 ms", time(ours.cpu), "", ours.cpu < 0.020)
    yield Row("peak memory of this deploy", "20 MB", f"{ours.peak:.1f} MiB", "", ours.peak * 1.048576 < 20)
    size = setting.program_size / 1e6
    yield Row("size of the executable", "18 MB", f"{size:.1f} MB", "", size < 18)
