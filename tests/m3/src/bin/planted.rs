//! Six leaks, planted: what the gates of `cargo xtask constant-time` have to find, each in its own way.
//!
//! | function | found in the image | found in the trace |
//! | --- | --- | --- |
//! | `long_multiply` | yes, but on a core where it takes a constant time | by its cycles |
//! | `division` | yes | by its cycles |
//! | `branch` | no | by its program counters |
//! | `condition` | no | by what is executed at them |
//! | `index` | no | by its addresses |
//! | `stack` | no | by what lies there afterwards |
#![no_std]
#![no_main]
#![allow(unsafe_code)] // names that the linker must keep

use core::{arch::asm, hint::black_box, panic::PanicInfo};

use cortex_m_rt::entry;

#[entry]
fn main() -> ! {
    black_box([
        long_multiply as *const (),
        division as _,
        branch as _,
        condition as _,
        index as _,
        stack as _,
    ]);
    loop {
        core::hint::spin_loop();
    }
}

/// Multiplies 32 by 32 to 64 bits: a UMULL.
// SAFETY: no other function has this name; nor have those below.
#[unsafe(no_mangle)]
extern "C" fn long_multiply(secret: &[u8; 32], out: &mut [u8; 32]) {
    let [a, b, c, d, e, f, g, h, ..] = *secret;
    let product = u64::from(u32::from_le_bytes([a, b, c, d])) * u64::from(u32::from_le_bytes([e, f, g, h]));
    out.iter_mut().zip(product.to_le_bytes()).for_each(|(to, from)| *to = from);
}

/// Divides: a UDIV.
#[unsafe(no_mangle)]
extern "C" fn division(secret: &[u8; 32], out: &mut [u8; 32]) {
    let [a, b, c, d, e, ..] = *secret;
    let quotient = u32::from_le_bytes([a, b, c, d]) / (u32::from(e) | 1);
    out.iter_mut().zip(quotient.to_le_bytes()).for_each(|(to, from)| *to = from);
}

/// Takes another way if the lowest bit of the secret is set.
#[unsafe(no_mangle)]
extern "C" fn branch(secret: &[u8; 32], out: &mut [u8; 32]) {
    if secret[0] & 1 == 1 {
        out.iter_mut().zip(secret).for_each(|(to, from)| *to = black_box(*from));
    }
}

/// Multiplies only if the lowest bit of the secret is set, without a branch. A MUL takes one cycle on a Cortex-M3 and
/// M4, as an instruction does whose condition fails; on a core that takes two the time would differ.
#[unsafe(no_mangle)]
extern "C" fn condition(secret: &[u8; 32], out: &mut [u8; 32]) {
    let word = u32::from(secret[0]);
    let mut product = word;
    // SAFETY: reads and writes these registers and the flags alone.
    unsafe {
        asm!(
            "lsls   {bit}, {word}, #31",
            "it     ne",
            "mulne  {product}, {word}, {word}",
            bit = out(reg) _,
            word = in(reg) word,
            product = inout(reg) product,
            options(pure, nomem, nostack),
        );
    }
    out.iter_mut().zip(product.to_le_bytes()).for_each(|(to, from)| *to = from);
}

/// Looks a byte of the secret up in a table.
#[unsafe(no_mangle)]
extern "C" fn index(secret: &[u8; 32], out: &mut [u8; 32]) {
    out[0] = black_box(&TABLE)[usize::from(secret[0])];
}

/// Leaves a copy of the secret in its frame.
#[unsafe(no_mangle)]
extern "C" fn stack(secret: &[u8; 32], _: &mut [u8; 32]) {
    black_box(&mut { *secret });
}

static TABLE: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = (i as u8).reverse_bits();
        i += 1;
    }
    table
};

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
