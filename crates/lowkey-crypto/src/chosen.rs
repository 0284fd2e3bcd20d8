//! What the build script has chosen, as a symbol of an image: a name and no byte.
//!
//! It is local and absolute, so that two versions of this crate in one image do not meet. A linker drops no symbol with
//! what nothing calls, but takes no object that nothing calls either, and a compiler may make one for each module. So
//! it comes from within a function.
#![allow(unsafe_code)]

use core::arch::asm;

/// Has the symbol stand where this is called: once, in something that every channel calls.
#[inline(always)]
pub(crate) fn say() {
    // SAFETY: a directive of the assembler, and no instruction.
    unsafe { asm!(concat!(".set ", env!("LOWKEY_CHOSEN"), ", 0"), options(nomem, nostack, preserves_flags)) }
}
