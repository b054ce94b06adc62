"""What one machine cannot show: a monorepo of 50,000 deployments and 2,000 images on Prefect Cloud, by calculation.

The model. A deploy is images, then requests, then nothing else that counts:

    time = images + max(requests / limit, requests * latency / at once + own time)

`requests` is what a client sends for each deployment times their number, and a constant; `limit` what the server takes in
a minute; `latency` how long one request takes, 100 ms; `at once` how many are under way: one for the reference, up to 32 for
prefectl. `own time` is what the client itself needs for each deployment. What a client sends and needs is measured
below with few deployments. Images: each distinct image that changed is built and pushed in a minute, two at a time by
prefectl. One that did not change costs prefectl with `tag: auto` the reading of its context and one question, two
seconds. The reference runs the steps of every deployment: a minute the first time an image comes, and five seconds for
each further time, since all layers are there. The changed 1 % are the deployments of 1 % of the images.

Not in the model: answers that differ in time, other users of the same limit, failures, a limit for each kind of request.

Checked against measurements: the requests and time that it foretells for 1,000 deployments behind a proxy that adds
100 ms and takes 1,250 requests a minute. `scale` shows that time for each stays the same up to 10,000.
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
    """Requests and seconds of the client's own: some for each deployment, and some whatever their number."""

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
        for name, changed in (("first", 1.0), ("1 % changed", CHANGED), ("unchanged", 0.0)):
            seen, compared = deploy(ours, limit, changed), reference(theirs, limit, changed)
            what = f"{DEPLOYMENTS} deployments, {IMAGES} images, {limit} requests a minute: {name}"
            yield Row(f"*calculated:* {what}", "", time(seen), f"prefect: {time(compared)}, {compared / seen:.0f} times")


def deploy(costs_: dict[str, Cost], limit: int, changed: float) -> float:
    """Seconds of a deploy by prefectl of which this share is new or changed."""
    images = (IMAGES * changed * COLD + IMAGES * (1 - changed) * REUSED) / JOBS
    kind = costs_["new"] if changed == 1 else costs_["changed"]
    written = round(DEPLOYMENTS * changed)
    unchanged = costs_["unchanged"].seconds(DEPLOYMENTS - written, limit)
    return images + (kind.seconds(written, limit) if written else 0) + unchanged


def reference(costs_: dict[str, Cost], limit: int, changed: float) -> float:
    """The same of the reference, which writes and builds whatever there is."""
    cold = IMAGES * changed
    images = cold * COLD + (DEPLOYMENTS - cold) * CACHED
    return images + costs_["new" if changed == 1 else "unchanged"].seconds(DEPLOYMENTS, limit)


def costs(setting: Setting, command: list[str], at_once: int) -> dict[str, Cost]:
    """What a client sends and needs, from deploys of few and of more; the server is near, so that its own time shows."""
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
            # What was refused because the server was busy is not what the client wants to send.
            refused = sum(write[3] == 503 for write in proxy.writes)
            found[kind] = sample, proxy.requests - refused
    return found


def check(setting: Setting, cost: Cost) -> Row:
    """What the model foretells, beside what happens."""
    project(setting, uuid.uuid4().hex[:8], "1", CHECKED)
    with Proxy(setting.port, LATENCY, CHECKED_LIMIT) as proxy:
        sample = setting.run([setting.program, "deploy", "--all"], setting.folder("many"), PREFECT_API_URL=proxy.url)
        requests = proxy.requests
    foretold = cost.seconds(CHECKED, CHECKED_LIMIT)
    seen = f"{time(sample.seconds)}, {requests} requests"
    compared = f"foretold: {time(foretold)}, {cost.requests_each * CHECKED + cost.requests:.0f} requests"
    what = f"{CHECKED} new, {LATENCY * 1000:.0f} ms away, {CHECKED_LIMIT} requests a minute"
    return Row(what, "what the model foretells, within 1.3 times", seen, compared, 1 / 1.3 < sample.seconds / foretold < 1.3)
