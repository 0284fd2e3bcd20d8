//! Whether a firmware that only a real board can run fits that board, and which primitives were linked into it.

use std::path::Path;

use pack::c_firmware::{self, Kind};
use xtask::{command::Result, firmware};

use crate::image::Image;

/// What a board has for its program, in bytes.
struct Memory {
    /// Without what is kept free of the program.
    flash: u32,
    /// For statics and stack.
    ram: u32,
}

/// Builds the one in Rust that nothing here runs, and prints what it takes of what it may take.
///
/// # Errors
/// As [`in_c`].
pub fn in_rust() -> Result<()> {
    check(&firmware::build(STM32, "stm32f107")?, &STM32_MEMORY)
}

/// Builds those in C for a board, and prints what each takes of what it may take.
///
/// # Errors
/// That is more, too little is left for the stack, or it was not linked with the compact primitives.
pub fn in_c() -> Result<()> {
    check(&c_firmware::build(Kind::Product)?, &BUDGET)?;
    check(&c_firmware::build(Kind::Pairing)?, &PAIRING_BUDGET)
}

/// Prints what the firmware `elf` takes of `memory`.
///
/// # Errors
/// It does not fit, leaves too little for the stack, or was not linked with the compact primitives.
fn check(elf: &Path, memory: &Memory) -> Result<()> {
    let Image { flash, ram, symbols, .. } = Image::read(elf)?;
    println!("  {flash} of {} B of flash, {ram} of {} B of RAM in statics", memory.flash, memory.ram);
    if flash > memory.flash || ram + STACK > memory.ram {
        return Err(format!("that does not fit, with {STACK} B for the stack").into());
    }
    let names: Vec<&str> = symbols.values().map(|(name, _)| name.as_str()).collect();
    whose(&names)
}

/// Looks for the primitives among the names in an image.
fn whose(names: &[&str]) -> Result<()> {
    let has = |part: &str| names.iter().any(|name| name.contains(part));
    if let Some(missing) = COMPACT.iter().find(|part| !has(part)) {
        return Err(format!("no function of the compact primitives: none is called …{missing}…").into());
    }
    match OTHERS.iter().find(|part| has(part)) {
        Some(other) => Err(format!("primitives of another body are in it: …{other}…").into()),
        None => Ok(()),
    }
}

const STM32: &str = "examples/stm32f107";
/// 256 KB of flash without the key page and the boot log, 64 KB of SRAM.
const STM32_MEMORY: Memory = Memory { flash: 250 * 1_024, ram: 64 * 1_024 };
/// What all of the firmware in C may take with lwIP: of flash far less than the board has, of RAM all that is there.
const BUDGET: Memory = Memory { flash: 34 * 1_024, ram: 64 * 1_024 };
/// The same of the one that pairs, which brings XXpsk0 as both roles and the key store.
const PAIRING_BUDGET: Memory = Memory { flash: 45 * 1_024, ram: 64 * 1_024 };
/// Kept for the stack: twice what a channel of every mode takes (`benches/numbers.toml`).
const STACK: u32 = 16 * 1_024;
/// Parts of mangled names: the compact body's field, cipher and hash, in assembly.
const COMPACT: [&str; 3] = ["7compact5field6thumb2", "7compact8chacha20", "7compact7blake2s"];
/// What the portable body would bring. Not the names of its crates alone: a compiler may write one behind a generic
/// function that it found compiled there.
const OTHERS: [&str; 2] = ["4body8portable", "16curve25519_dalek10montgomery"];

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: &str = "_RNvNtNtNtNtCs_13lowkey_crypto4body7compact5field6thumb27product";
    const CIPHER: &str = "_RNvNtNtNtCs_13lowkey_crypto4body7compact8chacha206thumb213chacha20_xor";
    const HASH: &str = "_RNvNtNtNtCs_13lowkey_crypto4body7compact7blake2s6thumb216blake2s_compress";

    #[test]
    fn an_image_with_the_compact_primitives_is_taken() {
        let wiping = "_RNvXs2_Cs_7zeroizeAhj20_NtB5_7Zeroize7zeroizeCs_16curve25519_dalek";
        assert!(whose(&[FIELD, "Reset", CIPHER, wiping, HASH]).is_ok());
    }

    #[test]
    fn an_image_that_lacks_one_or_has_another_body_is_refused() {
        assert!(whose(&[FIELD, CIPHER]).is_err());
        let dalek = "_RNvNtCs_16curve25519_dalek10montgomery3mul";
        assert!(whose(&[FIELD, CIPHER, HASH, dalek]).is_err());
    }
}
