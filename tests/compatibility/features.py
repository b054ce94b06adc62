"""The features of a deployment: two states of each in prefect.yaml, and what the API must show for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Json = Any
# Returns a description of the mismatch, or None.
Check = Callable[[Json, list[Json]], str | None]

FLOW = '''from prefect import flow


@flow
def hello(name: str = "Marvin", times: int = 1):
    """Greet."""
    print(f"Hello, {name}!")
'''
CHANGED_FLOW = FLOW.replace("times: int = 1", "count: float = 1.5")

EVENT = (
    '{enabled: true, name: "%s", match: {"prefect.resource.id": "prefect.flow-run.*"}, '
    'expect: ["prefect.flow-run.Completed"], parameters: {name: "t"}}'
)
COMPOUND = (
    '{type: compound, name: "%s", require: all, within: %d, '
    "triggers: [{type: event, expect: [a.b]}, {type: event, expect: [c.d]}]}"
)
DELAYED = '{enabled: true, name: "delayed", expect: [a.b], schedule_after: %d}'
PULL = "pull:\n  - prefect.deployments.steps.set_working_directory:\n      directory: %s"


@dataclass(frozen=True)
class State:
    """A deployment in the file, and its expected state on the server."""

    yaml: str
    check: Check
    pool: str = ""  # more keys of `work_pool`
    flow: str = FLOW
    reduced: Check | None = None  # expected state without the unsupported keys, as deployed by `--allow-unsupported`


@dataclass(frozen=True)
class Feature:
    """A part of a deployment that a server can or cannot store."""

    key: str  # name of the deployment
    title: str
    first: State
    second: State
    since: tuple[int, ...] = (3, 0)  # first minor release of the server that stores it
    states: tuple[State, State] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "states", (self.first, self.second))

    def is_supported(self, version: str) -> bool:
        return is_since(version, self.since)


def is_since(version: str, first: tuple[int, ...]) -> bool:
    """Compares the minor release of a server with the first one that has a feature."""
    return tuple(int(part) for part in version.split(".")[:2]) >= first


def deployment(feature: Feature, state: State) -> str:
    """Returns the YAML of one deployment."""
    pool = ", ".join(["name: process", *([state.pool] if state.pool else [])])
    lines = [
        f"- name: {feature.key}",
        f"  entrypoint: flows/{feature.key}.py:hello",
        f"  work_pool: {{{pool}}}",
        *(f"  {line}" for line in state.yaml.splitlines()),
    ]
    return "\n".join(lines) + "\n"


def project(features: list[Feature], round: int) -> str:
    """Returns a prefect.yaml with these deployments."""
    return "name: flows\npull: []\ndeployments:\n" + "".join(deployment(one, one.states[round]) for one in features)


def fields(**wanted: Json) -> Check:
    """Compares fields of the deployment itself."""

    def check(deployment: Json, _: list[Json]) -> str | None:
        for key, value in wanted.items():
            if deployment.get(key) != value:
                return f"`{key}` is {deployment.get(key)!r}, not {value!r}"
        return None

    return check


def schedules(*wanted: dict[str, Json]) -> Check:
    """Compares schedules. The keys of the rule and of the schedule around it are one mapping here."""

    def check(deployment: Json, _: list[Json]) -> str | None:
        found = [{**one["schedule"], **{key: one.get(key) for key in ("active", "slug", "parameters")}}
                 for one in deployment.get("schedules") or []]
        for one in found:
            if "rrule" in one:  # the server puts a start date before the rule
                one["rrule"] = one["rrule"].splitlines()[-1]
            if "anchor_date" in one:
                one["anchor_date"] = one["anchor_date"][:10]
        if len(found) != len(wanted):
            return f"there are {len(found)} schedules, not {len(wanted)}"
        for one in wanted:
            if not any(all(other.get(key) == value for key, value in one.items()) for other in found):
                return f"no schedule has {one}, only {found}"
        return None

    return check


def trigger(name: str, **wanted: Json) -> Check:
    """Looks for the one automation of a deployment; `wanted` is compared with its trigger and its action."""

    def check(deployment: Json, automations: list[Json]) -> str | None:
        if [one["name"] for one in automations] != [name]:
            return f"the automations are {[one['name'] for one in automations]}, not {[name]}"
        action = automations[0]["actions"][0]
        if action["deployment_id"] != deployment["id"]:
            return "the automation runs another deployment"
        for key, value in wanted.items():
            found = {**action, **automations[0]["trigger"]}.get(key)
            if found != value:
                return f"`{key}` of the automation is {found!r}, not {value!r}"
        return None

    return check


def limit(number: int, **options: Json) -> Check:
    """Compares the concurrency limit and its options."""

    def check(deployment: Json, _: list[Json]) -> str | None:
        shared = deployment.get("global_concurrency_limit")
        found = shared["limit"] if shared else deployment.get("concurrency_limit")
        if found != number:
            return f"the limit is {found!r}, not {number}"
        stored = deployment.get("concurrency_options") or {}
        for key, value in options.items():
            if stored.get(key) != value:
                return f"`{key}` is {stored.get(key)!r}, not {value!r}"
        return None

    return check


def parameter(name: str, absent: str) -> Check:
    """Looks for a parameter in the schema of the flow."""

    def check(deployment: Json, _: list[Json]) -> str | None:
        found = (deployment.get("parameter_openapi_schema") or {}).get("properties", {})
        return None if name in found and absent not in found else f"the parameters are {sorted(found)}"

    return check


def cron(rule: str, extra: str = "") -> str:
    return f'schedules: [{{cron: "{rule}", timezone: UTC{extra}}}]'


INTERVAL = 'schedules: [{interval: %d, anchor_date: "2026-01-01T00:00:00+00:00", timezone: America/New_York%s}]'
RRULE = 'schedules: [{rrule: "%s", timezone: UTC%s}]'
TWO_SLUGS = (
    'schedules: [{cron: "0 %d * * *", timezone: UTC, slug: daily}, '
    '{cron: "0 9 * * 1", timezone: UTC, slug: weekly, active: %s}]'
)
LIMIT = "concurrency_limit: {limit: %d, collision_strategy: %s%s}"
SCALARS = (
    "parameters: {%s}\nversion: '%s'\ndescription: %s\ntags: [%s]\nenforce_parameter_schema: %s\npaused: %s"
)
SLUGS = (3, 2)
SCHEDULE_AFTER = (3, 4)
GRACE_PERIOD = (3, 6)
DASHES_IN_VARIABLES = (3, 3)

FEATURES = [
    Feature(
        "scalars",
        "parameters, version, description, tags, `enforce_parameter_schema`, `paused`",
        State(
            SCALARS % ("name: Ada, times: 3", "1.2", "About", "x, y", "false", "true"),
            fields(
                parameters={"name": "Ada", "times": 3},
                version="1.2",
                description="About",
                tags=["x", "y"],
                enforce_parameter_schema=False,
                paused=True,
            ),
        ),
        State(
            SCALARS % ("name: Bob", "1.3", "More", "z", "true", "false"),
            fields(
                parameters={"name": "Bob"},
                version="1.3",
                description="More",
                tags=["z"],
                enforce_parameter_schema=True,
                paused=False,
            ),
        ),
    ),
    Feature(
        "pull-steps",
        "pull steps",
        State(
            PULL % "/opt/flows",
            fields(pull_steps=[{"prefect.deployments.steps.set_working_directory": {"directory": "/opt/flows"}}]),
        ),
        State(
            PULL % "/srv/flows",
            fields(pull_steps=[{"prefect.deployments.steps.set_working_directory": {"directory": "/srv/flows"}}]),
        ),
    ),
    Feature(
        "parameter-schema",
        "parameter schema of the flow",
        State("", parameter("times", absent="count")),
        State("", parameter("count", absent="times"), flow=CHANGED_FLOW),
    ),
    Feature(
        "pull-steps-and-schedule",
        "pull steps beside schedules",
        State(PULL % "/opt/flows" + "\n" + cron("0 6 * * *"), schedules({"cron": "0 6 * * *"})),
        State(PULL % "/srv/flows" + "\n" + cron("0 6 * * *"), schedules({"cron": "0 6 * * *"})),
    ),
    Feature(
        "job-variables",
        "job variables",
        State("", fields(job_variables={"env": {"A": "1"}}), pool='job_variables: {env: {A: "1"}}'),
        State(
            "", fields(job_variables={"env": {"A": "2", "B": "3"}}), pool='job_variables: {env: {A: "2", B: "3"}}'
        ),
    ),
    Feature(
        "queue",
        "work queue",
        State("", fields(work_queue_name="high"), pool="work_queue_name: high"),
        State("", fields(work_queue_name="low"), pool="work_queue_name: low"),
    ),
    Feature(
        "cron",
        "cron schedule",
        State(
            'schedules: [{cron: "0 6 * * *", timezone: Europe/Berlin, day_or: false}]',
            schedules({"cron": "0 6 * * *", "timezone": "Europe/Berlin", "day_or": False, "active": True}),
        ),
        State(
            'schedules: [{cron: "0 7 * * *", timezone: Europe/Berlin, day_or: false}]',
            schedules({"cron": "0 7 * * *", "timezone": "Europe/Berlin", "day_or": False, "active": True}),
        ),
    ),
    Feature(
        "interval",
        "interval schedule",
        State(
            INTERVAL % (3600, ""),
            schedules({"interval": 3600, "timezone": "America/New_York", "anchor_date": "2026-01-01"}),
        ),
        State(
            INTERVAL % (7200, ""),
            schedules({"interval": 7200, "timezone": "America/New_York", "anchor_date": "2026-01-01"}),
        ),
    ),
    Feature(
        "rrule",
        "RRULE schedule",
        State(RRULE % ("FREQ=WEEKLY;BYDAY=MO", ""), schedules({"rrule": "FREQ=WEEKLY;BYDAY=MO", "timezone": "UTC"})),
        State(RRULE % ("FREQ=WEEKLY;BYDAY=TU", ""), schedules({"rrule": "FREQ=WEEKLY;BYDAY=TU", "timezone": "UTC"})),
    ),
    Feature(
        "inactive-schedule",
        "schedule with `active`",
        State(cron("0 6 * * *", ", active: false"), schedules({"cron": "0 6 * * *", "active": False})),
        State(cron("0 6 * * *", ", active: true"), schedules({"cron": "0 6 * * *", "active": True})),
    ),
    Feature(
        "cron-slugs",
        "two cron schedules with slugs",
        State(
            TWO_SLUGS % (6, "false"),
            schedules({"slug": "daily", "cron": "0 6 * * *"}, {"slug": "weekly", "active": False}),
            reduced=schedules({"cron": "0 6 * * *"}, {"cron": "0 9 * * 1", "active": False}),
        ),
        State(
            TWO_SLUGS % (8, "true"),
            schedules({"slug": "daily", "cron": "0 8 * * *"}, {"slug": "weekly", "active": True}),
            reduced=schedules({"cron": "0 8 * * *"}, {"cron": "0 9 * * 1", "active": True}),
        ),
        SLUGS,
    ),
    Feature(
        "interval-slug",
        "interval schedule with a slug",
        State(
            INTERVAL % (3600, ", slug: hourly"),
            schedules({"interval": 3600, "slug": "hourly"}),
            reduced=schedules({"interval": 3600}),
        ),
        State(
            INTERVAL % (1800, ", slug: hourly"),
            schedules({"interval": 1800, "slug": "hourly"}),
            reduced=schedules({"interval": 1800}),
        ),
        SLUGS,
    ),
    Feature(
        "rrule-slug",
        "RRULE schedule with a slug",
        State(
            RRULE % ("FREQ=WEEKLY;BYDAY=MO", ", slug: r"),
            schedules({"slug": "r", "rrule": "FREQ=WEEKLY;BYDAY=MO"}),
            reduced=schedules({"rrule": "FREQ=WEEKLY;BYDAY=MO"}),
        ),
        State(
            RRULE % ("FREQ=DAILY", ", slug: r"),
            schedules({"slug": "r", "rrule": "FREQ=DAILY"}),
            reduced=schedules({"rrule": "FREQ=DAILY"}),
        ),
        SLUGS,
    ),
    Feature(
        "renamed-slug",
        "schedule renamed with `replaces`",
        State(
            cron("0 6 * * *", ", slug: old, active: false"),
            schedules({"slug": "old", "active": False}),
            reduced=schedules({"cron": "0 6 * * *", "active": False}),
        ),
        State(
            cron("0 7 * * *", ", slug: new, replaces: old, active: false"),
            schedules({"slug": "new", "cron": "0 7 * * *", "active": False}),
            reduced=schedules({"cron": "0 7 * * *", "active": False}),
        ),
        SLUGS,
    ),
    Feature(
        "schedule-parameters",
        "schedule with parameters",
        State(
            cron("0 6 * * *", ", parameters: {name: Ada}"),
            schedules({"parameters": {"name": "Ada"}}),
            reduced=schedules({"cron": "0 6 * * *"}),
        ),
        State(
            cron("0 6 * * *", ", parameters: {name: Bob}"),
            schedules({"parameters": {"name": "Bob"}}),
            reduced=schedules({"cron": "0 6 * * *"}),
        ),
        SLUGS,
    ),
    Feature(
        "trigger",
        "event trigger",
        State("triggers: [%s]" % EVENT % "upstream", trigger("upstream", parameters={"name": "t"})),
        State("triggers: [%s]" % EVENT % "upstream-2", trigger("upstream-2", parameters={"name": "t"})),
    ),
    Feature(
        "compound-trigger",
        "compound trigger",
        State("triggers: [%s]" % (COMPOUND % ("both", 3600)), trigger("both", type="compound", within=3600.0)),
        State("triggers: [%s]" % (COMPOUND % ("both", 7200)), trigger("both", type="compound", within=7200.0)),
    ),
    Feature(
        "trigger-delay",
        "trigger with `schedule_after`",
        State(
            "triggers: [%s]" % (DELAYED % 60),
            trigger("delayed", schedule_after=60.0),
            reduced=trigger("delayed", type="event"),
        ),
        State(
            "triggers: [%s]" % (DELAYED % 90),
            trigger("delayed", schedule_after=90.0),
            reduced=trigger("delayed", type="event"),
        ),
        SCHEDULE_AFTER,
    ),
    Feature(
        "limit",
        "concurrency limit",
        State("concurrency_limit: 3", limit(3)),
        State("concurrency_limit: 4", limit(4)),
    ),
    Feature(
        "limit-strategy",
        "concurrency limit with a collision strategy",
        State(LIMIT % (2, "CANCEL_NEW", ""), limit(2, collision_strategy="CANCEL_NEW")),
        State(LIMIT % (5, "ENQUEUE", ""), limit(5, collision_strategy="ENQUEUE")),
    ),
    Feature(
        "limit-grace-period",
        "concurrency limit with a grace period",
        State(
            LIMIT % (2, "ENQUEUE", ", grace_period_seconds: 120"),
            limit(2, grace_period_seconds=120),
            reduced=limit(2, collision_strategy="ENQUEUE"),
        ),
        State(
            LIMIT % (2, "ENQUEUE", ", grace_period_seconds: 240"),
            limit(2, grace_period_seconds=240),
            reduced=limit(2, collision_strategy="ENQUEUE"),
        ),
        GRACE_PERIOD,
    ),
]
