# shellcheck shell=bash
# The reference: the pinned Prefect from PyPI in a virtual environment, its server and workers.

# find_python: prints the path of a supported Python that can create virtual environments.
find_python() {
  local python
  for python in /usr/bin/python3 python3.11 python3; do
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' \
      2>/dev/null; then
      command -v "$python"
      return
    fi
  done
  return 1
}

# install_pins FILE: installs pinned packages in a virtual environment and sets PINNED to the folder of its executables.
install_pins() {
  local pins=$1 python folder
  folder=$CACHE/venv/$(sha256sum "$pins" | cut -c 1-16)
  PINNED=$folder/bin
  [[ -e $folder/complete ]] && return
  python=$(find_python) || {
    apt_install python3 python3-venv
    python=$(find_python) || die "no Python from 3.10 to 3.13 was found"
  }
  rm -rf "$folder"
  quietly "$python" -m venv "$folder"
  quietly "$PINNED/pip" install uv
  quietly "$PINNED/uv" pip install --quiet --compile-bytecode --python "$PINNED/python" -r "$pins"
  touch "$folder/complete"
}

# install_reference: installs the reference and sets REFERENCE to the folder that contains `prefect` and `python`.
install_reference() {
  install_pins "$ROOT/tests/requirements.txt"
  REFERENCE=$PINNED
}

# start_server [OPTION...]: starts a server with its own database, and sets SERVER_PORT, SERVER_URL and SERVER_API.
start_server() {
  local home=$RUN/server
  mkdir -p "$home"
  if [[ -e $(empty_database) ]]; then # avoids the migrations, which take long
    cp "$(empty_database)" "$home/prefect.db"
  fi
  SERVER_PORT=$(free_port)
  SERVER_URL=http://127.0.0.1:$SERVER_PORT
  SERVER_API=$SERVER_URL/api
  start_background server env "${PREFECT_ENVIRONMENT[@]}" HOME="$home" PREFECT_HOME="$home" \
    PREFECT_API_URL="$SERVER_API" \
    "$REFERENCE/prefect" server start --host 127.0.0.1 --port "$SERVER_PORT" "$@"
  wait_for server http_answers "$SERVER_PORT" /api/health
  [[ -e $(empty_database) ]] || keep_database "$home/prefect.db"
}

# Disables telemetry.
PREFECT_ENVIRONMENT=(PREFECT_SERVER_ANALYTICS_ENABLED=false DO_NOT_TRACK=1)

empty_database() { echo "${REFERENCE%/bin}/empty.db"; }

# keep_database FILE: stores a copy of a new server's database in the cache.
keep_database() {
  local copy
  copy=$(empty_database)
  "$REFERENCE/python" - "$1" "$copy.part" <<'PYTHON'
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as source, sqlite3.connect(sys.argv[2]) as target:
    source.backup(target)
PYTHON
  mv "$copy.part" "$copy"
}

# start_worker POOL TYPE: starts a Prefect worker as the process `worker-POOL`, and waits until it polls.
start_worker() {
  local name=worker-$1 home=$RUN/worker-$1
  mkdir -p "$home"
  start_background "$name" env "${PREFECT_ENVIRONMENT[@]}" HOME="$home" PREFECT_HOME="$home" TMPDIR="$home" \
    PREFECT_API_URL="$SERVER_API" PREFECT_WORKER_QUERY_SECONDS=1 PYTHONUNBUFFERED=1 PATH="$REFERENCE:$PATH" \
    "$REFERENCE/prefect" worker start --pool "$1" --type "$2" --install-policy never
  wait_for "$name" grep -q "started!" "$RUN/$name.log"
}
