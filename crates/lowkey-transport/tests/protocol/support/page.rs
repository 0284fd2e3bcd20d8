//! The peer that is written from the protocol's page alone, with the tests' keys.

use super::keys::{KEYS, Side};
use lowkey_transport::Mode;
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash, Random};
use snow::{Builder, Error};
use test_support::page_peer::{self, Keys};
pub(crate) use test_support::page_peer::{
    ACK, BOOT, CLOSE, DATA, MORE, NONE, NUMBERED, OTHER_RUN, PING, PONG, PagePeer, PageRecords, RUN, Role,
    WrongNumbered, ack, first_ack, frame, ignored, lengths, number, numbered, parameters, parameters_with,
    unframe, went_back, wrong_acks, wrong_numbered,
};

/// §2, with the tests' id.
pub(crate) fn hello(mode: Mode) -> Vec<u8> {
    let id = if mode == Mode::Xx { &[][..] } else { KEYS.id.as_bytes() };
    page_peer::hello(mode as u8, id)
}

pub(crate) fn initiator(mode: Mode) -> PagePeer {
    peer(mode, &KEYS.initiator, Role::Initiator, &KEYS.psk_bytes, &hello(mode))
}

pub(crate) fn responder(mode: Mode) -> PagePeer {
    peer(mode, &KEYS.responder, Role::Responder, &KEYS.psk_bytes, &hello(mode))
}

/// With keys and a hello of its own.
pub(crate) fn peer(mode: Mode, side: &Side, role: Role, psk: &[u8; 32], hello: &[u8]) -> PagePeer {
    let remote = side.peer.public_key();
    let keys = Keys { secret: &side.secret, remote: remote.as_bytes(), psk };
    PagePeer::new(mode as u8, role, &keys, hello)
}

/// One that knows the code, and whose static key is of low order: whatever it is multiplied with gives zeros.
pub(crate) fn low_order(role: Role) -> PagePeer {
    let hello = hello(Mode::XxPsk0);
    let prologue = [b"lowkey/1", &hello[..]].concat();
    let name = "Noise_XXpsk0_25519_ChaChaPoly_BLAKE2s".parse().unwrap();
    let builder = Builder::with_resolver(name, Box::new(LowOrder)).prologue(&prologue).unwrap();
    let builder = builder.local_private_key(&[0; 32]).unwrap().psk(0, &KEYS.psk_bytes).unwrap();
    let built = match role {
        Role::Initiator => builder.build_initiator(),
        Role::Responder => builder.build_responder(),
    };
    PagePeer::of(built.unwrap(), &hello)
}

struct LowOrder;

impl CryptoResolver for LowOrder {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        DefaultResolver.resolve_rng()
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        Some(Box::new(Zeros { generated: DefaultResolver.resolve_dh(choice)?, is_static: false }))
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        DefaultResolver.resolve_cipher(choice)
    }
}

/// A key that is generated is one; the static key is set, and is zeros.
struct Zeros {
    generated: Box<dyn Dh>,
    is_static: bool,
}

impl Dh for Zeros {
    fn name(&self) -> &'static str {
        self.generated.name()
    }

    fn pub_len(&self) -> usize {
        self.generated.pub_len()
    }

    fn priv_len(&self) -> usize {
        self.generated.priv_len()
    }

    fn set(&mut self, _private: &[u8]) {
        self.is_static = true;
    }

    fn generate(&mut self, rng: &mut dyn Random) -> Result<(), Error> {
        self.generated.generate(rng)
    }

    fn pubkey(&self) -> &[u8] {
        if self.is_static { &[0; 32] } else { self.generated.pubkey() }
    }

    fn privkey(&self) -> &[u8] {
        self.generated.privkey()
    }

    fn dh(&self, public: &[u8], out: &mut [u8]) -> Result<(), Error> {
        if self.is_static {
            out.fill(0);
            return Ok(());
        }
        self.generated.dh(public, out)
    }
}
