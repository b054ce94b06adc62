"""Background processes, and HTTP requests to them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

Json = Any

# Maximum number of attempts for a request.
ATTEMPTS = 20

# All requests go to loopback and must not use a proxy.
_opener = build_opener(ProxyHandler({}))


class SuiteError(Exception):
    """A failure of the suite itself, independent of the candidate."""


def minimal_environment(home: Path) -> dict[str, str]:
    """Returns an environment with only PATH from the caller, so results do not depend on the machine."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PREFECT_HOME": str(home),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "dumb",
        "NO_COLOR": "1",
        "COLUMNS": "500",
        "GIT_CONFIG_NOSYSTEM": "1",
    }


def request(method: str, url: str, body: Json = None, accept: str = "application/json") -> tuple[Json, Any]:
    """Sends a request, and repeats it if the server is busy. Returns the JSON of the answer, and its headers."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", "accept": accept}
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with _opener.open(Request(url, data, headers, method=method), timeout=60) as answer:
                return json.loads(answer.read() or b"null"), answer.headers
        except HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")
            # A server on SQLite answers concurrent writes with 503.
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE or attempt == ATTEMPTS:
                raise SuiteError(f"{method} {url} was answered with {error.code}: {text}") from None
            time.sleep(0.2)
    raise AssertionError("the last attempt returns or raises")


def answers(url: str) -> bool:
    try:
        request("GET", url)
    except (OSError, SuiteError):
        return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def background(
    command: list[str], environment: dict[str, str], log: Path, ready: Callable[[], bool]
) -> Iterator[None]:
    """Runs a command until the caller is done. Yields once the command is ready."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        give_up = time.monotonic() + 180
        while not ready():
            if process.poll() is not None or time.monotonic() > give_up:
                last_words = log.read_text(errors="replace")[-2000:]
                raise SuiteError(f"{command[0]} did not start:\n{last_words}")
            time.sleep(0.2)
        yield
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stops a process and its children, which share a session."""
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # no child is left
