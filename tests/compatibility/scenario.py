"""What is tried on each server: first every feature alone, then the commands of a deployment's life."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from suite.background import Json, SuiteError, minimal_environment

from . import resources
from .features import DASHES_IN_VARIABLES, FEATURES, Feature, is_since, project
from .refusing_proxy import MARKER, refusing_proxy
from .servers import Api

WORKS = "yes"
UNSUPPORTED = "no"  # the server cannot store it, and prefectl says so before it writes anything
REDUCED = "reduced"  # `--allow-unsupported` deploys it without the unsupported key, with a warning
FAILS = "**fails**"

NO_CHANGES, CHANGES = 0, 10  # exit codes of `plan --detailed-exitcode` and `drift`


class Failure(Exception):
    """A command or the state on the server is not as expected."""


class Result(NamedTuple):
    """A row of the table, for one server."""

    title: str
    verdict: str
    detail: str = ""


@dataclass
class Output:
    command: str
    code: int
    text: str

    def brief(self) -> str:
        lines = [line.strip() for line in self.text.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith(("error", "help"))] or lines[-2:]
        return f"`{self.command}` exits with {self.code}: {' / '.join(errors[:3])[:400]}"


class Scenario:
    """All checks of one server. `folder` holds the project and the home directory of the commands."""

    def __init__(self, program: Path, api: Api, version: str, folder: Path) -> None:
        self.program = program
        self.api = api
        self.version = version
        self.project = folder / "project"
        self.home = folder / "home"
        self.log = folder / "commands.log"
        self.secret = "first-token"
        (self.project / "flows").mkdir(parents=True)
        self.home.mkdir()

    def run(self) -> list[Result]:
        if self.version.startswith("2."):
            return [self.check("Prefect 2 servers are rejected", lambda: self.rejects(FEATURES[0]))]
        supported, unsupported = [], []
        for feature in FEATURES:
            (supported if feature.is_supported(self.version) else unsupported).append(feature)
        results = [self.check("work pool created from the server's template", self.work_pool)]
        stored = []
        for feature in FEATURES:
            attempt = self.stores if feature in supported else self.rejects
            verdict = UNSUPPORTED if feature in unsupported else WORKS
            result = self.check(feature.title, lambda: attempt(feature), verdict)
            results.append(result)
            if result.verdict == WORKS:
                stored.append(feature)
        for feature in FEATURES:
            if feature.first.reduced:
                attempt = self.stores if feature in supported else self.reduces
                verdict = REDUCED if feature in unsupported else WORKS
                title = f"`--allow-unsupported`: {feature.title}"
                self.remove(feature)
                results.append(self.check(title, lambda: attempt(feature, "--allow-unsupported"), verdict))
                if feature in unsupported:
                    self.remove(feature)
        steps: list[tuple[str, Callable[[list[Feature]], None]]] = [
            ("`plan` and `drift` report no changes after a deploy", self.unchanged),
            ("`drift` reports a change made by others, and a deploy reverts it", self.drift),
            ("`deploy --on-error rollback` restores every field", self.rollback),
            ("`export` writes a file that plans no changes", self.export),
            ("schedules created, paused and resumed", self.schedules),
            ("flow runs started, listed and cancelled", self.flow_runs),
            ("`deploy --prune` deletes what the file no longer declares", self.prune),
            ("declared resources are created and changed", self.resources_stored),
            ("`drift` reports a change of a declared resource, and a deploy reverts it", self.resources_drift),
            ("`rollback` restores declared resources", self.resources_rollback),
            ("`deploy --prune` deletes declared resources", self.resources_pruned),
            ("`deployment delete`", self.delete),
            ("`destroy`", self.destroy),
        ]
        for title, step in steps:
            results.append(self.check(title, lambda: step(stored)))
        results.append(self.check("variables", lambda: self.succeed("variable", "set", "plain_name", "1")))
        has_dashes = is_since(self.version, DASHES_IN_VARIABLES)
        attempt = self.dashes_stored if has_dashes else self.dashes_rejected
        results.append(self.check("variable names with dashes", attempt, WORKS if has_dashes else UNSUPPORTED))
        return results

    def check(self, title: str, attempt: Callable[[], None], verdict: str = WORKS) -> Result:
        try:
            attempt()
        except (Failure, SuiteError) as failure:
            return Result(title, FAILS, str(failure))
        except (KeyError, IndexError, TypeError) as error:  # the API shows something else than it should
            return Result(title, FAILS, f"unexpected answer of the API: {type(error).__name__}: {error}")
        return Result(title, verdict)

    # Commands

    def execute(self, *arguments: str, api: str | None = None) -> Output:
        environment = {
            **minimal_environment(self.home),
            resources.SECRET: self.secret,
            "PREFECT_API_URL": api or self.api.url,
            "PREFECTL_YES": "1",
            "PREFECTL_PYTHON_SCHEMA": "never",
        }
        done = subprocess.run(
            [str(self.program), *arguments],
            cwd=self.project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=180,
        )
        output = Output(shlex.join(arguments), done.returncode, done.stdout)
        with self.log.open("a") as log:
            log.write(f"$ prefectl {output.command}\n{output.text}[exit {output.code}]\n\n")
        return output

    def expect(self, code: int, *arguments: str, api: str | None = None) -> Output:
        output = self.execute(*arguments, api=api)
        if output.code != code:
            raise Failure(output.brief())
        return output

    def succeed(self, *arguments: str) -> Output:
        return self.expect(0, *arguments)

    def write(self, features: list[Feature], round: int) -> None:
        (self.project / "prefect.yaml").write_text(project(features, round))
        for feature in features:
            (self.project / "flows" / f"{feature.key}.py").write_text(feature.states[round].flow)

    def remove(self, feature: Feature) -> None:
        """Deletes a deployment and its automations, if it exists."""
        deployment = self.api.deployment("hello", feature.key)
        if deployment:
            self.api.call("DELETE", f"/automations/owned-by/prefect.deployment.{deployment['id']}")
            self.api.call("DELETE", f"/deployments/{deployment['id']}")

    def existing(self, name: str) -> Json:
        deployment = self.api.deployment("hello", name)
        if deployment is None:
            raise Failure(f"there is no deployment `hello/{name}`")
        return deployment

    def assert_stored(self, features: list[Feature], round: int) -> None:
        for feature in features:
            deployment = self.existing(feature.key)
            mismatch = feature.states[round].check(deployment, self.api.automations(deployment))
            if mismatch:
                raise Failure(f"`hello/{feature.key}`: {mismatch}")

    def assert_unchanged(self, *arguments: str) -> None:
        output = self.execute("plan", "--all", "--detailed-exitcode", *arguments)
        if output.code != NO_CHANGES:
            changes = [line.strip() for line in output.text.splitlines() if line.strip()][:6]
            raise Failure(f"a plan after the deploy exits with {output.code}: {' / '.join(changes)[:400]}")

    # Features

    def work_pool(self) -> None:
        for kind in ("process", "kubernetes", "docker"):
            self.succeed("work-pool", "create", kind, "--type", kind)
            pool = self.api.call("GET", f"/work_pools/{kind}")
            if not pool["base_job_template"].get("variables"):
                raise Failure(f"the template of work pool `{kind}` has no variables")

    def stores(self, feature: Feature, *options: str) -> None:
        """Deploys both states; each must be stored completely, and a plan afterwards must be empty."""
        for round in (0, 1):
            self.write([feature], round)
            self.succeed("deploy", "--all", *options)
            self.assert_stored([feature], round)
            self.assert_unchanged(*options)

    def reduces(self, feature: Feature, *options: str) -> None:
        """Deploys both states of a feature that the server lacks: a warning names the server's release, everything
        else is stored, and a plan afterwards must be empty."""
        for round in (0, 1):
            self.write([feature], round)
            output = self.succeed("deploy", "--all", *options)
            if f"this server runs {self.version}; the deployment is written without them" not in output.text:
                raise Failure(f"no warning: {output.text.strip()[:400]}")
            deployment = self.existing(feature.key)
            mismatch = feature.states[round].reduced(deployment, self.api.automations(deployment))
            if mismatch:
                raise Failure(f"`hello/{feature.key}`: {mismatch}")
            self.assert_unchanged(*options)

    def rejects(self, feature: Feature) -> None:
        """Deploys a feature that the server lacks: an error names the server's release, and nothing is written."""
        self.write([feature], 0)
        output = self.execute("deploy", "--all")
        if output.code == 0:
            mismatch = feature.first.check(self.existing(feature.key), [])
            raise Failure(f"the deploy succeeds, but is not stored: {mismatch}")
        if self.version not in output.text:
            raise Failure(f"the error does not name the server's release: {output.brief()}")
        if self.api.deployment("hello", feature.key):
            raise Failure(f"the deployment was written: {output.brief()}")

    # Commands of a deployment's life

    def unchanged(self, features: list[Feature]) -> None:
        self.write(features, 1)
        self.assert_unchanged()
        self.expect(NO_CHANGES, "drift", "--all")
        before = self.api.deployments()
        self.succeed("deploy", "--all")
        written = [name for name, one in self.api.deployments().items() if one["updated"] != before[name]["updated"]]
        if written:
            raise Failure(f"the deploy writes {', '.join(written)}")

    def drift(self, features: list[Feature]) -> None:
        self.write(features, 1)
        identity = self.existing("scalars")["id"]
        self.api.call("PATCH", f"/deployments/{identity}", {"tags": ["changed-by-others"]})
        self.expect(CHANGES, "drift", "--all")
        self.succeed("deploy", "--all")
        self.assert_stored(features, 1)

    def rollback(self, features: list[Feature]) -> None:
        """The first states are deployed over the second ones; the last deployment is refused."""
        self.write(features, 1)
        self.succeed("deploy", "--all")
        self.write(features, 0)
        file = self.project / "prefect.yaml"
        refused = (
            f"- name: refused\n  entrypoint: flows/scalars.py:hello\n  description: {MARKER}\n"
            "  work_pool: {name: process}\n"
        )
        file.write_text(file.read_text() + refused)
        with refusing_proxy(self.api.url) as proxy:
            output = self.execute("deploy", "--all", "--on-error", "rollback", api=proxy)
        if output.code == 0:
            raise Failure("the deploy succeeds although a write was refused")
        try:
            self.assert_stored(features, 1)
        except Failure as failure:
            raise Failure(f"{failure} ({output.brief()})") from None
        self.write(features, 1)
        self.assert_unchanged()

    def export(self, features: list[Feature]) -> None:
        self.write(features, 1)
        exported = self.project / "exported.yaml"
        exported.unlink(missing_ok=True)
        self.succeed("export", "--name", "hello/*", "--out", exported.name)
        self.assert_unchanged("--prefect-file", exported.name)

    def schedules(self, _: list[Feature]) -> None:
        name = "hello/cron"
        identity = self.existing("cron")["schedules"][0]["id"]
        for command, active in (("pause", False), ("resume", True)):
            self.succeed("deployment", "schedule", command, name, identity)
            if self.existing("cron")["schedules"][0]["active"] is not active:
                raise Failure(f"`deployment schedule {command}` has no effect")
        self.succeed("deployment", "schedule", "create", "hello/scalars", "--cron", "0 12 * * *")
        self.succeed("deployment", "schedule", "ls", "hello/scalars")
        self.succeed("deployment", "schedule", "clear", "hello/scalars")
        if self.existing("scalars")["schedules"]:
            raise Failure("`deployment schedule clear` has no effect")

    def flow_runs(self, _: list[Feature]) -> None:
        options = ["--param", "name=Bob", "--job-variable", "env.A=1", "--tag", "t", "--start-in", "1 hour"]
        output = self.succeed(
            "deployment", "run", "hello/cron", *options, "--flow-run-name", "mine", "--output", "json"
        )
        run = self.api.call("GET", f"/flow_runs/{json.loads(output.text)['id']}")
        stored = (run["name"], run["parameters"].get("name"), "t" in run["tags"], run["job_variables"])
        if stored != ("mine", "Bob", True, {"env.A": "1"}) and stored[:3] != ("mine", "Bob", True):
            raise Failure(f"the flow run is stored as {stored}")
        if "mine" not in self.succeed("flow-run", "ls").text:
            raise Failure("`flow-run ls` does not list the run")
        self.succeed("flow-run", "inspect", run["id"])
        self.succeed("flow-run", "cancel", run["id"])
        state = self.api.call("GET", f"/flow_runs/{run['id']}")["state_type"]
        if state not in ("CANCELLED", "CANCELLING"):
            raise Failure(f"the cancelled run is {state}")

    def dashes_stored(self) -> None:
        self.succeed("variable", "set", "name-with-dashes", "1")

    def dashes_rejected(self) -> None:
        output = self.execute("variable", "set", "name-with-dashes", "1")
        if output.code == 0:
            raise Failure("`variable set` succeeds")

    def prune(self, features: list[Feature]) -> None:
        self.write(features, 1)
        self.succeed("deploy", "--all", "--project", "team-a")
        kept = [feature for feature in features if feature.key != "job-variables"]
        self.write(kept, 1)
        self.succeed("deploy", "--all", "--project", "team-a", "--prune")
        expected = {feature.key for feature in kept}
        found = set(self.api.deployments()) & {feature.key for feature in features}
        if found != expected:
            raise Failure(f"left: {sorted(found - expected)}; missing: {sorted(expected - found)}")

    # Declared resources

    def write_resources(self, features: list[Feature], round: int) -> None:
        self.write(features, 1)
        file = self.project / "prefect.yaml"
        file.write_text(file.read_text() + resources.declared(round))

    def assert_resources(self, wanted: Json) -> None:
        found = resources.stored(self.api)
        if found != wanted:
            wrong = [f"{key} is {found[key]!r}, not {wanted[key]!r}" for key in wanted if found[key] != wanted[key]]
            raise Failure("; ".join(wrong))

    def resources_stored(self, features: list[Feature]) -> None:
        for round, secret in ((0, "first-token"), (1, "second-token")):
            self.secret = secret
            self.write_resources(features, round)
            self.succeed("deploy", "--all", "--project", "team-a")
            self.assert_resources(resources.expected(round, secret))
            self.assert_unchanged("--project", "team-a")
            self.expect(NO_CHANGES, "drift", "--all")

    def resources_drift(self, features: list[Feature]) -> None:
        self.write_resources(features, 1)
        self.api.call("PATCH", "/work_pools/declared", {"concurrency_limit": 1})
        self.api.call("PATCH", "/v2/concurrency_limits/declared_limit", {"limit": 1})
        self.api.call("PATCH", "/variables/name/declared_text", {"value": "changed-by-others"})
        output = self.expect(CHANGES, "drift", "--all")
        if "Drift: 3 changed" not in output.text:
            raise Failure(f"not three changes: {output.text.strip()[-400:]}")
        self.succeed("deploy", "--all", "--project", "team-a")
        self.assert_resources(resources.expected(1, self.secret))

    def resources_rollback(self, features: list[Feature]) -> None:
        self.write_resources(features, 0)
        file = self.project / "prefect.yaml"
        refused = (
            f"- name: refused\n  entrypoint: flows/scalars.py:hello\n  description: {MARKER}\n"
            "  work_pool: {name: process}\n"
        )
        file.write_text(file.read_text().replace("prefectl:", refused + "prefectl:", 1))
        with refusing_proxy(self.api.url) as proxy:
            output = self.execute("deploy", "--all", "--project", "team-a", "--on-error", "rollback", api=proxy)
        if output.code == 0:
            raise Failure("the deploy succeeds although a write was refused")
        self.assert_resources(resources.expected(1, self.secret))

    def resources_pruned(self, features: list[Feature]) -> None:
        self.write(features, 1)
        options = ("--all", "--project", "team-a", "--prune", "--max-deletes", "20")
        self.succeed("deploy", *options)
        self.assert_resources(resources.NOTHING)
        self.assert_unchanged(*options[1:])

    def delete(self, _: list[Feature]) -> None:
        self.succeed("deployment", "delete", "hello/scalars")
        if self.api.deployment("hello", "scalars"):
            raise Failure("the deployment is still there")

    def destroy(self, features: list[Feature]) -> None:
        self.write(features, 1)
        self.succeed("destroy", "--all", "--project", "team-a")
        left = set(self.api.deployments()) & {feature.key for feature in features}
        if left:
            raise Failure(f"left: {sorted(left)}")
        left = [one["name"] for one in self.api.call("POST", "/automations/filter", {})]
        if left:
            raise Failure(f"automations left: {left}")
