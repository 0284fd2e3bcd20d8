//! Memory that is laid out by the linker and handed out once.
//!
//! `singleton!` would build the value on the stack and copy it: 4 KB of stack for nothing.
#![allow(unsafe_code)]

use core::{
    cell::UnsafeCell,
    sync::atomic::{AtomicBool, Ordering},
};

/// A `T` in a static, for the first who asks.
pub struct Reserved<T> {
    value: UnsafeCell<T>,
    taken: AtomicBool,
}

impl<T> Reserved<T> {
    /// Reserves room for `value`; all zeros costs no flash.
    pub const fn new(value: T) -> Self {
        Self { value: UnsafeCell::new(value), taken: AtomicBool::new(false) }
    }

    /// The value, for good. `None` the second time.
    #[expect(clippy::mut_from_ref, reason = "the flag lets one borrow through")]
    pub fn take(&'static self) -> Option<&'static mut T> {
        if self.taken.swap(true, Ordering::AcqRel) {
            return None;
        }
        // SAFETY: the swap lets one caller through in the program's life, and nothing else looks into the cell.
        Some(unsafe { &mut *self.value.get() })
    }
}

// SAFETY: the value goes to whoever takes it and to nobody else, which is a move: `Send` is enough.
unsafe impl<T: Send> Sync for Reserved<T> {}
