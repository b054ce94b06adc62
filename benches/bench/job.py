"""Measures a CI job without any cache: a container starts, and deploys images that the registry already has."""

from __future__ import annotations

import re
import shutil
import subprocess
import uuid
from pathlib import Path

from .measure import Sample, Series, time
from .proxy import Proxy
from .rows import Row
from .setting import Setting

IMAGE = "prefectl-bench/job"
REPOSITORY = "prefectl-bench/flows"
LIMIT = 1.5


def run(setting: Setting):
    project = guide(setting)
    make_image(setting)
    series, server, queries, layers = Series(), [], [], []
    # Another job has built the image.
    deploy(setting, project, setting.url, setting.registry)
    for _ in range(setting.rounds(9)):
        # The deployments are new in each job, since their names are.
        rename(project)
        registry_port = int(setting.registry.rsplit(":", 1)[1])
        with Proxy(setting.port) as api, Proxy(registry_port) as registry:
            host = f"127.0.0.1:{registry.server_address[1]}"
            series.samples.append(deploy(setting, project, api.url, host))
            server.append(busy(api.seen))
            # For one query, the engine requests the manifest by its tag, and then by its digest.
            queries.append(sum("/manifests/auto-" in path for _, path, *_ in registry.seen))
            layers.append(len(downloaded(registry.seen)))
    seconds = Series([Sample(one.seconds - waited) for one, waited in zip(series.samples, server, strict=True)])
    seen = f"{time(seconds.seconds)} ({seconds.spread}) plus {time(sorted(server)[len(server) // 2])} server time"
    seen += f"; round trips to the registry: {max(queries)}; layers pulled: {max(layers)}"
    empty = Series([docker_run(setting, project, ["--version"], {}) for _ in range(setting.rounds(9))])
    docker(setting, "rmi", "--force", IMAGE)
    compared = f"container that runs `--version`: {time(empty.seconds)} ({empty.spread})"
    goal = f"at most {LIMIT} s plus server time; no layer pulled; one round trip to the registry per image"
    reached = seconds.seconds < LIMIT and max(layers) == 0 and max(queries) <= 1
    yield Row("`deploy --all` of the guide in a new container, image in the registry", goal, seen, compared, reached)


def guide(setting: Setting) -> Path:
    """Writes the project of the guide, with a content tag and a base image that needs no download."""
    project = setting.folder("job")
    shutil.copytree(setting.root / "examples/kubernetes", project, dirs_exist_ok=True)
    file = project / "prefect.yaml"
    text = file.read_text().replace("tag: latest", "tag: auto").replace("dockerfile: auto", "dockerfile: Dockerfile")
    file.write_text(text)
    (project / "Dockerfile").write_text("FROM scratch\nCOPY . /opt/prefect/flows\n")
    (project / ".dockerignore").write_text("prefect*.yaml\nDockerfile\n")
    rename(project)
    return project


def rename(project: Path) -> None:
    """Gives the deployments new names."""
    file = project / "prefect.yaml"
    file.write_text(re.sub('(?m)^- name: ".*"$', lambda _: f'- name: "{uuid.uuid4().hex[:8]}"', file.read_text()))


def make_image(setting: Setting) -> None:
    """Builds an image that contains only prefectl."""
    context = setting.folder("job-image")
    shutil.copy(setting.program, context / "prefectl")
    (context / "Dockerfile").write_text('FROM scratch\nCOPY prefectl /prefectl\nENTRYPOINT ["/prefectl"]\n')
    docker(setting, "build", "--tag", IMAGE, str(context))


def deploy(setting: Setting, project: Path, api: str, registry: str) -> Sample:
    """Deploys in a new container, and removes the image of the flows from the engine."""
    variables = {"PREFECT_API_URL": api, "PREFECT_IMAGE_NAME": f"{registry}/{REPOSITORY}"}
    sample = docker_run(setting, project, ["deploy", "--all"], variables)
    listed = docker(setting, "image", "ls", "--quiet", f"{registry}/{REPOSITORY}")
    if images := listed.split():
        docker(setting, "rmi", "--force", *images)
    return sample


def docker_run(setting: Setting, project: Path, words: list[str], variables: dict[str, str]) -> Sample:
    """Runs prefectl in a new container, which has the network and the Docker engine of this machine."""
    socket = setting.docker_host.removeprefix("unix://")
    options = ["--rm", "--network", "host", "--volume", f"{project}:/project", "--workdir", "/project"]
    options += ["--volume", f"{socket}:/var/run/docker.sock", "--tmpfs", "/tmp"]
    for name, value in {"HOME": "/tmp", **variables}.items():
        options += ["--env", f"{name}={value}"]
    return setting.run(["docker", "run", *options, IMAGE, *words], project)


def busy(seen: list[tuple[str, str, float, float]]) -> float:
    """Returns how many seconds at least one request was in progress."""
    total, last = 0.0, 0.0
    for *_, start, end in sorted(seen, key=lambda request: request[2]):
        total += max(0.0, end - max(start, last))
        last = max(last, end)
    return total


def downloaded(seen: list[tuple[str, str, float, float]]) -> list[str]:
    """Returns the blobs that were downloaded, except the configuration of the image, which the engine reads."""
    blobs = [path for method, path, *_ in seen if method == "GET" and "/blobs/" in path]
    return blobs[1:]


def docker(setting: Setting, *words: str) -> str:
    environment = {**setting.processes.environment, "DOCKER_BUILDKIT": "0"}
    return subprocess.run(["docker", *words], env=environment, capture_output=True, text=True, check=True).stdout
