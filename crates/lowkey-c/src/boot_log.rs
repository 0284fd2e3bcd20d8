//! The boot log: a counter in two banks of flash.

use crate::call::give;
use crate::raw::callbacks::Banks;
use crate::raw::{self, Failure};
use crate::status::lowkey_status::{self, LOWKEY_COUNTER, LOWKEY_NULL};
use core::ffi::c_void;
use lowkey_core::boot_log::BootLog;
use lowkey_core::{Counter, CounterFailed};

/// Two banks of flash, of equal size, that nothing else uses, as lowkey_boot_log_next reaches them. Everything but
/// `context` must be given.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lowkey_flash {
    /// Given to every callback.
    pub context: *mut c_void,
    /// Bytes that are programmed at once, 1 to 32, always as many. With an error-correcting code it is what the
    /// code covers.
    pub unit: usize,
    /// Bytes in each bank, always as many: at least 128, and 16 units. A bank is one erase page, or several in a row.
    pub bank_len: usize,
    /// Reads `len` bytes, whole units, of bank 0 or 1 and returns 0, or anything else if they cannot be read, for
    /// example because their code is broken: the log goes on without them. An erased byte reads as 0xff; for a chip
    /// that erases to zeros, invert every byte here and in `program`.
    pub read: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            bank: u32,
            offset: usize,
            bytes: *mut u8,
            len: usize,
        ) -> i32,
    >,
    /// Programs a unit that reads as erased, `len` bytes, and returns 0 when that is done, anything else if it failed.
    /// No unit is programmed a second time before its bank is erased.
    pub program: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            bank: u32,
            offset: usize,
            unit: *const u8,
            len: usize,
        ) -> i32,
    >,
    /// Erases bank 0 or 1 and returns 0 when that is done, anything else if it failed.
    pub erase: Option<unsafe extern "C" fn(context: *mut c_void, bank: u32) -> i32>,
}

/// Counts a boot: gives a number, from 1 on, that this call has never given before on this device, whenever the
/// power fails. It is stored before it is given. Two erased banks are a new counter: whoever erases them makes a
/// new hedge secret as well.
///
/// A bad bit, or a unit that reads wrongly or not at all, costs neither a number twice nor the log. At the first two
/// starts the second bank is erased on trial, so flash that this log does not fit says so at once.
///
/// LOWKEY_COUNTER: a callback failed, the log is damaged, or it does not fit this flash. LOWKEY_NULL: `flash`, one
/// of its callbacks or `boot`. `boot` is as it was, and the call can be repeated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_boot_log_next(flash: *const lowkey_flash, boot: *mut u64) -> lowkey_status {
    give(|| {
        let boot = raw::out(boot)?;
        let mut log = BootLog::new(banks(raw::plain(flash)?)?);
        let number = log.next().map_err(|CounterFailed| LOWKEY_COUNTER)?;
        Ok((boot, number))
    })
}

/// The flash that C has described.
pub(crate) fn banks(given: &lowkey_flash) -> Result<Banks, Failure> {
    let lowkey_flash { context, unit, bank_len, read, program, erase } = *given;
    match (read, program, erase) {
        (Some(read), Some(program), Some(erase)) => {
            Ok(Banks { context, unit, bank_len, read, program, erase })
        }
        _ => Err(LOWKEY_NULL.into()),
    }
}
