# shellcheck shell=bash
# shellcheck disable=SC2034 # OWN_ENGINE is for the caller
# A Docker engine: the one that answers, or else one of our own.

# install_docker: an engine, its command line and a registry, from Debian, where missing.
install_docker() {
  need docker docker.io
  engine_answers >/dev/null 2>&1 || need dockerd docker.io
  need docker-registry docker-registry
}

engine_answers() { docker version --format '{{.Server.Version}}'; }

# lock_docker_cache: one run at a time uses the registry's folder and the engine's data in the cache.
# The registry and the engine inherit the lock, so that it lasts as long as they do.
lock_docker_cache() {
  exec {DOCKER_LOCK}>"$CACHE/docker.lock"
  flock --nonblock "$DOCKER_LOCK" && return
  say "   another run uses $CACHE/docker; waiting until it ends (at most 10 minutes)"
  flock --timeout 600 "$DOCKER_LOCK" ||
    die "still in use: end that run (after --keep: as it said), or set PREFECTL_CACHE to another folder"
}

# start_engine MIRROR: exports DOCKER_HOST and sets OWN_ENGINE to true or false.  Our own engine
# looks images of docker.io up in the registry MIRROR first.
start_engine() {
  OWN_ENGINE=false
  if engine_answers >/dev/null 2>&1; then
    DOCKER_HOST=${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}')}
    export DOCKER_HOST
    return
  fi
  is_root || die "no Docker engine answers, and starting one needs root"
  OWN_ENGINE=true
  export DOCKER_HOST=unix://$RUN/docker.sock
  # Full networking first, then as much as the kernel and our rights there allow.
  local networking
  for networking in "" --iptables=false "--iptables=false --bridge=none"; do
    # shellcheck disable=SC2086 # words, or none
    if run_dockerd "$1" $networking 2>"$RUN/engine.failure"; then
      return
    fi
    stop_process engine
  done
  die "the Docker engine did not start: $(<"$RUN/engine.failure")"
}

# run_dockerd MIRROR [OPTION...]: start dockerd itself; it needs no systemd.
run_dockerd() {
  local mirror=$1
  shift
  PATH=$PATH:/usr/sbin:/sbin start_background engine dockerd --host="$DOCKER_HOST" \
    --data-root="$CACHE/docker/engine" --exec-root="$RUN/engine" --pidfile="$RUN/dockerd.pid" \
    --registry-mirror="http://$mirror" --insecure-registry=127.0.0.0/8 "$@"
  wait_for engine engine_answers
}
