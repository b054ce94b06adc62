# entrypoint: rare_wrappers.py:my_flow
import collections
import enum
import re
from typing import Annotated, ClassVar, Final, NamedTuple, NewType, Optional, Sequence, Union

from prefect import flow
from pydantic import Field, Json, Secret
from typing_extensions import TypedDict

UserId = NewType("UserId", Annotated[int, Field(description="an id")])


class Row(TypedDict):
    key: Annotated[int, Field(2, ge=0)]


class Pair(NamedTuple):
    left: Annotated[int, Field(2, ge=0)]


class Twice(enum.Enum):
    A = 1
    B = True


@flow
def my_flow(
    a: Row,
    b: Pair,
    c: Twice,
    d: UserId,
    e: Secret[Annotated[int, Field(description="secret")]],
    f: Union[Annotated[re.Pattern, Field(examples=[1])], int],
    g: Annotated[Union[Annotated[int, Field(description="lost")]], "note"],
    h: collections.defaultdict[str, Sequence[int]],
    i: type[Optional[int]],
    j: Union[None, None],
    o: Json[Annotated[int, Field(description="lost", ge=1)]],
    k: Final[int] = ...,
    l: Final[int] = Field(default_factory=int),
    m: Final[int] = 3,
    n: Annotated[ClassVar[int], "note"] = 1,
):
    pass
