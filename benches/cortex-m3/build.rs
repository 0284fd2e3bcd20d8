//! Hands the linker the memory map of the chosen board and the start-up code's script.
//!
//! In a build script and not in `.cargo/config.toml`, where a RUSTFLAGS in the environment would replace them.

use std::{env, fs, io, path::PathBuf};

fn main() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let stm32f1 = env::var_os("CARGO_FEATURE_STM32F1").is_some();
    fs::write(out.join("memory.x"), if stm32f1 { STM32F103XB } else { LM3S6965 })?;
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
const STM32F103XB: &str = "\
MEMORY
{
  FLASH : ORIGIN = 0x08000000, LENGTH = 128K
  RAM : ORIGIN = 0x20000000, LENGTH = 20K
}
";
