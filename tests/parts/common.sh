# shellcheck shell=bash
# shellcheck disable=SC2034 # other files use the variables
# Shared functions of the test scripts: paths, messages, Debian packages, and background processes that are stopped at the
# end. Source this file. It runs nothing by itself.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=${PREFECTL_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/prefectl}
STARTED=() # names of the background processes, in start order
RUN=       # folder for logs, PID files and databases of this run
# Prefix of commands that run in a new session. Bash makes background processes ignore SIGINT, which Prefect's server and
# workers need to stop cleanly.
DETACHED=(setsid env --default-signal=INT --default-signal=QUIT)

# Requests to loopback must not use a proxy.
export no_proxy="127.0.0.1,localhost${no_proxy:+,$no_proxy}"
export NO_PROXY=$no_proxy

# say LINE...: prints lines.
say() { printf '%s\n' "$@"; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# timed TEXT COMMAND...: runs a command and prints its duration.
timed() {
  local text=$1 start=$SECONDS
  shift
  printf -- '-- %s\n' "$text"
  "$@"
  printf '   done in %d s\n' "$((SECONDS - start))"
}

# quietly COMMAND...: runs a command and shows its output only if it fails.
quietly() {
  local log
  log=$(mktemp)
  if ! "$@" </dev/null >"$log" 2>&1; then
    printf 'failed: %s\n' "$*" >&2
    tail -n 40 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

is_root() { [[ $(id -u) == 0 ]]; }

# need COMMAND PACKAGE...: installs Debian packages if the command is missing.
need() {
  local command=$1
  shift
  command -v "$command" >/dev/null || [[ -x /usr/sbin/$command ]] || apt_install "$@"
}

# apt_install PACKAGE...: installs Debian packages. Updates the package lists only if the first attempt fails.
apt_install() {
  if ! is_root || ! command -v apt-get >/dev/null; then
    die "the Debian packages $* are required: install them, or run this script as root on Debian"
  fi
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@")
  "${install[@]}" >/dev/null 2>&1 </dev/null || {
    quietly apt-get update
    quietly "${install[@]}"
  }
}

# begin_run: creates the folder of this run, and stops all background processes when the script ends.
begin_run() {
  mkdir -p "$CACHE"
  RUN=$(mktemp -d "${TMPDIR:-/tmp}/prefectl.XXXXXX")
  trap end_run EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

end_run() {
  local name
  trap '' INT TERM HUP # the cleanup must not be interrupted
  while ((${#STARTED[@]} > 0)); do
    name=${STARTED[-1]}
    stop_process "$name"
  done
  # The Docker engine leaves its default network namespace mounted.
  awk -v run="$RUN/" 'index($2, run) == 1 { print $2 }' /proc/mounts | xargs --no-run-if-empty umount --lazy
  rm -rf --one-file-system "$RUN"
}

# start_background NAME COMMAND...: starts a command in a new session. Its output goes to $RUN/NAME.log.
start_background() {
  local name=$1
  shift
  "${DETACHED[@]}" "$@" </dev/null >"$RUN/$name.log" 2>&1 &
  echo "$!" >"$RUN/$name.pid"
  STARTED+=("$name")
}

# run_stoppable COMMAND...: runs a command in the foreground. The command ends if this script is stopped.
run_stoppable() {
  local status=0
  "${DETACHED[@]}" "$@" </dev/null &
  echo "$!" >"$RUN/foreground.pid"
  STARTED+=(foreground)
  wait "$!" || status=$?
  rm "$RUN/foreground.pid"
  unset 'STARTED[-1]'
  return "$status"
}

# stop_process NAME: stops a background process and its children.
stop_process() {
  local name=$1 pid index
  pid=$(<"$RUN/$name.pid")
  kill -TERM "$pid" 2>/dev/null || true
  for ((index = 0; index < 150; index++)); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  kill -KILL -- "-$pid" 2>/dev/null || true
  rm -f "$RUN/$name.pid"
  for index in "${!STARTED[@]}"; do
    [[ ${STARTED[index]} != "$name" ]] || unset "STARTED[index]"
  done
}

is_running() { kill -0 "$(<"$RUN/$1.pid")" 2>/dev/null; }

# wait_for NAME COMMAND...: waits until a command succeeds. Fails if the background process NAME ends first.
wait_for() {
  local name=$1 deadline=$((SECONDS + 180))
  shift
  until "$@" >/dev/null 2>&1; do
    if ! is_running "$name" || ((SECONDS > deadline)); then
      printf '%s did not start:\n' "$name" >&2
      tail -n 20 "$RUN/$name.log" >&2
      return 1
    fi
    sleep 0.2
  done
}

# free_port [PORT]: prints an unused loopback port: PORT if it is free, else a random one below the range of outgoing
# connections.
free_port() {
  local port=${1:-$((20000 + RANDOM % 12000))}
  while (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((20000 + RANDOM % 12000)); done
  echo "$port"
}

# http_answers PORT PATH: succeeds if a GET request is answered with 200 or 401.
http_answers() (
  exec 3<>"/dev/tcp/127.0.0.1/$1" || exit
  printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2" >&3
  read -r -t 5 _ status _ <&3
  [[ $status == 200 || $status == 401 ]]
)
