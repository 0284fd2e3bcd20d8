//! Lowkey, at the profile that the book tells users to copy.
#![no_std]
#![no_main]

mod handshakes;
mod primitives;
mod records;

use cortex_m_rt::entry;
use cortex_m3_bench::bench::{Bench, PASSES, fail};
use lowkey_core::{Error, Session};

use handshakes::Parties;

#[entry]
fn main() -> ! {
    let Some(mut bench) = Bench::start() else { fail("the core was taken twice") };
    bench.size("session", size_of::<Session>());
    for pass in 1..=PASSES {
        bench.pass(pass);
        if let Err(error) = all(&mut bench) {
            fail(error.as_str());
        }
    }
    bench.finish()
}

fn all(bench: &mut Bench) -> Result<(), Error> {
    primitives::x25519(bench);
    primitives::aead(bench);
    primitives::blake2s(bench);
    let parties = Parties::meet()?;
    let [kk, others @ ..] = &handshakes::MODES;
    let sessions = parties.shake_hands(bench, kk)?;
    records::sealed_and_opened(bench, sessions)?;
    others.iter().try_for_each(|mode| parties.shake_hands(bench, mode).map(drop))
}
