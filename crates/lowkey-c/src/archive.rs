//! What a static library for a microcontroller needs and a library of Rust must not have: the feature `archive`.

/// The language wants one. Nothing in the archive calls it.
#[panic_handler]
fn never(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

// No floating point is computed and none crosses the interface, so the object fits every convention for passing it: 3
// says so, 0 that the rest does not matter (Addenda to the ABI for the Arm Architecture, build attributes, §3.3.6). A
// linker would keep it out of programs for `-mfloat-abi=hard` otherwise.
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
