"""A real Prefect server, and the state that a command can change."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from .background import Json, answers, background, free_port, minimal_environment, request
from .symbols import Symbols

# Fields of a flow run that depend on the command. The server decides the others.
FLOW_RUN_FIELDS = (
    "name",
    "deployment_id",
    "deployment_version",
    "parameters",
    "tags",
    "labels",
    "job_variables",
    "state_type",
    "state_name",
    "expected_start_time",
    "work_pool_name",
    "work_queue_name",
)
GENERATED_NAME = re.compile("[a-z]+-[a-z]+")
WRITTEN = ("flows", "deployments", "automations")
WIPED = ("automations", "flow_runs", "deployments", "flows", "variables", "block_documents", "v2/concurrency_limits")


class Server:
    """The REST API of a Prefect server."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.api = origin + "/api"

    def call(self, method: str, path: str, body: Json = None) -> Json:
        return request(method, self.api + path, body)[0]

    def list(self, collection: str, **criteria: Json) -> list[Json]:
        return self.call("POST", f"/{collection}/filter", criteria)

    def wipe(self) -> None:
        """Deletes everything that a case may have left."""
        for collection in WIPED:
            for entity in self.list(collection):
                self.call("DELETE", f"/{collection}/{entity['id']}")
        for pool in self.list("work_pools"):
            self.call("DELETE", f"/work_pools/{quote(pool['name'])}")

    def make_block(self, slug: str, name: str, data: Json) -> None:
        block_type = self.call("GET", f"/block_types/slug/{slug}")["id"]
        schema = self.list("block_schemas", block_schemas={"block_type_id": {"any_": [block_type]}})[0]["id"]
        document = {"name": name, "data": data, "block_type_id": block_type, "block_schema_id": schema}
        self.call("POST", "/block_documents/", document)

    def state(self) -> Json:
        """Returns everything that a deploy can write, with IDs and times."""
        return {collection: {one["id"]: one for one in self.list(collection)} for collection in WRITTEN}

    def snapshot(self, symbols: Symbols) -> dict[str, dict[str, Json]]:
        """Returns the state by readable names. Adds the IDs it finds to `symbols`."""
        flows = self.list("flows")
        flow_names = {flow["id"]: flow["name"] for flow in flows}
        pools = self.list("work_pools")
        queues = {
            f"{pool['name']}/{queue['name']}": queue
            for pool in pools
            for queue in self.list(f"work_pools/{quote(pool['name'])}/queues")
        }
        deployments = {
            f"{flow_names[deployment['flow_id']]}/{deployment['name']}": deployment
            for deployment in self.list("deployments")
        }
        symbols.learn("flow", {flow["name"]: flow["id"] for flow in flows})
        symbols.learn("deployment", {name: deployment["id"] for name, deployment in deployments.items()})
        symbols.learn("work-pool", {pool["name"]: pool["id"] for pool in pools})
        symbols.learn("work-queue", {name: queue["id"] for name, queue in queues.items()})
        sections = {
            "flows": {flow["name"]: _own_fields(flow) for flow in flows},
            "deployments": {name: _deployment(deployment, symbols) for name, deployment in deployments.items()},
            "automations": self._automations(symbols),
            "flow runs": self._flow_runs(),
            "work pools": {pool["name"]: _own_fields(pool) for pool in pools},
            "work queues": {name: _own_fields(queue) for name, queue in queues.items()},
            "variables": {one["name"]: _own_fields(one) for one in self.list("variables")},
            "blocks": {
                f"{one['block_type']['slug']}/{one['name']}": {"data": one["data"]}
                for one in self.list("block_documents")
            },
        }
        return symbols.hide(sections)

    def _automations(self, symbols: Symbols) -> dict[str, list[Json]]:
        """Returns lists of automations by name, since names need not be unique."""
        named: dict[str, list[Json]] = {}
        for automation in _in_order(self.list("automations"), symbols):
            symbols.learn("automation", {automation["name"]: automation["id"]})
            named.setdefault(automation["name"], []).append(_with_id(automation))
        return named

    def _flow_runs(self) -> dict[str, Json]:
        """Returns flow runs, numbered in the order of their creation."""
        found = {}
        for number, run in enumerate(sorted(self.list("flow_runs"), key=lambda run: run["created"]), 1):
            found[str(number)] = {field: run[field] for field in FLOW_RUN_FIELDS}
            found[str(number)]["tags"] = sorted(run["tags"])  # the server does not keep the order
            if GENERATED_NAME.fullmatch(run["name"]):
                found[str(number)]["name"] = "<generated>"
        return found


def _own_fields(entity: Json) -> Json:
    """Returns an entity, and the triggers in it, without the fields that only the server sets."""
    if isinstance(entity, list):
        return [_own_fields(item) for item in entity]
    if not isinstance(entity, dict):
        return entity
    return {
        key: _own_fields(value) if key in ("trigger", "triggers") else value
        for key, value in entity.items()
        if key not in ("id", "created", "updated")
    }


def _with_id(entity: Json) -> Json:
    return {**_own_fields(entity), "id": entity["id"]}


def _in_order(entities: list[Json], symbols: Symbols) -> list[Json]:
    """Sorts entities by content."""
    return sorted(entities, key=lambda entity: json.dumps(symbols.hide(_own_fields(entity)), sort_keys=True))


def _deployment(deployment: Json, symbols: Symbols) -> Json:
    schedules = _in_order(deployment["schedules"], symbols)
    limit = deployment["global_concurrency_limit"]
    return {
        **_with_id(deployment),
        "schedules": _own_fields(schedules),
        "global_concurrency_limit": _own_fields(limit),
    }


@contextmanager
def prefect_server(prefect: list[str], database: Path | None) -> Iterator[Server]:
    """Runs a server on a free port, with a copy of `database` if it exists."""
    server = Server(f"http://127.0.0.1:{free_port()}")
    with tempfile.TemporaryDirectory(prefix="conformance-server-") as folder:
        home = Path(folder)
        if database and database.exists():
            shutil.copy(database, home / "prefect.db")
        environment = {
            **minimal_environment(home),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        }
        port = server.origin.rpartition(":")[2]
        # Without background services, only commands change the state of the server.
        command = [*prefect, "server", "start", "--host", "127.0.0.1", "--port", port, "--no-services", "--no-ui"]
        with background(command, environment, home / "log", lambda: answers(server.api + "/health")):
            yield server
