//! Where a key store lies in its two banks, and in which order it is written: what makes it survive a power cut.
//!
//! In a bank, each from the start of a unit on:
//!
//! | what | bytes |
//! | --- | --- |
//! | *guard* | a unit; zeros once the bank has been erased for the next entry |
//! | *begun* | a unit; zeros before the entry is written |
//! | *marks* | four units; one is zeros once entry and seed were read back and are right |
//! | entry | 360, see `entry.rs` |
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
use super::error::StoreError;
use crate::boot_log::{Bank, ERASED, Flash, MAX_UNIT};
use lowkey_crypto::Secret;

/// The two banks of a store, and which of them is in use.
pub(super) struct Banks<F> {
    flash: F,
    unit: usize,
    /// Where the slots begin, and where the last one ends; bytes of a slot.
    slots: usize,
    len: usize,
    slot: usize,
    found: Found,
    /// In the bank in use, behind the last slot in use.
    end: usize,
    /// What was read last.
    last: Secret<MAX_UNIT>,
}

/// What lies in the banks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing has ever been stored.
    Nothing,
    /// A store, in this bank.
    Store(Bank),
    /// No bank is whole.
    Damage,
}

impl<F: Flash> Banks<F> {
    /// The banks in `flash`, which have not been read: damaged as long as nobody has.
    pub(super) fn new(flash: F) -> Self {
        let (found, last) = (Found::Damage, Secret::zeroed());
        Self { flash, unit: 0, slots: 0, len: 0, slot: 0, found, end: 0, last }
    }

    pub(super) fn found(&self) -> Found {
        self.found
    }

    /// As if they had not been read.
    pub(super) fn close(&mut self) {
        self.found = Found::Damage;
    }

    /// An empty store may take the place of a damaged one.
    pub(super) fn start_over(&mut self) {
        self.found = Found::Nothing;
    }

    /// Reads what is stored, and finishes what a power cut has left undone. They have been closed before, and hold
    /// nothing in memory. After an error that is so again but for what was read.
    pub(super) fn open(&mut self, entry: &mut Entry, seed: &mut Seed) -> Result<(), StoreError> {
        self.fit()?;
        let first = self.load(Bank::First, entry, seed);
        let second = self.load(Bank::Second, entry, seed);
        let used = if first > second {
            Bank::First
        } else if second.is_some() {
            Bank::Second
        } else {
            let is_new = self.behind(Bank::Second, 0, self.len, ERASED) == 0
                && !self.is_ready(Bank::First)
                && !(entry.is_whole() || seed.is_checked());
            if is_new {
                self.found = Found::Nothing;
            }
            return Ok(());
        };
        if self.load(used, entry, seed).is_none() {
            return Ok(()); // a moment ago it was whole
        }
        if !self.is_ready(used.other()) {
            // If none is left, as many cuts as there are marks have hit one each.
            let _more_certain = self.mark(used);
            self.clean(used.other())?;
        }
        self.found = Found::Store(used);
        Ok(())
    }

    /// Finds room for everything.
    fn fit(&mut self) -> Result<(), StoreError> {
        let (unit, bank_len) = (self.flash.unit(), self.flash.bank_len());
        if !(1..=MAX_UNIT).contains(&unit) {
            return Err(StoreError::Unfit);
        }
        let whole = |from: usize, least: usize| {
            let mut len = from;
            while len < from + least {
                len += unit;
            }
            len
        };
        (self.unit, self.slot) = (unit, whole(0, Seed::LEN));
        self.slots = whole(BODY * unit, Entry::LEN);
        self.len = self.slots;
        while bank_len.saturating_sub(self.len) >= self.slot {
            self.len += self.slot;
        }
        if self.len > self.slots { Ok(()) } else { Err(StoreError::Unfit) }
    }

    /// Reads what is in use once more.
    pub(super) fn reload(&mut self, entry: &mut Entry, seed: &mut Seed) {
        if let Found::Store(used) = self.found
            && self.load(used, entry, seed).is_none()
        {
            self.found = Found::Damage;
        }
    }

    /// Writes an entry and its seed to the bank that is not in use, which then is. The other one holds what was before
    /// until [`Self::settle`]. After an error that one is still in use, and entry and seed are to be read once more.
    pub(super) fn store(&mut self, entry: &mut Entry, seed: &mut Seed) -> Result<(), StoreError> {
        let to = match self.found {
            Found::Store(used) => {
                self.settle()?;
                used.other()
            }
            Found::Nothing => {
                self.erase(Bank::First)?;
                Bank::First
            }
            Found::Damage => return Err(StoreError::Flash),
        };
        if self.set(to, self.unit).is_err() {
            // It was cut and reads as erased, but refuses what is written: once erased, it takes it.
            self.erase(to)?;
            self.set(to, self.unit)?;
        }
        self.program(to, BODY * self.unit, entry.bytes(self.slots - BODY * self.unit))?;
        self.program(to, self.slots, seed.bytes(self.slot))?;
        if self.read(to, entry, seed).is_none() {
            return Err(StoreError::Flash);
        }
        self.mark(to)?;
        self.found = Found::Store(to);
        Ok(())
    }

    /// Erases the bank that is not in use, unless it is erased, and makes it ready for the next entry.
    pub(super) fn settle(&mut self) -> Result<(), StoreError> {
        let Found::Store(used) = self.found else { return Ok(()) };
        if self.is_ready(used.other()) { Ok(()) } else { self.clean(used.other()) }
    }

    /// Writes a seed behind the last one, and clears all that stand before it, if this flash can do that and has room.
    /// After an error the new one, one of before, or both can be read.
    pub(super) fn append(&mut self, seed: &Seed) -> Result<(), StoreError> {
        let Found::Store(bank) = self.found else { return Err(StoreError::Flash) };
        self.flash.clear(bank, self.unit)?; // it is clear: this is the question whether the flash can do that
        let start = self.end;
        if start == self.len {
            return Err(StoreError::Flash);
        }
        self.program(bank, start, seed.bytes(self.slot))?;
        let mut written = Seed::empty();
        self.flash.read(bank, start, written.bytes_mut(self.slot))?;
        if !written.is_checked() {
            return Err(StoreError::Flash);
        }
        self.end += self.slot;
        let mut at = self.slots;
        while at < start {
            let behind = at + self.unit;
            if self.behind(bank, at, behind, CLEAR) != 0 {
                self.flash.clear(bank, at)?;
            }
            at = behind;
        }
        if self.behind(bank, self.slots, start, CLEAR) == 0 { Ok(()) } else { Err(StoreError::Flash) }
    }

    /// Reads a bank, and says the generation of what it holds if that is whole.
    fn load(&mut self, bank: Bank, entry: &mut Entry, seed: &mut Seed) -> Option<u32> {
        if self.marked(bank) == 0 { None } else { self.read(bank, entry, seed) }
    }

    /// The same whether a mark was begun or not.
    #[inline(never)]
    fn read(&mut self, bank: Bank, entry: &mut Entry, seed: &mut Seed) -> Option<u32> {
        let used = self.behind(bank, self.slots, self.len, ERASED);
        self.end = self.slots;
        while self.end < used {
            self.end += self.slot;
        }
        let mut at = self.end;
        let mut has_seed = false;
        while !has_seed && at > self.slots {
            at -= self.slot;
            has_seed = self.flash.read(bank, at, seed.bytes_mut(self.slot)).is_ok() && seed.is_checked();
        }
        let body = BODY * self.unit;
        let is_read = self.flash.read(bank, body, entry.bytes_mut(self.slots - body)).is_ok();
        (is_read && entry.is_whole() && has_seed).then(|| entry.generation())
    }

    /// Writes the first mark that can be written, behind those that have been begun.
    fn mark(&mut self, bank: Bank) -> Result<(), StoreError> {
        let mut at = self.marked(bank).max(MARKS * self.unit);
        while at < BODY * self.unit {
            if self.set(bank, at).is_ok() {
                return Ok(());
            }
            at += self.unit;
        }
        Err(StoreError::Flash)
    }

    /// Where the last mark ends that has been begun; 0 if none has.
    fn marked(&mut self, bank: Bank) -> usize {
        self.behind(bank, MARKS * self.unit, BODY * self.unit, ERASED)
    }

    /// Erases a bank and guards it.
    fn clean(&mut self, bank: Bank) -> Result<(), StoreError> {
        self.erase(bank)?;
        self.set(bank, 0)
    }

    /// Erases a bank, and sees that it is.
    fn erase(&mut self, bank: Bank) -> Result<(), StoreError> {
        self.flash.erase(bank)?;
        if self.behind(bank, 0, self.len, ERASED) == 0 { Ok(()) } else { Err(StoreError::Flash) }
    }

    /// Whether a bank has been erased and guarded, and nothing more.
    fn is_ready(&mut self, bank: Bank) -> bool {
        self.behind(bank, 0, self.len, ERASED) == self.unit
    }

    /// Makes zeros of an erased unit, and sees that it is.
    fn set(&mut self, bank: Bank, at: usize) -> Result<(), StoreError> {
        self.program(bank, at, [CLEAR; MAX_UNIT].get(..self.unit).unwrap_or_default())?;
        if self.behind(bank, at, at + self.unit, CLEAR) == 0 { Ok(()) } else { Err(StoreError::Flash) }
    }

    /// Programs whole units.
    #[inline(never)]
    fn program(&mut self, bank: Bank, mut at: usize, mut bytes: &[u8]) -> Result<(), StoreError> {
        while let Some((unit, more)) = bytes.split_at_checked(self.unit) {
            self.flash.program(bank, at, unit)?;
            (at, bytes) = (at + self.unit, more);
        }
        Ok(())
    }

    /// Where the last unit ends that does not read as this `byte` throughout, or cannot be read; 0 if all do.
    fn behind(&mut self, bank: Bank, from: usize, to: usize, byte: u8) -> usize {
        let (mut at, mut behind) = (from, 0);
        let read = self.last.expose_mut().get_mut(..self.unit).unwrap_or_default();
        while at < to {
            let is_read = self.flash.read(bank, at, read).is_ok();
            at += self.unit;
            if !is_read || read.iter().fold(0, |any, is| any | (is ^ byte)) != 0 {
                behind = at;
            }
        }
        behind
    }
}

/// Where the marks begin, and the entry: in units.
const MARKS: usize = 2;
const BODY: usize = 6;
/// What a cleared byte reads as.
const CLEAR: u8 = !ERASED;
