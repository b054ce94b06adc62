# shellcheck shell=bash
# shellcheck disable=SC2034 # the other parts use what is set here
# What the set-up scripts share: where things are, words on the screen, Debian packages, and
# background processes that are stopped again.  Source it; nothing happens until functions are called.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=${PREFECTL_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/prefectl}
STARTED=() # names of the background processes, in the order in which they were started
RUN=       # folder of this run's logs, pid files and databases
# What starts a process in a session of its own.  A script's background processes ignore SIGINT, which
# Prefect's server and workers need for their own ending.
DETACHED=(setsid env --default-signal=INT --default-signal=QUIT)

# Requests to loopback never go through a proxy.
export no_proxy="127.0.0.1,localhost${no_proxy:+,$no_proxy}"
export NO_PROXY=$no_proxy

# say LINE...: words on the screen.
say() { printf '%s\n' "$@"; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# timed TEXT COMMAND...: run a command, then say how long it took.
timed() {
  local text=$1 start=$SECONDS
  shift
  printf -- '-- %s\n' "$text"
  "$@"
  printf '   done in %d s\n' "$((SECONDS - start))"
}

# quietly COMMAND...: show what a command prints only if it fails.
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

# need COMMAND PACKAGE...: have a command, from Debian packages if it is missing.
need() {
  local command=$1
  shift
  command -v "$command" >/dev/null || [[ -x /usr/sbin/$command ]] || apt_install "$@"
}

# apt_install PACKAGE...: the package lists are fetched only if the install fails without.
apt_install() {
  if ! is_root || ! command -v apt-get >/dev/null; then
    die "this needs the Debian packages $*: install them, or run on Debian as root"
  fi
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@")
  "${install[@]}" >/dev/null 2>&1 </dev/null || {
    quietly apt-get update
    quietly "${install[@]}"
  }
}

# begin_run: make the run's folder, and have everything stopped however the script ends.
begin_run() {
  mkdir -p "$CACHE"
  RUN=$(mktemp -d "${TMPDIR:-/tmp}/prefectl.XXXXXX")
  trap end_run EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

end_run() {
  local name
  trap '' INT TERM HUP # stopping is not to be interrupted half-way
  while ((${#STARTED[@]} > 0)); do
    name=${STARTED[-1]}
    stop_process "$name"
  done
  # An engine leaves its default network namespace mounted.
  awk -v run="$RUN/" 'index($2, run) == 1 { print $2 }' /proc/mounts | xargs --no-run-if-empty umount --lazy
  rm -rf --one-file-system "$RUN"
}

# start_background NAME COMMAND...: start a command in a session of its own; its output goes to a log.
start_background() {
  local name=$1
  shift
  "${DETACHED[@]}" "$@" </dev/null >"$RUN/$name.log" 2>&1 &
  echo "$!" >"$RUN/$name.pid"
  STARTED+=("$name")
}

# run_stoppable COMMAND...: run a command in the foreground, and stop it too if this script is stopped.
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

# stop_process NAME: end a process that was started here, by its id, and whatever it has left behind.
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

# wait_for NAME COMMAND...: wait until a command succeeds; fail when the process NAME has ended.
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

# free_port [PORT]: a loopback port that nobody listens on, below those that outgoing connections take;
# PORT itself if it is free.
free_port() {
  local port=${1:-$((20000 + RANDOM % 12000))}
  while (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((20000 + RANDOM % 12000)); done
  echo "$port"
}

# http_answers PORT PATH: does a GET of this loopback address succeed, or ask who we are?
http_answers() (
  exec 3<>"/dev/tcp/127.0.0.1/$1" || exit
  printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2" >&3
  read -r -t 5 _ status _ <&3
  [[ $status == 200 || $status == 401 ]]
)
