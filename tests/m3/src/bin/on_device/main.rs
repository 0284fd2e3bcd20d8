//! Tests on the device: whatever the page in its flash asks for. `cargo xtask test` runs them in QEMU and in the model.
//!
//! The page is a list of cases, made on the host by `tests/host/on-device`: published vectors, digests of what the
//! host's primitives give, and orders to compare the assembly with the same algorithm in Rust, word for word. The
//! program says how many of each have passed, by semihosting, and ends with a status.
#![no_std]
#![no_main]

mod case;
mod digests;
mod memory;
mod published;
mod random;
mod semihosting;
mod twins;

use core::panic::PanicInfo;

use case::{Case, Page};
use cortex_m_rt::entry;
use m3_tests::page::KINDS;
use semihosting::{exit, say, say_number};

// The four functions of C, as the size firmware has them.
use lowkey_mem as _;

#[entry]
fn main() -> ! {
    let mut passed = [0; KINDS.len()];
    let Some(page) = Page::at_its_place() else { fail("there is no page") };
    for (number, case) in page.enumerate() {
        let Some(case) = case else { fail("the page cannot be read") };
        let kind = case.kind() as usize;
        if let Err(what) = run(&case) {
            say(KINDS[kind]);
            say(", case ");
            say_number(number as u32);
            say(": ");
            fail(what);
        }
        passed[kind] += 1;
    }
    for (name, count) in KINDS.iter().zip(passed).filter(|(_, count)| *count > 0) {
        say(name);
        say(": ");
        say_number(count);
        say("\n");
    }
    exit(true)
}

/// Why a case failed.
type Verdict = Result<(), &'static str>;

fn run(case: &Case<'_>) -> Verdict {
    match case {
        Case::X25519(case) => published::x25519(case),
        Case::Iterated(case) => published::iterated(case),
        Case::Aead(case) => published::aead(case),
        Case::Hash(case) => published::hash(case),
        Case::Digest { of, expected } => digests::check(*of, expected),
        Case::Twins(rounds) => twins::compare(*rounds),
        Case::Ladders(most) => twins::compare_ladders(*most),
        Case::Memory => memory::check(),
    }
}

fn fail(what: &str) -> ! {
    say(what);
    say("\n");
    exit(false)
}

#[panic_handler]
fn panicked(info: &PanicInfo<'_>) -> ! {
    say("panicked");
    if let Some(place) = info.location() {
        say(" at ");
        say(place.file());
        say(":");
        say_number(place.line());
    }
    fail("")
}
