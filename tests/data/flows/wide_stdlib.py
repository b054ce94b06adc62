# entrypoint: wide_stdlib.py:my_flow
import asyncio
import datetime as dt
import decimal
import fractions
import ipaddress
import logging
import os
import pathlib
import queue
import re
import threading
import uuid
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, MutableMapping, MutableSequence, Sequence, Set
from typing import IO, Any, Deque, DefaultDict, Hashable, Tuple, Type
from zoneinfo import ZoneInfo

from prefect import flow


@flow
def my_flow(
    a: pathlib.PurePosixPath,
    b: ipaddress.IPv6Network,
    c: ipaddress.IPv4Interface,
    d: re.Pattern[str],
    e: Deque[int],
    f: DefaultDict[str, list],
    g: Counter[str],
    h: OrderedDict[str, float],
    i: ChainMap[str, int],
    j: Collection[int],
    k: Set[int],
    l: MutableMapping[str, Any],
    m: MutableSequence[bytes],
    n: Iterator[int],
    o: Awaitable[int],
    p: IO[str],
    q: os.PathLike,
    r: ZoneInfo,
    s: fractions.Fraction,
    t: complex,
    u: logging.Logger,
    v: threading.Event,
    w: queue.Queue,
    x: asyncio.Queue,
    y: Type[int],
    z: Hashable,
    aa: Tuple[int, ...],
    bb: tuple[()],
    cc: dt.timezone,
    dd: Callable[..., int] = print,
    ee: Iterable[Mapping[uuid.UUID, Sequence[decimal.Decimal]]] = (),
    ff: deque = None,
    gg: dict[dt.date, int] = {},
    hh: dict[pathlib.Path, int] = {},
    ii: dict[int, str] = {},
    jj: frozenset[dt.time] = frozenset(),
    kk: defaultdict[str, int] = None,
    ll: range = range(3),
    mm: Exception = None,
    nn: bytearray = b"",
):
    pass
