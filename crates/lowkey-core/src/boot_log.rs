//! A counter of boots in two pages of flash, moved on by programming one word and rarely by an erase.
//!
//! A page begins with the number of boots before it and a check of that number; each further word
//! that is no longer erased counts one boot. When a page is full the other one is erased and takes
//! over, so one page is whole at every instant and a power cut anywhere costs at most a number. With
//! two pages of 1 KB, a page of a part rated for 10,000 erases lasts five million boots.
//!
//! A word that a power cut left half programmed may read differently from one boot to the next. It
//! is stepped over: only the highest word in use counts, and a number is given out only after a
//! *new* word has been programmed and read back.

use crate::{Counter, CounterFailed};

/// What an erased word reads as.
pub const ERASED: u32 = u32::MAX;
/// What a word that counts a boot is programmed to.
pub const USED: u32 = 0;

const HEADER_WORDS: usize = 2;

/// The check in a page's second word: never what an erased word reads as, for any count below 2^31.
const fn check(base: u32) -> u32 {
    !base ^ 0xa5a5_a5a5
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
    /// Words of 32 bits in each page; at least 3.
    const WORDS: usize;

    /// Reads word `index` (`< WORDS`) of a page.
    fn read(&self, page: Half, index: usize) -> u32;

    /// Programs an erased word. Returns when it is done.
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
    const CAPACITY: usize = {
        assert!(F::WORDS > HEADER_WORDS, "a page holds a header and at least one boot");
        F::WORDS - HEADER_WORDS
    };

    /// The counter in `flash`.
    pub fn new(flash: F) -> Self {
        Self(flash)
    }

    /// How many boots have been counted; `None` if both pages are damaged.
    pub fn count(&self) -> Option<u64> {
        match self.current() {
            Some(log) => Some(u64::from(log.base).saturating_add(u64::try_from(log.used).unwrap_or(u64::MAX))),
            None => self.is_new().then_some(0),
        }
    }

    /// The page in use: of two whole ones, the one that began later.
    fn current(&self) -> Option<Log> {
        let first = self.log(Half::First);
        let second = self.log(Half::Second);
        match (first, second) {
            (Some(a), Some(b)) => Some(if a.base >= b.base { a } else { b }),
            (a, b) => a.or(b),
        }
    }

    fn log(&self, page: Half) -> Option<Log> {
        let base = self.0.read(page, 0);
        (self.0.read(page, 1) == check(base)).then(|| Log { page, base, used: self.used(page) })
    }

    /// Words up to the highest that is not erased.
    fn used(&self, page: Half) -> usize {
        let last = (HEADER_WORDS..F::WORDS).rev().find(|index| self.0.read(page, *index) != ERASED);
        last.map_or(0, |index| index.saturating_sub(HEADER_WORDS).saturating_add(1))
    }

    /// No boot has ever been counted: nothing behind either header, and at most the first page begun.
    fn is_new(&self) -> bool {
        let blank_header = self.0.read(Half::Second, 0) == ERASED && self.0.read(Half::Second, 1) == ERASED;
        blank_header && self.used(Half::First) == 0 && self.used(Half::Second) == 0
    }

    /// Makes `page` an empty log that begins at `base`; it counts once its second word is there.
    fn begin(&mut self, page: Half, base: u32) -> Result<Log, FlashFailed> {
        self.0.erase(page)?;
        self.0.program(page, 0, base)?;
        self.0.program(page, 1, check(base))?;
        self.log(page).filter(|log| log.base == base && log.used == 0).ok_or(FlashFailed)
    }

    fn advance(&mut self) -> Result<u64, FlashFailed> {
        let mut log = match self.current() {
            Some(log) => log,
            None if self.is_new() => self.begin(Half::First, 0)?,
            None => return Err(FlashFailed),
        };
        if log.used >= Self::CAPACITY {
            let counted = u32::try_from(log.used).map_err(|_| FlashFailed)?;
            let base = log.base.checked_add(counted).ok_or(FlashFailed)?;
            log = self.begin(log.page.other(), base)?;
        }
        let index = HEADER_WORDS.saturating_add(log.used);
        self.0.program(log.page, index, USED)?;
        if self.0.read(log.page, index) != USED {
            return Err(FlashFailed);
        }
        self.count().ok_or(FlashFailed)
    }
}

impl<F: Flash> Counter for BootLog<F> {
    /// The number of this boot, from 1 on, stored before it is returned.
    ///
    /// # Errors
    /// [`CounterFailed`]: the flash failed or both pages are damaged. Numbers given out before stay
    /// used; the call can be repeated.
    fn next(&mut self) -> Result<u64, CounterFailed> {
        self.advance().map_err(|FlashFailed| CounterFailed)
    }
}
