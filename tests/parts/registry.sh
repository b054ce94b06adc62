# shellcheck shell=bash
# A Docker registry on loopback: Debian's docker-registry, a plain program with a file of settings.

# start_registry NAME FOLDER [HTPASSWD]: sets REGISTRY to its address; FOLDER keeps what is pushed.
start_registry() {
  local name=$1 folder=$2 htpasswd=${3:-} port config=$RUN/$1.yml
  mkdir -p "$folder"
  # The same port as last time, if possible: the engine then knows which layers are there already.
  port=$(free_port "$(cat "$folder/port" 2>/dev/null)")
  echo "$port" >"$folder/port"
  REGISTRY=127.0.0.1:$port
  cat >"$config" <<YAML
version: 0.1
log: {level: warn}
http: {addr: "$REGISTRY", secret: loopback}
storage:
  filesystem: {rootdirectory: "$folder"}
  delete: {enabled: true}
YAML
  if [[ -n $htpasswd ]]; then
    printf 'auth:\n  htpasswd: {realm: prefectl, path: "%s"}\n' "$htpasswd" >>"$config"
  fi
  start_background "$name" env OTEL_TRACES_EXPORTER=none docker-registry serve "$config"
  wait_for "$name" http_answers "$port" /v2/
}

# make_htpasswd FILE USER PASSWORD: a password file; registries take bcrypt only, which Debian's crypt(3) knows.
make_htpasswd() {
  local salt
  # shellcheck disable=SC2016 # Perl's variables
  salt=$(perl -e 'my @set = (".", "/", "A".."Z", "a".."z", 0..9); print map { $set[rand @set] } 1..21')
  # shellcheck disable=SC2016
  PASSWORD=$3 perl -e 'print "$ARGV[0]:" . crypt($ENV{PASSWORD}, "\$2y\$05\$$ARGV[1]u") . "\n"' \
    "$2" "$salt" >"$1"
}
