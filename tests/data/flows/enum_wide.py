# entrypoint: enum_wide.py:my_flow
import enum
from enum import Enum, IntEnum, StrEnum, auto, unique
from typing import Literal, Optional


from prefect import flow


class Base(str, Enum):
    def describe(self):
        return self.value


class Child(Base):
    A = "a"
    B = "b"


@unique
class Ordered(IntEnum):
    LOW = auto()
    HIGH = auto()
    TOP = 10


class Lower(StrEnum):
    """Lower."""

    FIRST_ONE = auto()
    SECOND = "Second"


class Tuples(Enum):
    ONE = (1, "a")
    TWO = (2, "b")


class Ignored(Enum):
    _ignore_ = ["x"]
    A = 1
    B = None


class Nested(Enum):
    A = "a"

    class Inner:
        pass

    @property
    def label(self):
        return self.name.title()

    @staticmethod
    def of(value):
        return Nested(value)


class Permission(enum.Flag):
    READ = auto()
    WRITE = auto()
    ALL = READ | WRITE


Functional = Enum("Functional", ["X", "Y"])


@flow
def my_flow(
    a: Child = Child.A,
    b: Ordered = Ordered.HIGH,
    c: Optional[Lower] = Lower.FIRST_ONE,
    d: Tuples = Tuples.TWO,
    e: Nested = Nested.A,
    f: Permission = Permission.READ,
    g: Literal[Child.A, "c"] = "c",
    h: dict[Child, list[Ordered]] = {Child.A: [Ordered.LOW]},
):
    pass
