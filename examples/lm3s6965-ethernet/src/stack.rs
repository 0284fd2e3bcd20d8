//! How deep the stack has been.
//!
//! The start-up code paints all RAM between the statics and the top of the stack (cortex-m-rt's `paint-stack`);
//! whatever is no longer painted has been used since. Interrupts use the same stack and are counted.
#![allow(unsafe_code)]

use core::ptr;

use cortex_m_rt::STACK_PAINT_VALUE;

unsafe extern "C" {
    // The linker script's: only their addresses mean anything.
    static _stack_end: u32;
    static _stack_start: u32;
}

/// The deepest the stack has been since start, in bytes.
///
/// A function that reserved a buffer and never wrote its lowest words is not seen to have used them.
pub fn peak() -> usize {
    let top = (&raw const _stack_start).addr();
    top - lowest_used().addr()
}

/// The room between the statics and the top of the stack, in bytes.
pub fn size() -> usize {
    (&raw const _stack_start).addr() - (&raw const _stack_end).addr()
}

fn lowest_used() -> *const u32 {
    let top = (&raw const _stack_start).addr();
    let mut word = &raw const _stack_end;
    // SAFETY: `word` stays between two aligned addresses that link.x puts into RAM; nothing lives there but the
    // stack, and a volatile read of it makes no promise about who owns the word.
    while word.addr() < top && unsafe { ptr::read_volatile(word) } == STACK_PAINT_VALUE {
        word = word.wrapping_add(1);
    }
    word
}
