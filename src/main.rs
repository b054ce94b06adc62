//! The `prefectl` executable: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    prefectl::main(std::env::args_os().collect())
}
