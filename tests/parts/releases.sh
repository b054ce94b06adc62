# shellcheck shell=bash
# shellcheck disable=SC2034 # other files use the variables
# Prefect releases for `tests/versions`, and a PostgreSQL server.

# install_release VERSION: sets RELEASE to the `prefect` executable of a virtual environment with this release. The
# reference's own release comes from its pins.
install_release() {
  local version=$1 folder=$CACHE/releases/v$1 python constraints
  if grep -qx "prefect==$version" "$ROOT/tests/requirements.txt"; then
    install_reference
    RELEASE=$REFERENCE/prefect
    return
  fi
  RELEASE=$folder/bin/prefect
  [[ -e $folder/complete ]] && return
  python=$(find_python) || die "no Python from 3.10 to 3.13 was found"
  read -ra constraints <<<"$(release_constraints "$version")"
  rm -rf "$folder"
  quietly "$python" -m venv "$folder"
  quietly "$folder/bin/pip" install uv
  quietly "$folder/bin/uv" pip install --quiet --compile-bytecode --python "$folder/bin/python" \
    "prefect==$version" "${constraints[@]}"
  touch "$folder/complete"
}

# release_constraints VERSION: prints the dependencies without which the server of a release does not start. Newer ones
# break it.
release_constraints() {
  case $1 in
    2.*) echo 'setuptools<80' ;;
    3.0.*) echo 'setuptools<80 pydantic<2.11 fastapi<0.116 starlette<0.47 importlib_metadata' ;;
    3.1.* | 3.2.*) echo 'pydantic<2.12 fastapi<0.116 starlette<0.47 importlib_metadata' ;;
    3.3.* | 3.4.*) echo 'fastapi<0.120 importlib_metadata' ;;
    3.5.* | 3.6.*) echo 'fastapi==0.128.0 starlette<0.51' ;;
    *) echo 'fastapi<=0.150' ;;
  esac
}

# start_postgres [NAME]: sets POSTGRES_URL to an empty database of a PostgreSQL server on a private port.
start_postgres() {
  local name=${1:-postgres} data port programs as_postgres=()
  data=$RUN/$name
  [[ -n $(postgres_programs) ]] || apt_install postgresql
  programs=$(postgres_programs)
  mkdir -p "$data"
  if is_root; then # the server refuses to run as root
    as_postgres=(runuser -u postgres --)
    chown postgres "$data"
    chmod 755 "$RUN"
  fi
  quietly "${as_postgres[@]}" "$programs/initdb" --pgdata "$data/cluster" --username prefect --auth trust
  port=$(free_port)
  start_background "$name" "${as_postgres[@]}" "$programs/postgres" -D "$data/cluster" -p "$port" -h 127.0.0.1 \
    -c "unix_socket_directories=$data" -c max_connections=100
  wait_for "$name" "$programs/pg_isready" --host 127.0.0.1 --port "$port"
  quietly "$programs/createdb" --host 127.0.0.1 --port "$port" --username prefect prefect
  POSTGRES_URL=postgresql+asyncpg://prefect@127.0.0.1:$port/prefect
}

# postgres_programs: prints the folder of the newest PostgreSQL server of Debian's packages.
postgres_programs() {
  local folder
  for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort --version-sort --reverse); do
    if [[ -x $folder/initdb ]]; then
      echo "$folder"
      return
    fi
  done
}
