//! One KK handshake, both sides, in memory: from the keys that a process keeps to two sessions.
//!
//! Ours keeps what it can between handshakes: the public half of its identity and, in `Peer`, the static-static
//! Diffie-Hellman. snow has no place for either.

use crate::tls_handshake;
use host_bench::{Contender, Group, timed};
use lowkey_core::{
    Counter, CounterFailed, Entropy, EntropyFailed, Ephemerals, Identity, Peer, Secret, Session, kk,
};
use std::hint::black_box;

pub(crate) fn group() -> Group {
    let ours = Ours::new();
    let snow = Snow::new();
    Group {
        name: "KK handshake".to_owned(),
        ours: ours.contender(),
        others: vec![
            snow.contender().with_target(1.0 / 3.0),
            tls_handshake::by_default().with_target(0.40),
            tls_handshake::with_x25519().with_target(None),
        ],
    }
}

/// Two sides that have pinned each other.
pub(crate) struct Ours {
    device: (Identity, Peer, Ephemerals<Os>),
    server: (Identity, Peer, Ephemerals<Os>),
}

impl Ours {
    pub(crate) fn new() -> Self {
        let (device, server) =
            (Identity::new(Secret::new(DEVICE)).unwrap(), Identity::new(Secret::new(SERVER)).unwrap());
        let at_device = Peer::pin(&device, server.public_key()).unwrap();
        let at_server = Peer::pin(&server, device.public_key()).unwrap();
        let ephemerals = || Ephemerals::new(Os, Secret::new(HEDGE), &mut FirstBoot).unwrap();
        Self { device: (device, at_device, ephemerals()), server: (server, at_server, ephemerals()) }
    }

    /// The initiator's session and the responder's.
    pub(crate) fn play(&mut self) -> (Session, Session) {
        let (mut message_1, mut message_2) = ([0; MESSAGE], [0; MESSAGE]);
        let (device, peer, ephemerals) = &mut self.device;
        let initiator = kk::Initiator::new(device, peer, None, PROLOGUE);
        let (initiator, _) = initiator.write_message_1(ephemerals, &PAYLOAD, &mut message_1).unwrap();
        let (server, peer, ephemerals) = &mut self.server;
        let responder = kk::Responder::new(server, peer, None, PROLOGUE);
        let (responder, _payload) = responder.read_message_1(&mut message_1).unwrap();
        let (at_server, _) = responder.write_message_2(ephemerals, &PAYLOAD, &mut message_2).unwrap();
        let (at_device, _payload) = initiator.read_message_2(&mut message_2).unwrap();
        (at_device, at_server)
    }

    fn contender(mut self) -> Contender {
        Contender::new("lowkey", move |rounds| {
            timed(rounds, || {
                black_box(self.play());
            })
        })
    }
}

/// Two sides that know each other's public keys.
pub(crate) struct Snow {
    params: snow::params::NoiseParams,
    device_public: Vec<u8>,
    server_public: Vec<u8>,
}

impl Snow {
    pub(crate) fn new() -> Self {
        let public = |secret| Identity::new(Secret::new(secret)).unwrap().public_key().as_bytes().to_vec();
        Self {
            params: "Noise_KK_25519_ChaChaPoly_BLAKE2s".parse().unwrap(),
            device_public: public(DEVICE),
            server_public: public(SERVER),
        }
    }

    /// The initiator's session and the responder's.
    pub(crate) fn play(&self) -> (snow::TransportState, snow::TransportState) {
        let (mut message_1, mut message_2, mut payload) = ([0; MESSAGE], [0; MESSAGE], [0; MESSAGE]);
        let mut initiator = self.builder(&DEVICE, &self.server_public).build_initiator().unwrap();
        initiator.write_message(&PAYLOAD, &mut message_1).unwrap();
        let mut responder = self.builder(&SERVER, &self.device_public).build_responder().unwrap();
        responder.read_message(&message_1, &mut payload).unwrap();
        responder.write_message(&PAYLOAD, &mut message_2).unwrap();
        initiator.read_message(&message_2, &mut payload).unwrap();
        (initiator.into_transport_mode().unwrap(), responder.into_transport_mode().unwrap())
    }

    fn builder<'b>(&self, private: &'b [u8], peer: &'b [u8]) -> snow::Builder<'b> {
        let builder = snow::Builder::new(self.params.clone()).prologue(PROLOGUE).unwrap();
        builder.local_private_key(private).unwrap().remote_public_key(peer).unwrap()
    }

    fn contender(self) -> Contender {
        Contender::new("snow", move |rounds| {
            timed(rounds, || {
                black_box(self.play());
            })
        })
    }
}

/// What snow asks for an ephemeral as well.
struct Os;

impl Entropy for Os {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        getrandom::fill(out).map_err(|_| EntropyFailed)
    }
}

struct FirstBoot;

impl Counter for FirstBoot {
    fn next(&mut self) -> Result<u64, CounterFailed> {
        Ok(1)
    }
}

const DEVICE: [u8; 32] = [0x11; 32];
const SERVER: [u8; 32] = [0x22; 32];
const HEDGE: [u8; 32] = [0x44; 32];
/// As long as with a hello that has an id of 8 bytes.
const PROLOGUE: &[u8] = b"lowkey/1...12345678";
/// A channel's parameters.
const PAYLOAD: [u8; 2] = [0x04, 0x00];
const MESSAGE: usize = kk::OVERHEAD + PAYLOAD.len();
