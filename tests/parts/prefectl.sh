# shellcheck shell=bash
# The program itself.

# prepare_cargo: have cargo on PATH, the C compiler that two of the crates need, and git.
prepare_cargo() {
  PATH=$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin
  command -v cargo >/dev/null || die "cargo was not found: install Rust, see https://rustup.rs"
  need cc gcc libc6-dev
  need git git
}

# built_program PROFILE: where cargo puts the program.
built_program() { echo "${CARGO_TARGET_DIR:-$ROOT/target}/$1/prefectl"; }
