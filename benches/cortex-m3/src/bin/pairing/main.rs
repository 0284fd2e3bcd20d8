//! A pairing (protocol §6) and the key store beneath it, at the profile that the book tells users to copy.
//!
//! An image of its own: in the other one it would move the functions that are measured there, and their figures with
//! them. The flash is RAM and costs nothing; what a part's own takes comes on top.
#![no_std]
#![no_main]

mod play;
mod stores;

use cortex_m_rt::entry;
use cortex_m3_bench::bench::{Bench, PASSES, fail};

#[entry]
fn main() -> ! {
    let Some(mut bench) = Bench::start() else { fail("the core was taken twice") };
    for pass in 1..=PASSES {
        bench.pass(pass);
        if all(&mut bench).is_none() {
            fail("a step of a pairing");
        }
    }
    bench.finish()
}

fn all(bench: &mut Bench) -> Option<()> {
    let (code, psk) = stores::code(bench)?;
    let (mut ours, mut theirs) = (stores::Side::new(1), stores::Side::new(2));
    let ours = ours.first_start(bench)?;
    let theirs = theirs.start()?;
    stores::changed(bench, &theirs.identity)?;
    play::pairing(bench, code, &psk, ours, theirs)
}
