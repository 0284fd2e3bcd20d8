//! A counter of boots in two *banks* of flash, for every flash that erases to ones. A bank is one erase page, or
//! several in a row.
//!
//! Flash takes so many bytes at once, a *unit*, and many chips take each unit only once between two erases, because it
//! carries an error-correcting code. So nothing is programmed twice here, and no bank has a header.
//!
//! Each number is written twice, one copy behind the other, in a *slot*; each copy has a check of its own. Slots are
//! filled from the front of a bank; when it is full, the other bank is erased and goes on. A number is given out after
//! both copies were read back, and never sooner. From that follows the promise:
//!
//! - **One bad bit, one unit that reads wrongly or not at all**, now or for good, leaves the other copy. So the highest
//!   number that was given out is still there, and the next is higher.
//! - **A power cut** leaves a slot that may read differently from one time to the next. Nobody was given its number,
//!   and nobody will be: the slot counts as used whatever it reads as, and the next boot takes the one behind. If it
//!   reads as erased, and the flash refuses it or it reads back as something else, the same call takes the one behind.
//! - **An erase that is cut** leaves noise in the bank that is not in use. The other one is full then, and has a number
//!   that is *sure*: both copies read the same. Whoever was given a number has left such a slot, so a bank without one
//!   holds only what cuts have left. No bank is erased while the other is not sure. (What is left: a bank whose first
//!   number was given out, every other slot of it cut, one start after the other, and one copy of that number
//!   unreadable then. It is erased for what it looks like, and a cut in that erase brings the number back. And as many
//!   cuts in a row as both banks have slots, each in the last unit of a second copy, which reads as whole when the next
//!   bank is begun and not any more later: no bank is sure then, and every call fails.)
//! - **A log with no number in it** is new if its second bank is erased, and if what lies in the first can be the
//!   remains of the numbers 1, 2, 3 …, one in each slot: programming only clears bits, so a bit that has to stay set is
//!   set. Everything else is damage and gives no number: so does a log that an earlier version of this crate has
//!   written.
//!
//! At the first boot, and once more at the second, the other bank is erased on trial: flash that this log does not fit
//! says so while nothing is lost. Both banks erased are a new counter: whoever erases them makes a new hedge secret
//! too.
//!
//! A slot has twice 8 bytes, rounded up to units. So two banks of 1 KB, rated for 10,000 erases, count 1,280,000 boots
//! on a chip that programs up to 8 bytes at once, and 320,000 on one that programs 32.

use crate::entropy::{Counter, CounterFailed};
use core::fmt;

/// What an erased byte reads as. A chip that erases to zeros has a driver that inverts every byte both ways.
pub const ERASED: u8 = 0xff;
/// The most bytes that a unit may have.
pub const MAX_UNIT: usize = 32;

/// One of the two banks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bank {
    /// The bank at the lower address.
    First,
    /// The bank at the higher address.
    Second,
}

impl Bank {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// The flash did not do what it was asked, or what lies in it is no log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlashFailed;

impl fmt::Display for FlashFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("boot log: damaged, or the flash failed")
    }
}

impl core::error::Error for FlashFailed {}

/// The two banks, as a port reaches them.
pub trait Flash {
    /// Bytes that are programmed at once: 1 to [`MAX_UNIT`], always as many. With an error-correcting code it is what
    /// the code covers, or a multiple.
    fn unit(&self) -> usize;

    /// Bytes in each bank, always as many; at least 8 slots, each twice 8 bytes rounded up to units.
    fn bank_len(&self) -> usize;

    /// Reads `bytes.len()` bytes of a bank, a whole number of units, from a multiple of [`Self::unit`] on.
    ///
    /// # Errors
    /// [`FlashFailed`]: they cannot be read, for example because their code is broken. The log goes on without them.
    fn read(&mut self, bank: Bank, offset: usize, bytes: &mut [u8]) -> Result<(), FlashFailed>;

    /// Programs one unit, which reads as erased. Returns when it is done.
    ///
    /// # Errors
    /// [`FlashFailed`]: the controller reported a fault or refused; the unit may hold anything.
    fn program(&mut self, bank: Bank, offset: usize, unit: &[u8]) -> Result<(), FlashFailed>;

    /// Makes zeros of a unit, whatever it holds. Returns when it is done. Only a [key store](crate::key_store) asks for
    /// it; without it, as with this default, that erases a bank at each start instead.
    ///
    /// # Errors
    /// [`FlashFailed`]: this flash takes a unit only once, or the controller reported a fault.
    fn clear(&mut self, bank: Bank, offset: usize) -> Result<(), FlashFailed> {
        let _nothing_is_done = (bank, offset);
        Err(FlashFailed)
    }

    /// Erases a whole bank. Returns when it is done.
    ///
    /// # Errors
    /// [`FlashFailed`]: the controller reported a fault; the bank may hold anything.
    fn erase(&mut self, bank: Bank) -> Result<(), FlashFailed>;
}

/// A [`Counter`] in two banks of flash.
#[derive(Debug)]
pub struct BootLog<F>(F);

/// What was found in one bank.
struct Found {
    /// The number that comes next, if this bank is in use.
    next: u32,
    /// Where the slot behind the last one in use begins.
    end: usize,
    /// Slots with a number that can be read.
    numbers: usize,
    /// The highest of them.
    highest: u32,
    /// Both copies of one of them read the same: the power did not fail while that was written.
    is_sure: bool,
    /// Each slot in use can be what is left of 1, 2, 3 ….
    may_be_new: bool,
}

/// The bank in use, what was found in it and in the other one.
struct Log {
    bank: Bank,
    used: Found,
    other: Found,
}

impl<F: Flash> BootLog<F> {
    /// The counter in `flash`.
    pub fn new(flash: F) -> Self {
        Self(flash)
    }

    /// The last number that may have been given out; 0 for a new log. Writes nothing.
    ///
    /// # Errors
    /// [`FlashFailed`]: the log is damaged, or does not fit its flash.
    pub fn count(&mut self) -> Result<u64, FlashFailed> {
        let copy = self.copy_len()?;
        self.find(copy).map(|log| u64::from(log.used.next).saturating_sub(1))
    }

    fn advance(&mut self) -> Result<u32, FlashFailed> {
        let copy = self.copy_len()?;
        let Log { mut bank, mut used, other } = self.find(copy)?;
        let numbers = used.numbers.saturating_add(other.numbers);
        let is_tried = numbers == 1 && used.is_sure;
        if is_tried {
            self.erase(bank.other(), copy)?;
        }
        let number = match self.fill(bank, &mut used, copy) {
            Some(number) => number,
            None => {
                // Full. Where nothing is sure, cuts have left everything, slots that were not reached among it;
                // the other bank, which is sure, stays.
                match (used.is_sure, other.is_sure) {
                    (true, _) => bank = bank.other(),
                    (false, true) => {
                        used.next = used.highest.max(other.highest).checked_add(1).ok_or(FlashFailed)?;
                    }
                    (false, false) => return Err(FlashFailed),
                }
                used.end = 0;
                self.erase(bank, copy)?;
                self.fill(bank, &mut used, copy).ok_or(FlashFailed)?
            }
        };
        if numbers <= 1 && !is_tried {
            self.erase(bank.other(), copy)?;
        }
        Ok(number)
    }

    /// Writes the next number to the first slot that takes it; `None` if there is none.
    fn fill(&mut self, bank: Bank, used: &mut Found, copy: usize) -> Option<u32> {
        while let Some(behind) = self.slot_end(used.end, copy) {
            let (start, number) = (used.end, used.next);
            used.end = behind;
            used.next = number.checked_add(1)?;
            if self.write(bank, start, copy, number).is_ok() {
                return Some(number);
            }
        }
        None
    }

    /// Writes both copies of a number, one behind the other, and reads them back.
    fn write(&mut self, bank: Bank, start: usize, copy: usize, number: u32) -> Result<(), FlashFailed> {
        let unit = self.0.unit();
        let mut bytes = written(number);
        let copies = [start, start.saturating_add(copy)];
        for at in copies {
            let mut done = 0_usize;
            while let Some(unit) = bytes.get(done..done.saturating_add(unit)).filter(|_| done < copy) {
                self.0.program(bank, at.saturating_add(done), unit)?;
                done = done.saturating_add(unit.len());
            }
        }
        let bytes = bytes.get_mut(..copy).ok_or(FlashFailed)?;
        for at in copies {
            self.0.read(bank, at, bytes)?;
            if number_in(bytes) != Some(number) {
                return Err(FlashFailed);
            }
        }
        Ok(())
    }

    /// Erases a bank, and sees that it is.
    fn erase(&mut self, bank: Bank, copy: usize) -> Result<(), FlashFailed> {
        self.0.erase(bank)?;
        if self.look(bank, copy).end == 0 { Ok(()) } else { Err(FlashFailed) }
    }

    /// The bank in use: of two with numbers the one whose numbers are higher.
    fn find(&mut self, copy: usize) -> Result<Log, FlashFailed> {
        let (first, second) = (self.look(Bank::First, copy), self.look(Bank::Second, copy));
        let is_new = first.numbers == 0 && second.numbers == 0;
        if is_new && (second.end > 0 || !first.may_be_new) {
            return Err(FlashFailed);
        }
        let is_second = second.numbers > 0 && (first.numbers == 0 || second.next > first.next);
        let (bank, used, other) =
            if is_second { (Bank::Second, second, first) } else { (Bank::First, first, second) };
        Ok(Log { bank, used, other })
    }

    fn look(&mut self, bank: Bank, copy: usize) -> Found {
        let mut found = Found { next: 1, end: 0, numbers: 0, highest: 0, is_sure: false, may_be_new: true };
        let (mut start, mut expected, mut bytes) = (0, 1_u32, [0; MAX_UNIT]);
        while let Some(end) = self.slot_end(start, copy) {
            let (mut number, mut is_used, mut is_sure) = (None, false, false);
            for at in [start, start.saturating_add(copy)] {
                let Some(bytes) = bytes.get_mut(..copy) else { break };
                if self.0.read(bank, at, bytes).is_err() {
                    (is_used, is_sure) = (true, false);
                    continue;
                }
                let copy = number_in(bytes);
                is_used |= bytes.iter().any(|byte| *byte != ERASED);
                is_sure = copy.is_some() && copy == number;
                number = number.max(copy);
                found.may_be_new &= can_be_left_of(expected, bytes);
            }
            // If it has none, it counts as the expected one: nobody was given that, and nobody will be.
            expected = number.unwrap_or(0).max(expected).saturating_add(1);
            if is_used {
                (found.next, found.end) = (expected, end);
            }
            if let Some(number) = number {
                found.numbers = found.numbers.saturating_add(1);
                found.highest = found.highest.max(number);
                found.is_sure |= is_sure;
            }
            start = end;
        }
        found
    }

    fn slot_end(&self, start: usize, copy: usize) -> Option<usize> {
        let end = start.checked_add(copy)?.checked_add(copy)?;
        (end <= self.0.bank_len()).then_some(end)
    }

    /// Bytes of a copy: whole units, and room for a number and its check.
    fn copy_len(&self) -> Result<usize, FlashFailed> {
        let unit = self.0.unit();
        let mut copy = unit;
        while unit > 0 && copy < NUMBER_LEN {
            copy = copy.saturating_add(unit);
        }
        let has_room =
            (1..=MAX_UNIT).contains(&unit) && copy.saturating_mul(2 * MIN_SLOTS) <= self.0.bank_len();
        if has_room { Ok(copy) } else { Err(FlashFailed) }
    }
}

impl<F: Flash> Counter for BootLog<F> {
    /// The number of this boot, from 1 on, stored before it is returned.
    ///
    /// # Errors
    /// [`CounterFailed`]: the flash failed, the log is damaged, or does not fit its flash. Numbers given out before stay
    /// used; the call can be repeated.
    fn next(&mut self) -> Result<u64, CounterFailed> {
        self.advance().map(u64::from).map_err(|FlashFailed| CounterFailed)
    }
}

/// A number and its check, again and again: what a copy of any length begins with.
fn written(number: u32) -> [u8; MAX_UNIT] {
    let mut eight = u64::from(check(number)) << 32 | u64::from(number);
    [0; MAX_UNIT].map(|_: u8| {
        let byte = eight.to_le_bytes()[0];
        eight = eight.rotate_right(8);
        byte
    })
}

/// The number that a whole copy holds.
fn number_in(copy: &[u8]) -> Option<u32> {
    let number = u32::from_le_bytes(*copy.first_chunk()?);
    (number > 0 && written(number).starts_with(copy)).then_some(number)
}

/// Whether a copy of `number` can have been cut and read so: what has to stay set is set.
fn can_be_left_of(number: u32, copy: &[u8]) -> bool {
    copy.iter().zip(written(number)).all(|(byte, whole)| byte & whole == whole)
}

/// The check behind a number. Another number differs from it in many bits, both ways, and an erased one is wrong.
const fn check(number: u32) -> u32 {
    let mixed = number.wrapping_mul(ODD);
    !(mixed ^ mixed >> 16).wrapping_mul(ODD)
}

/// Bytes of a number and its check.
const NUMBER_LEN: usize = 8;
/// A bank with fewer would be worn out soon, and lost when as many cuts follow each other.
const MIN_SLOTS: usize = 8;
/// 2^32 divided by the golden ratio, a multiplier whose bits look random.
const ODD: u32 = 0x9e37_79b1;
