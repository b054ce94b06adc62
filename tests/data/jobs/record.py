"""Records the jobs that the real worker libraries prepare, as the expectations of the tests of `src/job`.

    python -m venv workers
    workers/bin/pip install -r tests/requirements.txt prefect-kubernetes==0.8.0 prefect-docker==0.7.4
    workers/bin/python tests/data/jobs/record.py src/base_job_template/bundled.json > tests/data/jobs/recorded.json

What depends on the machine of a worker is left out: its settings, its environment, its Python and its version.
"""

import asyncio
import copy
import json
import os
import sys
from datetime import datetime, timezone
from unittest import mock
from uuid import UUID

import prefect_docker.worker as docker
import prefect_kubernetes.worker as kubernetes
from prefect.client.schemas.objects import Flow, FlowRun, WorkPool
from prefect.client.schemas.responses import DeploymentResponse
from prefect.workers import process
from prefect.workers.base import BaseJobConfiguration

IMAGE = "prefecthq/prefect:3-latest"
KINDS = {
    "kubernetes": kubernetes.KubernetesWorkerJobConfiguration,
    "docker": docker.DockerWorkerJobConfiguration,
    "process": process.ProcessJobConfiguration,
}
CONTAINER = "job_manifest.spec.template.spec.containers.0"

# kind, job variables of the deployment; besides: `run` (of the run), `defaults` and `job` (changes to the template),
# `names` of deployment, flow and run
CASES = {
    "kubernetes-plain": ("kubernetes", {}),
    "kubernetes-guide": (
        "kubernetes",
        {"image": "registry.example.com/team/flows:abc", "namespace": "prefect", "env": {"STAGE": "prod"}},
        {"defaults": {"image_pull_policy": "Always", "finished_job_ttl": 60}},
    ),
    "kubernetes-resources": ("kubernetes", {"cpu_request": "500m", "memory_limit": "2Gi"}),
    "kubernetes-env-types": ("kubernetes", {"env": {"N": 3, "B": True, "F": 1.5, "NONE": None, "TEXT": "a b"}}),
    "kubernetes-env-layers": (
        "kubernetes",
        {"env": {"A": "deployment", "B": "deployment"}, "env.C": "dotted"},
        {"defaults": {"env": {"A": "pool", "D": "pool"}}, "run": {"env": {"B": "run"}, "image": "run:1"}},
    ),
    "kubernetes-env-list": (
        "kubernetes",
        {"env": {"OURS": "1"}},
        {
            "job": {
                f"{CONTAINER}.env": [
                    {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                    {"name": "OURS", "value": "hard"},
                ]
            }
        },
    ),
    "kubernetes-command": ("kubernetes", {"command": "bash -c 'echo \"hi there\" && prefect flow-run execute'"}),
    "kubernetes-labels": (
        "kubernetes",
        {"labels": {"team": "Data & AI", "example.com/cost center": "x" * 70}},
        {"names": ["default, v1,000", "my 'odd' flow", "Loud Lizard!"]},
    ),
    "kubernetes-name": ("kubernetes", {"name": "job-{{ ctx.flow.name }}-{{ ctx.flow_run.name }}"}),
    "kubernetes-annotations": ("kubernetes", {}, {"job": {"job_manifest.metadata.annotations": {"a b/c d": "x y"}}}),
    "kubernetes-retries": ("kubernetes", {}, {"job": {"job_manifest.spec.backoffLimit": 3}}),
    "kubernetes-behavior": ("kubernetes", {"env": {"PREFECT_FLOW_RUN_EXECUTE_SIGTERM_BEHAVIOR": "reschedule"}}),
    "kubernetes-pod": (
        "kubernetes",
        {"service_account_name": "runner"},
        {
            "job": {
                "job_manifest.spec.template.metadata": {"labels": {"app": "x"}, "annotations": {"n": "1"}},
                "job_manifest.metadata.annotations": {"m": "2"},
                "job_manifest.spec.template.spec.nodeSelector": {"zone": "{{ namespace }}"},
            }
        },
    ),
    "docker-plain": ("docker", {}),
    "docker-full": (
        "docker",
        {
            "image": "team/flows:1",
            "networks": ["a", "b"],
            "volumes": ["/data:/data"],
            "mem_limit": "1g",
            "auto_remove": True,
            "env": {"N": 3},
            "labels": {"example.com/team": "data"},
        },
    ),
    "docker-layers": (
        "docker",
        {"env": {"A": "1"}},
        {"defaults": {"image": "pool:1", "env": {"A": "0", "B": "0"}}, "run": {"image": "run:1"}},
    ),
    "docker-names": (
        "docker",
        {"name": "_Loud lizard, 1,000"},
        {"names": ["dep", "Flow Name", "run name"]},
    ),
    "process-plain": ("process", {}),
    "process-full": (
        "process",
        {"command": "python -m mine", "working_dir": "/srv/flows", "stream_output": False, "env": {"X": "1"}},
    ),
    "process-layers": ("process", {"env.A": "1"}, {"defaults": {"env": {"B": "2"}}, "run": {"env": {"C": "3"}}}),
    "process-constant": ("process", {}, {"job": {"env": {"FIXED": "1", "E": "x"}}, "defaults": {"env": {"E": "y"}}}),
}


def put(target, path, value):
    *steps, last = path.split(".")
    for step in steps:
        target = target[int(step)] if isinstance(target, list) else target.setdefault(step, {})
    target[last] = value


def subject(templates, kind, variables, changes):
    template = copy.deepcopy(templates[kind])
    for name, default in changes.get("defaults", {}).items():
        template["variables"]["properties"][name]["default"] = default
    for path, value in changes.get("job", {}).items():
        put(template["job_configuration"], path, value)
    # What is not needed to fill in a template only makes the record long.
    properties = template["variables"]["properties"]
    template["variables"] = {
        "properties": {name: {"default": one["default"]} for name, one in properties.items() if "default" in one}
    }
    deployment, flow, run = changes.get("names", ["default", "hello", "horned-lizard"])
    return {
        "pool": {
            "id": "46210725-d5de-4d1e-8b33-5a32dca3c5c2",
            "name": "pool",
            "type": kind,
            "base_job_template": template,
        },
        "deployment": {
            "id": "0b7a5a3e-0000-4000-8000-000000000001",
            "flow_id": "0b7a5a3e-0000-4000-8000-000000000002",
            "name": deployment,
            "updated": "2026-11-23T14:00:00.123456Z",
            "job_variables": variables,
        },
        "flow_name": flow,
        "run": {
            "id": "0b7a5a3e-0000-4000-8000-a323bd2c1d1e",
            "name": run,
            "job_variables": changes.get("run", {}),
        },
    }


async def prepared(given):
    pool, deployment, run = given["pool"], given["deployment"], given["run"]
    updated = datetime(2026, 11, 23, 14, 0, 0, 123456, tzinfo=timezone.utc)
    flow = Flow(id=UUID(deployment["flow_id"]), name=given["flow_name"])
    client = mock.Mock()
    client.read_flow = mock.AsyncMock(return_value=flow)
    configuration = await KINDS[pool["type"]].resolve_for_flow_run(
        FlowRun(
            id=UUID(run["id"]),
            name=run["name"],
            flow_id=flow.id,
            deployment_id=UUID(deployment["id"]),
            job_variables=copy.deepcopy(run["job_variables"]),
        ),
        client=client,
        work_pool=WorkPool(**copy.deepcopy(pool)),
        worker_name=None,
        deployment=DeploymentResponse(**copy.deepcopy({**deployment, "updated": updated})),
    )
    configuration = configuration.model_dump(mode="json")
    submitted = configuration.get("job_manifest") or configuration
    return {key: value for key, value in submitted.items() if value is not None}


def main():
    with open(sys.argv[1]) as file:
        templates = json.load(file)
    for name in [name for name in os.environ if name.startswith("PREFECT")]:
        del os.environ[name]
    with (
        mock.patch.object(BaseJobConfiguration, "_base_environment", staticmethod(lambda: {})),
        mock.patch.object(docker.DockerWorkerJobConfiguration, "_base_environment", lambda self: {}),
        mock.patch.object(kubernetes, "get_prefect_image_name", lambda: IMAGE),
        mock.patch.object(docker, "get_prefect_image_name", lambda: IMAGE),
        mock.patch.object(docker.DockerWorkerJobConfiguration.model_fields["image"], "default_factory", lambda: IMAGE),
        mock.patch.object(process, "get_sys_executable", lambda: "python"),
        mock.patch.object(process.os, "environ", {}),
    ):
        docker.DockerWorkerJobConfiguration.model_rebuild(force=True)
        recorded = []
        for name, (kind, variables, *changes) in CASES.items():
            given = subject(templates, kind, variables, changes[0] if changes else {})
            recorded.append({"case": name, **given, "submitted": asyncio.run(prepared(given))})
    print("[\n" + ",\n".join(json.dumps(case) for case in recorded) + "\n]")


main()
