//! Pairing: C's functions on one side, a Rust program's `Keeper` on the other, either calling; then what both have
//! stored, and a code that is not the same.

use crate::c_side::{check, ok};
use lowkey_c::lowkey_event::*;
use lowkey_c::*;
use lowkey_core::{
    Code, Counter, CounterFailed, Entropy, EntropyFailed, Ephemerals, Id, Identity, Peer, PinStore, Psk,
    PublicKey, Secret,
};
use lowkey_transport::{Buffers, Keeper, Link, Pairing, Step, Window};
use std::ffi::c_void;
use std::slice;

const CODE: &str = "UCQ2FI5EUWTKPKFJVKV2ZLNOV4";
const C_KEY: [u8; 32] = [0x61; 32];
const RUST_KEY: [u8; 32] = [0x62; 32];

/// What a side was told to keep: which call, and of which key.
type Calls = Vec<(&'static str, [u8; 32])>;

const PAIRED: [&str; 2] = ["store", "finalise"];

/// C's side.
struct CSide {
    objects: Box<Objects>,
    calls: Box<Calls>,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
}

struct Objects {
    identity: lowkey_identity,
    psk: lowkey_psk,
    seed: lowkey_seed,
    ephemerals: lowkey_ephemerals,
    pairing: lowkey_pairing,
    channel: lowkey_channel,
}

/// # Safety
/// As `lowkey_pin_store` says; `context` is a side's `calls`.
unsafe extern "C" fn store(
    context: *mut c_void,
    key: *const u8,
    _shared: *const u8,
    _code: *const u8,
) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { note(context, "store", key) };
    0
}

/// # Safety
/// As `store`.
unsafe extern "C" fn finalise(context: *mut c_void, key: *const u8, _code: *const u8) {
    // SAFETY: the caller's promise.
    unsafe { note(context, "finalise", key) }
}

/// # Safety
/// As `store`.
unsafe extern "C" fn remove(context: *mut c_void, key: *const u8, _code: *const u8) {
    // SAFETY: the caller's promise.
    unsafe { note(context, "remove", key) }
}

/// # Safety
/// As `store`.
unsafe fn note(context: *mut c_void, call: &'static str, key: *const u8) {
    // SAFETY: the caller's promise.
    unsafe { (*context.cast::<Calls>()).push((call, *key.cast())) }
}

impl CSide {
    fn new() -> Self {
        // SAFETY: zeros are storage that was never initialised.
        let mut objects: Box<Objects> = Box::new(unsafe { std::mem::zeroed() });
        let (mut calls, mut name) = (Box::new(Calls::new()), [0; LOWKEY_CODE_NAME_LEN]);
        let store = lowkey_pin_store {
            context: (&raw mut *calls).cast(),
            store: Some(store),
            finalise: Some(finalise),
            remove: Some(remove),
        };
        let o = &mut *objects;
        // SAFETY: everything lives in boxes that the side holds.
        unsafe {
            ok(lowkey_identity_init(&mut o.identity, C_KEY.as_ptr(), std::ptr::null()));
            ok(lowkey_code_text_psk(&mut o.psk, CODE.as_ptr(), CODE.len(), name.as_mut_ptr()));
            ok(lowkey_seed_init(&mut o.seed, [3; 32].as_ptr()));
            let (seed, hedge, random): (_, _, lowkey_random) =
                ((&raw mut o.seed).cast(), [4; 32], Some(lowkey_seed_random));
            ok(lowkey_ephemerals_init(&mut o.ephemerals, hedge.as_ptr(), 1, random, seed));
            ok(lowkey_pairing_init(&mut o.pairing, &o.identity, &o.psk, name.as_ptr(), &store));
        }
        Self { objects, calls, incoming: vec![0; 300], outgoing: vec![0; 302] }
    }

    fn begin(&mut self, initiates: bool) {
        let buffers = lowkey_buffers {
            incoming: self.incoming.as_mut_ptr(),
            incoming_len: self.incoming.len(),
            outgoing: self.outgoing.as_mut_ptr(),
            outgoing_len: self.outgoing.len(),
            max_frame: 0,
            max_message: 0,
        };
        let o = &mut *self.objects;
        // SAFETY: as in `new`.
        ok(unsafe {
            if initiates {
                lowkey_pairing_initiator(&mut o.pairing, &mut o.channel, &buffers, &mut o.ephemerals)
            } else {
                lowkey_pairing_responder(&mut o.pairing, &mut o.channel, &buffers)
            }
        });
    }

    /// Goes on until bytes have to come; what it has written, and how it has ended if it has.
    fn go_on(&mut self, come: &[u8]) -> (Vec<u8>, Option<Result<(), String>>) {
        let (o, mut rest, mut out) = (&mut *self.objects, come, vec![]);
        loop {
            let (mut event, mut taken) = (LOWKEY_EVENT_READ, 0);
            // SAFETY: as in `new`; what the channel lends is copied before the next call.
            unsafe {
                let status =
                    lowkey_pairing_poll(&mut o.pairing, &mut o.channel, &mut o.ephemerals, &mut event);
                if let Err(text) = check(status) {
                    return (out, Some(Err(text)));
                }
                match event {
                    LOWKEY_EVENT_WRITE => {
                        let (mut bytes, mut len) = (std::ptr::null(), 0);
                        ok(lowkey_unsent(&mut o.channel, &mut bytes, &mut len));
                        out.extend_from_slice(slice::from_raw_parts(bytes, len));
                        ok(lowkey_sent(&mut o.channel, len));
                    }
                    LOWKEY_EVENT_READ if rest.is_empty() => return (out, None),
                    LOWKEY_EVENT_READ => {
                        ok(lowkey_feed(&mut o.channel, rest.as_ptr(), rest.len(), &mut taken));
                        rest = &rest[taken..];
                    }
                    _ => return (out, Some(Ok(()))),
                }
            }
        }
    }
}

/// The Rust side's store.
struct Pins(Calls);

impl PinStore for Pins {
    type Error = ();

    fn store(&mut self, peer: &Peer, _code: &Id) -> Result<(), ()> {
        self.0.push(("store", *peer.public_key().as_bytes()));
        Ok(())
    }

    fn finalise(&mut self, peer: &PublicKey, _code: &Id) -> Result<(), ()> {
        self.0.push(("finalise", *peer.as_bytes()));
        Ok(())
    }

    fn remove(&mut self, peer: &PublicKey, _code: &Id) -> Result<(), ()> {
        self.0.push(("remove", *peer.as_bytes()));
        Ok(())
    }
}

/// A pairing of C with Rust; how it ended for C, and what both were told to keep.
fn pair(c_initiates: bool, psk: &Psk) -> (Result<(), String>, Calls, Calls) {
    let identity = Identity::new(Secret::new(RUST_KEY)).unwrap();
    let pairing = Pairing { code: Code::parse(CODE).unwrap().name(), psk, identity: &identity };
    let (mut pins, mut ephemerals, mut c) = (Pins(vec![]), ephemerals(), CSide::new());
    let mut window = Window::new(pairing);
    let mut link = Link::new(Buffers::new(vec![0; 300], vec![0; 302]).unwrap());
    let mut keeper = Keeper::new(pairing, &mut pins);
    c.begin(c_initiates);
    if c_initiates {
        link.respond().unwrap();
    } else {
        link.initiate_xx_psk0(&identity, pairing.code, psk, &mut ephemerals).unwrap();
    }
    let (mut to_c, mut to_rust, mut ended) = (vec![], vec![], None);
    for _ in 0..8 {
        let (out, end) = if ended.is_some() { (vec![], None) } else { c.go_on(&std::mem::take(&mut to_c)) };
        to_rust.extend(out);
        ended = ended.or(end);
        loop {
            match keeper.step(&mut link) {
                Ok(Step::Hello) => window.answer(&mut link, &mut ephemerals).unwrap(),
                Ok(Step::Write) => {
                    let bytes = link.unsent().unwrap().to_vec();
                    if !bytes.is_empty() {
                        link.on_write(Ok::<_, embedded_io::ErrorKind>(bytes.len())).unwrap();
                    }
                    link.on_flush(Ok::<_, embedded_io::ErrorKind>(())).unwrap();
                    to_c.extend(bytes);
                }
                Ok(Step::Read) if !to_rust.is_empty() => {
                    let taken = link.feed(&to_rust).unwrap();
                    to_rust.drain(..taken);
                }
                _ => break,
            }
        }
    }
    drop(keeper);
    (ended.unwrap(), *c.calls, pins.0)
}

fn ephemerals() -> Ephemerals<Seven> {
    Ephemerals::new(Seven, Secret::new([9; 32]), &mut Boot).unwrap()
}

struct Boot;

impl Counter for Boot {
    fn next(&mut self) -> Result<u64, CounterFailed> {
        Ok(1)
    }
}

struct Seven;

impl Entropy for Seven {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        out.fill(7);
        Ok(())
    }
}

fn public(key: [u8; 32]) -> [u8; 32] {
    *Identity::new(Secret::new(key)).unwrap().public_key().as_bytes()
}

#[test]
fn pairing_between_c_and_rust_leaves_both_with_the_other_s_key_whoever_calls() {
    let psk = Code::parse(CODE).unwrap().psk();
    for c_initiates in [true, false] {
        let (ended, at_c, at_rust) = pair(c_initiates, &psk);
        assert_eq!(ended, Ok(()));
        assert_eq!(at_c, PAIRED.map(|call| (call, public(RUST_KEY))));
        assert_eq!(at_rust, PAIRED.map(|call| (call, public(C_KEY))));
    }
}

#[test]
fn pairing_between_c_and_rust_with_another_code_leaves_nothing() {
    let other = Psk::new(Secret::new([0x33; 32])).unwrap();
    for (c_initiates, text) in [(true, "refused: "), (false, "handshake message does not open")] {
        let (ended, at_c, at_rust) = pair(c_initiates, &other);
        let ended = ended.unwrap_err();
        assert!(ended.starts_with(text), "{ended}");
        assert!(at_c.is_empty() && at_rust.is_empty());
    }
}
