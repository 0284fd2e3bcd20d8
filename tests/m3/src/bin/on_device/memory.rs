//! memcpy, memmove, memset and memcmp, as `lowkey-mem` has them for each instruction set, under C's names and the Arm
//! run-time ABI's: at every length up to 70 and every pair of alignments, next to loops that the compiler cannot turn
//! into a call of them.
#![allow(unsafe_code)] // functions of C

use core::{ffi::c_void, hint::black_box, ptr};

use crate::{Verdict, random::Random};

/// The functions for one instruction set.
struct Memory {
    memcpy: Copies,
    memmove: Copies,
    memset: unsafe extern "C" fn(*mut c_void, i32, usize) -> *mut c_void,
    memcmp: unsafe extern "C" fn(*const c_void, *const c_void, usize) -> i32,
    // These return nothing; whatever is in the register is not looked at.
    aeabi_memcpy: Copies,
    aeabi_memmove: Copies,
    aeabi_memset: unsafe extern "C" fn(*mut c_void, usize, i32),
    aeabi_memclr: unsafe extern "C" fn(*mut c_void, usize),
}

type Copies = unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> *mut c_void;

/// The functions of `$names`, in this order.
macro_rules! memory {
    ($memcpy:ident, $memmove:ident, $memset:ident, $memcmp:ident,
     $aeabi_memcpy:ident, $aeabi_memmove:ident, $aeabi_memset:ident, $aeabi_memclr:ident) => {{
        unsafe extern "C" {
            fn $memcpy(to: *mut c_void, from: *const c_void, n: usize) -> *mut c_void;
            fn $memmove(to: *mut c_void, from: *const c_void, n: usize) -> *mut c_void;
            fn $memset(to: *mut c_void, byte: i32, n: usize) -> *mut c_void;
            fn $memcmp(a: *const c_void, b: *const c_void, n: usize) -> i32;
            fn $aeabi_memcpy(to: *mut c_void, from: *const c_void, n: usize) -> *mut c_void;
            fn $aeabi_memmove(to: *mut c_void, from: *const c_void, n: usize) -> *mut c_void;
            fn $aeabi_memset(to: *mut c_void, n: usize, byte: i32);
            fn $aeabi_memclr(to: *mut c_void, n: usize);
        }
        Memory {
            memcpy: $memcpy,
            memmove: $memmove,
            memset: $memset,
            memcmp: $memcmp,
            aeabi_memcpy: $aeabi_memcpy,
            aeabi_memmove: $aeabi_memmove,
            aeabi_memset: $aeabi_memset,
            aeabi_memclr: $aeabi_memclr,
        }
    }};
}

/// Checks all of them.
pub(crate) fn check() -> Verdict {
    check_one(&memory!(
        memcpy,
        memmove,
        memset,
        memcmp,
        __aeabi_memcpy,
        __aeabi_memmove,
        __aeabi_memset,
        __aeabi_memclr
    ))?;
    // Armv6-M's, whose instructions this core has as well: under names of their own.
    check_one(&memory!(
        thumb1_memcpy,
        thumb1_memmove,
        thumb1_memset,
        thumb1_memcmp,
        thumb1___aeabi_memcpy,
        thumb1___aeabi_memmove,
        thumb1___aeabi_memset,
        thumb1___aeabi_memclr
    ))
}

fn check_one(memory: &Memory) -> Verdict {
    let mut random = Random::new();
    for len in 0..=LONGEST {
        for (to, from) in (0..16).map(|pair| (pair / 4, pair % 4)) {
            copy(memory, &mut random, len, to, from)?;
            compare(memory, &mut random, len, to, from)?;
        }
        for at in 0..4 {
            fill(memory, &mut random, len, at)?;
            for distance in [1, 2, 3, 4, 5, 8, 31] {
                overlap(memory, &mut random, len, at, at + distance)?;
                overlap(memory, &mut random, len, at + distance, at)?;
            }
        }
    }
    Ok(())
}

fn copy(memory: &Memory, random: &mut Random, len: usize, to: usize, from: usize) -> Verdict {
    let source = Room(random.bytes());
    let before = Room(random.bytes());
    let mut expected = Room(before.0);
    for i in 0..len {
        expected.set(to + i, source.get(from + i));
    }
    let mut copied = Room(before.0);
    let (start, end) = (copied.at(to), source.0[from..].as_ptr().cast());
    // SAFETY: `len` bytes are at both, in two arrays.
    let returned = unsafe { (memory.memcpy)(start, end, len) };
    same(&copied, &expected, "memcpy")?;
    is(returned == start, "memcpy returns something else")?;
    let mut copied = Room(before.0);
    // SAFETY: as above.
    unsafe { (memory.aeabi_memcpy)(copied.at(to), source.0[from..].as_ptr().cast(), len) };
    same(&copied, &expected, "__aeabi_memcpy")
}

fn overlap(memory: &Memory, random: &mut Random, len: usize, to: usize, from: usize) -> Verdict {
    let before = Room(random.bytes());
    let mut expected = Room(before.0);
    for i in 0..len {
        expected.set(to + i, before.get(from + i));
    }
    for (function, name) in [(memory.memmove, "memmove"), (memory.aeabi_memmove, "__aeabi_memmove")] {
        let mut moved = Room(before.0);
        let start = moved.at(0);
        // SAFETY: `len` bytes are at both, in one array.
        unsafe { function(start.wrapping_byte_add(to), start.wrapping_byte_add(from), len) };
        same(&moved, &expected, name)?;
    }
    Ok(())
}

fn fill(memory: &Memory, random: &mut Random, len: usize, at: usize) -> Verdict {
    let before = Room(random.bytes());
    for byte in [0, 0xA5] {
        let mut expected = Room(before.0);
        for i in 0..len {
            expected.set(at + i, byte);
        }
        let (mut set, mut eabi) = (Room(before.0), Room(before.0));
        let start = set.at(at);
        // SAFETY: `len` bytes are there. Only the lowest byte of the number counts (ISO C §7.24.6.1).
        let returned = unsafe { (memory.memset)(start, i32::from(byte) - 0x100, len) };
        same(&set, &expected, "memset")?;
        is(returned == start, "memset returns something else")?;
        // SAFETY: as above.
        unsafe { (memory.aeabi_memset)(eabi.at(at), len, byte.into()) };
        same(&eabi, &expected, "__aeabi_memset")?;
        if byte == 0 {
            let mut cleared = Room(before.0);
            // SAFETY: as above.
            unsafe { (memory.aeabi_memclr)(cleared.at(at), len) };
            same(&cleared, &expected, "__aeabi_memclr")?;
        }
    }
    Ok(())
}

fn compare(memory: &Memory, random: &mut Random, len: usize, a: usize, b: usize) -> Verdict {
    let (mut one, mut other) = (Room(random.bytes()), Room(random.bytes()));
    for i in 0..len {
        other.set(b + i, one.get(a + i));
    }
    // SAFETY: `len` bytes are at both.
    let verdict = |one: &mut Room, other: &mut Room| unsafe { (memory.memcmp)(one.at(a), other.at(b), len) };
    is(verdict(&mut one, &mut other) == 0, "memcmp of the same bytes")?;
    if len > 0 {
        let place = random.word() as usize % len;
        let difference = 1 + (random.word() % 255) as u8;
        other.set(b + place, one.get(a + place).wrapping_add(difference));
        let expected = one.get(a + place).cmp(&other.get(b + place));
        is(verdict(&mut one, &mut other).cmp(&0) == expected, "memcmp of other bytes")?;
    }
    Ok(())
}

/// Room for all of it, with bytes around that must not change.
#[repr(align(4))]
struct Room([u8; 112]);

impl Room {
    fn at(&mut self, offset: usize) -> *mut c_void {
        self.0[offset..].as_mut_ptr().cast()
    }

    fn get(&self, at: usize) -> u8 {
        black_box(self.0[at])
    }

    fn set(&mut self, at: usize, byte: u8) {
        // SAFETY: a byte of this array. Volatile, so that no loop around it becomes a call of what is being checked.
        unsafe { ptr::write_volatile(&raw mut self.0[at], byte) }
    }
}

fn same(one: &Room, other: &Room, otherwise: &'static str) -> Verdict {
    is((0..one.0.len()).all(|i| one.get(i) == other.get(i)), otherwise)
}

fn is(so: bool, otherwise: &'static str) -> Verdict {
    if so { Ok(()) } else { Err(otherwise) }
}

/// In bytes: more than two rounds of any loop over words.
const LONGEST: usize = 70;
