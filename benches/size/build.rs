//! Hands the linker the board's memory map and the start-up code's script.
//!
//! In a build script and not in `.cargo/config.toml`, where a RUSTFLAGS in the environment would replace them.

use std::{env, fs, io, path::PathBuf};

fn main() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    fs::copy("../../examples/lm3s6965-ethernet/memory.x", out.join("memory.x"))?;
    // cortex-m-rt asks for it by this name; the board names every interrupt it uses.
    fs::write(out.join("device.x"), "")?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rerun-if-changed=../../examples/lm3s6965-ethernet/memory.x");
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}
