"""Command line: see `tests/versions`."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from suite.background import SuiteError

from .report import Column, summary, write_page
from .scenario import FAILS, Scenario
from .servers import prefect_server, release_of


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/versions")
    parser.add_argument("--program", type=Path, required=True, help="the prefectl executable")
    parser.add_argument("--postgres", metavar="VERSION=URL", help="the release that runs on PostgreSQL, and the database")
    parser.add_argument("--page", type=Path, help="write the table to this Markdown page")
    parser.add_argument("--logs", type=Path, help="keep the output of all commands in this folder")
    parser.add_argument("--jobs", type=int, default=1, help="servers at a time")
    parser.add_argument("servers", type=Path, nargs="+", metavar="PREFECT", help="the `prefect` executable of a release")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # runs the cleanup of all context managers
    with ThreadPoolExecutor(options.jobs) as pool:
        columns = list(pool.map(lambda prefect: try_server(prefect, options), options.servers))
    print(summary(columns))
    if options.page:
        write_page(options.page, columns)
    failures = sum(result.verdict == FAILS for column in columns for result in column.results)
    return 1 if failures else 0


def try_server(prefect: Path, options: argparse.Namespace) -> Column:
    """Runs the scenario against a new server of one release."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="prefectl-versions-") as folder:
        home = Path(folder) / "server"
        home.mkdir()
        version = release_of(prefect, home)
        on_postgres, _, url = (options.postgres or "").partition("=")
        database = url if on_postgres == version else None
        with prefect_server(prefect, home, database) as api:
            scenario = Scenario(options.program.resolve(), api, version, Path(folder))
            results = scenario.run()
        if options.logs:
            options.logs.mkdir(parents=True, exist_ok=True)
            (options.logs / f"{version}.log").write_text(scenario.log.read_text())
            (options.logs / f"{version}-server.log").write_text((home / "server.log").read_text(errors="replace"))
    column = Column(version, "PostgreSQL" if database else "SQLite", results)
    failed = sum(result.verdict == FAILS for result in results)
    print(f"{version} ({column.database}): {len(results) - failed} of {len(results)} checks pass, "
          f"{time.monotonic() - start:.0f} s", flush=True)
    return column


try:
    sys.exit(main())
except SuiteError as problem:
    sys.exit(f"error: {problem}")
