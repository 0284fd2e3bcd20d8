//! The boot log on a flash whose power fails, or whose controller reports a fault, in the middle of anything.
//!
//! Held to: numbers strictly increase; each cut or fault costs at most a number; without one there is
//! no error; the count is never below the last number.
//!
//! The flash: programming only clears bits, erasing sets them all. What is interrupted has any part of
//! its bits done and leaves some undecided: these read differently from time to time, until the word is
//! programmed to zero or erased. Which bits, a generator says that the script seeds: chosen one by one
//! they could spell out a valid header, which no accident does.

use crate::input::{Input, Rng};
use lowkey_core::boot_log::{BootLog, ERASED, Flash, FlashFailed, Half};
use lowkey_core::{Counter, CounterFailed};
use std::cell::RefCell;

const MAX_OPS: usize = 400;

/// Plays a script of boots: `words, seed, undecided`, then an operation a byte.
pub fn boot_log(data: &[u8]) {
    let mut input = Input::new(data);
    match input.byte() % 5 {
        0 => play::<3>(&mut input),
        1 => play::<4>(&mut input),
        2 => play::<5>(&mut input),
        3 => play::<8>(&mut input),
        _ => play::<32>(&mut input),
    }
}

fn play<const W: usize>(input: &mut Input<'_>) {
    let seed = u64::from(input.u16());
    let mut flash = Model::<W>::new(seed, input.flag());
    let (mut last, mut lost) = (0, 0);
    for _ in 0..MAX_OPS {
        let Some(op) = input.op() else { break };
        // How much goes well before something does not, and what does not.
        flash.trouble = match op % 8 {
            0..=3 => None,
            4..=6 => Some((usize::from(op / 8) % 6, Trouble::Cut)),
            _ => Some((usize::from(op / 8) % 6, Trouble::Fault)),
        };
        flash.hit = false;
        let result = BootLog::new(&mut flash).next();
        match result {
            _ if flash.dead => lost += 1, // there is nobody to receive a number
            Ok(number) => {
                assert!(number > last, "{number} after {last}");
                assert!(number <= last + 1 + lost, "{number} after {last}, {lost} lost");
                (last, lost) = (number, 0);
            }
            Err(CounterFailed) => {
                assert!(flash.hit, "no trouble, no number: after {last}");
                lost += 1;
            }
        }
        if flash.dead || op & 0x40 != 0 {
            flash.reboot();
        }
        let count = BootLog::new(&mut flash).count();
        assert!(count.is_some_and(|count| (last..=last + lost).contains(&count)), "{count:?} after {last}");
    }
}

/// A word: what it holds, and which of its bits are undecided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Word {
    bits: u32,
    undecided: u32,
}

const BLANK: Word = Word { bits: ERASED, undecided: 0 };

#[derive(Clone, Copy)]
enum Trouble {
    /// The power fails.
    Cut,
    /// The controller gives up in the middle and says so.
    Fault,
}

/// Two pages of `W` words and a supply that can fail.
struct Model<const W: usize> {
    pages: [[Word; W]; 2],
    rng: RefCell<Rng>,
    /// Undecided bits change their minds with every boot only, not with every read.
    by_boot: bool,
    boot: u64,
    trouble: Option<(usize, Trouble)>,
    hit: bool,
    dead: bool,
}

impl<const W: usize> Model<W> {
    fn new(seed: u64, by_boot: bool) -> Self {
        let rng = RefCell::new(Rng(seed));
        Self { pages: [[BLANK; W]; 2], rng, by_boot, boot: 0, trouble: None, hit: false, dead: false }
    }

    fn reboot(&mut self) {
        self.boot = self.rng.get_mut().u64();
        self.dead = false;
    }

    /// Whether this operation is the one that does not go well.
    fn fails(&mut self) -> bool {
        match &mut self.trouble {
            Some((0, trouble)) => {
                self.dead = matches!(trouble, Trouble::Cut);
                self.hit = true;
                self.trouble = None;
                true
            }
            Some((left, _)) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }

    /// Each bit with a probability that is itself drawn: nearly none, half, nearly all.
    fn some_bits(&mut self) -> u32 {
        let rng = self.rng.get_mut();
        let (a, b, c, d) = (rng.u32(), rng.u32(), rng.u32(), rng.u32());
        match rng.below(5) {
            0 => a & b & c & d,
            1 => a & b,
            2 => a,
            3 => a | b,
            _ => a | b | c | d,
        }
    }
}

fn at(page: Half) -> usize {
    match page {
        Half::First => 0,
        Half::Second => 1,
    }
}

impl<const W: usize> Flash for &mut Model<W> {
    fn words(&self) -> usize {
        W
    }

    fn read(&self, page: Half, index: usize) -> u32 {
        let word = self.pages[at(page)][index];
        let noise = if self.by_boot {
            Rng(self.boot.wrapping_add((index * 2 + at(page)) as u64)).u32()
        } else {
            self.rng.borrow_mut().u32()
        };
        word.bits & !word.undecided | noise & word.undecided
    }

    fn program(&mut self, page: Half, index: usize, value: u32) -> Result<(), FlashFailed> {
        if self.dead {
            return Err(FlashFailed);
        }
        let old = self.pages[at(page)][index];
        assert!(value == 0 || old == BLANK, "only zero may be programmed over something else");
        let (done, undecided) = (self.some_bits(), self.some_bits());
        let fails = self.fails();
        let word = &mut self.pages[at(page)][index];
        let clearing = old.bits & !value;
        if fails {
            word.bits = old.bits & !(clearing & done);
            word.undecided |= clearing & undecided;
            return Err(FlashFailed);
        }
        *word = Word { bits: old.bits & value, undecided: old.undecided & value };
        Ok(())
    }

    fn erase(&mut self, page: Half) -> Result<(), FlashFailed> {
        if self.dead {
            return Err(FlashFailed);
        }
        if !self.fails() {
            self.pages[at(page)] = [BLANK; W];
            return Ok(());
        }
        // Three ways to stop: while bits are first cleared, while they are being set, or in noise.
        let how = self.rng.get_mut().below(3);
        for index in 0..W {
            let (done, undecided, noise) = (self.some_bits(), self.some_bits(), self.rng.get_mut().u32());
            let word = &mut self.pages[at(page)][index];
            word.bits = match how {
                0 => word.bits & !done,
                1 => word.bits | done,
                _ => noise,
            };
            word.undecided |= done & undecided;
        }
        Err(FlashFailed)
    }
}
