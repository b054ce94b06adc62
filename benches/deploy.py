"""Measures deploys of many deployments; `benches/deploy` starts what it needs."""

import argparse
import http.client
import json
import os
import pathlib
import queue
import statistics
import subprocess
import threading
import time
import uuid

from proxy import Proxy

PARALLELISM = (1, 2, 4, 8, 16, 32)
FLOW = "from prefect import flow\n\n\n@flow(name='bench')\ndef hello(name: str = 'Marvin'):\n    '''Greets.'''\n"


def main():
    parser = argparse.ArgumentParser()
    for name in ("program", "reference", "folder"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--delay", type=float, default=0.1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-reference", action="store_true")
    bench = Bench(parser.parse_args())
    for delay in sorted({0.0, bench.options.delay}):
        bench.table(delay)


class Bench:
    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(options.folder, "project")
        self.folder.mkdir()
        (self.folder / "flow.py").write_text(FLOW)
        self.send("POST", "/work_pools/", {"name": "bench", "type": "process"})
        self.flow = self.send("POST", "/flows/", {"name": "bench"})["id"]

    def send(self, method, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.options.port, timeout=300)
        connection.request(method, "/api" + path, json.dumps(body), {"content-type": "application/json"})
        return json.loads(connection.getresponse().read() or "null")

    def table(self, delay):
        count = self.options.count
        rows = {kind: {"floor": [], "prefectl": [], "prefect": []} for kind in ("new", "changed", "unchanged")}
        notes = {}
        for number in range(self.options.rounds):
            self.prefectl(delay, rows, notes)
            if not self.options.no_reference and number == 0:
                self.reference(delay, rows)
        print(f"\n{count} deployments, SQLite, {delay * 1000:.0f} ms added to each request", flush=True)
        print(f"{'':10} {'floor':>16} {'prefectl':>10} {'requests':>9} {'to floor':>9} {'prefect':>10} {'faster':>8}")
        for kind, row in rows.items():
            floor, ours, theirs = (statistics.median(row[name]) if row[name] else None for name in row)
            parallel = notes.get((kind, "parallel"))
            print(
                f"{kind:10}"
                f" {f'{floor:.2f} s ({parallel} at once)' if floor else '-':>16}"
                f" {f'{ours:.2f} s':>10} {notes[kind, 'requests']:>9}"
                f" {f'{ours / floor:.2f} x' if floor else '-':>9}"
                f" {f'{theirs:.1f} s' if theirs else '-':>10}"
                f" {f'{theirs / ours:.1f} x' if theirs else '-':>8}",
                flush=True,
            )

    def prefectl(self, delay, rows, notes):
        """One round: new, changed and unchanged by prefectl, and the writes of each replayed."""
        names = uuid.uuid4().hex[:8]
        for kind, version in (("new", "1"), ("changed", "2"), ("unchanged", "2")):
            self.project(names, version)
            with Proxy(self.options.port, delay) as proxy:
                rows[kind]["prefectl"].append(self.run([self.options.program, "deploy", "--all"], proxy.url))
                notes[kind, "requests"] = proxy.requests
                writes = [write[:3] for write in proxy.writes if write[3] != 503]
            if kind != "unchanged":
                best = min((self.replay(writes, kind, delay, n, names), n) for n in PARALLELISM)
                rows[kind]["floor"].append(best[0])
                notes[kind, "parallel"] = best[1]

    def reference(self, delay, rows):
        names = uuid.uuid4().hex[:8]
        for kind, version in (("new", "1"), ("changed", "2"), ("unchanged", "2")):
            self.project(names, version)
            with Proxy(self.options.port, delay) as proxy:
                command = [self.options.reference, "--no-prompt", "deploy", "--all"]
                rows[kind]["prefect"].append(self.run(command, proxy.url))

    def project(self, names, version):
        lines = [
            f"- {{name: {names}-{number}, entrypoint: 'flow.py:hello', version: '{version}', tags: [t{number}], "
            f"schedules: [{{cron: '0 {number % 24} * * *'}}], work_pool: {{name: bench}}}}"
            for number in range(self.options.count)
        ]
        (self.folder / "prefect.yaml").write_text("\n".join(["pull: []", "deployments:", *lines, ""]))

    def run(self, command, url):
        home = str(self.folder.parent / "home")
        variables = {"PATH": os.environ["PATH"], "HOME": home, "PREFECT_HOME": home, "PREFECT_API_URL": url}
        started = time.monotonic()
        subprocess.run(command, cwd=self.folder, env=variables, check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - started

    def replay(self, writes, kind, delay, parallel, names):
        """Sends the same writes; new deployments get other names, changed ones another version."""
        todo = queue.SimpleQueue()
        unique = uuid.uuid4().hex[:8]
        for method, path, body in writes:
            body = body.replace(names.encode(), unique.encode())
            if kind == "changed":
                body = body.replace(b'"version":"2"', f'"version":"{unique}"'.encode())
            todo.put((method, path, body))

        def work():
            connection = http.client.HTTPConnection("127.0.0.1", proxy.server_address[1], timeout=300)
            while True:
                try:
                    method, path, body = todo.get_nowait()
                except queue.Empty:
                    return
                while True:
                    connection.request(method, path, body, {"content-type": "application/json"})
                    answer = connection.getresponse()
                    answer.read()
                    if answer.status != 503:
                        break
                    connection.close()  # the server does, and does not say so
                    time.sleep(0.02)
                assert answer.status < 300, (method, path, answer.status)

        # The way is the same as for the others, through the proxy.
        with Proxy(self.options.port, delay) as proxy:
            threads = [threading.Thread(target=work) for _ in range(parallel)]
            started = time.monotonic()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return time.monotonic() - started


main()
