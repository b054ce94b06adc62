"""Results as rows of a table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Row:
    """A measurement with its goal, its result, and the results it is compared with."""

    what: str
    goal: str
    found: str
    compared: str = ""
    reached: bool | None = None

    def markdown(self) -> str:
        verdict = {True: "yes", False: "**no**", None: ""}[self.reached]
        return f"| {self.what} | {self.goal} | {self.found} | {self.compared} | {verdict} |"


HEAD = "| Measurement | Goal | prefectl | Compared with | Met |\n|---|---|---|---|---|"


def table(rows: list[Row]) -> str:
    return "\n".join([HEAD, *(row.markdown() for row in rows)])
