# entrypoint: deco_options_object.py:my_flow
from datetime import timedelta
from functools import partial

from prefect import flow, task
from prefect.cache_policies import INPUTS
from prefect.futures import wait
from prefect.task_runners import ConcurrentTaskRunner, ThreadPoolTaskRunner

retry = partial(task, retries=3)
OPTIONS = {"name": "from options", "log_prints": True}


def hook(flow, run, state):
    pass


@flow(
    **OPTIONS,
    task_runner=ThreadPoolTaskRunner(max_workers=2),
    on_completion=[hook],
    retry_delay_seconds=timedelta(seconds=3).total_seconds(),
    flow_run_name="{a}-run",
    timeout_seconds=60 * 5,
)
def my_flow(a: int = 1):
    return wait([])
