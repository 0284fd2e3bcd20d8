//! The boot log against a flash that loses power in the middle of anything it does.
//!
//! The model: programming only clears bits, erasing sets them all. A cut leaves any part of the bits
//! of that operation done, and some of them undecided: these read differently from time to time, until
//! the word is programmed to zero or erased.

mod common;

use common::Rng;
use lowkey_core::boot_log::{BootLog, ERASED, Flash, FlashFailed, Half};
use lowkey_core::{Counter, CounterFailed};
use std::cell::RefCell;

/// A word: what it holds, and which of its bits are undecided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Word {
    bits: u32,
    undecided: u32,
}

const BLANK: Word = Word { bits: ERASED, undecided: 0 };

/// When undecided bits change their minds.
#[derive(Clone, Copy, Debug)]
enum Undecided {
    EveryRead,
    EveryBoot,
}

/// Two pages of `W` words and a supply that can fail.
struct Model<const W: usize> {
    pages: [[Word; W]; 2],
    rng: RefCell<Rng>,
    undecided: Undecided,
    boot: u32,
    /// Operations until the power fails; `None`: it does not.
    power: Option<usize>,
    dead: bool,
    erases: usize,
    /// Bits of one word that always read as set, and others that always read as cleared.
    stuck: Option<(Half, usize, u32, u32)>,
}

impl<const W: usize> Model<W> {
    fn new(seed: u64, undecided: Undecided) -> Self {
        let rng = RefCell::new(Rng(seed));
        let pages = [[BLANK; W]; 2];
        Self { pages, rng, undecided, boot: 0, power: None, dead: false, erases: 0, stuck: None }
    }

    /// One boot: asks for one number, with or without a power cut after `power` operations.
    fn boot(&mut self, power: Option<usize>) -> Result<u64, CounterFailed> {
        self.boot = self.rng.borrow_mut().u32();
        self.power = power;
        self.dead = false;
        let number = BootLog::new(&mut *self).next();
        // Without power there is nobody to receive it.
        if self.dead { Err(CounterFailed) } else { number }
    }

    /// Whether the power fails in this operation; everything after it does not happen.
    fn fails(&mut self) -> bool {
        match &mut self.power {
            Some(0) => self.dead = true,
            Some(left) => *left -= 1,
            None => {}
        }
        self.dead
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
        let noise = match self.undecided {
            Undecided::EveryRead => self.rng.borrow_mut().u32(),
            Undecided::EveryBoot => Rng(u64::from(self.boot) + index as u64 * 8 + at(page) as u64).u32(),
        };
        let stuck = self.stuck.filter(|stuck| (stuck.0, stuck.1) == (page, index));
        let (set, cleared) = stuck.map_or((0, 0), |stuck| (stuck.2, stuck.3));
        (word.bits & !word.undecided | noise & word.undecided) & !cleared | set
    }

    fn program(&mut self, page: Half, index: usize, value: u32) -> Result<(), FlashFailed> {
        let old = self.pages[at(page)][index];
        let cut = !self.dead && self.fails();
        let (done, undecided) = (self.some_bits(), self.some_bits());
        if self.dead && !cut {
            return Err(FlashFailed);
        }
        assert!(value == 0 || old == BLANK, "only zero may be programmed over something else");
        let word = &mut self.pages[at(page)][index];
        let clearing = old.bits & !value;
        if cut {
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
        self.erases += 1;
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

/// Boots `boots` times, a power cut in about one of `odds` of them, and holds every number to the promise.
fn numbers_rise<const W: usize>(seed: u64, undecided: Undecided, boots: usize, odds: usize) {
    let mut flash = Model::<W>::new(seed, undecided);
    let mut rng = Rng(!seed);
    let (mut last, mut cuts) = (0, 0);
    for boot in 0..boots {
        let power = (rng.below(odds) == 0).then(|| rng.below(5));
        match flash.boot(power) {
            Ok(number) => {
                let case =
                    format!("{W} words, {undecided:?}, seed {seed}, boot {boot}: {number} after {last}");
                assert!(number > last, "{case}");
                assert!(number <= last + 1 + cuts, "{case}, {cuts} cuts: a cut costs at most a number");
                (last, cuts) = (number, 0);
            }
            Err(CounterFailed) => {
                assert!(flash.dead, "{W} words, {undecided:?}, seed {seed}, boot {boot}: no cut, no number");
                cuts += 1;
            }
        }
    }
}

fn numbers_rise_in_pages_of<const W: usize>(runs: u64, boots: usize) {
    for seed in 0..runs {
        for undecided in [Undecided::EveryRead, Undecided::EveryBoot] {
            for odds in [1, 2, 5] {
                numbers_rise::<W>(seed, undecided, boots, odds);
            }
        }
    }
}

#[test]
fn no_number_comes_twice_after_power_cuts_in_pages_of_3_words() {
    numbers_rise_in_pages_of::<3>(1_000, 40);
}

#[test]
fn no_number_comes_twice_after_power_cuts_in_pages_of_4_words() {
    numbers_rise_in_pages_of::<4>(1_000, 40);
}

#[test]
fn no_number_comes_twice_after_power_cuts_in_pages_of_8_words() {
    numbers_rise_in_pages_of::<8>(500, 80);
}

#[test]
fn no_number_comes_twice_after_power_cuts_in_pages_of_256_words() {
    numbers_rise_in_pages_of::<256>(2, 1_500);
}

#[test]
fn pages_without_room_for_a_boot_give_no_number() {
    assert_eq!(Model::<0>::new(1, Undecided::EveryRead).boot(None), Err(CounterFailed));
    assert_eq!(Model::<2>::new(1, Undecided::EveryRead).boot(None), Err(CounterFailed));
}

/// Every single place for a cut, then every place for a second one.
#[test]
fn two_power_cuts_anywhere_cost_at_most_two_numbers() {
    for seed in 0..300 {
        for before in 0..7 {
            for (first, second) in (0..6).flat_map(|first| (0..6).map(move |second| (first, second))) {
                let mut flash = Model::<4>::new(seed, Undecided::EveryRead);
                (1..=before).for_each(|n| assert_eq!(flash.boot(None), Ok(n)));
                let given =
                    [flash.boot(Some(first)), flash.boot(Some(second)), flash.boot(None), flash.boot(None)];
                let given: Vec<u64> = given.into_iter().flatten().collect();
                let case = format!("seed {seed}, {before} boots, cuts in {first} and {second}: {given:?}");
                assert!(
                    given.len() >= 2 && given[0] > before && given[given.len() - 1] <= before + 4,
                    "{case}"
                );
                assert!(given.is_sorted_by(|a, b| a < b), "{case}");
            }
        }
    }
}

/// A header whose check was cut, an erase of that page that was cut as well, and then the page looks begun.
#[test]
fn cuts_again_and_again_while_a_page_begins_give_no_number_twice() {
    for seed in 0..60_000 {
        let mut model = Model::<4>::new(seed, Undecided::EveryBoot);
        let mut last = 0;
        for cut in [false, false, true, true, true, false, true, true, false, false] {
            let power = cut.then(|| model.rng.get_mut().below(4));
            match model.boot(power) {
                Ok(number) => {
                    assert!(number > last, "seed {seed}: {number} after {last}");
                    last = number;
                }
                Err(CounterFailed) => assert!(cut, "seed {seed}: the log was lost after {last}"),
            }
        }
    }
}

#[test]
fn without_power_cuts_the_numbers_are_1_2_3_and_pages_take_turns() {
    let mut flash = Model::<8>::new(1, Undecided::EveryRead);
    for n in 1..=100 {
        assert_eq!(BootLog::new(&mut flash).count(), Some(n - 1));
        assert_eq!(flash.boot(None), Ok(n));
        assert_eq!(BootLog::new(&mut flash).count(), Some(n));
    }
    // Six boots a page: the 7th, 13th, … begin a new one, the 97th the sixteenth.
    assert_eq!(flash.erases, 16);
}

#[test]
fn one_boot_can_take_several_numbers() {
    let mut flash = Model::<4>::new(1, Undecided::EveryRead);
    let mut log = BootLog::new(&mut flash);
    (1..=20).for_each(|n| assert_eq!(log.next(), Ok(n)));
}

/// The header of a page: bits that only fall, or only rise, never turn one valid header into another.
#[test]
fn a_page_half_erased_never_passes_for_a_later_one() {
    for erased_bits in 0..32 {
        for with in 0..32 {
            let mut flash = Model::<6>::new(1, Undecided::EveryRead);
            (1..=9).for_each(|n| assert_eq!(flash.boot(None), Ok(n)));
            // Page 0 begins at 0, page 1 at 4, page 0 at 8 again: make it the old one, then half erase it.
            (10..=14).for_each(|n| assert_eq!(flash.boot(None), Ok(n)));
            flash.pages[0][0].bits |= 1 << erased_bits;
            flash.pages[0][1].bits |= 1 << with;
            assert_eq!(flash.boot(None), Ok(15), "bits {erased_bits} and {with}");
        }
    }
}

#[test]
fn both_pages_damaged_is_an_error_and_not_a_guess() {
    for boots in 1..30 {
        let mut flash = Model::<6>::new(1, Undecided::EveryRead);
        (1..=boots).for_each(|n| assert_eq!(flash.boot(None), Ok(n)));
        for page in &mut flash.pages {
            page[0].bits ^= 1 << 9;
        }
        assert_eq!(flash.boot(None), Err(CounterFailed), "{boots} boots");
        assert_eq!(BootLog::new(&mut flash).count(), None, "{boots} boots");
    }
}

#[test]
fn a_damaged_first_page_is_not_taken_for_a_new_device() {
    for damage in [ERASED, 0x55, 1] {
        let mut flash = Model::<8>::new(1, Undecided::EveryRead);
        (1..=3).for_each(|n| assert_eq!(flash.boot(None), Ok(n)));
        flash.pages[0][0].bits = damage;
        assert_eq!(flash.boot(None), Err(CounterFailed));
        assert_eq!(BootLog::new(&mut flash).count(), None);
    }
}

#[test]
fn pages_of_zeros_are_not_a_log() {
    let mut flash = Model::<8>::new(1, Undecided::EveryRead);
    flash.pages = [[Word { bits: 0, undecided: 0 }; 8]; 2];
    assert_eq!(flash.boot(None), Err(CounterFailed));
}

#[test]
fn a_damaged_old_page_does_not_matter() {
    let mut flash = Model::<6>::new(1, Undecided::EveryRead);
    (1..=6).for_each(|n| assert_eq!(flash.boot(None), Ok(n)));
    flash.pages[0][0].bits = 0x1234;
    (7..=40).for_each(|n| assert_eq!(flash.boot(None), Ok(n)));
}

/// A cell that can no longer be cleared: no number without a word that reads back.
#[test]
fn a_word_that_does_not_take_costs_an_error_and_no_number_twice() {
    let mut flash = Model::<8>::new(1, Undecided::EveryRead);
    flash.stuck = Some((Half::First, 5, 1 << 7, 0));
    let mut log = BootLog::new(&mut flash);
    (1..=3).for_each(|n| assert_eq!(log.next(), Ok(n)));
    assert_eq!(log.next(), Err(CounterFailed));
    assert_eq!(log.next(), Ok(5));
}

/// A page that no longer erases is not begun: its counts would be wrong from the start.
#[test]
fn a_page_that_does_not_erase_is_an_error_every_time() {
    let mut flash = Model::<4>::new(1, Undecided::EveryRead);
    (1..=2).for_each(|n| assert_eq!(flash.boot(None), Ok(n)));
    flash.stuck = Some((Half::Second, 3, 0, 1));
    for _ in 0..3 {
        assert_eq!(flash.boot(None), Err(CounterFailed));
    }
}

/// The smallest page has one word to count with. It was left half programmed, read as used once, and
/// so the other page was about to be erased; now it reads as blank. Both pages seem to begin.
#[test]
fn the_last_word_of_a_full_page_is_whole_before_the_other_page_is_erased() {
    let mut flash = Model::<3>::new(1, Undecided::EveryRead);
    assert_eq!(flash.boot(None), Ok(1));
    let cut_in_counting = 5; // after the last word, the old header, the erase and two words of header
    assert_eq!(flash.boot(Some(cut_in_counting)), Err(CounterFailed));
    flash.pages[1][2] = Word { bits: ERASED ^ 1, undecided: 0 };
    let cut_in_the_old_header = 1; // after the last word
    assert_eq!(flash.boot(Some(cut_in_the_old_header)), Err(CounterFailed));
    flash.pages[0][1] = BLANK; // which outlived that
    if flash.pages[1][2].bits == ERASED ^ 1 {
        flash.pages[1][2] = BLANK;
    }
    assert_eq!(flash.boot(None), Ok(3));
}
