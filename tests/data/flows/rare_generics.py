# entrypoint: rare_generics.py:my_flow
import typing
from typing import Generic, List, NewType, Optional, TypeVar

from prefect import flow
from pydantic import BaseModel, Json

T = TypeVar("T")
UserId = NewType("UserId", int)


class Outer:
    class Inner(BaseModel):
        x: int


class Page(BaseModel, Generic[T]):
    items: List[T]


@flow
def my_flow(
    a: Page[Outer.Inner],
    b: Page[typing.AnyStr],
    c: Page[Json[int]],
    d: Page[UserId],
    e: Optional[Page[Optional[Outer.Inner]]] = None,
):
    pass
