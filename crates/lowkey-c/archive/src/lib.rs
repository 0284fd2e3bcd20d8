//! `liblowkey.a`: the functions of `lowkey.h` in one static library, and nothing else.
//!
//! It has no allocator and no global, and nothing in it panics: an image that is linked with it holds no code
//! for that, which `cargo xtask c --try` checks. On a microcontroller it needs no function of anybody else.
#![no_std]

extern crate lowkey_c;
extern crate lowkey_mem;

/// The language wants one. Nothing calls it.
#[panic_handler]
fn never(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

// No floating point is computed and none crosses the interface, so the object fits every convention for passing it: 3
/// says so, 0 that the rest does not matter (Addenda to the ABI for the Arm Architecture, build attributes, §3.3.6).
/// A linker would keep it out of programs for `-mfloat-abi=hard` otherwise.
#[cfg(target_arch = "arm")]
#[allow(unsafe_code, reason = "an assembler's directives without an instruction")]
mod floating_point {
    core::arch::global_asm!(
        ".eabi_attribute Tag_ABI_VFP_args, 3",
        ".eabi_attribute Tag_ABI_FP_denormal, 0",
        ".eabi_attribute Tag_ABI_FP_exceptions, 0",
        ".eabi_attribute Tag_ABI_FP_number_model, 0",
        ".eabi_attribute Tag_ABI_FP_16bit_format, 0",
    );
}
