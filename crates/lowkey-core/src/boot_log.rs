//! A counter of boots in two pages of flash, moved on by programming one word and rarely by an erase.
//!
//! A page begins with the number of boots before it and a check of that number; each further word
//! that is no longer erased counts one boot. When a page is full the other one is erased and takes
//! over, so one page is whole at every instant and a power cut anywhere costs at most a number. With
//! two pages of 1 KB, a page of a part rated for 10,000 erases lasts five million boots.
//!
//! A word that a power cut left half programmed may read differently from one time to the next, and
//! so nothing rests on one:
//! - Only the highest word in use counts, and a number is given out only after a *new* word has been
//!   programmed and read back.
//! - The header of a page counts once its first boot does, which is programmed in the same call;
//!   until then the page before it goes on, or is copied from again.
//! - What is left of an older header is programmed to zero before its page is erased: an erase that is
//!   cut as well could leave noise behind that header which looks like boots.
//! - The last word of a full page is programmed once more before the other page is erased.
//! - The very first page is begun without an erase: its header differs from an erased one by a word
//!   of zeros, which can be programmed again over half of itself.
//!
//! Both pages erased are a new counter: whoever erases them makes a new hedge secret as well.

use crate::{Counter, CounterFailed};

/// What an erased word reads as.
pub const ERASED: u32 = u32::MAX;
/// What a word that counts a boot is programmed to.
pub const USED: u32 = 0;

const HEADER_WORDS: usize = 2;
/// 2^32 divided by the golden ratio, a multiplier whose bits look random.
const ODD: u32 = 0x9e37_79b1;

/// The check in a page's second word, another for every count. Half an erase moves few bits, all one
/// way, or all of them at random; any two counts differ in many bits of the check, both ways.
const fn check(base: u32) -> u32 {
    let mixed = base.wrapping_mul(ODD);
    !(mixed ^ mixed >> 16).wrapping_mul(ODD)
}

/// One of the two pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// The page at the lower address.
    First,
    /// The page at the higher address.
    Second,
}

impl Half {
    fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// The flash did not take a word or an erase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlashFailed;

/// The two pages, as a port reaches them.
pub trait Flash {
    /// Words of 32 bits in each page, always as many; at least 3, or no boot can be counted.
    fn words(&self) -> usize;

    /// Reads word `index` (below [`Self::words`]) of a page.
    fn read(&self, page: Half, index: usize) -> u32;

    /// Programs a word. Returns when it is done.
    ///
    /// It is an erased word, or `value` is zero and the word may hold anything, after a power cut
    /// half of that zero. (Flash that refuses the latter, because its words carry an error-correcting
    /// code, is not for this log.)
    ///
    /// # Errors
    /// [`FlashFailed`]: the controller reported a fault; the word may hold anything.
    fn program(&mut self, page: Half, index: usize, value: u32) -> Result<(), FlashFailed>;

    /// Erases a whole page. Returns when it is done.
    ///
    /// # Errors
    /// [`FlashFailed`]: the controller reported a fault; the page may hold anything.
    fn erase(&mut self, page: Half) -> Result<(), FlashFailed>;
}

/// A [`Counter`] in two flash pages.
#[derive(Debug)]
pub struct BootLog<F>(F);

/// A page in use: boots before it, and words used in it.
#[derive(Clone, Copy)]
struct Log {
    page: Half,
    base: u32,
    used: usize,
}

impl<F: Flash> BootLog<F> {
    /// The counter in `flash`.
    pub fn new(flash: F) -> Self {
        Self(flash)
    }

    /// How many boots have been counted; `None` if both pages are damaged.
    pub fn count(&self) -> Option<u64> {
        match self.current() {
            Some(log) => Some(log.count()),
            None => self.is_new().then_some(0),
        }
    }

    /// The page in use: of two whole ones the later, if it has counted a boot (before that, its
    /// header may be half programmed and whole by chance).
    fn current(&self) -> Option<Log> {
        match (self.log(Half::First), self.log(Half::Second)) {
            (Some(a), Some(b)) => {
                let (old, new) = if a.base < b.base { (a, b) } else { (b, a) };
                Some(if new.used == 0 { old } else { new })
            }
            (a, b) => a.or(b),
        }
    }

    fn log(&self, page: Half) -> Option<Log> {
        let base = self.0.read(page, 0);
        (self.0.read(page, 1) == check(base)).then(|| Log { page, base, used: self.used(page) })
    }

    /// Words up to the highest that is not erased.
    fn used(&self, page: Half) -> usize {
        let last = (HEADER_WORDS..self.0.words()).rev().find(|index| self.0.read(page, *index) != ERASED);
        last.map_or(0, |index| index.saturating_sub(HEADER_WORDS).saturating_add(1))
    }

    /// No boot has ever been counted: nothing but the very first word may have been touched.
    fn is_new(&self) -> bool {
        self.is_blank(Half::First, 1) && self.is_blank(Half::Second, 0)
    }

    fn is_blank(&self, page: Half, from: usize) -> bool {
        (from..self.0.words()).all(|index| self.0.read(page, index) == ERASED)
    }

    /// Begins the very first log, in erased pages: `check(0)` is what an erased word reads as.
    fn begin_first(&mut self) -> Result<Log, FlashFailed> {
        self.zero(Half::First, 0)?;
        self.log(Half::First).ok_or(FlashFailed)
    }

    /// Makes `page` an empty log that begins at `base`.
    fn begin(&mut self, page: Half, base: u32) -> Result<Log, FlashFailed> {
        // A header that a cut left half made must be gone before the erase: cut as well, that could leave
        // noise behind it which looks like boots.
        self.zero(page, 1)?;
        self.0.erase(page)?;
        if !self.is_blank(page, 0) {
            return Err(FlashFailed); // worn out
        }
        self.0.program(page, 0, base)?;
        self.0.program(page, 1, check(base))?;
        self.log(page).filter(|log| log.base == base).ok_or(FlashFailed)
    }

    /// Programs a word to zero, whatever it held.
    fn zero(&mut self, page: Half, index: usize) -> Result<(), FlashFailed> {
        self.0.program(page, index, USED)?;
        if self.0.read(page, index) == USED { Ok(()) } else { Err(FlashFailed) }
    }

    fn advance(&mut self) -> Result<u64, FlashFailed> {
        let capacity = self.0.words().saturating_sub(HEADER_WORDS);
        if capacity == 0 {
            return Err(FlashFailed);
        }
        let mut log = if self.is_new() { self.begin_first()? } else { self.current().ok_or(FlashFailed)? };
        if log.used >= capacity {
            let counted = u32::try_from(log.used).map_err(|_| FlashFailed)?;
            let base = log.base.checked_add(counted).ok_or(FlashFailed)?;
            self.zero(log.page, self.0.words().saturating_sub(1))?;
            log = self.begin(log.page.other(), base)?;
        }
        self.zero(log.page, HEADER_WORDS.saturating_add(log.used))?;
        log.used = log.used.saturating_add(1);
        Ok(log.count())
    }
}

impl Log {
    fn count(&self) -> u64 {
        u64::from(self.base).saturating_add(u64::try_from(self.used).unwrap_or(u64::MAX))
    }
}

impl<F: Flash> Counter for BootLog<F> {
    /// The number of this boot, from 1 on, stored before it is returned.
    ///
    /// # Errors
    /// [`CounterFailed`]: the flash failed, both pages are damaged, or too short for one boot. Numbers given out before stay
    /// used; the call can be repeated.
    fn next(&mut self) -> Result<u64, CounterFailed> {
        self.advance().map_err(|FlashFailed| CounterFailed)
    }
}
