//! What the build script has chosen, as a symbol of an image: a name and no byte.
//!
//! It is local and absolute, so no linker drops it with what nothing calls, and two versions of this crate in one image
//! do not meet.
#![allow(unsafe_code)]

core::arch::global_asm!(concat!(".set ", env!("LOWKEY_CHOSEN"), ", 0"));
