//! The boot log: a counter in two pages of flash.

use crate::call::give;
use crate::lowkey_status;
use crate::raw::{self, callbacks::Pages};
use core::ffi::c_void;
use lowkey_core::boot_log::BootLog;
use lowkey_core::{Counter, CounterFailed};

/// Two pages of flash of equal size that nothing else uses, as lowkey_boot_log_next reaches them. Everything but
/// `context` must be given.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lowkey_flash {
    /// Given to every callback.
    pub context: *mut c_void,
    /// Words of 32 bits in each page, always as many; at least 3.
    pub words: usize,
    /// Reads a word (below `words`) of page 0 or 1; an erased one reads as 0xffffffff.
    pub read: Option<unsafe extern "C" fn(context: *mut c_void, page: u32, word: usize) -> u32>,
    /// Programs a word and returns 0 when that is done, anything else if it failed. The word is erased; or
    /// `value` is 0 and the word may hold anything. Flash that refuses the latter, because its words carry an
    /// error-correcting code, is not for this log.
    pub program:
        Option<unsafe extern "C" fn(context: *mut c_void, page: u32, word: usize, value: u32) -> i32>,
    /// Erases page 0 or 1 and returns 0 when that is done, anything else if it failed.
    pub erase: Option<unsafe extern "C" fn(context: *mut c_void, page: u32) -> i32>,
}

/// Counts a boot: gives a number, from 1 on, that this call has never given before on this device, whenever the
/// power fails. It is stored before it is given. Two erased pages are a new counter: whoever erases them makes a
/// new hedge secret as well.
///
/// LOWKEY_COUNTER: a callback failed, both pages are damaged, or `words` is less than 3. LOWKEY_NULL: `flash`, one
/// of its callbacks or `boot`. `boot` is as it was, no number was used, and the call can be repeated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_boot_log_next(flash: *const lowkey_flash, boot: *mut u64) -> lowkey_status {
    give(|| {
        let boot = raw::out(boot)?;
        let mut log = BootLog::new(Pages::new(*raw::plain(flash)?)?);
        let number = log.next().map_err(|CounterFailed| lowkey_status::LOWKEY_COUNTER)?;
        Ok((boot, number))
    })
}
