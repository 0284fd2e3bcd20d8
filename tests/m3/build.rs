//! Hands the linker the board's memory map and the start-up code's script.
//!
//! In a build script and not in `.cargo/config.toml`, where a RUSTFLAGS in the environment would replace them.

use std::{env, fs, io, path::PathBuf};

fn main() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    fs::copy(MEMORY, out.join("memory.x"))?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    // What lowkey-crypto's own build script says to itself.
    println!("cargo:rustc-check-cfg=cfg(lowkey_dsp)");
    if env::var("TARGET").is_ok_and(|target| target.starts_with("thumbv7em-")) {
        println!("cargo:rustc-cfg=lowkey_dsp");
    }
    println!("cargo:rerun-if-changed={MEMORY}");
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}

const MEMORY: &str = "../../examples/lm3s6965-ethernet/memory.x";
