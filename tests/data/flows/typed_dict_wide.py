# entrypoint: typed_dict_wide.py:my_flow
from collections import namedtuple
from typing import Annotated, List, NamedTuple, Optional

from prefect import flow
from pydantic import Field
from typing_extensions import NotRequired, ReadOnly, Required, TypedDict


class Base(TypedDict):
    a: int


class Child(Base, total=False):
    """A child."""

    b: Required[str]
    c: "Optional[Base]"
    d: Annotated[int, Field(gt=0, description="The d.")]
    e: List["Child"]


class Partial(TypedDict):
    x: NotRequired[int]
    y: ReadOnly[str]
    z: Annotated[NotRequired[int], Field(description="z")]


Functional = TypedDict("Functional", {"in": int, "class": NotRequired[str]}, total=True)


class Point(NamedTuple):
    """A point."""

    x: int
    y: float = 0.5
    label: Optional[str] = None


Old = namedtuple("Old", "a b")
Defaults = namedtuple("Defaults", ["a", "b"], defaults=[1])


@flow
def my_flow(child: Child, partial: Partial, old: Old, point: Point = Point(1, 2.0), points: List[Point] = []):
    pass
