#!/usr/bin/env python3
"""Records in cases.json what Docker leaves out of a build context for each `.dockerignore` below.

    ./record.py [docker]

Each case builds `FROM scratch` + `COPY . /` from the tree below with the classic builder of a Docker CLI and lists
the image. The Dockerfile and .dockerignore themselves are not listed: both are always sent, and the engine takes
them out again. The recording was made with Docker CLI 28.2.2.
"""

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

TREE = [
    ".env", ".git/HEAD", ".git/objects/aa/bb", "README.md", "a.log", "a.py", "a.pyc", "b b.txt", "data/big.bin",
    "data/raw/x.csv", "data/raw/y.tmp", "docs/README.md", "docs/img/logo.png", "requirements.txt", "sub/Dockerfile",
    "sub/a.log", "sub/a.pyc", "sub/b.py", "sub/deep/a.log", "sub/deep/c.py", "sub/deep/er/d.pyc", "sub2/b.py",
    "x1.txt", "x2.txt", "x-.txt", "é.txt", "#hash", "[z].txt", "file.log/inner.txt",
]

CASES = [
    "",
    "# only a comment\n\n   \n",
    "*.pyc",
    "**/*.pyc",
    "**.pyc",
    "**/a.log",
    "sub",
    "sub/",
    "/sub",
    "./sub",
    "docs/../sub",
    "../sub",
    "/../sub",
    "su?",
    "su*",
    "./sub/*",
    "sub/**",
    "sub/**/*.pyc",
    "sub/*/c.py",
    "**/deep",
    "sub/**/er",
    "**/README.md",
    "**",
    "*",
    ".",
    "*\n!README.md",
    "*\n!sub/deep",
    "*\n!sub/deep/**",
    "*\n!sub/*.py",
    "*\n!**/*.md",
    "*\n!*.md",
    "**/*.py\n!sub/b.py",
    "sub\n!sub/b.py",
    "sub\n!sub/b.py\nsub/*.py",
    "sub/*\n!sub/deep\nsub/deep/er",
    "!sub/b.py\nsub",
    "*.log\n!a.log",
    "**/*.log",
    "file.log",
    "Dockerfile\n.dockerignore",
    "**/Dockerfile",
    "*\n!Dockerfile",
    "readme.md",
    "README.MD\nSUB",
    "  sub  \n",
    " # not a comment",
    "#hash",
    "\\#hash",
    "b b.txt",
    "x[12].txt",
    "x[^1].txt",
    "x[!1].txt",
    "x[0-9].txt",
    "[[]z].txt",
    "\\[z\\].txt",
    "é.txt",
    "?.txt",
    "x?.txt",
    ".git",
    "**/.git\n.env",
    ".*",
    "data/**\n!data/raw/*.csv",
    "data\n!data/raw",
    "data\n!data/raw\ndata/raw/*.tmp",
    "d*/raw",
    "**/raw/**",
    "a**",
    "sub**",
    "a.**",
    "a.p",
    "sub/b",
    "sub//deep/./c.py",
    "x1.txt\r\nx2.txt\r\n",
    "\ufeffx1.txt",
    "a+b|(c)$",
    "*\n!data\ndata/*\n!data/raw",
    "*/d*\n!sub",
    "sub/deep\n!sub",
    "**b*\n!sub",
    "!",
    "[",
    "[]a]",
    "a\\",
    "[a-]",
    "x[-1].txt",
]


def build(docker: str, context: str) -> list[str] | None:
    """The paths in the image, or None if Docker refuses the file."""
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    run = lambda *arguments: subprocess.run([docker, *arguments], env=environment, capture_output=True)
    done = run("build", "--quiet", "--no-cache", context)
    if done.returncode:
        print("  refused:", done.stderr.decode().strip().splitlines()[-1])
        return None
    image = done.stdout.decode().split()[-1]
    saved = run("save", image).stdout
    run("image", "rm", "--force", image)
    found = set()
    if not saved:  # an image without a layer cannot be saved
        return []
    with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
        for name in json.load(archive.extractfile("manifest.json"))[0]["Layers"]:
            with tarfile.open(fileobj=archive.extractfile(name)) as layer:
                found |= {member.name.strip("/") for member in layer}
    return sorted(found - {"", ".", "Dockerfile", ".dockerignore"})


def main(docker: str = "docker") -> None:
    cases = []
    with tempfile.TemporaryDirectory() as context:
        for name in TREE:
            path = Path(context, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        Path(context, "Dockerfile").write_text("FROM scratch\nCOPY . /\nLABEL case=yes\n")
        Path(context, "empty").mkdir()
        for text in CASES:
            print(repr(text))
            Path(context, ".dockerignore").write_bytes(text.encode())
            cases.append({"dockerignore": text, "kept": build(docker, context)})
    write({"files": TREE, "directories": ["empty"]}, cases)


def write(head: dict, cases: list) -> None:
    """One line a case."""
    lines = ",\n".join("  " + json.dumps(case, ensure_ascii=False) for case in cases)
    head_text = json.dumps(head, ensure_ascii=False)[1:-1]
    target = Path(__file__).with_name("cases.json")
    target.write_text(f"{{{head_text},\n \"cases\": [\n{lines}\n]}}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
