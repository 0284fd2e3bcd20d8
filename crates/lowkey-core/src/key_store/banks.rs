//! Where a key store lies in its two banks, and in which order it is written: what makes it survive a power cut.
//!
//! In a bank, each from the start of a unit on:
//!
//! | what | bytes |
//! | --- | --- |
//! | entry | 360, see `entry.rs` |
//! | *begun* | a unit; zeros before the entry is written |
//! | *marks* | four units; one is zeros once entry and seed were read back and are right |
//! | *guard* | a unit; zeros once the bank has been erased for the next entry |
//! | slots | seeds of 48 bytes: one that is written with the entry, then one a start, as far as there is room |
//!
//! A bank is *whole* if its entry is, one of its seeds, and if a mark has been begun. Of two that are whole, the one of
//! the higher generation is in use. What follows from the order:
//!
//! - **What a power cut leaves half done reads differently from one time to the next.** Half an entry counts for
//!   nothing, whatever it reads as, because no mark was begun behind it. Half a mark may count or not, as the entry
//!   before it was right; but before the other bank is erased on its word, another mark is written and read back.
//! - **A unit that was cut may read as erased, and is programmed again**, if the flash takes it: with what had been
//!   tried before, zeros or the same seed. So no bit stays undecided.
//! - **Where no bank is whole**, nothing has ever been stored if the second one is erased, and the first one not merely
//!   guarded, nor marked with one half of a store that is right. Once something is stored, each bank holds an entry or
//!   a guard; but for the moment in which one has been erased and not been guarded, and then the other one is marked.

use super::entry::{Entry, Seed};
use crate::boot_log::{Bank, ERASED, Flash, FlashFailed, MAX_UNIT};
use crate::cursor::fill;
use lowkey_crypto::Secret;

/// The two banks of a store, and which of them is in use.
pub(super) struct Banks<F> {
    flash: F,
    rooms: Rooms,
    /// None while nothing is stored.
    used: Option<Bank>,
    /// In the bank in use, behind the last slot in use.
    end: usize,
}

/// What lies in the banks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing has ever been stored.
    Nothing,
    /// A store.
    Store,
    /// No bank is whole.
    Damage,
}

impl<F: Flash> Banks<F> {
    /// The banks in `flash`; `None` if a store does not fit there.
    pub(super) fn new(flash: F) -> Option<Self> {
        let rooms = Rooms::of(flash.unit(), flash.bank_len())?;
        Some(Self { flash, rooms, used: None, end: 0 })
    }

    /// Reads what is stored, and finishes what a power cut has left undone.
    pub(super) fn open(&mut self, entry: &mut Entry, seed: &mut Seed) -> Result<Found, FlashFailed> {
        let mut generation = |bank| self.load(bank, entry, seed).map(|_| entry.generation());
        let used = match (generation(Bank::First), generation(Bank::Second)) {
            (None, None)
                if self.is_erased(Bank::Second)
                    && !self.is_ready(Bank::First)
                    && !(entry.is_whole() || seed.is_checked()) =>
            {
                return Ok(Found::Nothing);
            }
            (None, None) => return Ok(Found::Damage),
            (first, second) if first > second => Bank::First,
            _ => Bank::Second,
        };
        let Some(end) = self.load(used, entry, seed) else { return Ok(Found::Damage) };
        (self.used, self.end) = (Some(used), end);
        if !self.is_ready(used.other()) {
            // If none is left, as many cuts as there are marks have hit one each.
            let _more_certain = self.mark(used);
            self.clean(used.other())?;
        }
        Ok(Found::Store)
    }

    /// Writes an entry and its seed to the bank that is not in use, which then is. The other one holds what was before
    /// until [`Self::settle`]. After an error that one is still in use.
    pub(super) fn store(&mut self, entry: &Entry, seed: &Seed) -> Result<(), FlashFailed> {
        self.settle()?;
        let to = self.used.map_or(Bank::First, Bank::other);
        if self.used.is_none() {
            self.erase(to)?;
        }
        for _ in 0..ATTEMPTS {
            if self.fill(to, entry, seed).is_ok() {
                (self.used, self.end) = (Some(to), self.rooms.slots.saturating_add(self.rooms.slot));
                return Ok(());
            }
            self.erase(to)?;
        }
        Err(FlashFailed)
    }

    /// Erases the bank that is not in use, unless it is erased, and makes it ready for the next entry.
    pub(super) fn settle(&mut self) -> Result<(), FlashFailed> {
        let Some(other) = self.used.map(Bank::other) else { return Ok(()) };
        if self.is_ready(other) { Ok(()) } else { self.clean(other) }
    }

    /// Writes a seed behind the last one, and clears all that stand before it, if this flash can do that and has room.
    /// After an error the new one, one of before, or both can be read.
    pub(super) fn append(&mut self, seed: &Seed) -> Result<(), FlashFailed> {
        let Rooms { unit, begun, slots, slot, bank_len, .. } = self.rooms;
        let bank = self.used.ok_or(FlashFailed)?;
        self.flash.clear(bank, begun)?; // it is clear: this is the question whether the flash can do that
        let (start, end) = (self.end, self.end.saturating_add(slot));
        if end > bank_len {
            return Err(FlashFailed);
        }
        self.write(bank, start, seed.bytes())?;
        self.end = end;
        let mut at = slots;
        while at < start {
            let behind = at.saturating_add(unit);
            if !self.is_all(bank, at, behind, CLEAR) {
                self.flash.clear(bank, at)?;
                if !self.is_all(bank, at, behind, CLEAR) {
                    return Err(FlashFailed);
                }
            }
            at = behind;
        }
        Ok(())
    }

    /// Reads a bank. Its slots in use end where this says, if it is whole.
    fn load(&mut self, bank: Bank, entry: &mut Entry, seed: &mut Seed) -> Option<usize> {
        let Rooms { unit, begun, guard, slots, slot, bank_len } = self.rooms;
        if self.is_all(bank, begun.saturating_add(unit), guard, ERASED) {
            return None; // no mark
        }
        let (mut at, mut end, mut has_seed, mut one) = (slots, slots, false, Seed::empty());
        while let Some(behind) = at.checked_add(slot).filter(|behind| *behind <= bank_len) {
            if !self.is_all(bank, at, behind, ERASED) {
                end = behind;
                if self.read(bank, at, one.bytes_mut()).is_ok() && one.is_checked() {
                    seed.copy_from(&one);
                    has_seed = true;
                }
            }
            at = behind;
        }
        let is_whole = self.read(bank, 0, entry.bytes_mut()).is_ok() && entry.is_whole();
        (is_whole && has_seed).then_some(end)
    }

    /// Writes an entry, its seed and a mark to a bank that is ready.
    fn fill(&mut self, bank: Bank, entry: &Entry, seed: &Seed) -> Result<(), FlashFailed> {
        let Rooms { begun, slots, .. } = self.rooms;
        self.set(bank, begun)?;
        self.write(bank, 0, entry.bytes())?;
        self.write(bank, slots, seed.bytes())?;
        self.mark(bank)
    }

    /// Writes the first mark that can be written, behind those that have been begun.
    fn mark(&mut self, bank: Bank) -> Result<(), FlashFailed> {
        let Rooms { unit, begun, guard, .. } = self.rooms;
        let (mut at, mut next) = (begun.saturating_add(unit), begun.saturating_add(unit));
        while at < guard {
            let behind = at.saturating_add(unit);
            if !self.is_all(bank, at, behind, ERASED) {
                next = behind;
            }
            at = behind;
        }
        while next < guard {
            if self.set(bank, next).is_ok() {
                return Ok(());
            }
            next = next.saturating_add(unit);
        }
        Err(FlashFailed)
    }

    /// Erases a bank and guards it.
    fn clean(&mut self, bank: Bank) -> Result<(), FlashFailed> {
        self.erase(bank)?;
        self.set(bank, self.rooms.guard)
    }

    /// Erases a bank, and sees that it is.
    fn erase(&mut self, bank: Bank) -> Result<(), FlashFailed> {
        self.flash.erase(bank)?;
        if self.is_erased(bank) { Ok(()) } else { Err(FlashFailed) }
    }

    fn is_erased(&mut self, bank: Bank) -> bool {
        self.is_all(bank, 0, self.rooms.bank_len, ERASED)
    }

    /// Whether a bank has been erased and guarded, and nothing more.
    fn is_ready(&mut self, bank: Bank) -> bool {
        let Rooms { guard, slots, bank_len, .. } = self.rooms;
        self.is_all(bank, 0, guard, ERASED)
            && !self.is_all(bank, guard, slots, ERASED)
            && self.is_all(bank, slots, bank_len, ERASED)
    }

    /// Reads from the start of a unit on.
    fn read(&mut self, bank: Bank, at: usize, out: &mut [u8]) -> Result<(), FlashFailed> {
        let (mut bytes, mut done) = (Secret::<MAX_UNIT>::zeroed(), 0_usize);
        let bytes = bytes.expose_mut().get_mut(..self.rooms.unit).ok_or(FlashFailed)?;
        while let Some(rest) = out.get_mut(done..).filter(|rest| !rest.is_empty()) {
            self.flash.read(bank, at.saturating_add(done), bytes)?;
            fill(rest, bytes);
            done = done.saturating_add(bytes.len());
        }
        Ok(())
    }

    /// Programs whole units, the end of the last one as it is when erased, and reads them back.
    fn write(&mut self, bank: Bank, at: usize, bytes: &[u8]) -> Result<(), FlashFailed> {
        let (mut unit, mut done, mut differing) = (Secret::<MAX_UNIT>::zeroed(), 0_usize, 0);
        let unit = unit.expose_mut().get_mut(..self.rooms.unit).ok_or(FlashFailed)?;
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            unit.fill(ERASED);
            fill(unit, rest);
            self.flash.program(bank, at.saturating_add(done), unit)?;
            done = done.saturating_add(unit.len());
        }
        done = 0;
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            self.flash.read(bank, at.saturating_add(done), unit)?;
            differing |= unit.iter().zip(rest).fold(0, |any, (is, should)| any | (is ^ should));
            done = done.saturating_add(unit.len());
        }
        if differing == 0 { Ok(()) } else { Err(FlashFailed) }
    }

    /// Makes zeros of an erased unit.
    fn set(&mut self, bank: Bank, at: usize) -> Result<(), FlashFailed> {
        self.write(bank, at, [CLEAR; MAX_UNIT].get(..self.rooms.unit).unwrap_or_default())
    }

    /// Whether all bytes of these units can be read, and are this one.
    fn is_all(&mut self, bank: Bank, from: usize, to: usize, byte: u8) -> bool {
        let (mut unit, mut at, mut differing) = (Secret::<MAX_UNIT>::zeroed(), from, 0);
        let Some(unit) = unit.expose_mut().get_mut(..self.rooms.unit) else { return false };
        while at < to {
            if self.flash.read(bank, at, unit).is_err() {
                return false;
            }
            differing |= unit.iter().fold(0, |any, is| any | (is ^ byte));
            at = at.saturating_add(unit.len());
        }
        differing == 0
    }
}

/// Where everything begins in a bank, in bytes.
#[derive(Clone, Copy)]
struct Rooms {
    unit: usize,
    begun: usize,
    guard: usize,
    slots: usize,
    /// Bytes of a slot.
    slot: usize,
    /// Bytes of a bank that are whole units.
    bank_len: usize,
}

impl Rooms {
    fn of(unit: usize, bank_len: usize) -> Option<Self> {
        if !(1..=MAX_UNIT).contains(&unit) {
            return None;
        }
        let whole = |least: usize| {
            let mut len = 0_usize;
            while len < least {
                len = len.saturating_add(unit);
            }
            len
        };
        let begun = whole(Entry::LEN);
        let guard = begun.checked_add(unit.checked_mul(1 + MARKS)?)?;
        let slots = guard.checked_add(unit)?;
        let slot = whole(Seed::LEN);
        let bank_len = whole(bank_len.checked_sub(unit - 1)?);
        (slots.checked_add(slot)? <= bank_len).then_some(Self { unit, begun, guard, slots, slot, bank_len })
    }
}

/// What a cleared byte reads as.
const CLEAR: u8 = !ERASED;
/// Power cuts in a row, each in the writing of one, that a store survives for certain.
const MARKS: usize = 4;
/// A unit that was cut and reads as erased may refuse what is written: once erased, it takes it.
const ATTEMPTS: usize = 2;
