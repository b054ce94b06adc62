# shellcheck shell=bash
# The prefectl executable.

# prepare_cargo: adds cargo to PATH, and installs a C compiler, which two crates need, and Git.
prepare_cargo() {
  PATH=$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin
  command -v cargo >/dev/null || die "cargo was not found: install Rust, see https://rustup.rs"
  need cc gcc libc6-dev
  need git git
}

# built_program PROFILE: prints the path of the executable that cargo builds.
built_program() { echo "${CARGO_TARGET_DIR:-$ROOT/target}/$1/prefectl"; }

host() { rustc --version --verbose | sed -n 's/^host: //p'; }

# The flags of Linux releases: the C library and zlib are linked statically, and the executable has fixed addresses, since
# relocating it would double the time of a small command.
# shellcheck disable=SC2034 # other files use it
STATIC=(env RUSTFLAGS="-C target-feature=+crt-static -C relocation-model=static" LIBZ_SYS_STATIC=1)
