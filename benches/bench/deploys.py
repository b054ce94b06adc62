"""Deploys many deployments with prefectl and the real prefect, and replays the writes with a bare HTTP client.

All of them use the same proxy, which can delay each request to simulate a remote server."""

from __future__ import annotations

import http.client
import math
import queue
import statistics
import threading
import time as clock
import uuid
from dataclasses import dataclass, field, replace

from .measure import Sample, Series, time
from .proxy import Proxy
from .rows import Row
from .setting import Setting

WARM_UP = 8
PARALLELISM = (1, 2, 4, 8, 16, 32)
HOPELESS = 1.5
FLOW = "from prefect import flow\n\n\n@flow(name='bench')\ndef hello(name: str = 'Marvin'):\n    '''Greets.'''\n"
KINDS = (("new", "1"), ("changed", "2"), ("unchanged", "2"))


@dataclass
class Kind:
    """Results for new, changed or unchanged deployments."""

    floor: Series = field(default_factory=Series)
    ours: Series = field(default_factory=Series)
    theirs: Series = field(default_factory=Series)
    at_once: int = 0
    requests: int = 0
    their_requests: int = 0
    writes: int = 0
    rejected: list[float] = field(default_factory=list)
    slowest: list[float] = field(default_factory=list)
    floor_slowest: list[float] = field(default_factory=list)

    def record(self, requests: int, writes: list) -> None:
        """Records the requests of one run: their number, rejected writes, and the slowest write by the median."""
        done = [end - start for *_, status, start, end in writes if status < 300]
        self.requests, self.writes = requests, len(done)
        if done:
            self.rejected.append((len(writes) - len(done)) / len(done))
            self.slowest.append(outlier(done))


def outlier(seconds: list[float]) -> float:
    """Returns how many times the median the slowest write takes."""
    return max(seconds) / statistics.median(seconds)


def empty() -> dict[str, Kind]:
    return {kind: Kind() for kind, _ in KINDS}


@dataclass
class Scenario:
    """A server, its distance, additional YAML fields for each deployment, and the goals.

    `faster` is the goal compared with the reference, by kind. `floor` is the goal compared with the bare writes,
    `slowest` that of the slowest write compared with the median, and `rejected` that of the rejected writes.
    """

    where: str
    faster: dict[str, int]
    floor: float | None = None
    slowest: float = math.inf
    rejected: float = math.inf
    delay: float = 0.0
    more: str = ""


CRON = "schedules: [{cron: '0 6 * * *'}]"
NEAR_GOALS = {"new": 8, "changed": 8, "unchanged": 50}


def local(setting: Setting):
    yield from measure(setting, Scenario("local server", NEAR_GOALS, 1.2, rejected=0.05))


def cron(setting: Setting):
    where = "local server, with a cron schedule each"
    yield from measure(setting, Scenario(where, NEAR_GOALS, 1.2, rejected=0.05, more=CRON))


def postgres(setting: Setting):
    yield from with_and_without_cron(replace(setting, port=setting.postgres_port), "local server on PostgreSQL")


def workers(setting: Setting):
    where = "local server with 2 processes on PostgreSQL"
    yield from with_and_without_cron(replace(setting, port=setting.workers_port), where)


def with_and_without_cron(setting: Setting, where: str):
    yield from measure(setting, Scenario(where, NEAR_GOALS, 1.15, slowest=3))
    where += ", with a cron schedule each"
    yield from measure(setting, Scenario(where, NEAR_GOALS, 1.15, slowest=3, more=CRON))


def far(setting: Setting):
    yield from measure(setting, Scenario("100 ms away", {"new": 30, "changed": 30, "unchanged": 50}, delay=0.1))


def measure(setting: Setting, scenario: Scenario, count: int = 100):
    """Measures deployments in a scenario."""
    prepare(setting)
    delay, more = scenario.delay, scenario.more
    # The first writes take a new server several times longer.
    ours(setting, empty(), 0, WARM_UP, uuid.uuid4().hex[:8], more)
    kinds = empty()
    for number in range(setting.rounds(3)):
        prefix = uuid.uuid4().hex[:8]
        registered = ours(setting, kinds, delay, count, prefix, more)
        if setting.reference and number == 0:
            other = uuid.uuid4().hex[:8]
            theirs(setting, kinds, delay, count, other, more)
            if registered != setting.registered(other):
                raise SystemExit("prefectl and prefect registered different deployments")
    for kind, found in kinds.items():
        yield row(f"{count} {kind}, {scenario.where}", kind, found, scenario)


def row(what: str, kind: str, found: Kind, scenario: Scenario) -> Row:
    faster = scenario.faster[kind]
    seen = f"{time(found.ours.seconds)} ({found.ours.spread}), {found.requests} requests"
    if found.slowest:
        rejected, slowest = statistics.median(found.rejected), statistics.median(found.slowest)
        seen += f"; {rejected:.0%} of the writes rejected; slowest write {slowest:.1f} times the median"
        is_even = slowest < scenario.slowest and rejected < scenario.rejected
    goal, compared, reached = f"{faster} times faster", [], None
    if found.floor.samples:
        ratio = found.ours.seconds / found.floor.seconds
        outliers = f"slowest write {statistics.median(found.floor_slowest):.1f} times the median"
        compared.append(
            f"bare writes (concurrency {found.at_once}): {time(found.floor.seconds)}, ratio {ratio:.2f}; {outliers}"
        )
        if scenario.floor:
            goal += f"; at most {scenario.floor} times the bare writes"
            goal += f"; slowest write at most {scenario.slowest} times the median" if scenario.slowest < math.inf else ""
            goal += f"; at most {scenario.rejected:.0%} rejected" if scenario.rejected < math.inf else ""
            reached = ratio <= scenario.floor and is_even
    if found.theirs.samples:
        ratio = found.theirs.seconds / found.ours.seconds
        compared.append(f"Python CLI: {time(found.theirs.seconds)}, {found.their_requests} requests, {ratio:.1f} times slower")
        reached = ratio >= faster and reached is not False
    if kind == "unchanged":
        goal += "; no writes"
        reached = found.writes == 0 and reached is not False
    return Row(what, goal, seen, "; ".join(compared), reached)


def prepare(setting: Setting) -> None:
    (setting.folder("many") / "flow.py").write_text(FLOW)
    setting.send("POST", "/work_pools/", {"name": "bench", "type": "process"})
    setting.send("POST", "/flows/", {"name": "bench"})


def ours(setting: Setting, kinds: dict[str, Kind], delay: float, count: int, prefix: str, more: str) -> list:
    """Runs one round of prefectl, then replays its writes. Returns the deployments that prefectl registered."""
    writes = {}
    for kind, version in KINDS:
        found = kinds[kind]
        project(setting, prefix, version, count, more)
        with Proxy(setting.port, delay) as proxy:
            command = [setting.program, "deploy", "--all"]
            found.ours.samples.append(setting.run(command, setting.folder("many"), PREFECT_API_URL=proxy.url))
            writes[kind] = [write[:3] for write in proxy.writes if write[3] != 503]
            found.record(proxy.requests, proxy.writes)
    registered = setting.registered(prefix)
    for kind, what in writes.items():
        if what:
            best, kinds[kind].at_once = floor(setting, what, kind, delay, prefix)
            kinds[kind].floor.samples.append(Sample(best.seconds))
            kinds[kind].floor_slowest.append(best.slowest)
    return registered


def theirs(setting: Setting, kinds: dict[str, Kind], delay: float, count: int, prefix: str, more: str) -> None:
    for kind, version in KINDS:
        project(setting, prefix, version, count, more)
        with Proxy(setting.port, delay) as proxy:
            command = [setting.reference, "--no-prompt", "deploy", "--all"]
            sample = setting.run(command, setting.folder("many"), PREFECT_API_URL=proxy.url)
            kinds[kind].their_requests = proxy.requests
        kinds[kind].theirs.samples.append(sample)


def project(setting: Setting, prefix: str, version: str, count: int, more: str = "") -> None:
    more = f", {more}" if more else ""
    lines = [
        f"- {{name: {prefix}-{number}, entrypoint: 'flow.py:hello', version: '{version}', tags: [t{number}], "
        f"work_pool: {{name: bench}}{more}}}"
        for number in range(count)
    ]
    (setting.folder("many") / "prefect.yaml").write_text("\n".join(["pull: []", "deployments:", *lines, ""]))


@dataclass(order=True)
class Replay:
    """The duration of a replay, and how many times the median its slowest write took."""

    seconds: float
    slowest: float = 0.0


def floor(setting: Setting, writes: list, kind: str, delay: float, prefix: str) -> tuple[Replay, int]:
    """Returns the shortest replay and its concurrency. Stops when more concurrency no longer helps."""
    best, best_at_once = Replay(math.inf), 0
    for at_once in PARALLELISM:
        found = replay(setting, writes, kind, delay, at_once, prefix)
        if found < best:
            best, best_at_once = found, at_once
        elif found.seconds > HOPELESS * best.seconds:
            break
    return best, best_at_once


def replay(setting: Setting, writes: list, kind: str, delay: float, at_once: int, prefix: str) -> Replay:
    """Replays the writes, with other names for new deployments and other versions for changed ones."""
    todo = queue.SimpleQueue()
    unique = uuid.uuid4().hex[:8]
    for method, path, body in writes:
        body = body.replace(prefix.encode(), unique.encode())
        if kind == "changed":
            body = body.replace(b'"version":"2"', f'"version":"{unique}"'.encode())
        todo.put((method, path, body))
    # The replay uses the same proxy.
    with Proxy(setting.port, delay) as proxy:
        threads = [threading.Thread(target=send_all, args=(todo, proxy)) for _ in range(at_once)]
        started = clock.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = clock.monotonic() - started
        done = [end - start for *_, status, start, end in proxy.writes if status < 300]
        return Replay(seconds, outlier(done))


def send_all(todo: queue.SimpleQueue, proxy: Proxy) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.server_address[1], timeout=300)
    while True:
        try:
            method, path, body = todo.get_nowait()
        except queue.Empty:
            return
        while True:
            connection.request(method, path, body, {"content-type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 503:
                break
            connection.close()  # the server closes the connection without announcing it
            clock.sleep(0.02)
        assert answer.status < 300, (method, path, answer.status)
