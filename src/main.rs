//! The `prefectl` executable: everything is in the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Reading a large project is mostly small pieces of memory: this is faster at them than glibc, and much faster than musl,
/// with which releases are built.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    prefectl::main(std::env::args_os().collect())
}
