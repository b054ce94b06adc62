"""The table of results, as text and as a page of the documentation."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from .scenario import FAILS, REDUCED, UNSUPPORTED, WORKS, Result

INTRODUCTION = """\
# Server versions

prefectl works with every server of Prefect 3. The table shows what each tested release supports. `tests/versions`
generates it: it starts a server of each release, deploys every feature below twice with different values, and reads the
result back through the API.

- `{works}`: stored completely, and a plan after the deploy shows no changes.
- `{unsupported}`: this server release does not have the feature. A deploy that uses it stops with an error that names the release,
  before anything is written.
- `{reduced}`: the server does not have the feature. With `--allow-unsupported`, the deploy prints a warning, and the deployment
  is stored without the unsupported key.
"""


class Column(NamedTuple):
    """The results of one server."""

    version: str
    database: str
    results: list[Result]


def write_page(file: Path, columns: list[Column]) -> None:
    """Writes the table, and a list of failures if there are any."""
    lines = [INTRODUCTION.format(works=WORKS, unsupported=UNSUPPORTED, reduced=REDUCED)]
    rejected = [column.version for column in columns if len(column.results) == 1]
    columns = [column for column in columns if column.version not in rejected]
    if any(result.verdict == FAILS for column in columns for result in column.results):
        lines[0] += f"- {FAILS}: does not work yet; the details follow the table.\n"
    versions = " | ".join(column.version for column in columns)
    lines.append(f"| | {versions} |")
    lines.append("|---|" + "---|" * len(columns))
    for row in zip(*(column.results for column in columns), strict=True):
        lines.append(f"| {row[0].title} | " + " | ".join(result.verdict for result in row) + " |")
    on_postgres = [column.version for column in columns if column.database == "PostgreSQL"]
    if on_postgres:
        lines.append(f"\nThe server {' and '.join(on_postgres)} ran on PostgreSQL, the others on SQLite.")
    for version in rejected:
        lines.append(f"\nServers of Prefect 2 are not supported. Commands stop with an error, as tested with {version}.")
    failures = _failures(columns)
    if failures:
        lines.append("\n## Known failures\n")
        lines += failures
    file.write_text("\n".join(lines) + "\n")


def _failures(columns: list[Column]) -> list[str]:
    """Returns one item for each failure; servers with the same failure share an item."""
    versions: dict[tuple[str, str], list[str]] = {}
    for column in columns:
        for result in column.results:
            if result.verdict == FAILS:
                versions.setdefault((result.title, result.detail), []).append(column.version)
    return [f"- {', '.join(found)}: {title}: {detail}" for (title, detail), found in versions.items()]


def summary(columns: list[Column]) -> str:
    """Returns the failures as lines of text."""
    failures = _failures(columns)
    checks = sum(len(column.results) for column in columns)
    return "\n".join([*failures, f"servers: {checks - sum(_count(column) for column in columns)} of {checks} checks pass"])


def _count(column: Column) -> int:
    return sum(result.verdict == FAILS for result in column.results)
