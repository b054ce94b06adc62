"""Image builds of the same context with the Docker command line, prefectl, and the reference's step.

The classic builder is measured. The reference and prefectl give every image a label, which is one more instruction;
the Docker command line gets it too."""

from __future__ import annotations

import os
import shutil
import subprocess
import time as clock
import uuid
from pathlib import Path

from .measure import Sample, Series, in_turns, time
from .rows import Row
from .setting import Setting

STEP = """import sys
from prefect_docker.deployments.steps import build_docker_image

build_docker_image("prefectl-bench/reference", tag="t", path=sys.argv[1], pull=False, rm=True)
"""
FLOW = "from prefect import flow\n\n\n@flow\ndef hello():\n    pass\n"


def contexts(setting: Setting):
    for name, make, what in (
        ("tiny", one_small_file, "one file of 1 KiB (a cold build)"),
        ("small", many_files, "20,000 files of 2 KiB"),
        ("large", one_large_file, "one file of 1 GiB"),
    ):
        context = setting.folder(f"contexts/{name}")
        make(context)
        (context / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
        yield builds(setting, context, what, setting.rounds(9 if name == "tiny" else 5), with_goal=name != "tiny")
        shutil.rmtree(context)


def builds(setting: Setting, context: Path, what: str, rounds: int, with_goal: bool) -> Row:
    """Builds with each program alternately. One file differs each time, so no layer can be reused."""
    project = setting.folder("image")
    (project / "flow.py").write_text(FLOW)
    (project / "step.py").write_text(STEP)
    step = f"{{image_name: prefectl-bench/prefectl, tag: t, path: '{context}', pull: false, build_backend: docker-py}}"
    (project / "prefect.yaml").write_text(
        "deployments:\n- name: image\n  entrypoint: flow.py:hello\n  work_pool: {name: bench}\n  pull: []\n"
        f"  build:\n  - prefect_docker.deployments.steps.build_docker_image: {step}\n"
    )
    docker = ["docker", "build", "--label", "io.prefect.version=3.9.1", "--rm", "--force-rm", "--tag"]
    commands = {
        "docker": [*docker, "prefectl-bench/docker:t", str(context)],
        "prefectl": [setting.program, "steps", "run", "--build", "--name", "image"],
    }
    if setting.reference:
        commands["prefect"] = [setting.python, "step.py", str(context)]
    tasks = {name: lambda name=name, command=command: build(setting, context, project, name, command)
             for name, command in commands.items()}
    found = in_turns(tasks, rounds)
    ours, docker = found["prefectl"], found["docker"]
    # The time of disk writes varies, so only the fastest run of each program is compared.
    ratio = fastest(ours) / fastest(docker)
    compared = f"`docker build`: {time(fastest(docker))} (median {time(docker.seconds)}), ratio {ratio:.2f}"
    if theirs := found.get("prefect"):
        compared += f"; Prefect's step: {time(fastest(theirs))}, {fastest(theirs) / fastest(docker):.2f} times `docker build`, "
        compared += f"{theirs.peak:.0f} MiB"
    seen = f"fastest of {rounds}: {time(fastest(ours))} (median {time(ours.seconds)}), {ours.peak:.0f} MiB"
    goal = "at most 1.05 times `docker build`; 64 MiB" if with_goal else "no goal"
    reached = (ratio <= 1.05 and ours.peak < 64) if with_goal else None
    return Row(f"image with {what}", goal, seen, compared, reached)


def build(setting: Setting, context: Path, project: Path, name: str, command: list[str]) -> Sample:
    (context / "stamp").write_text(uuid.uuid4().hex)
    os.sync()
    sample = setting.run(command, project, DOCKER_BUILDKIT="0", DOCKER_CONFIG=str(setting.folder("docker-config")))
    image = {"docker": "docker", "prefectl": "prefectl", "prefect": "reference"}[name]
    remove(setting, f"prefectl-bench/{image}:t")
    return sample


def remove(setting: Setting, image: str) -> None:
    environment = {**setting.processes.environment}
    subprocess.run(["docker", "rmi", "--force", image], env=environment, stdout=subprocess.DEVNULL, check=True)
    os.sync()
    clock.sleep(0.5)  # the engine removes layers in the background


def shared(setting: Setting):
    """Deploys ten deployments of a new image, compared with one deployment of a new image."""
    setting.send("POST", "/work_pools/", {"name": "bench-docker", "type": "docker"})
    context = setting.folder("contexts/shared")
    many_files(context, 2000)
    (context / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    tasks = {str(count): lambda count=count: deploy(setting, context, count) for count in (1, 10)}
    found = in_turns(tasks, setting.rounds(5))
    one, ten = found["1"], found["10"]
    ratio = ten.seconds / one.seconds
    seen = f"{time(ten.seconds)} ({ten.spread}), one build"
    yield Row("ten deployments that share an image", "at most 1.2 times one deployment", seen, f"one deployment: {time(one.seconds)} ({one.spread}), ratio {ratio:.2f}", ratio <= 1.2)
    shutil.rmtree(context)


def deploy(setting: Setting, context: Path, count: int) -> Sample:
    project = setting.folder(f"shared-{count}")
    (project / "flow.py").write_text(FLOW)
    unique = uuid.uuid4().hex[:8]
    (context / "stamp").write_text(unique)
    lines = [f"- {{name: {unique}-{index}, entrypoint: 'flow.py:hello', work_pool: {{name: bench-docker}}}}" for index in range(count)]
    (project / "prefect.yaml").write_text(
        "pull: []\nbuild:\n- prefect_docker.deployments.steps.build_docker_image:\n"
        f"    {{image_name: prefectl-bench/shared, tag: '{unique}', path: '{context}', build_backend: docker-py}}\n"
        "deployments:\n" + "\n".join(lines) + "\n"
    )
    os.sync()
    sample = setting.run([setting.program, "deploy", "--all"], project, DOCKER_CONFIG=str(setting.folder("docker-config")))
    remove(setting, f"prefectl-bench/shared:{unique}")
    return sample


def fastest(series: Series) -> float:
    return min(one.seconds for one in series.samples)


def one_small_file(folder: Path) -> None:
    (folder / "data").write_bytes(os.urandom(1024))


def many_files(folder: Path, count: int = 20_000) -> None:
    for number in range(count):
        directory = folder / f"d{number // 100}"
        directory.mkdir(exist_ok=True)
        (directory / str(number)).write_bytes(os.urandom(2048))


def one_large_file(folder: Path) -> None:
    with open(folder / "data", "wb") as file:
        for _ in range(1024):
            file.write(os.urandom(1 << 20))
