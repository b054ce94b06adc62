"""The environment of the measurements: executables, a server, and a folder for files."""

from __future__ import annotations

import http.client
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from .measure import Processes, Sample

# Fields that differ between two registrations of the same deployment.
VOLATILE = re.compile(r"(^|_)(id|created|updated|created_by|updated_by|last_polled|status)$")


@dataclass
class Setting:
    """Paths and addresses. `reference` is empty if the real prefect is not measured."""

    program: str
    reference: str
    python: str
    measure: str
    nothing: str
    root: Path
    work: Path
    port: int
    postgres_port: int
    workers_port: int
    docker_host: str
    registry: str
    few: int

    def __post_init__(self):
        home = self.folder("home")
        variables = {"HOME": str(home), "PREFECT_HOME": str(home), "PREFECT_API_URL": self.url, "DO_NOT_TRACK": "1"}
        if self.docker_host:
            variables["DOCKER_HOST"] = self.docker_host
        self.processes = Processes(self.measure, variables)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def program_size(self) -> int:
        return os.path.getsize(self.program)

    def rounds(self, usual: int) -> int:
        """Returns the number of rounds: the default, or fewer with `--rounds`."""
        return min(usual, self.few) if self.few else usual

    def folder(self, name: str) -> Path:
        path = self.work / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def run(self, command: list[str], folder: Path, **variables: str) -> Sample:
        return self.processes.run(command, folder, **variables)

    def send(self, method: str, path: str, body: object):
        """Sends a request to the server. A conflict with an existing object is not an error."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        connection.request(method, "/api" + path, json.dumps(body), {"content-type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= 300 and answer.status != 409:
            raise SystemExit(f"{method} {path}: {answer.status} {content[:300]!r}")
        return json.loads(content or "null")

    def registered(self, prefix: str) -> list:
        """Returns the deployments with this name prefix, without fields that differ between registrations."""
        found = []
        while True:
            body = {"deployments": {"name": {"like_": prefix}}, "limit": 200, "offset": len(found), "sort": "NAME_ASC"}
            page = self.send("POST", "/deployments/filter", body)
            found += [one for one in page if one["name"].startswith(prefix)]
            if len(page) < 200:
                return [lasting(one, prefix) for one in found]


def lasting(value, prefix: str):
    if isinstance(value, dict):
        return {key: lasting(one, prefix) for key, one in value.items() if not VOLATILE.search(key)}
    if isinstance(value, list):
        return [lasting(one, prefix) for one in value]
    return value.replace(prefix, "") if isinstance(value, str) else value
