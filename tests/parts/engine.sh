# shellcheck shell=bash
# shellcheck disable=SC2034 # callers use OWN_ENGINE
# A Docker engine: an existing one if it answers, otherwise a new one.

# install_docker: installs the Docker engine, its command line and a registry from Debian if they are missing.
install_docker() {
  need docker docker.io
  engine_answers >/dev/null 2>&1 || need dockerd docker.io
  need docker-registry docker-registry
}

engine_answers() { docker version --format '{{.Server.Version}}'; }

# lock_docker_cache: locks the engine's and the registry's data in the cache for one run at a time. The registry and the
# engine inherit the lock, so it lasts until they end.
lock_docker_cache() {
  exec {DOCKER_LOCK}>"$CACHE/docker.lock"
  flock --nonblock "$DOCKER_LOCK" && return
  say "   another run uses $CACHE/docker; waiting for it to end (at most 10 minutes)"
  flock --timeout 600 "$DOCKER_LOCK" ||
    die "$CACHE/docker is still in use: stop the other run, or set PREFECTL_CACHE to another folder"
}

# start_engine MIRROR: exports DOCKER_HOST, and sets OWN_ENGINE to whether a new engine was started. A new engine pulls
# images of docker.io from the registry MIRROR first.
start_engine() {
  OWN_ENGINE=false
  if engine_answers >/dev/null 2>&1; then
    DOCKER_HOST=${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}')}
    export DOCKER_HOST
    return
  fi
  is_root || die "no Docker engine answers, and starting a new one needs root"
  OWN_ENGINE=true
  export DOCKER_HOST=unix://$RUN/docker.sock
  # Try full networking first, then less, as far as the kernel and permissions allow.
  local networking
  for networking in "" --iptables=false "--iptables=false --bridge=none"; do
    # shellcheck disable=SC2086 # several words or none
    if run_dockerd "$1" $networking 2>"$RUN/engine.failure"; then
      return
    fi
    stop_process engine
  done
  die "the Docker engine did not start: $(<"$RUN/engine.failure")"
}

# run_dockerd MIRROR [OPTION...]: starts dockerd without systemd.
run_dockerd() {
  local mirror=$1
  shift
  PATH=$PATH:/usr/sbin:/sbin start_background engine dockerd --host="$DOCKER_HOST" \
    --data-root="$CACHE/docker/engine" --exec-root="$RUN/engine" --pidfile="$RUN/dockerd.pid" \
    --registry-mirror="http://$mirror" --insecure-registry=127.0.0.0/8 "$@"
  wait_for engine engine_answers
}
