"""Reads 1,000 flow files from source, compared with importing them as the real prefect does."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from .measure import in_turns, time
from .rows import Row
from .setting import Setting

FILES = 1000
FOLDERS = 20

SHARED = '''import enum

from pydantic import BaseModel, Field

BUCKET = "s3://data"
LIMITS = {"rows": 10 * 1000, "seconds": 60}


class Region(str, enum.Enum):
    EU = "eu-west-1"
    US = "us-east-1"


class Connection(BaseModel):
    """The address to connect to."""

    host: str = "localhost"
    port: int = Field(5432, ge=1, le=65535, description="The port.")
    options: dict[str, str] = {}
'''

FLOW = '''"""Loads table NUMBER."""

from __future__ import annotations

import datetime
from typing import Any, Literal, Optional

from prefect import flow, get_run_logger, task
from pydantic import BaseModel

from shared import BUCKET, LIMITS, Connection, Region


class TableNUMBER(BaseModel):
    name: str
    columns: list[str] = []
    partition: Optional[datetime.date] = None


@task(retries=2)
def extract_NUMBER(table: TableNUMBER, limit: int) -> list[dict[str, Any]]:
    rows = []
    for index in range(limit):
        if index % 2 == 0:
            rows.append({"id": index, "table": table.name, "columns": table.columns})
        else:
            rows.append({"id": index, "name": f"{table.name}-{index}"})
    return rows


@task
def write_NUMBER(rows: list[dict[str, Any]], bucket: str) -> int:
    try:
        return len([row for row in rows if row.get("id", 0) >= 0 and bucket])
    except (KeyError, ValueError) as error:
        raise RuntimeError(f"cannot write to {bucket}") from error


@flow(name="load table NUMBER", log_prints=True, retries=1)
def load_NUMBER(
    table: TableNUMBER,
    connection: Connection = Connection(),
    region: Region = Region.EU,
    mode: Literal["append", "replace"] = "append",
    bucket: str = f"{BUCKET}/NUMBER",
    limit: int = LIMITS["rows"],
    since: Optional[datetime.datetime] = None,
    tags: list[str] | None = None,
) -> int:
    """Loads the table.

    Args:
        table: The table to load.
        mode (str): Whether rows are added
            or replace those there.
        limit: How many rows at most.
    """
    logger = get_run_logger()
    rows = extract_NUMBER(table, limit)
    logger.info("%d rows of %s", len(rows), table.name)
    return write_NUMBER(rows, bucket)


if __name__ == "__main__":
    load_NUMBER(TableNUMBER(name="t"))
'''

IMPORT = '''
import sys
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

for index in range(int(sys.argv[1])):
    parameter_schema(load_flow_from_entrypoint(f"team_{index % 20}/flow_{index}.py:load_{index}"))
'''


def run(setting: Setting):
    folder = setting.folder("flows")
    write_project(folder)
    listed = subprocess.run(
        [setting.program, "flow", "ls", ".", "--output", "json"], cwd=folder, capture_output=True, check=True
    )
    exact = json.loads(listed.stdout) and listed.stdout.count(b'"exact"')
    ours = in_turns({"": lambda: setting.run([setting.program, "flow", "ls", "."], folder)}, setting.rounds(11))[""]
    compared, reached = "", ours.seconds < 0.5
    if setting.reference:
        imported = in_turns(
            {"": lambda: setting.run([setting.python, "-c", IMPORT, str(FILES)], folder)}, setting.rounds(3), warm=False
        )[""]
        ratio = imported.seconds / ours.seconds
        compared = f"importing them with Prefect: {time(imported.seconds)} ({imported.spread}), {ratio:.0f} times slower"
        reached = reached and ratio >= 150
    seen = f"{time(ours.seconds)} ({ours.spread}), {exact} exact schemas"
    yield Row(f"schemas of {FILES:,} flow files", "0.5 s; 150 times faster than importing", seen, compared, reached)


def write_project(folder: Path) -> None:
    (folder / "shared.py").write_text(SHARED)
    for number in range(FILES):
        team = folder / f"team_{number % FOLDERS}"
        team.mkdir(exist_ok=True)
        (team / f"flow_{number}.py").write_text(FLOW.replace("NUMBER", str(number)))
