//! `liblowkey.a`: the functions of `lowkey.h` in one static library, and nothing else.
//!
//! It has no allocator and no global, and nothing in it panics: an image that is linked with it holds no code
//! for that, which `cargo xtask c --try` checks.
#![no_std]

extern crate lowkey_c;

/// The language wants one. Nothing calls it.
#[panic_handler]
fn never(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
