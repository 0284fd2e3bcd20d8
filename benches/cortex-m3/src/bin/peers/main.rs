//! The peers, for comparison: built once at opt-level `s` and once at 3 (Cargo.toml says why whole).
#![no_std]
#![no_main]

mod bare;
mod noise;

use cortex_m_rt::entry;
use cortex_m3_bench::bench::{Bench, PASSES, fail};

#[entry]
fn main() -> ! {
    let Some(mut bench) = Bench::start() else { fail("the core was taken twice") };
    for pass in 1..=PASSES {
        bench.pass(pass);
        bare::x25519(&mut bench);
        bare::aead(&mut bench);
        if noise::kk(&mut bench).is_err() {
            fail("clatter refused");
        }
    }
    bench.finish()
}
