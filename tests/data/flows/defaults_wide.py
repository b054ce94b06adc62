# entrypoint: defaults_wide.py:my_flow
import datetime as dt
import decimal
import enum
import fractions
import ipaddress
import math
import os
import pathlib
import re
import string
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from prefect import flow
from pydantic import BaseModel

HERE = "a"
DAY = dt.timedelta(days=1)
NAMES = {"x": [1, 2], "y": (3,)}
BASE = Path("/data")


class Color(enum.Enum):
    RED = 1
    BLUE = "blue"

    @classmethod
    def default(cls):
        return cls.RED


class Config(BaseModel):
    size: int = 1
    name: Optional[str] = None
    color: Color = Color.RED


@dataclass
class Point:
    x: int = 0
    tags: list = field(default_factory=list)


@flow
def my_flow(
    a: Any = dt.datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=dt.timezone.utc),
    b: Any = dt.datetime(2024, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=-5))),
    c: Any = dt.date.min,
    d: Any = dt.time.max,
    e: Any = DAY * 2 + dt.timedelta(minutes=5),
    f: Any = -DAY,
    g: Any = BASE / "x" / f"{HERE}.txt",
    h: Any = (BASE / "x").name,
    i: Any = str(BASE),
    j: Any = Color["BLUE"],
    k: Any = Color(1),
    l: Any = [c for c in "abc"],
    m: Any = {**NAMES, "z": None},
    n: Any = NAMES["x"][-1],
    o: Any = NAMES.get("q", 4),
    p: Any = decimal.Decimal("1.10"),
    q: Any = fractions.Fraction(1, 3),
    r: Any = uuid.UUID("12345678123456781234567812345678"),
    s: Any = re.compile("a+", re.I),
    t: Any = ipaddress.ip_address("10.0.0.1"),
    u: Any = math.pi * 2,
    v: Any = Config(),
    w: Any = Config(size=3, name="n"),
    x: Any = Point(),
    y: Any = Point(1, ["a"]),
    z: Any = "%s-%02d" % ("x", 3),
    aa: Any = "{:>5}|{!r}".format("a", "b"),
    bb: Any = f"{3.14159:.2f} {1000000:,} {'a':<3}|{255:#x}",
    cc: Any = string.ascii_lowercase[:3],
    dd: Any = 10**20,
    ee: Any = 1_000.5e3,
    ff: Any = 0b101 | 0x10,
    gg: Any = not [] and "yes" or "no",
    hh: Any = (1, "a") + (2.5,),
    ii: Any = sorted({"b", "a"}, reverse=True),
    jj: Any = len(NAMES),
    kk: Any = max(3, 1, 2),
    ll: Any = "a,b".split(","),
    mm: Any = "Title Case".title().replace(" ", "_"),
    nn: Any = [Color.RED, Config(size=2)],
    oo: Any = {Color.RED: 1},
    pp: Any = Config,
    qq: Any = lambda x: x,
    rr: Any = os.path.join("a", "b", "c"),
    ss: Any = sys.maxsize,
    tt: Any = dt.timedelta(weeks=1),
    uu: Any = dt.datetime.fromisoformat("2024-01-02T03:04:05"),
    vv: Any = dt.date(2024, 1, 31) + dt.timedelta(days=1),
    ww: Any = b"bytes",
    xx: Any = {1, 2, 3},
    yy: Any = frozenset({"only"}),
    zz: Any = ...,
):
    pass
