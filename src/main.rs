//! The `prefectl` executable: a thin wrapper around the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// The global allocator.
///
/// Loading a large project makes many small allocations. For these, mimalloc is faster than glibc and much
/// faster than musl. Release builds use musl.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    prefectl::main(std::env::args_os().collect())
}
