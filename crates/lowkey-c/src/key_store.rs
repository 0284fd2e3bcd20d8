//! The key store: keys that are made on the device, and whom it has paired with, in two banks of flash.

use crate::boot_log::{banks, lowkey_flash};
use crate::call::{attempt, give};
use crate::object_sizes::{LOWKEY_CODE_NAME_LEN, LOWKEY_KEY_STORE_WORDS, LOWKEY_PINNING_ID_LEN};
use crate::page::lowkey_page;
use crate::pairing::lowkey_pin_store;
use crate::random::lowkey_random;
use crate::raw::callbacks::{Random, StoreBanks};
use crate::raw::{self, Failure, Object};
use crate::status::lowkey_status::{self, *};
use core::cell::Cell;
use core::ffi::{c_char, c_void};
use core::{ptr, str};
use lowkey_core::key_store::{KeyStore, Run, Standing, StoreError};
use lowkey_core::{Entropy, EntropyFailed, Id, PinStore, PublicKey, Secret, wipe_dead_stack};

/// Makes zeros of a unit, `len` bytes, whatever it holds, and returns 0 when that is done, anything else if it failed.
/// The `context` is that of the flash.
pub type lowkey_clear =
    Option<unsafe extern "C" fn(context: *mut c_void, bank: u32, offset: usize, len: usize) -> i32>;

/// The keys of a device that makes them itself, its pending and its final pinning, and the codes it has spent, in two
/// banks of flash. Make it with lowkey_key_store_open.
///
/// Each change is there whole or not at all, wherever the power fails; once a call has returned LOWKEY_OK nothing
/// undoes it, and what was before has been erased. A pairing does not wait for an erase that fails, but the next start
/// does.
#[repr(C)]
pub struct lowkey_key_store {
    /// Not for you.
    pub opaque: [u64; LOWKEY_KEY_STORE_WORDS],
}

impl Object for lowkey_key_store {
    type Inner = Opened;
    const LETTER: u8 = b's';
}

/// A store, and what lies beside it.
pub(crate) struct Opened {
    store: KeyStore<StoreBanks>,
    /// What this start draws from, once it has begun.
    run: Option<Run>,
    /// The ids of the pinnings, where they were asked for.
    pending_id: Cell<[u8; LOWKEY_PINNING_ID_LEN]>,
    final_id: Cell<[u8; LOWKEY_PINNING_ID_LEN]>,
}

/// Opens the store in `flash`, which is new if both banks are erased. What a power cut has left undone is finished
/// first, so this may erase a bank. `flash` is copied, and its callbacks are called whenever the store is changed; a
/// bank has at least 1,024 bytes. With `clear` a start costs a part of a bank, and with NULL an erase.
///
/// LOWKEY_LENGTH: no store fits there. LOWKEY_STORE_DAMAGED: see lowkey_key_store_start_over. LOWKEY_FLASH: the call
/// can be repeated. After each of these nothing is left of the object. LOWKEY_NULL, LOWKEY_OUT_OF_TURN: it is as it
/// was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_key_store_open(
    store: *mut lowkey_key_store,
    flash: *const lowkey_flash,
    clear: lowkey_clear,
) -> lowkey_status {
    cleared(open(store, flash, clear, KeyStore::open))
}

/// The same; but if the store is damaged, an empty one takes its place, in which lowkey_key_store_may_pair_unasked is
/// false. Call this only when somebody has asked for it at the device: all keys and spent codes are gone.
///
/// Statuses as lowkey_key_store_open, but for LOWKEY_STORE_DAMAGED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_key_store_start_over(
    store: *mut lowkey_key_store,
    flash: *const lowkey_flash,
    clear: lowkey_clear,
) -> lowkey_status {
    cleared(open(store, flash, clear, KeyStore::start_over))
}

#[inline(never)] // what it moves lies beneath what is wiped
unsafe fn open(
    store: *mut lowkey_key_store,
    flash: *const lowkey_flash,
    clear: lowkey_clear,
    open: fn(&mut KeyStore<StoreBanks>) -> Result<(), StoreError>,
) -> lowkey_status {
    attempt(|| {
        let (storage, banks) = (raw::vacant(store)?, banks(raw::plain(flash)?)?);
        let store = KeyStore::new(StoreBanks { banks, clear });
        let (pending_id, final_id) = (Cell::default(), Cell::default());
        let mut opened = storage.fill_inside(|| Opened { store, run: None, pending_id, final_id });
        let made = open(&mut opened.store);
        opened.keep(made.map_err(Failure::from))
    })
}

/// Makes the private key, the hedge secret and the seed of 1,024 bytes of `random`, which has to be a source of noise:
/// it is called with `context`, and what it gives passes the health tests of NIST SP 800-90B, 4.4. They find a source
/// that is stuck, not one that only looks random: lowkey_seed_random, for example.
///
/// LOWKEY_OUT_OF_TURN: there are keys already; lowkey_key_store_forget comes first. LOWKEY_ENTROPY: the source failed,
/// or its tests did. LOWKEY_FLASH, LOWKEY_NULL (also a NULL `random`), LOWKEY_NOT_INITIALISED. `context` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_key_store_make_keys(
    store: *mut lowkey_key_store,
    random: lowkey_random,
    context: *mut c_void,
) -> lowkey_status {
    change(store, |opened| {
        if random.is_none() {
            return Err(LOWKEY_NULL.into());
        }
        Ok(opened.store.make_keys(&mut Random { fill: random, context })?)
    })
}

/// Whether the device has its keys. Of NULL, or of what is no store, false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_key_store_has_keys(store: *const lowkey_key_store) -> bool {
    raw::shared(store).is_ok_and(|opened| opened.store.has_keys())
}

/// Whether a window for pairing may open at each start although nobody has asked for it at the device: nothing was ever
/// final or spent. Of NULL, or of what is no store, false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_key_store_may_pair_unasked(store: *const lowkey_key_store) -> bool {
    raw::shared(store).is_ok_and(|opened| opened.store.may_pair_unasked())
}

/// Begins a start, once: gives its number, and makes what lowkey_key_store_random then draws from; what both were made
/// of is erased. So whoever reads the flash later cannot compute the ephemeral keys of this start. Give number and
/// source to lowkey_ephemerals_init or to lowkey_kk_init; there is no boot log beside a store.
///
/// LOWKEY_OUT_OF_TURN: there are no keys. LOWKEY_FLASH: the number is lost, and the call can be repeated. LOWKEY_NULL,
/// LOWKEY_NOT_INITIALISED. `boot` is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_key_store_start(
    store: *mut lowkey_key_store,
    boot: *mut u64,
) -> lowkey_status {
    change(store, |opened| {
        let boot = raw::out(boot)?;
        let (run, number) = opened.store.start()?;
        opened.run = Some(run);
        boot.set(number.into());
        Ok(())
    })
}

/// Adds `len` bytes of noise to what this start draws from: times between interrupts, what an ADC reads.
///
/// LOWKEY_OUT_OF_TURN: no start has begun. LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED. Nothing was added.
/// `noise` may be NULL if `len` is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_key_store_stir(
    store: *mut lowkey_key_store,
    noise: *const u8,
    len: usize,
) -> lowkey_status {
    attempt(|| {
        let (opened, noise) = (raw::exclusive(store)?, raw::bytes(noise, len)?);
        opened.run.as_mut().ok_or(LOWKEY_OUT_OF_TURN)?.stir(noise);
        Ok(())
    })
}

/// The lowkey_random of a store: give it to lowkey_ephemerals_init or lowkey_kk_init, with the lowkey_key_store as its
/// context, once lowkey_key_store_start has begun the start.
///
/// Fills `out` and returns 0, or returns a status and leaves `out` as it was: LOWKEY_OUT_OF_TURN (no start has begun,
/// or its keys are forgotten), LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_key_store_random(store: *mut c_void, out: *mut u8, len: usize) -> i32 {
    attempt(|| {
        let (opened, out) = (raw::exclusive(store.cast::<lowkey_key_store>())?, raw::bytes_mut(out, len)?);
        let run = opened.run.as_mut().ok_or(LOWKEY_OUT_OF_TURN)?;
        run.fill(out).map_err(|EntropyFailed| LOWKEY_EXHAUSTED.into())
    }) as i32
}

/// Where the device's own keys lie: `private_key`, `public_key`, `hedge`, and the address. Everything else is NULL or
/// 0. They lie in the store, until it is changed, wiped or moved.
///
/// LOWKEY_OUT_OF_TURN: there are no keys. LOWKEY_NULL, LOWKEY_NOT_INITIALISED. `page` is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_key_store_own(
    store: *const lowkey_key_store,
    page: *mut lowkey_page,
) -> lowkey_status {
    find(store, page, None)
}

/// The same with the pinning that is pending, for lowkey_keys_init, which copies it. Dial with this one first, then
/// with the final one, and tell lowkey_key_store_confirmed when a channel in KK is open.
///
/// LOWKEY_OUT_OF_TURN also if none is pending. Otherwise as lowkey_key_store_own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_key_store_pending(
    store: *mut lowkey_key_store,
    page: *mut lowkey_page,
) -> lowkey_status {
    find(store, page, Some(Standing::Pending))
}

/// The same with the pinning that is final, which stays until the pending one is.
///
/// LOWKEY_OUT_OF_TURN also if none is final. Otherwise as lowkey_key_store_own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_key_store_final(
    store: *mut lowkey_key_store,
    page: *mut lowkey_page,
) -> lowkey_status {
    find(store, page, Some(Standing::Final))
}

/// The callbacks of a store for lowkey_pairing_init, which copies them.
///
/// LOWKEY_NULL, LOWKEY_NOT_INITIALISED: `pins` is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_key_store_pins(
    store: *mut lowkey_key_store,
    pins: *mut lowkey_pin_store,
) -> lowkey_status {
    give(|| {
        let pins = raw::out(pins)?;
        raw::shared(store)?;
        let (context, store) = (store.cast(), Some(store_pin as _));
        Ok((
            pins,
            lowkey_pin_store { context, store, finalise: Some(finalise_pin), remove: Some(remove_pin) },
        ))
    })
}

/// A channel in KK with this peer is open, or has received something if we are its responder. If its pinning was
/// pending, it is final now, and its code is spent.
///
/// LOWKEY_FLASH: it stays pending. LOWKEY_NULL, LOWKEY_NOT_INITIALISED.
/// cbindgen:ptrs-as-arrays=[[peer_key;32]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_key_store_confirmed(
    store: *mut lowkey_key_store,
    peer_key: *const u8,
) -> lowkey_status {
    change(store, |opened| Ok(opened.store.confirmed(PublicKey::of(raw::array(peer_key)?))?))
}

/// Stores the peer's address, `len` bytes of text in UTF-8.
///
/// LOWKEY_LENGTH: more than 64 bytes, or no text. LOWKEY_FLASH, LOWKEY_NULL, LOWKEY_NOT_INITIALISED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_key_store_set_address(
    store: *mut lowkey_key_store,
    address: *const c_char,
    len: usize,
) -> lowkey_status {
    change(store, |opened| {
        let text = str::from_utf8(raw::bytes(address.cast(), len)?).map_err(|_| LOWKEY_LENGTH)?;
        Ok(opened.store.set_address(text)?)
    })
}

/// Forgets the keys, the address and both pinnings: a factory reset. The names of the codes that were spent last stay,
/// and so does whether a window has to be asked for. What was made of the keys is yours to wipe, and the server's
/// registry still has the device.
///
/// LOWKEY_FLASH: keys can still be read out of the flash; call this again, lowkey_key_store_open tries it as well.
/// LOWKEY_NULL, LOWKEY_NOT_INITIALISED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_key_store_forget(store: *mut lowkey_key_store) -> lowkey_status {
    change(store, |opened| {
        opened.run = None;
        Ok(opened.store.forget()?)
    })
}

/// Makes zeros of a store in memory, whatever its storage holds. What lies in the flash is as it was.
///
/// LOWKEY_NULL, LOWKEY_OUT_OF_TURN: nothing was wiped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_key_store_wipe(store: *mut lowkey_key_store) -> lowkey_status {
    attempt(|| raw::wipe(store))
}

/// Gives the page of the device's own keys, and of a pinning, whose id lies beside the store.
#[inline(never)]
unsafe fn find(
    store: *const lowkey_key_store,
    page: *mut lowkey_page,
    standing: Option<Standing>,
) -> lowkey_status {
    give(|| {
        let (page, opened) = (raw::out(page)?, raw::shared(store)?);
        let own = opened.store.fields()?;
        let mut found = lowkey_page {
            id: ptr::null(),
            id_len: 0,
            address: own.address.as_ptr().cast(),
            address_len: own.address.len(),
            private_key: own.private_key.as_ptr(),
            public_key: own.public_key.as_ptr(),
            peer_key: ptr::null(),
            shared: ptr::null(),
            hedge: own.hedge.as_ptr(),
            seed: ptr::null(),
            psk: ptr::null(),
        };
        if let Some(standing) = standing {
            let (key, shared) = opened.store.pinning(standing).ok_or(LOWKEY_OUT_OF_TURN)?;
            let id = if standing == Standing::Pending { &opened.pending_id } else { &opened.final_id };
            id.set(*Id::of_pinning(PublicKey::of(own.public_key), PublicKey::of(key)).front());
            (found.id, found.id_len) = (id.as_ptr().cast(), LOWKEY_PINNING_ID_LEN);
            (found.peer_key, found.shared) = (key.as_ptr(), shared.as_ptr());
        }
        Ok((page, found))
    })
}

unsafe extern "C" fn store_pin(
    store: *mut c_void,
    peer_key: *const u8,
    shared: *const u8,
    code: *const u8,
) -> i32 {
    change(store.cast(), |opened| {
        let (key, shared) = (PublicKey::of(raw::array(peer_key)?), Secret::of(raw::array(shared)?));
        Ok(opened.store.pin(key, shared, &name(code)?)?)
    }) as i32
}

unsafe extern "C" fn finalise_pin(store: *mut c_void, peer_key: *const u8, code: *const u8) {
    let _stays_pending = change(store.cast(), |opened| {
        Ok(opened.store.finalise(PublicKey::of(raw::array(peer_key)?), &name(code)?)?)
    });
}

unsafe extern "C" fn remove_pin(store: *mut c_void, peer_key: *const u8, code: *const u8) {
    let _stays_pending = change(store.cast(), |opened| {
        Ok(opened.store.remove(PublicKey::of(raw::array(peer_key)?), &name(code)?)?)
    });
}

unsafe fn name(code: *const u8) -> Result<Id, Failure> {
    Id::new(raw::array::<LOWKEY_CODE_NAME_LEN>(code)?).ok_or(LOWKEY_BUG.into())
}

/// Changes a store. Nothing of it is left on the stack.
unsafe fn change(
    store: *mut lowkey_key_store,
    call: impl FnOnce(&mut Opened) -> Result<(), Failure>,
) -> lowkey_status {
    cleared(inside(store, call))
}

#[inline(never)] // what it moves lies beneath what is wiped
unsafe fn inside(
    store: *mut lowkey_key_store,
    call: impl FnOnce(&mut Opened) -> Result<(), Failure>,
) -> lowkey_status {
    attempt(|| call(&mut *raw::enter(store)?))
}

/// Wipes the stack beneath the caller. A store is moved deeper than what other objects are made of.
#[inline(never)]
fn cleared(status: lowkey_status) -> lowkey_status {
    wipe_dead_stack::<STORE_WORDS>();
    status
}

/// As deep as a secret was found on any core, and some more.
const STORE_WORDS: usize = 640;
