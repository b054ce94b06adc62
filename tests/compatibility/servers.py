"""Prefect servers of any release, each with an empty database."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from suite.background import Json, SuiteError, answers, background, free_port, minimal_environment, request


class Api:
    """The REST API of a server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, method: str, path: str, body: Json = None) -> Json:
        return request(method, self.url + path, body)[0]

    def deployment(self, flow: str, name: str) -> Json:
        """Returns a deployment, or None if there is none with this name."""
        body = {"flows": {"name": {"any_": [flow]}}, "deployments": {"name": {"any_": [name]}}}
        found = self.call("POST", "/deployments/filter", body)
        return found[0] if found else None

    def deployments(self) -> dict[str, Json]:
        return {one["name"]: one for one in self.call("POST", "/deployments/filter", {"limit": 200})}

    def automations(self, deployment: Json) -> list[Json]:
        """Returns the automations that run a deployment."""
        try:
            found = self.call("POST", "/automations/filter", {})
        except SuiteError:
            return []
        return [one for one in found if any(action.get("deployment_id") == deployment["id"] for action in one["actions"])]


@contextmanager
def prefect_server(prefect: Path, home: Path, database: str | None) -> Iterator[Api]:
    """Runs a server on a free port until the caller is done.

    `database` is the connection URL of an empty PostgreSQL database. Without it, the server uses SQLite in `home`.
    """
    port = free_port()
    api = Api(f"http://127.0.0.1:{port}/api")
    environment = {**minimal_environment(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    if database:
        # Releases before 3.1 know only the first name.
        environment["PREFECT_API_DATABASE_CONNECTION_URL"] = database
        environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = database
    command = [str(prefect), "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    if "--no-services" in _help(command[:3], environment):
        command.append("--no-services")
    else:
        # Prefect 3.0 has a variable for each service instead. Without the scheduler, no runs appear by themselves.
        environment["PREFECT_API_SERVICES_SCHEDULER_ENABLED"] = "false"
    with background(command, environment, home / "server.log", lambda: answers(api.url + "/health")):
        yield api


def _help(command: list[str], environment: dict[str, str]) -> str:
    shown = subprocess.run([*command, "--help"], env=environment, capture_output=True, text=True, check=True)
    return shown.stdout


def release_of(prefect: Path, home: Path) -> str:
    """Returns the version of Prefect that an executable belongs to."""
    script = "import importlib.metadata; print(importlib.metadata.version('prefect'))"
    python = prefect.with_name("python")
    shown = subprocess.run(
        [str(python), "-c", script], env={"PATH": os.environ["PATH"], "HOME": str(home)}, capture_output=True, text=True
    )
    return shown.stdout.strip()
