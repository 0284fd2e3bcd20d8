//! Flash that loses power in the middle of anything, that rots, and that is read wrongly.
//!
//! Programming only clears bits, erasing sets them all. What is cut has any part of its bits done, and some of them
//! undecided: these read differently from time to time, until their bank is erased. Which bits, a generator says:
//! chosen one by one they could spell out a number and its check, which no accident does.

use crate::Random;
use lowkey_core::boot_log::{Bank, ERASED, Flash, FlashFailed, MAX_UNIT};
use std::cell::RefCell;

/// What one part does that another does not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nature {
    /// Undecided bits change their minds with every boot only, not with every read.
    pub by_boot: bool,
    /// An error-correcting code: a unit that was cut is refused, and may be one that cannot be read.
    pub has_code: bool,
}

/// How an operation does not go well.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// The power fails.
    Cut,
    /// The controller gives up in the middle and says so.
    Fault,
    /// The same, and so with all that is asked of it afterwards.
    Broken,
}

/// How one unit reads, whatever is in it.
#[derive(Clone, Copy, Debug)]
pub enum Misread {
    /// Every byte is this one.
    All(u8),
    /// This bit is wrong.
    Flipped(usize),
    /// The controller refuses.
    Fault,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Erased,
    Whole,
    /// Programming was cut.
    Cut,
    /// Erasing was.
    Noise,
}

#[derive(Clone, Copy, Debug)]
struct Unit {
    bits: [u8; MAX_UNIT],
    undecided: [u8; MAX_UNIT],
    state: State,
}

const BLANK: Unit = Unit { bits: [ERASED; MAX_UNIT], undecided: [0; MAX_UNIT], state: State::Erased };

/// Two banks and a supply that can fail.
#[derive(Clone, Debug)]
pub struct Model {
    /// What the driver says that a unit has.
    unit: usize,
    /// Units in one that the controller programs: more than one only where the driver is wrong.
    together: usize,
    banks: [Vec<Unit>; 2],
    rng: RefCell<Random>,
    nature: Nature,
    boot: u64,
    /// Operations that go well, and what happens then.
    pub trouble: Option<(usize, Trouble)>,
    /// That has happened.
    pub hit: bool,
    /// The power is gone until [`Self::reboot`].
    pub dead: bool,
    /// How often a bank was erased, or nearly.
    pub erases: usize,
    /// Every erase is refused.
    pub cannot_erase: bool,
    /// A unit can be made zeros whatever it holds.
    pub clears: bool,
    /// A unit that reads otherwise, in this boot or for good: whoever asks says so.
    pub misread: Option<(Bank, usize, Misread)>,
}

impl Model {
    /// Two erased banks of `bank_len` bytes, programmed `unit` bytes at a time; what is left to chance follows from
    /// `seed`.
    pub fn new(unit: usize, bank_len: usize, seed: u64, nature: Nature) -> Self {
        let bank = vec![BLANK; bank_len.checked_div(unit).unwrap_or(0)];
        Self {
            unit,
            together: 1,
            banks: [bank.clone(), bank],
            rng: RefCell::new(Random::from_seed(seed)),
            nature,
            boot: 0,
            trouble: None,
            hit: false,
            dead: false,
            erases: 0,
            cannot_erase: false,
            clears: false,
            misread: None,
        }
    }

    /// A driver that says that a unit is smaller than it is.
    pub fn with_units_together(mut self, together: usize) -> Self {
        self.together = together;
        self
    }

    /// The power comes back.
    pub fn reboot(&mut self) {
        self.boot = self.rng.get_mut().u64();
        self.dead = false;
    }

    /// What lies in a bank, as somebody reads it who has the flash.
    pub fn bytes(&self, bank: Bank) -> Vec<u8> {
        self.banks[at(bank)].iter().flat_map(|unit| unit.bits[..self.unit].to_vec()).collect()
    }

    /// Turns a bit over, as rot does.
    pub fn flip(&mut self, bank: Bank, bit: usize) {
        let byte = bit / 8;
        self.banks[at(bank)][byte / self.unit].bits[byte % self.unit] ^= 1 << (bit % 8);
    }

    /// Puts bytes there, as another program would have.
    pub fn put(&mut self, bank: Bank, bytes: &[u8]) {
        for (unit, bytes) in self.banks[at(bank)].iter_mut().zip(bytes.chunks(self.unit)) {
            unit.bits[..bytes.len()].copy_from_slice(bytes);
            unit.state = State::Whole;
        }
    }

    /// Whether this operation is the one that does not go well.
    fn fails(&mut self) -> bool {
        match &mut self.trouble {
            Some((0, trouble)) => {
                self.dead = matches!(trouble, Trouble::Cut);
                self.hit = true;
                if !matches!(trouble, Trouble::Broken) {
                    self.trouble = None;
                }
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
    fn some_bits(&mut self) -> [u8; MAX_UNIT] {
        let rng = self.rng.get_mut();
        let how = rng.below(5);
        std::array::from_fn(|_| {
            let [a, b, c, d] = rng.u32().to_le_bytes();
            match how {
                0 => a & b & c & d,
                1 => a & b,
                2 => a,
                3 => a | b,
                _ => a | b | c | d,
            }
        })
    }

    fn read_unit(&self, bank: Bank, index: usize, out: &mut [u8]) -> Result<(), FlashFailed> {
        let unit = &self.banks[at(bank)][index];
        let mut by_boot = Random::from_seed(self.boot.wrapping_add((index * 2 + at(bank)) as u64));
        let mut noise = || {
            if self.nature.by_boot { by_boot.u32() } else { self.rng.borrow_mut().u32() }
        };
        if self.nature.has_code
            && unit.state != State::Erased
            && unit.state != State::Whole
            && noise() & 1 == 0
        {
            return Err(FlashFailed);
        }
        for ((out, bits), undecided) in out.iter_mut().zip(&unit.bits).zip(&unit.undecided) {
            *out = bits & !undecided | noise() as u8 & undecided;
        }
        match self.misread {
            Some((at, which, how)) if (at, which) == (bank, index) => match how {
                Misread::All(byte) => out.fill(byte),
                Misread::Flipped(bit) => out[bit / 8 % self.unit] ^= 1 << (bit % 8),
                Misread::Fault => return Err(FlashFailed),
            },
            _ => {}
        }
        Ok(())
    }
}

fn at(bank: Bank) -> usize {
    match bank {
        Bank::First => 0,
        Bank::Second => 1,
    }
}

impl Flash for &mut Model {
    fn unit(&self) -> usize {
        self.unit
    }

    fn bank_len(&self) -> usize {
        self.banks[0].len() * self.unit
    }

    fn read(&mut self, bank: Bank, offset: usize, bytes: &mut [u8]) -> Result<(), FlashFailed> {
        assert!(offset.is_multiple_of(self.unit) && bytes.len().is_multiple_of(self.unit), "whole units");
        let first = offset / self.unit;
        let unit = self.unit;
        bytes.chunks_mut(unit).zip(first..).try_for_each(|(out, index)| self.read_unit(bank, index, out))
    }

    fn program(&mut self, bank: Bank, offset: usize, bytes: &[u8]) -> Result<(), FlashFailed> {
        if self.dead {
            return Err(FlashFailed);
        }
        assert!(offset.is_multiple_of(self.unit) && bytes.len() == self.unit, "one unit");
        let index = offset / self.unit;
        let block = index - index % self.together..index - index % self.together + self.together;
        if self.banks[at(bank)][block].iter().any(|unit| unit.state == State::Whole) {
            assert!(self.together > 1, "a unit was programmed twice");
            return Err(FlashFailed);
        }
        let (done, undecided) = (self.some_bits(), self.some_bits());
        let fails = self.fails();
        let refuses = self.nature.has_code && self.banks[at(bank)][index].state == State::Cut;
        let unit = &mut self.banks[at(bank)][index];
        assert!(unit.state != State::Noise, "a bank that was not erased was written");
        if refuses {
            return Err(FlashFailed);
        }
        for (i, byte) in bytes.iter().enumerate() {
            let clearing = unit.bits[i] & !byte;
            if fails {
                unit.bits[i] &= !(clearing & done[i]);
                unit.undecided[i] |= clearing & undecided[i];
            } else {
                unit.bits[i] &= byte;
                unit.undecided[i] &= byte;
            }
        }
        unit.state = if fails || unit.state == State::Cut { State::Cut } else { State::Whole };
        if fails { Err(FlashFailed) } else { Ok(()) }
    }

    fn clear(&mut self, bank: Bank, offset: usize) -> Result<(), FlashFailed> {
        if self.dead || !self.clears {
            return Err(FlashFailed);
        }
        assert!(offset.is_multiple_of(self.unit), "one unit");
        let (done, undecided) = (self.some_bits(), self.some_bits());
        let fails = self.fails();
        let unit = &mut self.banks[at(bank)][offset / self.unit];
        for ((bits, unsure), (done, undecided)) in
            unit.bits.iter_mut().zip(&mut unit.undecided).zip(done.iter().zip(&undecided))
        {
            (*bits, *unsure) = if fails { (*bits & !done, *unsure | *bits & undecided) } else { (0, 0) };
        }
        unit.state = if fails { State::Cut } else { State::Whole };
        if fails { Err(FlashFailed) } else { Ok(()) }
    }

    fn erase(&mut self, bank: Bank) -> Result<(), FlashFailed> {
        if self.dead || self.cannot_erase {
            return Err(FlashFailed);
        }
        self.erases += 1;
        if !self.fails() {
            self.banks[at(bank)].fill(BLANK);
            return Ok(());
        }
        // Three ways to stop: while bits are first cleared, while they are being set, or in noise.
        let how = self.rng.get_mut().below(3);
        for index in 0..self.banks[0].len() {
            let (done, undecided) = (self.some_bits(), self.some_bits());
            let noise: [u8; MAX_UNIT] = std::array::from_fn(|_| self.rng.get_mut().u32() as u8);
            let unit = &mut self.banks[at(bank)][index];
            for i in 0..MAX_UNIT {
                unit.bits[i] = match how {
                    0 => unit.bits[i] & !done[i],
                    1 => unit.bits[i] | done[i],
                    _ => noise[i],
                };
                unit.undecided[i] |= done[i] & undecided[i];
            }
            unit.state = State::Noise;
        }
        Err(FlashFailed)
    }
}
