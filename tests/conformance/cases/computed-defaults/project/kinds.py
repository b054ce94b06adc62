import enum
from enum import Enum, IntEnum

NAMES = ["alpha", "beta"]


class Text(str, Enum):
    pass


Color = Enum("Color", "RED GREEN, BLUE")
Region = Enum("Region", {"EU": "eu-1", "US": "us-1"})
Mode = Enum("Mode", [("FULL", "full"), ("DELTA", "delta")], type=str)
Listed = Enum("Listed", ["A", "B"], type=str)
Level = IntEnum("Level", names=["LOW", "HIGH"], module=__name__)
Team = enum.Enum("Team", {name.upper(): name for name in NAMES})
Same = Enum("Same", {"A": 1, "B": 1, "C": 2})
Sub = Text("Sub", [("A", "a")])
