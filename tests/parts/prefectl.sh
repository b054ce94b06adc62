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

host() { rustc --version --verbose | sed -n 's/^host: //p'; }

# As the executables of releases for Linux are built: the C library and zlib are in them, and they are at fixed addresses, since
# relocating them would take as long as all else that a small command does.
# shellcheck disable=SC2034 # those that build use it
STATIC=(env RUSTFLAGS="-C target-feature=+crt-static -C relocation-model=static" LIBZ_SYS_STATIC=1)
