//! Whether a function of a firmware takes one time, and one way, for all secrets:
//!
//! ```console
//! $ cargo run --release --example same_time -- FIRMWARE FUNCTION BYTES
//! ```
//!
//! FUNCTION is called by its symbol as `void function(const uint8_t *secret, uint8_t *out)`, with 16 secrets of that
//! many BYTES. Each line has the cycles, and hashes of what somebody sees who watches the core: the way through the
//! code, and the places in memory. The exit status is 1 if they are not the same for all. What the function writes is
//! looked at as well: if that is always the same, the secret may not be where it reads.

use std::{env, error::Error, fs, process::ExitCode};

use m3_model::{Machine, Options};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [firmware, function, bytes] = &words[..] else {
        return Err("usage: same_time FIRMWARE FUNCTION BYTES".into());
    };
    let bytes: usize = bytes.parse()?;
    let elf = fs::read(firmware)?;

    let (mut seen, mut results) = (Vec::new(), Vec::new());
    println!("secret    cycles  pc hash           address hash");
    for number in 0..SECRETS {
        // From the same beginning each time: what one call leaves in memory is not there for the next.
        let mut machine = Machine::load(&elf, &Options::default())?;
        if machine.symbol(function).is_none() {
            return Err(format!("{firmware} has no function called {function}").into());
        }
        if !machine.load_at(SECRET, &secret(number, bytes)) {
            return Err(format!("{bytes} B are more than there is room for").into());
        }
        let ended = |end| format!("{function}: {end}");
        let call = machine.call(&**function, &[SECRET, OUT]).map_err(ended)?;
        println!("{number:>6} {:>9}  {:016x}  {:016x}", call.cycles, call.pc_hash, call.address_hash);
        seen.push((call.cycles, call.pc_hash, call.address_hash));
        results.push(machine.read(OUT, 4).map(<[u8]>::to_vec));
    }
    seen.dedup();
    match seen.len() {
        1 => println!("the same for all"),
        _ => println!("NOT the same for all"),
    }
    results.dedup();
    if results.len() == 1 {
        println!("and so is what it wrote: does it read its secret from the first argument?");
    }
    Ok(ExitCode::from(u8::from(seen.len() > 1)))
}

/// All zeros, all ones, and bytes that look like nothing in particular (xorshift32).
fn secret(number: u32, bytes: usize) -> Vec<u8> {
    match number {
        0 => vec![0x00; bytes],
        1 => vec![0xFF; bytes],
        _ => {
            let mut state = 0x9E37_79B9_u32.wrapping_mul(number);
            let mut next = || {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                (state >> 24) as u8
            };
            (0..bytes).map(|_| next()).collect()
        }
    }
}

const SECRETS: u32 = 16;
/// Where the secret and the result are: in RAM, far from the stack.
const SECRET: u32 = 0x2000_1000;
const OUT: u32 = 0x2000_2000;
