//! Randomness of a host: the operating system's, hedged by what this process drew when it began.
//!
//! The hedge secret and the number that keeps ephemerals apart are drawn at the first use and stay in
//! memory; a host has no need to store them, since a new process draws anew.

use lowkey_core::{Counter, CounterFailed, Entropy, EntropyFailed, Ephemerals, Secret};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Error;

/// The operating system's source.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        getrandom::fill(out).map_err(|_| EntropyFailed)
    }
}

/// 32 random bytes for a key.
///
/// # Errors
/// [`Error::Entropy`]: the operating system has none now.
pub fn random() -> Result<Secret<32>, Error> {
    let mut secret = Secret::zeroed();
    OsEntropy.fill(secret.expose_mut()).map_err(|EntropyFailed| Error::Entropy)?;
    if secret.is_blank() { Err(Error::Entropy) } else { Ok(secret) }
}

/// 32 bits by which pauses of many differ ([`Backoff`](lowkey_transport::Backoff)): not secret, and all ones where the
/// operating system has no randomness.
pub fn chance() -> u32 {
    random().map_or(u32::MAX, |random| {
        let [a, b, c, d, ..] = *random.expose();
        u32::from_be_bytes([a, b, c, d])
    })
}

/// The ephemerals of one attempt, or of many in a row.
///
/// Every value has its own number, so handshakes side by side share nothing that they would have to
/// lock.
///
/// # Errors
/// [`Error::Entropy`]: the operating system has no randomness now; the call can be repeated.
pub fn host_ephemerals() -> Result<Ephemerals<OsEntropy>, Error> {
    let process = process()?;
    Ephemerals::new(OsEntropy, process.hedge.duplicate(), &mut &process.next).map_err(|_| Error::Entropy)
}

/// What this process drew when it first made an ephemeral.
struct Process {
    hedge: Secret<32>,
    next: Numbers,
}

struct Numbers(AtomicU64);

impl Counter for &Numbers {
    fn next(&mut self) -> Result<u64, CounterFailed> {
        Ok(self.0.fetch_add(1, Ordering::Relaxed)) // 2^64 attempts do not fit into a process's life
    }
}

fn process() -> Result<&'static Process, Error> {
    static PROCESS: OnceLock<Process> = OnceLock::new();
    if let Some(process) = PROCESS.get() {
        return Ok(process);
    }
    let mut start = [0; 8];
    OsEntropy.fill(&mut start).map_err(|EntropyFailed| Error::Entropy)?;
    let drawn = Process { hedge: random()?, next: Numbers(AtomicU64::new(u64::from_ne_bytes(start))) };
    Ok(PROCESS.get_or_init(|| drawn))
}
