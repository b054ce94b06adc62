"""Flows with computed defaults."""

import json
import os
import textwrap
from datetime import date, datetime, time, timedelta, timezone
from typing import Optional

import config
import helpers
from config import settings
from helpers import Other, Paths, Registry, bucket, items, options, start_of
from kinds import Color, Level, Listed, Mode, Region, Same, Sub, Team
from prefect import flow
from pydantic import BaseModel, validate_call

START = datetime.strptime("2024-01-31 12", "%Y-%m-%d %H")


class Options(BaseModel):
    color: Color = Color.RED
    modes: list[Mode] = [Mode.FULL]


def _limit(n=10):
    return n * LIMIT


LIMIT = 5


@flow(description=__doc__)
def functions(
    a: str = bucket(),
    b: str = helpers.bucket("clean", stage="prod"),
    c: str = bucket(stage="qa"),
    d: list[str] = items("TABLES", "a, b,,c"),
    e: dict = options(),
    f: date = start_of(2024) + timedelta(days=30),
    g: str = f"{bucket()}/x",
    h: str = Paths.raw("x"),
    i: str = Paths.out(),
    j: str = Other.out("y"),
    k: int = _limit(),
    m: list[str] = [bucket(name) for name in ("a", "b")],
):
    """Reads defaults."""


LIMIT = 7


@flow
def library(
    a: date = START.date(),
    b: str = START.strftime("%Y%m%d"),
    c: str = f"{START:%d.%m.%Y}",
    d: datetime = START.replace(hour=6, day=1),
    e: list = [START.year, START.hour],
    f: str = str(START),
    g: str = START.replace(tzinfo=timezone.utc).isoformat(),
    h: datetime = datetime.combine(START.date(), time(5)),
    i: datetime = datetime.fromtimestamp(0, tz=timezone.utc),
    j: float = timedelta(hours=1, milliseconds=500).total_seconds(),
    k: dict = json.loads('{"a": [1, 1.5, null, true]}'),
    m: str = json.dumps({"a": [1, "é"], "b": 1.0}),
    n: str = textwrap.dedent("\n    select *\n      from t\n   \n    where x\n").strip(),
    o: dict = dict(zip("ab", [1, 2])),
    p: list = list(enumerate("ab", 1)),
    q: list = list(map(int, "1,2".split(","))),
    r: tuple = tuple(x.upper() for x in "ab"),
    s: str = ",".join(f"{k}={v}" for k, v in {"a": 1, "b": 2}.items()),
    t: list = [any(x > 1 for x in [1, 2]), all([]), next(iter("ab"))],
    u: list = ["7".zfill(3), "-7".zfill(4), "a,b,c".split(",", 1), "a.b.c".rsplit(".", 1), "s3://b/k".partition("://")],
    v: list = ["a\nb\n".splitlines(), "banana".count("a"), "abc".find("c"), "1".isdigit(), int("1_000"), os.linesep],
    w: dict = dict.fromkeys(["a", "b"], 0),
    x: list = list(reversed([1, 2])),
):
    """Reads defaults."""


@flow
def kinds_of(
    color: Color,
    region: Region = Region.US,
    mode: Mode = Mode["DELTA"],
    listed: Listed = Listed.B,
    level: Level = Level.HIGH,
    team: Optional[Team] = None,
    same: Same = Same.B,
    sub: Sub = Sub.A,
    names: list = [c.name for c in Color],
    value: str = Region("eu-1").value,
    options: Options = Options(color=Color.BLUE),
):
    """Reads defaults."""


@flow
def configured(
    bucket: str = settings.bucket,
    size: int = config.settings.size,
    rate: float = settings.rate,
    tables: list[str] = settings.tables,
    stage: str = settings.stage,
    token: Optional[str] = settings.token,
    path: str = f"s3://{settings.bucket}/x",
):
    """Reads defaults."""


@Registry.flow("daily")
def registered(n: int = 1):
    """Registered."""


@flow(version="1")
@validate_call
def validated(n: int = 1):
    """Validated."""
