"""A case: a project, commands to run in it, and their expected effects."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from .background import Json, SuiteError, minimal_environment
from .docker import Docker
from .server import Server
from .symbols import Symbols

Snapshot = dict[str, dict[str, Json]]  # section -> name -> visible state

# Tags and versions contain the commit hash, so every run must create the same commit.
COMMITTER = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
COMMIT_DATE = "2024-01-02T03:04:05+00:00"


class Case:
    """A folder of `cases`. README.md documents its case.json."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name
        self.settings: Json = json.loads((folder / "case.json").read_text())
        self.commands = [
            command if isinstance(command, dict) else {"argv": command} for command in self.settings["commands"]
        ]

    @property
    def why(self) -> str:
        return self.settings["why"]

    @property
    def needs_docker(self) -> bool:
        return self.settings.get("docker", False)

    @property
    def other_servers(self) -> str | None:
        """The reason why servers of other releases than the reference's have other effects."""
        return self.settings.get("other_servers")

    @property
    def differs(self) -> bool:
        """Whether the candidate deliberately differs from the reference."""
        return (self.folder / "intended.json").exists()

    def expected(self, *, of_reference: bool) -> list[Json]:
        intended = self.differs and not of_reference
        file = self.folder / ("intended.json" if intended else "expected.json")
        return json.loads(file.read_text())["steps"]

    def record(self, steps: list[Json]) -> None:
        kept = [{key: value for key, value in step.items() if key != "output"} for step in steps]
        text = json.dumps({"steps": kept}, indent=1, sort_keys=True, ensure_ascii=False)
        (self.folder / "expected.json").write_text(text + "\n")

    def file(self, name: str) -> Path:
        """Looks up a file in the folder of the case, then in the shared folder."""
        own = self.folder / name
        return own if own.exists() else self.folder.parent.parent / "shared" / name

    def should_fail(self, command: Json) -> bool:
        return command.get("expect", self.settings["expect"]) == "failure"


class Trial:
    """A run of a case with a CLI in a new folder. The server and the engine are emptied first."""

    def __init__(self, case: Case, server: Server, docker: Docker | None, folder: Path) -> None:
        self.case = case
        self.server = server
        self.docker = docker if case.needs_docker else None
        self.project = folder / case.settings.get("project_name", "project")
        self.symbols = Symbols(
            {
                str(self.project): "<PROJECT>",
                str(folder): "<HOME>",
                server.api: "<API>",
                server.origin: "<SERVER>",
            }
        )
        self.environment = {
            **minimal_environment(folder),
            "PREFECT_API_URL": server.api,
            "DOCKER_HOST": self.docker and self.docker.host,
            **case.settings.get("env", {}),
        }

    def prepare(self) -> None:
        shutil.copytree(self.case.folder / "project", self.project)
        if git := self.case.settings.get("git"):
            _make_repository(self.project, git)
        self.server.wipe()
        if self.docker:
            self.docker.wipe()
        for item in self.case.settings.get("setup", []):
            self._set_up(item)

    def _set_up(self, item: Json) -> None:
        if pool := item.get("work_pool"):
            template = item.get("base_job_template")
            body = {
                "name": pool,
                "type": item.get("type", "process"),
                "base_job_template": json.loads(self.case.file(template).read_text()) if template else {},
            }
            self.server.call("POST", "/work_pools/", body)
        elif variable := item.get("variable"):
            self.server.call("POST", "/variables/", {"name": variable, "value": item["value"]})
        elif block := item.get("block"):
            self.server.make_block(*block.split("/"), item["data"])
        elif (tag := item.get("image")) and self.docker:
            self.docker.import_image(self.case.file(item["from"]), tag)
        else:
            self.server.call(*item["api"])

    def run(self, cli: list[str], timeout: float) -> list[Json]:
        """Runs the commands. Returns the exit code, changes and output of each, and the JSON documents they print."""
        steps = []
        before = self._snapshot()
        for command in self.case.commands:
            if self._alter(command):
                before = self._snapshot()
            status, output, document = self._execute(cli, command, timeout)
            after = self._snapshot()
            shown = shlex.join(["prefect", *command["argv"]])
            step = {"command": shown, "exit": status, "changes": _changes(before, after), "output": output}
            if document is not None:
                step["document"] = self.symbols.hide(document)
            steps.append(step)
            before = after
        return steps

    def rewritten(self, steps: list[Json], cli: list[str], timeout: float) -> list[str]:
        """Repeats the last deploy. Returns a line for each object that it writes, even without changes."""
        commands = zip(self.case.commands, steps, strict=True)
        deploys = [one for one, step in commands if one["argv"][0] == "deploy" and step["exit"] == 0]
        if not deploys or "again" in self.case.settings:
            return []
        before = self.server.state()
        status, output, _ = self._execute(cli, deploys[-1], timeout)
        after = self.server.state()
        wrong = [f"  deployed again: exit {status}\n{output}"] if status != 0 else []
        for collection, entities in after.items():
            for entity in [*entities.values(), *before[collection].values()]:
                if before[collection].get(entity["id"]) != entities.get(entity["id"]):
                    wrong.append(f"  deployed again: {collection}: {entity['name']} was written")
        return sorted(set(wrong))

    def _alter(self, command: Json) -> bool:
        """Executes the actions before a command. Returns whether there were any."""
        for target, source in command.get("copy", {}).items():
            shutil.copyfile(self.project / source, self.project / target)
        for call in command.get("api", []):
            with suppress(SuiteError):  # the request may refer to an object that the CLI failed to create
                self.server.call(*self.symbols.reveal(call))
        return "copy" in command or "api" in command

    def _execute(self, cli: list[str], command: Json, timeout: float) -> tuple[int | str, str, Json]:
        """Executes a command. Returns its exit code, its output and, with `--output json`, its JSON document."""
        prints_document = command["argv"][-2:] == ["--output", "json"]
        environment = self.symbols.reveal({**self.environment, **command.get("env", {})})
        try:
            done = subprocess.run(
                [*cli, *self.symbols.reveal(command["argv"])],
                cwd=self.project / command.get("cwd", "."),
                env={name: value for name, value in environment.items() if value is not None},
                input=command.get("stdin", "").encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if prints_document else subprocess.STDOUT,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            return "none: timed out", "", None
        document = json.loads(done.stdout) if prints_document and done.returncode == 0 else None
        return done.returncode, (done.stdout + (done.stderr or b"")).decode(errors="replace"), document

    def _snapshot(self) -> Snapshot:
        local = {"files": _files(self.project), **(self.docker.snapshot() if self.docker else {})}
        return {**self.server.snapshot(self.symbols), **self.symbols.hide(local)}


def run_case(
    case: Case, cli: list[str], server: Server, docker: Docker | None, timeout: float, *, again: bool
) -> tuple[list[Json], list[str]]:
    """Runs a case. Returns the effects of each command and, if `again`, the writes of the repeated last deploy."""
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        trial = Trial(case, server, docker, Path(folder).resolve())
        trial.prepare()
        steps = trial.run(cli, timeout)
        return steps, trial.rewritten(steps, cli, timeout) if again else []


def _make_repository(project: Path, git: Json) -> None:
    dates = {"GIT_AUTHOR_DATE": COMMIT_DATE, "GIT_COMMITTER_DATE": COMMIT_DATE}
    for arguments in (
        ["init", "--quiet", "-b", git["branch"]],
        ["remote", "add", "origin", git["remote"]],
        ["add", "--all"],
        ["commit", "--quiet", "-m", git["message"]],
    ):
        subprocess.run(
            ["git", *COMMITTER, *arguments],
            cwd=project,
            env={**minimal_environment(project), **dates},
            check=True,
            capture_output=True,
        )


def _files(project: Path) -> dict[str, list[str]]:
    """Returns the lines of the project's files, without those of Git and Python caches."""
    found = {}
    for path in sorted(project.rglob("*")):
        name = path.relative_to(project).as_posix()
        if path.is_file() and "__pycache__" not in name and not name.startswith(".git/"):
            found[name] = path.read_bytes().decode(errors="replace").split("\n")
    return found


def _changes(before: Snapshot, after: Snapshot) -> Snapshot:
    """Returns created, changed and deleted objects by section. Omits sections without changes."""
    changed = {}
    for section, entities in after.items():
        names = {**before[section], **entities}
        altered = {
            name: entities.get(name, "REMOVED") for name in names if before[section].get(name) != entities.get(name)
        }
        if altered:
            changed[section] = altered
    return changed
