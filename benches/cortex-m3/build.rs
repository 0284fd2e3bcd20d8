//! Hands the linker the memory map of the chosen board and the start-up code's script.
//!
//! In a build script and not in `.cargo/config.toml`, where a RUSTFLAGS in the environment would replace them.

use std::{env, fs, io, path::PathBuf};

fn main() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let stm32f1 = env::var_os("CARGO_FEATURE_STM32F1").is_some();
    let secure = env::var("TARGET").is_ok_and(|target| target.starts_with("thumbv8m.main-"));
    let map = match (stm32f1, secure) {
        (true, _) => STM32F103XB,
        (false, true) => AN505,
        (false, false) => LM3S6965,
    };
    fs::write(out.join("memory.x"), map)?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}

/// QEMU's board, and the model's.
const LM3S6965: &str = "\
MEMORY
{
  FLASH : ORIGIN = 0x00000000, LENGTH = 256K
  RAM : ORIGIN = 0x20000000, LENGTH = 64K
}
";
/// The same for a Cortex-M33, which sees it there in its secure state.
const AN505: &str = include_str!("../m3-model/an505.x");
const STM32F103XB: &str = "\
MEMORY
{
  FLASH : ORIGIN = 0x08000000, LENGTH = 128K
  RAM : ORIGIN = 0x20000000, LENGTH = 20K
}
";
