//! Who we are, whom we have pinned, and what we share with them.

use crate::apart::lies_apart;
use crate::call::{attempt, give, wiped};
use crate::object_sizes::{
    LOWKEY_FINGERPRINT_LEN, LOWKEY_IDENTITY_WORDS, LOWKEY_PEER_WORDS, LOWKEY_PINNING_ID_LEN, LOWKEY_PSK_WORDS,
};
use crate::raw::{self, Failure, Object, Vacant, Zeros};
use crate::sizes::LOWKEY_KEY_LEN;
use crate::status::lowkey_status::{self, LOWKEY_BLANK, LOWKEY_PEER_KEY};
use core::ffi::c_char;
use lowkey_core::{Fingerprint, Id, Identity, Peer, Psk, PublicKey, Secret};

/// Our static key pair. Make it with lowkey_identity_init.
#[repr(C)]
pub struct lowkey_identity {
    /// Not for you.
    pub opaque: [u64; LOWKEY_IDENTITY_WORDS],
}

/// A pinned public key of a peer, with the Diffie-Hellman of both static keys already computed. Make it with
/// lowkey_peer_init; it belongs to the identity it was made with.
#[repr(C)]
pub struct lowkey_peer {
    /// Not for you.
    pub opaque: [u64; LOWKEY_PEER_WORDS],
}

/// A pre-shared key: 32 random bytes that exactly two sides know. Make it with lowkey_psk_init.
#[repr(C)]
pub struct lowkey_psk {
    /// Not for you.
    pub opaque: [u64; LOWKEY_PSK_WORDS],
}

impl Object for lowkey_identity {
    type Inner = Identity;
    const LETTER: u8 = b'i';
}

// SAFETY: made of bytes only.
unsafe impl Zeros for lowkey_peer {}

impl Object for lowkey_peer {
    type Inner = Peer;
    const LETTER: u8 = b'p';
}

// SAFETY: made of bytes only.
unsafe impl Zeros for lowkey_psk {}

impl Object for lowkey_psk {
    type Inner = Psk;
    const LETTER: u8 = b's';
}

/// Makes our identity of an X25519 private key.
///
/// With `public_key` NULL it is computed, which takes one multiplication. A public key that does not belong to
/// the private one makes every handshake fail at the peer; it reveals nothing. Both are copied; what you gave
/// is yours to wipe.
///
/// LOWKEY_BLANK: the private key is all zeros or all ones. LOWKEY_LENGTH: a key lies in `identity`. LOWKEY_NULL,
/// LOWKEY_OUT_OF_TURN. After each of them the identity is as it was.
/// cbindgen:ptrs-as-arrays=[[private_key;32],[public_key;32]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_identity_init(
    identity: *mut lowkey_identity,
    private_key: *const u8,
    public_key: *const u8,
) -> lowkey_status {
    wiped(attempt(|| init_identity(identity, private_key, public_key)))
}

#[inline(never)]
pub(crate) unsafe fn init_identity(
    identity: *mut lowkey_identity,
    private_key: *const u8,
    public_key: *const u8,
) -> Result<(), Failure> {
    let storage = raw::vacant(identity)?;
    let private = written(&storage, private_key)?;
    let public = optional(&storage, public_key)?.map(PublicKey::of);
    storage.fill(|| Identity::copy_of(private, public));
    Ok(())
}

/// Gives the public key of an identity, for peers to pin.
///
/// LOWKEY_NULL, LOWKEY_NOT_INITIALISED: `public_key` is as it was.
/// cbindgen:ptrs-as-arrays=[[public_key;32]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_identity_public_key(
    identity: *const lowkey_identity,
    public_key: *mut u8,
) -> lowkey_status {
    give(|| Ok((raw::out_array(public_key)?, *raw::shared(identity)?.public_key().as_bytes())))
}

/// Makes zeros of an identity, whatever its storage holds.
///
/// LOWKEY_NULL: nothing was wiped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_identity_wipe(identity: *mut lowkey_identity) -> lowkey_status {
    attempt(|| raw::wipe(identity))
}

/// Pins a peer's public key for an identity.
///
/// `shared` is the Diffie-Hellman of both static keys, as lowkey_peer_shared or the key page gives it. With NULL
/// it is computed, which takes one multiplication. Everything is copied.
///
/// LOWKEY_PEER_KEY: that key is our own, or protects nothing. LOWKEY_LENGTH: a key lies in `peer`. LOWKEY_NULL,
/// LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN. After each of them the peer is as it was.
/// cbindgen:ptrs-as-arrays=[[public_key;32],[shared;32]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_peer_init(
    peer: *mut lowkey_peer,
    identity: *const lowkey_identity,
    public_key: *const u8,
    shared: *const u8,
) -> lowkey_status {
    attempt(|| init_peer(peer, identity, public_key, shared))
}

pub(crate) unsafe fn init_peer(
    peer: *mut lowkey_peer,
    identity: *const lowkey_identity,
    public_key: *const u8,
    shared: *const u8,
) -> Result<(), Failure> {
    let storage = raw::vacant(peer)?;
    let identity = raw::shared(identity)?;
    is_apart(public_key, storage.start(), size_of::<lowkey_peer>())?;
    let public = PublicKey::of(raw::found_array(public_key));
    let mut computed = Secret::zeroed();
    let shared = match optional(&storage, shared)? {
        Some(shared) => Secret::of(shared),
        None => {
            identity.shared_with(public, &mut computed);
            &computed
        }
    };
    if identity.is(public) || shared.is_blank() {
        return Err(LOWKEY_PEER_KEY.into());
    }
    storage.fill_zeros(|peer| peer.copy_from(public, shared));
    Ok(())
}

/// Gives the Diffie-Hellman of both static keys, to be stored beside the private key, and as secret as that:
/// given to lowkey_peer_init it saves a multiplication at every boot.
///
/// LOWKEY_NULL, LOWKEY_NOT_INITIALISED: `shared` is as it was.
/// cbindgen:ptrs-as-arrays=[[shared;32]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_peer_shared(peer: *const lowkey_peer, shared: *mut u8) -> lowkey_status {
    wiped(shared_of(peer, shared))
}

#[inline(never)]
unsafe fn shared_of(peer: *const lowkey_peer, shared: *mut u8) -> lowkey_status {
    attempt(|| {
        raw::out_array(shared)?.set(*raw::shared(peer)?.shared_secret().expose());
        Ok(())
    })
}

/// Makes zeros of a peer, whatever its storage holds.
///
/// LOWKEY_NULL: nothing was wiped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_peer_wipe(peer: *mut lowkey_peer) -> lowkey_status {
    attempt(|| raw::wipe(peer))
}

/// Makes a pre-shared key of 32 random bytes, which are copied.
///
/// LOWKEY_BLANK: the bytes are all zeros or all ones. LOWKEY_LENGTH: they lie in `psk`. LOWKEY_NULL,
/// LOWKEY_OUT_OF_TURN. After each of them the object is as it was.
/// cbindgen:ptrs-as-arrays=[[bytes;32]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_psk_init(psk: *mut lowkey_psk, bytes: *const u8) -> lowkey_status {
    attempt(|| init_psk(psk, bytes))
}

pub(crate) unsafe fn init_psk(psk: *mut lowkey_psk, bytes: *const u8) -> Result<(), Failure> {
    let storage = raw::vacant(psk)?;
    let bytes = written(&storage, bytes)?;
    storage.fill_zeros(|psk| psk.copy_from(bytes));
    Ok(())
}

/// Makes zeros of a pre-shared key, whatever its storage holds.
///
/// LOWKEY_NULL: nothing was wiped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_psk_wipe(psk: *mut lowkey_psk) -> lowkey_status {
    attempt(|| raw::wipe(psk))
}

/// Gives the default id of a pinning, made of the public keys of its initiator and its responder.
///
/// LOWKEY_NULL: `id` is as it was.
/// cbindgen:ptrs-as-arrays=[[initiator;32],[responder;32],[id;8]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_pinning_id(
    initiator: *const u8,
    responder: *const u8,
    id: *mut u8,
) -> lowkey_status {
    give(|| {
        let id = raw::out_array::<LOWKEY_PINNING_ID_LEN>(id)?;
        let [initiator, responder] =
            [raw::array(initiator)?, raw::array(responder)?].map(|key| PublicKey::new(*key));
        let made = Id::of_pinning(&initiator, &responder);
        Ok((id, made.as_bytes().first_chunk().copied().unwrap_or_default()))
    })
}

/// Gives what people compare of a public key, on a screen or a serial line: twenty letters and digits in groups of
/// four, with hyphens between them and no zero at the end. `lowkey` prints the same of a device.
///
/// LOWKEY_NULL: `text` is as it was.
/// cbindgen:ptrs-as-arrays=[[public_key;32],[text;24]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_fingerprint(public_key: *const u8, text: *mut c_char) -> lowkey_status {
    give(|| {
        let text = raw::out_array::<LOWKEY_FINGERPRINT_LEN>(text.cast())?;
        let made = Fingerprint::of(&PublicKey::new(*raw::array(public_key)?));
        Ok((text, *made.as_bytes()))
    })
}

/// A secret that C gives for an object, which is not blank.
#[inline(always)]
pub(crate) unsafe fn written<'a, O: Object>(
    storage: &Vacant<O>,
    bytes: *const u8,
) -> Result<&'a Secret<32>, Failure> {
    is_written(bytes, storage.start(), size_of::<O>())?;
    Ok(Secret::of(raw::found_array(bytes)))
}

/// A key that C gives for an object, or none.
#[inline(always)]
unsafe fn optional<'a, O: Object>(
    storage: &Vacant<O>,
    bytes: *const u8,
) -> Result<Option<&'a [u8; LOWKEY_KEY_LEN]>, Failure> {
    if !bytes.is_null() {
        is_apart(bytes, storage.start(), size_of::<O>())?;
    }
    Ok(raw::optional_array(bytes))
}

#[inline(never)]
unsafe fn is_written(bytes: *const u8, storage: *const u8, len: usize) -> Result<(), Failure> {
    is_apart(bytes, storage, len)?;
    if Secret::of(raw::found_array(bytes)).is_blank() { Err(LOWKEY_BLANK.into()) } else { Ok(()) }
}

/// Refuses a key in the storage that it is for: that is cleared before the key is copied.
#[inline(never)] // its callers have all of it in registers
fn is_apart(key: *const u8, storage: *const u8, len: usize) -> Result<(), Failure> {
    lies_apart(key, LOWKEY_KEY_LEN, &[(storage, len)])
}
