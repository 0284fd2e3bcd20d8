//! `liblowkey.a`: the functions of `lowkey.h` in one static library, and nothing else.
//!
//! It has no allocator and no global, and nothing in it panics: an image that is linked with it holds no code
//! for that, which `cargo xtask c --try` checks. On a microcontroller it needs no function of anybody else.
#![no_std]

extern crate lowkey_c;
extern crate lowkey_mem;

/// The language wants one. Nothing calls it. On a microcontroller it comes with `lowkey_c`.
#[cfg(not(target_os = "none"))]
#[panic_handler]
fn never(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
