"""Records the questions of `prefect deploy` in a terminal of 120 columns and 40 rows.

Usage: python record.py PREFECT API_URL > sessions.json

PREFECT is the program `prefect`, and API_URL is a server without work pools. Each session is a project, a command line and
the keys that answer the questions. The result has the text and the default of every question.
"""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
import urllib.request

PREFECT, API = sys.argv[1:3]
# Seconds to wait for a question, and for the end of a session without one.
PATIENCE, SILENCE = 60, 6
DOWN, UP, ENTER = "\x1b[B", "\x1b[A", "\r"
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[()=>].?")
FLOWS = 'from prefect import flow\n\n\n@flow\ndef bye(): ...\n\n\n@flow\ndef hello(n: int = 1): ...\n'
NEW = ["flow.py:hello", "-n", "x", "-p"]
TWO = (
    "deployments:\n"
    "- {name: a, entrypoint: 'flow.py:hello', work_pool: {name: process}, schedules: null, pull: []}\n"
    "- {name: b, entrypoint: 'flow.py:bye', work_pool: {name: process}, schedules: null, pull: []}\n"
)
SAME = TWO.replace("name: b", "name: a")
UNNAMED = TWO.replace("name: b, ", "")

# Name, files, command line, answers. The answers end where steps would run.
SESSIONS = [
    ("no work pools", {}, ["deploy"],
     [ENTER, ENTER, "y\r", ENTER, "process\r", "n\r", "n\r", "n\r"]),
    ("everything is asked", {}, ["deploy"],
     [DOWN + ENTER, ENTER, DOWN + ENTER, "n\r", ENTER, ENTER, "soon\r", "0\r", "60\r", ENTER, "y\r", DOWN + ENTER,
      "61 * * * *\r", ENTER, "Mars/Base\r", "Europe/London\r", "n\r", "y\r", UP + ENTER, ENTER, ENTER, ENTER, ENTER, "y\r"]),
    ("an entrypoint is entered", {}, ["deploy", "-n", "x", "-p", "process"],
     ["n", "flow\r", "flow.py:helo\r", "flow.py:hello\r", "n\r", "n\r", "n\r"]),
    ("a file without deployments", {"prefect.yaml": "name: p\npull: []\n"}, ["deploy", *NEW, "process"],
     ["n\r", "y\r"]),
    ("a declared deployment", {"prefect.yaml": TWO}, ["deploy"], [DOWN + ENTER]),
    ("no declared deployment", {"prefect.yaml": TWO + "pull: []\n"}, ["deploy"],
     ["n", ENTER, "new\r", DOWN + ENTER, "n\r", "n\r"]),
    ("a name of two deployments", {"prefect.yaml": SAME}, ["deploy", "-n", "a"], [DOWN + ENTER]),
    ("an unnamed deployment", {"prefect.yaml": UNNAMED}, ["deploy", "--all"], [ENTER, "c\r"]),
    ("a skipped deployment", {"prefect.yaml": UNNAMED}, ["deploy", "--all"], ["n\r"]),
    ("an image", {}, ["deploy", *NEW, "docker"],
     ["y\r", "me\r", ENTER, ENTER, "n\r", "n\r"]),
    ("an image of a Dockerfile", {"Dockerfile": "FROM x\n"}, ["deploy", *NEW, "docker"],
     ["y\r", ENTER, "me\r", "flows\r", "1\r", "n\r", "n\r", "y\r", ENTER]),
    ("a renamed Dockerfile", {"Dockerfile": "FROM x\n"}, ["deploy", *NEW, "docker"],
     ["y\r", "n\r", "y\r", ENTER, "me\r", ENTER, ENTER, "n\r", "n\r"]),
    ("a Dockerfile that stays", {"Dockerfile": "FROM x\n"}, ["deploy", *NEW, "docker"], ["y\r", "n\r", "n\r"]),
    ("a pushed image", {}, ["deploy", *NEW, "docker"],
     ["y\r", "me\r", ENTER, ENTER, "y\r", ENTER, "n\r"]),
    ("an image of the user", {}, ["deploy", *NEW, "docker", "-jv", "image=mine"],
     ["n\r", "n\r", ENTER, "n\r", "n\r"]),
    ("a Git repository", {"git": "trunk"}, ["deploy", *NEW, "process"],
     [ENTER, ENTER, ENTER, ENTER, "n\r", "n\r", "n\r"]),
    ("another Git repository", {"git": "trunk"}, ["deploy", *NEW, "process"],
     [ENTER, ENTER, "n\r", "https://git.example.com/b.git\r", "n\r", ENTER, "n\r", "n\r", "n\r"]),
    ("a private Git repository", {"git": "trunk"}, ["deploy", *NEW, "process"],
     [ENTER, ENTER, ENTER, ENTER, "y\r", "token\r", "n\r", "n\r"]),
    ("a known token", {"git": "trunk"}, ["deploy", *NEW, "process"],
     [ENTER, ENTER, ENTER, ENTER, "y\r", "n\r", "other\r", "n\r", "n\r"]),
    ("S3", {}, ["deploy", *NEW, "process"],
     [ENTER, ENTER, "code\r", "flows\r", "AKIA\r", "hidden\r", ENTER]),
    ("GCS", {}, ["deploy", *NEW, "process"],
     [ENTER, DOWN + ENTER, "code\r", "flows\r", "key.json\r", "p\r", "mine\r"]),
    ("Azure", {}, ["deploy", *NEW, "process"],
     [ENTER, UP + ENTER, "code\r", "flows\r", "secret\r", "https://a\r", ENTER]),
    ("known credentials", {}, ["deploy", *NEW, "process"],
     [ENTER, ENTER, "code\r", "flows\r", ENTER]),
]


def post(path, body):
    request = urllib.request.Request(API + path, json.dumps(body).encode(), {"content-type": "application/json"})
    urllib.request.urlopen(request).read()


def project(files):
    folder = pathlib.Path(tempfile.mkdtemp()) / "project"
    folder.mkdir()
    (folder / "flow.py").write_text(FLOWS)
    for name, text in files.items():
        if name == "git":
            git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
            for words in (["init", "-q", "-b", text], ["remote", "add", "origin", "https://git.example.com/a.git"],
                          ["commit", "-q", "--allow-empty", "-m", "x"]):
                subprocess.run([*git, *words], cwd=folder, check=True)
        else:
            (folder / name).write_text(text)
    return folder


def questions_in(text):
    """Returns the last question of the text as a dictionary, if the text ends with one."""
    starts = [match.start() for match in re.finditer(r"(?m)(?:^|(?<=┘))\? ", text)]
    if not starts:
        return None
    text = " ".join(text[starts[-1] + 2:].split())
    if found := re.match(r"(.*?) \[Use arrows to move; enter to select(; n to select none)?\]", text):
        return {"kind": "select", "question": found[1], "opt_out": bool(found[2])}
    if found := re.fullmatch(r"(.*?) \[y/n\](?: \((y|n)\))?:", text):
        return {"kind": "confirm", "question": found[1], "default": found[2]}
    if found := re.fullmatch(r"(.*?)(?: \(([^()]*)\))?:", text):
        return {"kind": "text", "question": found[1], "default": found[2]}
    return None


def record(files, command, answers):
    folder = project(files)
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        environment = {"PATH": os.path.dirname(PREFECT) + ":" + os.environ["PATH"], "HOME": str(folder.parent),
                       "PREFECT_API_URL": API, "TERM": "xterm-256color", "PREFECT_HOME": str(folder.parent / "prefect"),
                       "DO_NOT_TRACK": "1", "PIP_NO_INDEX": "1", "UV_OFFLINE": "1"}
        os.execve(PREFECT, [PREFECT, *command], environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    found, text, rest = [], "", list(answers)
    end = time.time() + PATIENCE
    while time.time() < end:
        ready, _, _ = select.select([terminal], [], [], 1.0)
        if ready:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            if not data:
                break
            if not rest:
                end = max(end, time.time() + SILENCE)
            text += ESCAPE.sub("", data.decode(errors="replace")).replace("\r", "")
            continue
        question = questions_in(text)
        if question is None:
            continue
        if not rest:
            print("  one more question:", question, file=sys.stderr)
            break
        keys = rest.pop(0)
        found.append({**question, "keys": keys})
        text = ""
        end = time.time() + (PATIENCE if rest else SILENCE)
        os.write(terminal, keys.encode())
    if rest:
        print("  not asked:", rest, text[-2000:], file=sys.stderr)
    os.close(terminal)
    try:
        os.kill(child, 15)
    except ProcessLookupError:
        pass
    os.waitpid(child, 0)
    shutil.rmtree(folder.parent, ignore_errors=True)
    return found


sessions = []
for number, (name, files, command, answers) in enumerate(SESSIONS):
    print(name, file=sys.stderr)
    if number == 1:
        # The first session has created the work pool "process".
        image = {"variables": {"type": "object", "properties": {"image": {"type": "string"}}},
                 "job_configuration": {"image": "{{ image }}"}}
        post("/work_pools/", {"name": "docker", "type": "docker", "base_job_template": image})
    questions = record(files, command, answers)
    sessions.append({"name": name, "files": files, "command": command, "questions": questions})
json.dump(sessions, sys.stdout, indent=1, ensure_ascii=False)
print()
