//! The key store: keys that are made on the device, and whom it has paired with, in two *banks* of flash.
//!
//! It is the writable twin of the [key page](crate::page), for a device that pairs. Its banks are those of the
//! [boot log](crate::boot_log), and it takes the log's place as well: it numbers the starts. Each change is there whole
//! or not at all, wherever the power is cut, on flash of every unit, and once a call has returned nothing undoes it.
//! What was before has then been erased; a pairing does not wait for an erase that fails, but the next start does.
//!
//! - **Unprovisioned** is a device whose two banks are erased, or whose store reads whole and says that nothing was
//!   ever final or spent. It may open a window for pairing by itself ([`KeyStore::may_pair_unasked`]). A store that is
//!   *damaged* is another thing, and an error: whoever could make it one could otherwise have a label that somebody has
//!   photographed work again.
//! - **Keys** are made of a source of noise, which has to pass a health test. The private key is in no answer.
//! - **The seed ratchets.** A start takes r from the seed s, and only after s' has taken the place of s in the flash
//!   and s is erased: whoever reads the flash later cannot compute what earlier starts have drawn.
//!
//! ```
//! # use lowkey_core::{boot_log::Flash, key_store::{KeyStore, Standing, StoreError}, *};
//! fn start<F: Flash>(flash: F, noise: &mut impl Entropy) -> Result<KeyStore<F>, StoreError> {
//!     let mut store = KeyStore::new(flash);
//!     store.open()?;
//!     if !store.has_keys() {
//!         store.make_keys(noise)?;
//!     }
//!     let mut ephemerals = store.ephemerals()?; // once a start
//!     for standing in [Standing::Pending, Standing::Final] {
//!         let Some(keys) = store.keys(standing) else { continue };
//!         // Connect; when the session is confirmed:
//!         let server = keys.peer().public_key();
//!         store.confirmed(&server)?;
//!         break;
//!     }
//!     Ok(store)
//! }
//! ```

mod banks;
mod entry;
mod error;
mod health;
mod run;

pub use entry::Standing;
pub use error::StoreError;
pub use run::Run;

use crate::boot_log::Flash;
use crate::entropy::{Counter, CounterFailed, Entropy, EntropyFailed, Ephemerals};
use crate::keys::{Id, Identity, Peer, is_spelling_of};
use crate::page::{Keys, MAX_ADDRESS};
use crate::pairing::PinStore;
use banks::{Banks, Found};
use core::fmt;
use entry::{Entry, Seed};
use lowkey_crypto::{PublicKey, Secret};

/// A device's keys and pinnings, in two banks of flash.
///
/// Once it is open the store is whole. The flash holds nothing older than what it says, but where an erase failed
/// behind what a pairing has changed: then nothing is drawn from a start before that is made up for.
pub struct KeyStore<F> {
    banks: Banks<F>,
    entry: Entry,
    seed: Seed,
}

impl<F: Flash> KeyStore<F> {
    /// The store in `flash`, which has not been read: until [`Self::open`] has, it has no keys, and cannot be changed.
    pub fn new(flash: F) -> Self {
        Self { banks: Banks::new(flash), entry: Entry::empty(), seed: Seed::empty() }
    }

    /// Reads the store, which is new if both banks are erased. What a power cut has left undone is finished first, so
    /// this may erase a bank.
    ///
    /// # Errors
    /// - [`StoreError::Unfit`]: no store fits there.
    /// - [`StoreError::Damaged`]: see [`Self::start_over`].
    /// - [`StoreError::Flash`]: what is left of an earlier change could not be erased. The call can be repeated.
    ///
    /// After an error it is as if nobody had read it.
    pub fn open(&mut self) -> Result<(), StoreError> {
        self.close();
        let opened = self.banks.open(&mut self.entry, &mut self.seed);
        self.tidy();
        opened?;
        if self.banks.found() == Found::Damage { Err(StoreError::Damaged) } else { Ok(()) }
    }

    /// Opens the store; if it is damaged, an empty one takes its place, whose windows have to be asked for. Call this
    /// only when somebody has asked for it at the device: all keys and spent codes of the damaged one are gone.
    ///
    /// # Errors
    /// [`StoreError::Unfit`], [`StoreError::Flash`]: it is as it was, or erased in part and still damaged; and as if
    /// nobody had read it.
    pub fn start_over(&mut self) -> Result<(), StoreError> {
        match self.open() {
            Err(StoreError::Damaged) => {
                self.banks.start_over();
                self.entry.ask();
                let stored = self.commit();
                if stored.is_err() {
                    self.close();
                }
                stored
            }
            opened => opened,
        }
    }

    /// As if nobody had read it.
    fn close(&mut self) {
        self.banks.close();
        self.tidy();
    }

    /// What was read last may belong to no store.
    fn tidy(&mut self) {
        if let Found::Nothing | Found::Damage = self.banks.found() {
            self.entry.wipe();
            self.seed.wipe();
        }
    }

    /// Whether this device has its keys.
    pub fn has_keys(&self) -> bool {
        self.entry.has_keys()
    }

    /// Makes the static key, the hedge secret and the seed of 1,024 bytes of `source`, which has to be one of noise,
    /// and passes the health tests of NIST SP 800-90B §4.4. They find a source that is stuck, not one that only looks
    /// random: a stored seed, for example.
    ///
    /// # Errors
    /// - [`StoreError::HasKeys`]: [`Self::forget`] comes first.
    /// - [`StoreError::Source`]: it failed, or the tests did. Nothing is stored.
    /// - [`StoreError::Flash`]: nothing is stored, or an erase was still missing; [`Self::has_keys`] says which.
    pub fn make_keys<E: Entropy + ?Sized>(&mut self, source: &mut E) -> Result<(), StoreError> {
        if self.has_keys() {
            return Err(StoreError::HasKeys);
        }
        let mut run = health::draw(source)?;
        self.entry.draw_keys(&mut run)?;
        run.fill(self.seed.secret_mut().ok_or(EntropyFailed)?)?;
        self.commit()
    }

    /// Our static key pair: what the label of the device may show of it, and what a pairing takes.
    ///
    /// # Errors
    /// [`StoreError::NoKeys`].
    pub fn identity(&self) -> Result<Identity, StoreError> {
        self.with_keys()?;
        let public = PublicKey::of(self.entry.public_key());
        Ok(Identity::copy_of(Secret::of(self.entry.private_key()), Some(public)))
    }

    /// The hedge secret, for a device that makes its [`Ephemerals`] of a generator and a boot log of its own.
    ///
    /// # Errors
    /// [`StoreError::NoKeys`].
    pub fn hedge(&self) -> Result<Secret<32>, StoreError> {
        self.with_keys()?;
        Ok(Secret::new(*self.entry.hedge()))
    }

    /// Begins a start: takes its number and its secret, and erases what they were made of. Once a start is enough.
    ///
    /// The flash then holds nothing that these ephemerals follow from. It costs a slot of a bank where the flash can
    /// [clear](Flash::clear) a unit that is written, and an erase otherwise.
    ///
    /// # Errors
    /// - [`StoreError::NoKeys`].
    /// - [`StoreError::Flash`]: the number is lost, and the call can be repeated.
    pub fn ephemerals(&mut self) -> Result<Ephemerals<Run>, StoreError> {
        let (run, number) = self.start()?;
        Ephemerals::new(run, self.hedge()?, &mut Started(number)).map_err(|_| StoreError::Damaged)
    }

    /// The same for a port that makes ephemerals by itself: what they draw from, and the number of the start.
    ///
    /// # Errors
    /// As [`Self::ephemerals`].
    pub fn start(&mut self) -> Result<(Run, u32), StoreError> {
        self.with_keys()?;
        let number = self.seed.number().checked_add(1).ok_or(StoreError::Damaged)?;
        let mut run = Run::empty();
        run.begin(self.seed.secret_mut().ok_or(StoreError::Damaged)?);
        self.seed.set_number(number);
        self.seed.check();
        if self.banks.append(&self.seed).is_err() {
            self.commit()?;
        }
        self.banks.settle()?;
        Ok((run, number))
    }

    /// The keys of a pinning. Dial with what is pending first, then with what is final.
    pub fn keys(&self, standing: Standing) -> Option<Keys> {
        let (key, shared) = self.entry.pinning(standing)?;
        let identity = self.identity().ok()?;
        let peer = Peer::from_parts(&identity, PublicKey::new(*key), Secret::new(*shared)).ok()?;
        Some(Keys::of_pairing(identity, peer))
    }

    /// Where the device's own keys lie in RAM, for a port that reads them itself. Most of them are secret.
    ///
    /// # Errors
    /// [`StoreError::NoKeys`].
    pub fn fields(&self) -> Result<Fields<'_>, StoreError> {
        self.with_keys()?;
        Ok(Fields {
            private_key: self.entry.private_key(),
            public_key: self.entry.public_key(),
            hedge: self.entry.hedge(),
            address: self.entry.address(),
        })
    }

    /// The same of a pinning: the peer's static public key, and its Diffie-Hellman with ours, which is secret.
    pub fn pinning(&self, standing: Standing) -> Option<(&[u8; 32], &[u8; 32])> {
        self.entry.pinning(standing)
    }

    /// What [`PinStore::store`] does, of a key and its Diffie-Hellman with ours: for a port that has no [`Peer`].
    ///
    /// # Errors
    /// [`StoreError::PeerKey`], and as [`PinStore::store`].
    pub fn pin(&mut self, peer: &PublicKey, shared: &Secret<32>, code: &Id) -> Result<(), StoreError> {
        if is_spelling_of(PublicKey::of(self.entry.public_key()), peer) || shared.is_blank() {
            return Err(StoreError::PeerKey);
        }
        self.keep(peer, shared, code)
    }

    /// Stores a key that has been pinned with ours.
    fn keep(&mut self, peer: &PublicKey, shared: &Secret<32>, code: &Id) -> Result<(), StoreError> {
        self.with_keys()?;
        if [Standing::Pending, Standing::Final].into_iter().any(|is| self.entry.is_of(is, peer, code)) {
            return Ok(());
        }
        if self.entry.is_by(Standing::Pending, code) {
            return Err(StoreError::Claimed);
        }
        self.entry.pin(peer, shared, code);
        self.pair()
    }

    /// A session in KK with this peer is confirmed: the initiator has opened message 2, the responder a first record.
    /// If its pinning was pending, it is final now, and its code is spent.
    ///
    /// # Errors
    /// [`StoreError::Flash`]: as with [`PinStore::finalise`].
    pub fn confirmed(&mut self, peer: &PublicKey) -> Result<(), StoreError> {
        if self.entry.is_with(Standing::Pending, peer) {
            self.entry.finalise();
            return self.pair();
        }
        Ok(())
    }

    /// Whether a window for pairing may open at each start although nobody has asked for it at the device: nothing was
    /// ever final or spent.
    pub fn may_pair_unasked(&self) -> bool {
        self.banks.found() != Found::Damage && !self.entry.has_to_be_asked()
    }

    /// Whether the code of this name is one of the four that were spent last.
    pub fn is_spent(&self, code: &Id) -> bool {
        self.entry.is_spent(code.as_bytes())
    }

    /// The peer's address, as text; empty if there is none.
    pub fn address(&self) -> &str {
        core::str::from_utf8(self.entry.address()).unwrap_or_default()
    }

    /// Stores the peer's address.
    ///
    /// # Errors
    /// - [`StoreError::Address`]: it has more than [`MAX_ADDRESS`] bytes.
    /// - [`StoreError::Flash`]: the one of before stands there, or an erase was still missing.
    pub fn set_address(&mut self, address: &str) -> Result<(), StoreError> {
        if address.len() > MAX_ADDRESS {
            return Err(StoreError::Address);
        }
        if address == self.address() {
            return self.banks.settle();
        }
        self.entry.set_address(address.as_bytes());
        self.commit()
    }

    /// Forgets the keys, the address and both pinnings: a factory reset. The names of spent codes stay, and so does
    /// whether a window has to be asked for.
    ///
    /// When this returns, both banks have been erased since, and one of them holds what stays. It does not reach
    /// what firmware has made of the keys (an [`Identity`], [`Keys`], [`Ephemerals`]: drop them), nor copies that a
    /// driver beneath has made, nor what the server knows: take the device out of its registry.
    ///
    /// # Errors
    /// [`StoreError::Flash`]: keys can still be read out of the flash. If [`Self::has_keys`] is false they are forgotten,
    /// and only wait for their erase: the call can be repeated, and the next [`Self::open`] tries it as well.
    pub fn forget(&mut self) -> Result<(), StoreError> {
        self.entry.forget();
        let number = self.seed.number();
        self.seed.wipe();
        self.seed.set_number(number);
        self.commit()
    }

    fn with_keys(&self) -> Result<(), StoreError> {
        if self.has_keys() { Ok(()) } else { Err(StoreError::NoKeys) }
    }

    /// Stores the entry that has been changed in place of the one of before, and erases that.
    fn commit(&mut self) -> Result<(), StoreError> {
        self.put()?;
        self.banks.settle()
    }

    /// The same for a pairing, whose peer is told what is stored: that the one of before could not be erased is none of
    /// its business. The next change erases it first, and so does the next start.
    #[inline(never)]
    fn pair(&mut self) -> Result<(), StoreError> {
        self.put()?;
        let _is_made_up_for = self.banks.settle();
        Ok(())
    }

    /// Writes the entry that has been changed. After an error it is the one of before again.
    #[inline(never)]
    fn put(&mut self) -> Result<(), StoreError> {
        self.entry.finish();
        self.seed.check();
        let stored = self.banks.store(&mut self.entry, &mut self.seed);
        if stored.is_err() {
            self.banks.reload(&mut self.entry, &mut self.seed);
            self.tidy();
        }
        stored
    }
}

impl<F: Flash> PinStore for KeyStore<F> {
    type Error = StoreError;

    fn store(&mut self, peer: &Peer, code: &Id) -> Result<(), StoreError> {
        self.keep(peer.public(), peer.shared_secret(), code)
    }

    fn finalise(&mut self, peer: &PublicKey, code: &Id) -> Result<(), StoreError> {
        if self.entry.is_of(Standing::Pending, peer, code) {
            return self.confirmed(peer);
        }
        if self.entry.is_of(Standing::Final, peer, code) { Ok(()) } else { Err(StoreError::NotPending) }
    }

    fn remove(&mut self, peer: &PublicKey, code: &Id) -> Result<(), StoreError> {
        if self.entry.is_of(Standing::Pending, peer, code) {
            self.entry.unpin();
            return self.pair();
        }
        Ok(())
    }
}

impl<F> fmt::Debug for KeyStore<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyStore").field("has_keys", &self.entry.has_keys()).finish_non_exhaustive()
    }
}

/// Where the device's own keys lie in a store, until it is changed.
#[derive(Clone, Copy)]
pub struct Fields<'s> {
    /// Our static private key.
    pub private_key: &'s [u8; 32],
    /// Its public key.
    pub public_key: &'s [u8; 32],
    /// The hedge secret for ephemerals.
    pub hedge: &'s [u8; 32],
    /// The peer's address, text in UTF-8.
    pub address: &'s [u8],
}

/// The number of one start, which is stored already.
struct Started(u32);

impl Counter for Started {
    fn next(&mut self) -> Result<u64, CounterFailed> {
        Ok(self.0.into())
    }
}
