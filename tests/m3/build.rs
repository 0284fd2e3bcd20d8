//! Hands the linker the board's memory map and the start-up code's script.
//!
//! In a build script and not in `.cargo/config.toml`, where a RUSTFLAGS in the environment would replace them.

use std::{env, fs, io, path::PathBuf};

fn main() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let target = env::var("TARGET").unwrap_or_default();
    // A core of Armv8-M starts in its secure state, and sees the memory of QEMU's board for it elsewhere.
    let is_secure = target.starts_with("thumbv8m.main-");
    let memory = if is_secure { AN505 } else { LM3S6965 };
    fs::copy(memory, out.join("memory.x"))?;
    if is_secure {
        println!("cargo:rustc-cfg=secure");
    }
    println!("cargo:rustc-check-cfg=cfg(secure)");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    // What lowkey-crypto's own build script says to itself.
    println!("cargo:rustc-check-cfg=cfg(lowkey_dsp)");
    let is_dsp = env::var("CARGO_CFG_LOWKEY_CORE").is_ok_and(|core| core == "cortex-m33-dsp");
    if target.starts_with("thumbv7em-") || is_dsp {
        println!("cargo:rustc-cfg=lowkey_dsp");
    }
    println!("cargo:rerun-if-changed={memory}");
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}

const LM3S6965: &str = "../../examples/lm3s6965-ethernet/memory.x";
const AN505: &str = "../../benches/m3-model/an505.x";
