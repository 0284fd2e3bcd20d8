//! Ephemeral keys that stay apart and stay hidden even when the entropy source does not work.
//!
//! Every ephemeral is BLAKE2s, keyed by a hedge secret, over a label, fresh entropy, the handshake
//! hash so far and a counter. With a working source that is as good as the source. With a source
//! that is stuck, the counter keeps two ephemerals from being equal and the secret keeps them from
//! being guessed. Without the counter a stuck source would repeat an initiator's ephemeral, and a
//! replayed message 2 would bring old record keys back.

use crate::error::Error;
use crate::keys::refuse_blank;
use core::fmt;
use lowkey_crypto::{Blake2s, Secret};

/// A source of fresh randomness: a hardware generator, an operating system, or a stored seed.
pub trait Entropy {
    /// Fills `out` with fresh random bytes.
    ///
    /// # Errors
    /// [`EntropyFailed`]: the source does not work now; what `out` holds is not used.
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed>;
}

impl<T: Entropy + ?Sized> Entropy for &mut T {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        (**self).fill(out)
    }
}

/// An entropy source for a device that has none: a stored seed, stretched.
///
/// Its bytes are secret as long as the seed is, and the same again after every reset but for what
/// was stirred in. [`Ephemerals`] on it are new all the same: their boot counter is what keeps them
/// apart. Stir in whatever the device has: times between interrupts, an ADC's noise.
///
/// With nothing stirred in that an attacker could not guess, whoever reads the seed and the hedge
/// secret out of the device knows its ephemerals, those of recorded sessions too: no forward secrecy.
pub struct SeedEntropy {
    pool: Secret<32>,
    drawn: u64,
}

impl SeedEntropy {
    /// Stretches `seed`: 32 random bytes, stored when the device was provisioned, used for nothing else.
    ///
    /// # Errors
    /// [`Error::BlankKey`]: nobody has written a seed there.
    pub fn new(seed: Secret<32>) -> Result<Self, Error> {
        refuse_blank(&seed)?;
        Ok(Self { pool: seed, drawn: 0 })
    }

    /// Begins anew with a seed that is not blank, copied from where it lies to where this lies.
    pub fn copy_from(&mut self, seed: &Secret<32>) {
        *self.pool.expose_mut() = *seed.expose();
        self.drawn = 0;
    }

    /// Adds `noise` to the pool: BLAKE2s(pool, `"lowkey stir"` ‖ noise). It cannot make it worse.
    pub fn stir(&mut self, noise: &[u8]) {
        let mut stirred = Secret::zeroed();
        Blake2s::mac(&self.pool, &[b"lowkey stir", noise], stirred.expose_mut());
        *self.pool.expose_mut() = *stirred.expose(); // a move would leave a copy
    }
}

impl Entropy for SeedEntropy {
    /// BLAKE2s(pool, `"lowkey seed"` ‖ n) for each 32 bytes, n counting on; never fails.
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        for chunk in out.chunks_mut(32) {
            self.drawn = self.drawn.checked_add(1).ok_or(EntropyFailed)?;
            let mut block = Secret::zeroed();
            Blake2s::mac(&self.pool, &[b"lowkey seed", &self.drawn.to_be_bytes()], block.expose_mut());
            chunk.iter_mut().zip(block.expose()).for_each(|(to, from)| *to = *from);
        }
        Ok(())
    }
}

/// The entropy source could not deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntropyFailed;

impl fmt::Display for EntropyFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the entropy source failed")
    }
}

impl core::error::Error for EntropyFailed {}

/// A number that outlives a power cut.
pub trait Counter {
    /// Moves on and returns a number that this call has never returned before on this device.
    ///
    /// The number is stored so that it survives a reset *before* this returns it.
    ///
    /// # Errors
    /// [`CounterFailed`]: the store could not be read or written; no number was used.
    fn next(&mut self) -> Result<u64, CounterFailed>;
}

/// The stored counter could not be moved on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterFailed;

impl fmt::Display for CounterFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stored counter could not be moved on")
    }
}

impl core::error::Error for CounterFailed {}

/// Makes the ephemerals of one boot (or one process): each is new, whatever the entropy source does.
pub struct Ephemerals<E> {
    entropy: E,
    hedge: Secret<32>,
    /// The numbers of the boot and of the last attempt, big-endian as they are hashed.
    numbers: [[u8; 8]; 2],
}

impl<E: Entropy> Ephemerals<E> {
    /// Begins a boot: takes one number from `counter` for all ephemerals made by this value.
    ///
    /// `hedge` is 32 random bytes made and stored with the static key, and used for nothing else.
    ///
    /// # Errors
    /// - [`Error::BlankKey`]: nobody has written a hedge secret there; no number was taken.
    /// - [`Error::Counter`]: the store failed; without a number there is no way to go on.
    pub fn new<C: Counter + ?Sized>(entropy: E, hedge: Secret<32>, counter: &mut C) -> Result<Self, Error> {
        refuse_blank(&hedge)?;
        let boot = counter.next().map_err(|CounterFailed| Error::Counter)?;
        Ok(Self { entropy, hedge, numbers: [boot.to_be_bytes(), [0; 8]] })
    }

    /// Begins a boot with a number that no boot had before, and with a hedge secret that is not blank, copied from
    /// where it lies to where this lies.
    pub fn copy_from(&mut self, entropy: E, hedge: &Secret<32>, boot: u64) {
        self.entropy = entropy;
        *self.hedge.expose_mut() = *hedge.expose();
        self.numbers = [boot.to_be_bytes(), [0; 8]];
    }

    /// The entropy source, for one that wants to be fed.
    pub fn entropy(&mut self) -> &mut E {
        &mut self.entropy
    }

    /// The number this boot took from the counter.
    pub fn boot(&self) -> u64 {
        let [boot, _] = self.numbers;
        u64::from_be_bytes(boot)
    }

    /// The private key of the next ephemeral: BLAKE2s(hedge, `"lowkey ephemeral"` ‖ fresh ‖ h ‖ boot ‖ attempt),
    /// integers big-endian.
    pub(crate) fn next(&mut self, h: &[u8; 32], secret: &mut Secret<32>) -> Result<(), Error> {
        let mut fresh = Secret::<32>::zeroed();
        self.entropy.fill(fresh.expose_mut()).map_err(|EntropyFailed| Error::Entropy)?;
        let [_, attempt] = &mut self.numbers;
        *attempt = u64::from_be_bytes(*attempt).checked_add(1).ok_or(Error::Exhausted)?.to_be_bytes();
        let parts: [&[u8]; 4] = [b"lowkey ephemeral", fresh.expose(), h, self.numbers.as_flattened()];
        Blake2s::mac(&self.hedge, &parts, secret.expose_mut());
        Ok(())
    }
}
