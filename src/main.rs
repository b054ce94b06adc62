//! The `prefectl` executable: a thin wrapper around the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// The global allocator.
///
/// Loading a large project makes many small allocations. mimalloc serves small allocations faster than glibc, and much
/// faster than musl, which release builds use.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    prefectl::main(std::env::args_os().collect())
}
