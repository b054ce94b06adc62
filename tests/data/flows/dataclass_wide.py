# entrypoint: dataclass_wide.py:my_flow
import dataclasses
from dataclasses import KW_ONLY, InitVar, dataclass, field
from typing import ClassVar, Generic, List, Optional, TypeVar

from prefect import flow
from pydantic import Field
from pydantic.dataclasses import dataclass as checked

T = TypeVar("T")


@dataclass
class Base:
    a: int
    b: str = "b"


@dataclass(order=True)
class Child(Base):
    """A child."""

    c: Optional[Base] = None
    d: List[int] = field(default_factory=lambda: [1])
    e: ClassVar[int] = 3
    f: InitVar[int] = 4
    _: KW_ONLY
    g: float = field(default=1.5, metadata={"description": "The g.", "title": "G!", "other": 1})
    h: int = field(default=0, init=False, repr=False)


@checked
class Checked:
    n: int = Field(1, ge=0, description="n")
    m: "List[Checked]" = Field(default_factory=list)


@dataclasses.dataclass
class Plain:
    x: "int"
    y: "Optional[Base]" = None


@flow
def my_flow(child: Child, checked: Checked, plain: Plain, many: List[Base] = [Base(1)]):
    pass
