"""Calculates the time of a project that is too large to measure: 50,000 deployments and 2,000 images on Prefect Cloud.

The time of a deploy is the time of its images plus the time of its requests:

    time = images + max(requests / limit, requests * latency / concurrency + client time)

- `requests`: a constant part, and a part for each deployment. Measured with few deployments.
- `limit`: requests per minute that the server accepts.
- `latency`: duration of a request, 100 ms.
- `concurrency`: 1 for the reference, up to 32 for prefectl.
- `client time`: time of the client itself for each deployment. Measured with few deployments.
- `images`: prefectl builds and pushes each changed image in one minute, two at a time. An unchanged image with `tag: auto`
  takes two seconds. The reference runs the steps of every deployment: one minute for the first use of an image, and five
  seconds for each further use, with all layers cached. The changed 1% are the deployments of 1% of the images.

The model ignores varying latency, other users of the same limit, failures, and separate limits by kind of request.

The prediction is compared with a measurement of 1,000 deployments through a proxy that adds 100 ms and accepts 1,250 requests
per minute. `scale` shows that the time for each deployment stays the same up to 10,000 deployments.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from .deploys import KINDS, prepare, project
from .measure import Sample, time
from .proxy import Proxy
from .rows import Row
from .setting import Setting

DEPLOYMENTS, IMAGES = 50_000, 2_000
LIMITS = (625, 1250, 2500, 5000)
LATENCY = 0.1
AT_ONCE = 32
JOBS = 2
COLD, CACHED, REUSED = 60.0, 5.0, 2.0
CHANGED = 0.01
FEW, MANY = 20, 60
CHECKED, CHECKED_LIMIT = 1000, 1250


@dataclass
class Cost:
    """Requests and client time of a deploy: a fixed part, and a part for each deployment."""

    requests_each: float
    requests: float
    own_each: float
    own: float
    at_once: int

    def seconds(self, count: int, limit: int) -> float:
        requests = self.requests_each * count + self.requests
        alone = requests * LATENCY / self.at_once + self.own_each * count + self.own
        return max(requests / limit * 60, alone)


def run(setting: Setting):
    prepare(setting)
    ours = costs(setting, [setting.program, "deploy", "--all"], AT_ONCE)
    yield check(setting, ours["new"])
    if not setting.reference:
        return
    theirs = costs(setting, [setting.reference, "--no-prompt", "deploy", "--all"], 1)
    for limit in LIMITS:
        for name, changed in (("first", 1.0), ("1% changed", CHANGED), ("unchanged", 0.0)):
            seen, compared = deploy(ours, limit, changed), reference(theirs, limit, changed)
            what = f"{DEPLOYMENTS:,} deployments, {IMAGES:,} images, {limit} requests per minute: {name}"
            yield Row(what, "", time(seen), f"Python CLI: {time(compared)}, {compared / seen:.0f} times slower")


def deploy(costs_: dict[str, Cost], limit: int, changed: float) -> float:
    """Returns the seconds of a prefectl deploy with this share of new or changed deployments."""
    images = (IMAGES * changed * COLD + IMAGES * (1 - changed) * REUSED) / JOBS
    kind = costs_["new"] if changed == 1 else costs_["changed"]
    written = round(DEPLOYMENTS * changed)
    unchanged = costs_["unchanged"].seconds(DEPLOYMENTS - written, limit)
    return images + (kind.seconds(written, limit) if written else 0) + unchanged


def reference(costs_: dict[str, Cost], limit: int, changed: float) -> float:
    """Returns the seconds of a reference deploy, which always writes and builds everything."""
    cold = IMAGES * changed
    images = cold * COLD + (DEPLOYMENTS - cold) * CACHED
    return images + costs_["new" if changed == 1 else "unchanged"].seconds(DEPLOYMENTS, limit)


def costs(setting: Setting, command: list[str], at_once: int) -> dict[str, Cost]:
    """Derives the cost of a client from a small and a larger deploy to a local server."""
    found = {count: measured(setting, command, count) for count in (FEW, MANY)}
    result = {}
    for kind, _ in KINDS:
        (few, few_requests), (many, many_requests) = found[FEW][kind], found[MANY][kind]
        requests_each = (many_requests - few_requests) / (MANY - FEW)
        own_each = max((many.cpu - few.cpu) / (MANY - FEW), 0)
        result[kind] = Cost(
            requests_each, few_requests - FEW * requests_each, own_each, max(few.cpu - FEW * own_each, 0), at_once
        )
    return result


def measured(setting: Setting, command: list[str], count: int) -> dict[str, tuple[Sample, int]]:
    prefix = uuid.uuid4().hex[:8]
    found = {}
    for kind, version in KINDS:
        project(setting, prefix, version, count)
        with Proxy(setting.port) as proxy:
            sample = setting.run(command, setting.folder("many"), PREFECT_API_URL=proxy.url)
            # Requests that a busy server refused are not part of the cost.
            refused = sum(write[3] == 503 for write in proxy.writes)
            found[kind] = sample, proxy.requests - refused
    return found


def check(setting: Setting, cost: Cost) -> Row:
    """Compares the prediction of the model with a measurement."""
    project(setting, uuid.uuid4().hex[:8], "1", CHECKED)
    with Proxy(setting.port, LATENCY, CHECKED_LIMIT) as proxy:
        sample = setting.run([setting.program, "deploy", "--all"], setting.folder("many"), PREFECT_API_URL=proxy.url)
        requests = proxy.requests
    predicted = cost.seconds(CHECKED, CHECKED_LIMIT)
    seen = f"{time(sample.seconds)}, {requests} requests"
    compared = f"predicted: {time(predicted)}, {cost.requests_each * CHECKED + cost.requests:.0f} requests"
    what = f"{CHECKED:,} new, {LATENCY * 1000:.0f} ms away, {CHECKED_LIMIT} requests per minute"
    return Row(what, "within 1.3 times of the model's prediction", seen, compared, 1 / 1.3 < sample.seconds / predicted < 1.3)
