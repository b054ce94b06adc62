"""The declared resources: two states of each kind in prefect.yaml, and what the API must show for them."""

from __future__ import annotations

from typing import Any

from suite.background import SuiteError

from .servers import Api

Json = Any

SECRET = "RESOURCE_TOKEN"  # environment variable with the value of the secret block


def declared(round: int) -> str:
    """Returns the section of the project file."""
    expect = ("load.finished", "load.done")[round]
    return f"""\
prefectl:
  work_pools:
  - name: declared
    type: kubernetes
    namespace: team-{round}
    description: round {round}
    concurrency_limit: {20 + round}
    queues:
    - {{name: high, priority: {1 + round}, concurrency_limit: {5 + round}}}
    - {{name: low, priority: 4, paused: {("false", "true")[round]}}}
  concurrency_limits: [{{name: declared_limit, limit: {3 + round}, slot_decay_per_second: 0.5}}]
  variables:
    declared_text: round-{round}
    declared_object: {{a: [1, {round}], b: null}}
  blocks:
  - {{type: secret, name: declared, value_from: env:{SECRET}}}
  - {{type: local-file-system, name: declared, values: {{basepath: /round-{round}}}}}
  automations:
  - name: declared-event
    description: round {round}
    trigger: {{type: event, expect: [{expect}], match: {{prefect.resource.id: x.*}}, threshold: 2, within: 60}}
    actions: [{{type: run-deployment, deployment: hello/scalars, parameters: {{name: "{{{{ event.id }}}}"}}}}]
  - name: declared-compound
    trigger:
      type: compound
      require: all
      within: {60 + round}
      triggers: [{{type: event, expect: [a.b]}}, {{type: event, expect: [c.d], posture: Reactive}}]
    actions: [{{type: pause-automation, automation: declared-event}}, {{type: pause-work-pool, work_pool: declared}}]
"""


def stored(api: Api) -> Json:
    """Returns the fields of the declared resources that exist."""
    pool = _optional(api, "/work_pools/declared") or {}
    queues = api.call("POST", "/work_pools/declared/queues/filter", {}) if pool else []
    block = "/block_types/slug/{}/block_documents/name/declared?include_secrets=true"
    automations = {one["name"]: one for one in api.call("POST", "/automations/filter", {})}
    event, compound = (automations.get(f"declared-{kind}") for kind in ("event", "compound"))
    return {
        "pool": pool and (
            pool["description"],
            pool["concurrency_limit"],
            pool["base_job_template"]["variables"]["properties"]["namespace"]["default"],
        ),
        "queues": {one["name"]: (one["priority"], one["is_paused"]) for one in queues if one["name"] != "default"},
        "limit": (_optional(api, "/v2/concurrency_limits/declared_limit") or {}).get("limit"),
        "text": (_optional(api, "/variables/name/declared_text") or {}).get("value"),
        "object": (_optional(api, "/variables/name/declared_object") or {}).get("value"),
        "secret": (_optional(api, block.format("secret")) or {}).get("data"),
        "block": (_optional(api, block.format("local-file-system")) or {}).get("data"),
        "event": event and (event["description"], event["trigger"]["expect"]),
        "compound": compound and compound["trigger"]["within"],
    }


def expected(round: int, secret: str) -> Json:
    """Returns what `stored` must return after a deploy."""
    return {
        "pool": (f"round {round}", 20 + round, f"team-{round}"),
        "queues": {"high": (1 + round, False), "low": (4, round == 1)},
        "limit": 3 + round,
        "text": f"round-{round}",
        "object": {"a": [1, round], "b": None},
        "secret": {"value": secret},
        "block": {"basepath": f"/round-{round}"},
        "event": (f"round {round}", [("load.finished", "load.done")[round]]),
        "compound": 60.0 + round,
    }


NOTHING: Json = {
    **dict.fromkeys(("limit", "text", "object", "secret", "block", "event", "compound")),
    "pool": {},
    "queues": {},
}


def _optional(api: Api, path: str) -> Json:
    try:
        return api.call("GET", path)
    except SuiteError as error:
        if "404" in str(error):
            return None
        raise
