# shellcheck shell=bash
# A Docker registry on loopback: Debian's docker-registry.

# start_registry NAME FOLDER [HTPASSWD]: starts a registry that stores images in FOLDER, and sets REGISTRY to its address.
start_registry() {
  local name=$1 folder=$2 htpasswd=${3:-} port config=$RUN/$1.yml
  mkdir -p "$folder"
  # With the port of the last run, the engine remembers which layers the registry has.
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

# make_htpasswd FILE USER PASSWORD: writes a password file. Registries accept only bcrypt, which Debian's crypt(3) supports.
make_htpasswd() {
  local salt
  # shellcheck disable=SC2016 # variables of Perl
  salt=$(perl -e 'my @set = (".", "/", "A".."Z", "a".."z", 0..9); print map { $set[rand @set] } 1..21')
  # shellcheck disable=SC2016
  PASSWORD=$3 perl -e 'print "$ARGV[0]:" . crypt($ENV{PASSWORD}, "\$2y\$05\$$ARGV[1]u") . "\n"' \
    "$2" "$salt" >"$1"
}
