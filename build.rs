//! Sets the linker options of optimized executables on Linux.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=packages/no-unwind-tables.ld");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    // Profilers need unwinding tables, so builds with debug information keep them.
    if !is("CARGO_CFG_TARGET_OS", "linux") || !is("PROFILE", "release") || !is("DEBUG", "false") {
        return;
    }
    if let Ok(root) = env::var("CARGO_MANIFEST_DIR") {
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{root}/packages/no-unwind-tables.ld");
    }
    // For a static executable, `-C relocation-model` determines the addresses.
    let features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    if is("CARGO_CFG_TARGET_ENV", "gnu") && !features.split(',').any(|feature| feature == "crt-static") {
        // Relocating the executable would double the time of a small command.
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
