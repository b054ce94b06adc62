"""A Docker engine and a registry for the suite, and the images in them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from .background import Json, SuiteError, answers, background, request

# The projects of the cases contain this address and are hashed, so it cannot vary.
REGISTRY = "127.0.0.1:5005"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIGURATION = ("Env", "Cmd", "Entrypoint", "WorkingDir", "User", "Labels", "ExposedPorts", "Volumes")


class Pushed(NamedTuple):
    """A tag in the registry: the URL of its manifest, and the ID of its image."""

    manifest: str
    image: str


class Docker:
    """The engine at `host`, and the registry."""

    def __init__(self, host: str) -> None:
        self.host = host

    def run(self, *arguments: str) -> bytes:
        done = subprocess.run(["docker", "--host", self.host, *arguments], capture_output=True)
        if done.returncode:
            raise SuiteError(f"docker {' '.join(arguments)}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def wipe(self) -> None:
        """Deletes all images, tags and containers."""
        for manifest in {tag.manifest for tag in self._pushed().values()}:
            request("DELETE", manifest)
        self.run("container", "prune", "--force")
        self.run("image", "prune", "--all", "--force")

    def import_image(self, archive: Path, tag: str) -> None:
        self.run("import", str(archive), tag)

    def snapshot(self) -> dict[str, dict[str, Json]]:
        """Returns the images by tag, and the pushed tags."""
        local = self._tags()
        first_tag: dict[str, str] = {}
        images = {}
        for tag, image in local.items():
            first = first_tag.setdefault(image, tag)
            images[tag] = self._describe(tag) if first == tag else {"same image as": first}
        pushed = {
            tag: "is the local image" if local.get(tag) == remote.image else "is not the local image"
            for tag, remote in self._pushed().items()
        }
        return {"images": images, "pushed": pushed}

    def _tags(self) -> dict[str, str]:
        """Returns the image ID of each tag, sorted by tag."""
        listed = self.run("image", "ls", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}").decode()
        pairs = (line.split() for line in sorted(listed.splitlines()) if "<none>" not in line)
        return {tag: image for tag, image in pairs}

    def _pushed(self) -> dict[str, Pushed]:
        base = f"http://{REGISTRY}/v2"
        found = {}
        for repository in request("GET", f"{base}/_catalog?n=1000")[0]["repositories"]:
            for tag in request("GET", f"{base}/{repository}/tags/list")[0].get("tags") or []:
                manifest, headers = request("GET", f"{base}/{repository}/manifests/{tag}", accept=MANIFEST)
                url = f"{base}/{repository}/manifests/{headers['docker-content-digest']}"
                found[f"{REGISTRY}/{repository}:{tag}"] = Pushed(url, manifest["config"]["digest"])
        return found

    def _describe(self, tag: str) -> Json:
        """Returns the platform, configuration and files of an image."""
        image = json.loads(self.run("image", "inspect", tag))[0]
        configuration = {key: image["Config"][key] for key in CONFIGURATION if image["Config"].get(key)}
        platform = f"{image['Os']}/{image['Architecture']}"
        return {"platform": platform, **configuration, "files": _files_of(self.run("save", tag))}


def _files_of(saved_image: bytes) -> dict[str, str]:
    """Returns the files of an image with the start of their hashes. Returns the content of `ran`, which RUN lines write."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(saved_image)) as image:
        for layer_name in json.load(_member(image, "manifest.json"))[0]["Layers"]:
            with tarfile.open(fileobj=_member(image, layer_name)) as layer:
                for entry in layer:
                    if entry.isfile() and "__pycache__" not in entry.name:
                        content = _member(layer, entry.name).read()
                        digest = hashlib.sha256(content).hexdigest()[:12]
                        found[entry.name] = content.decode() if entry.name == "ran" else digest
    return found


def _member(archive: tarfile.TarFile, name: str) -> io.BufferedReader:
    member = archive.extractfile(name)
    if member is None:
        raise SuiteError(f"'{name}' in a saved image is not a file")
    return member


@contextmanager
def docker_engine() -> Iterator[Docker]:
    """Runs an empty engine and an empty registry, so existing images are not touched."""
    if answers(f"http://{REGISTRY}/v2/"):
        raise SuiteError(f"the address of the cases' registry, {REGISTRY}, is in use")
    with tempfile.TemporaryDirectory(prefix="conformance-docker-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        docker = Docker(f"unix://{home}/docker.sock")
        registry = ["docker-registry", "serve", str(_registry_settings(home))]
        environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
        engine = [
            "dockerd",
            f"--host={docker.host}",
            f"--data-root={home}/data",
            f"--exec-root={home}/exec",
            f"--pidfile={home}/dockerd.pid",
            "--iptables=false",  # builds need no network, and the rules of an existing engine stay as they are
        ]
        with (
            background(registry, environment, home / "registry.log", lambda: answers(f"http://{REGISTRY}/v2/")),
            background(engine, environment, home / "engine.log", lambda: _engine_answers(docker)),
        ):
            try:
                yield docker
            finally:
                _unmount(home)


def _registry_settings(home: Path) -> Path:
    file = home / "registry.json"
    storage = {"filesystem": {"rootdirectory": f"{home}/registry"}, "delete": {"enabled": True}}
    file.write_text(json.dumps({"version": 0.1, "http": {"addr": REGISTRY}, "storage": storage}))
    return file


def _engine_answers(docker: Docker) -> bool:
    try:
        docker.run("version")
    except SuiteError:
        return False
    return True


def _unmount(home: Path) -> None:
    """Unmounts the network namespace that an engine leaves behind."""
    for line in Path("/proc/mounts").read_text().splitlines():
        if (target := line.split()[1]).startswith(f"{home}/exec/netns"):
            subprocess.run(["umount", "--lazy", target], check=False)
