"""What the signatures use: one class, alias or constant of every kind."""

import dataclasses
import datetime
import decimal
import enum
import typing
import uuid
from collections import namedtuple
from dataclasses import dataclass, field
from pathlib import Path
from typing import (
    Annotated, Any, ClassVar, Dict, Generic, List, Literal, NamedTuple, NewType, Optional, TypeVar, Union,
)

import pydantic
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, RootModel, SecretStr, computed_field, field_validator
from pydantic.alias_generators import to_camel
from typing_extensions import NotRequired, Required, TypeAlias, TypeAliasType, TypedDict

LIMIT = 7
RATIO = 0.25
NAME = "n"
FLAGS = ("a", "b")
TABLE = {"x": 1, "y": [2, 3]}
START = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
BASE: Path = Path("data") / "in"
BIG = 10**15


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    """Levels."""

    LOW = 1
    HIGH = 2


class Size(str, enum.Enum):
    SMALL = "s"
    LARGE = "l"

    @property
    def long(self):
        return self.value * 2


class Auto(enum.Enum):
    FIRST = enum.auto()
    SECOND = enum.auto()


class Word(enum.StrEnum):
    ALPHA = enum.auto()
    BETA = "BETA"


class Mixed(enum.Enum):
    NUMBER = 1
    TEXT = "t"
    NOTHING = None


class Twice(enum.Enum):
    A = 1
    B = 1
    C = 2


class Weight(float, enum.Enum):
    HALF = 0.5
    ONE = 1


class Bits(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()
    BOTH = READ | WRITE


class IntBits(enum.IntFlag):
    ONE = 1
    TWO = 2


class Inner(BaseModel):
    x: int
    y: Optional[str] = None


class Model(BaseModel):
    """A model.

    With more text.
    """

    a: int = 1
    inner_list: list[Inner] = []
    c: Color = Color.RED
    d: dict[str, Inner] = Field(default_factory=dict, description="dd")


class Child(Model):
    size_gb: float = Field(1.5, ge=0, le=10)
    a: str = "over"
    KIND: ClassVar[int] = 3


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", title="Strictly")
    some_HTTPValue2x: int = Field(..., alias="bAlias", examples=[1, 2])
    other: Annotated[str, Field(min_length=1, title="Other!")] = "o"
    choice: int = Field(3, validation_alias=AliasChoices("one", "two"))
    hidden: int = Field(1, exclude=True)
    _private: int = 3


class Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)
    first_name: str
    last_name2: Optional[int] = None


class Old(BaseModel):
    when: datetime.date = datetime.date(2024, 1, 1)

    class Config:
        extra = "allow"
        json_schema_extra = {"example": {"when": "x"}}


class Validated(BaseModel):
    n: int = 1

    @field_validator("n")
    @classmethod
    def check(cls, value):
        return value

    @computed_field
    @property
    def double(self) -> int:
        return self.n * 2


class Tree(BaseModel):
    value: int = 0
    children: list["Tree"] = []
    parent: Optional["Tree"] = None


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    names: List[str] = Field(default_factory=list, max_length=3)


class Ints(RootModel[List[int]]):
    pass


class Mapping_(RootModel):
    """Rooted."""

    root: Dict[str, Inner] = {}


T = TypeVar("T")
K = TypeVar("K", bound=BaseModel)
S = TypeVar("S", int, str)


class Page(BaseModel, Generic[T]):
    items: List[T]
    total: int = 0


class Pair_(BaseModel, Generic[T, K]):
    left: T
    right: Optional[K] = None


class Box(typing.Generic[T]):
    pass


@dataclass
class Point:
    p: float
    q: list[int] = field(default_factory=list)
    r: Optional[Inner] = None


@dataclass(frozen=True, kw_only=True)
class Documented:
    """Has a docstring."""

    name: str = field(default="n", metadata={"description": "the name"})
    level: Level = Level.LOW


@pydantic.dataclasses.dataclass
class Checked:
    count: int = Field(2, gt=0)
    label: Annotated[str, Field(description="l")] = "x"


class Row(TypedDict):
    id: int
    tags: NotRequired[list[str]]


class Loose(TypedDict, total=False):
    """Loosely."""

    a: Required[int]
    b: Optional[str]


Made = TypedDict("Made", {"k": int, "the-other": str})


class Coordinates(NamedTuple):
    x: int
    y: float = 1.5


Nt = namedtuple("Nt", ["a", "b"])


class Plain:
    LIMIT = 4

    class Nested(enum.Enum):
        N = "n"

    class Deep(BaseModel):
        z: int = 1


class Callback(typing.Protocol):
    def __call__(self) -> None: ...


@typing.runtime_checkable
class Runtime(typing.Protocol):
    def go(self) -> None: ...


UserId = NewType("UserId", int)
Names = NewType("Names", List[str])
Json_ = Dict[str, Any]
Number = Union[int, float]
MaybeInt: TypeAlias = Optional[int]
Positive = Annotated[int, Field(gt=0, description="positive")]
Mode = Literal["fast", "slow"]
Modes = Literal[Mode, "off"]
Alias = TypeAliasType("Alias", List[int])
Pet = Annotated[Union[Cat, Dog], Field(discriminator="kind")]
