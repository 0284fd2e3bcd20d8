//! What a run or a call has taken.

use crate::{fault::End, profile::Share, regions::Region};

/// What a run from reset has taken.
#[derive(Debug, Clone)]
pub struct Report {
    /// How it ended.
    pub end: End,
    /// Cycles, by the model.
    pub cycles: u64,
    /// Instructions, those of which the condition failed included.
    pub instructions: u64,
    /// How far the stack pointer went below the vector table's, in bytes.
    pub peak_stack: u32,
    /// Stands for the sequence of program counters, and for whether each instruction's condition failed.
    pub pc_hash: u64,
    /// Stands for the sequence of data addresses with the size and direction of each access.
    pub address_hash: u64,
    /// The regions that were marked and ended.
    pub regions: Vec<Region>,
    /// Each function's share, the largest first; empty unless asked for.
    pub profile: Vec<Share>,
    /// What the firmware said.
    pub output: Vec<u8>,
}

/// What a call of one function has taken, from its first instruction to its return, which is included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Cycles, by the model.
    pub cycles: u64,
    /// Instructions, those of which the condition failed included.
    pub instructions: u64,
    /// The result, or its lower half.
    pub r0: u32,
    /// The upper half of a 64-bit result.
    pub r1: u32,
    /// How far the stack pointer went below where it was at the call, in bytes.
    pub peak_stack: u32,
    /// Stands for the sequence of program counters, and for whether each instruction's condition failed.
    pub pc_hash: u64,
    /// Stands for the sequence of data addresses with the size and direction of each access.
    pub address_hash: u64,
    /// What lay below the stack pointer when it had returned, down to the lowest that it was: dead stack, from below.
    pub left: Vec<u8>,
    /// The regions that were marked and ended inside.
    pub regions: Vec<Region>,
}

/// A place in a program: an address, or the name of a symbol, mangled or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// An address; for code bit 0 does not matter.
    Address(u32),
    /// A symbol of the ELF file.
    Symbol(&'a str),
}

impl From<u32> for Place<'_> {
    fn from(address: u32) -> Self {
        Self::Address(address)
    }
}

impl<'a> From<&'a str> for Place<'a> {
    fn from(name: &'a str) -> Self {
        Self::Symbol(name)
    }
}
