//! One TLS 1.3 handshake, both sides, in memory: from the configurations that a process keeps to two sessions.

use crate::tls::{Tls, name};
use host_bench::{Contender, timed};
use rustls::crypto::SupportedKxGroup;
use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256;
use rustls::crypto::aws_lc_rs::kx_group::{X25519, X25519MLKEM768};
use rustls::{ClientConnection, ConnectionCommon, ServerConnection};
use std::hint::black_box;
use std::ops::DerefMut;
use std::sync::Arc;

/// rustls with the suite that is like ours and the key exchange that is its default: a post-quantum one beside X25519.
pub(crate) fn by_default() -> Contender {
    contender("rustls, X25519MLKEM768", X25519MLKEM768)
}

/// rustls with the key exchange that is like ours.
pub(crate) fn with_x25519() -> Contender {
    contender("rustls, X25519", X25519)
}

fn contender(name: &'static str, exchange: &'static dyn SupportedKxGroup) -> Contender {
    let tls = Tls::new(TLS13_CHACHA20_POLY1305_SHA256, exchange);
    Contender::new(name, move |rounds| {
        timed(rounds, || {
            black_box(play(&tls));
        })
    })
}

fn play(tls: &Tls) -> (ClientConnection, ServerConnection) {
    let mut client = ClientConnection::new(Arc::clone(&tls.client), name()).unwrap();
    let mut server = ServerConnection::new(Arc::clone(&tls.server)).unwrap();
    let mut wire = Vec::with_capacity(4096);
    while client.is_handshaking() || server.is_handshaking() {
        hand_over(&mut client, &mut server, &mut wire);
        hand_over(&mut server, &mut client, &mut wire);
    }
    (client, server)
}

/// All that one side has to say, to the other.
fn hand_over<A, B>(
    from: &mut impl DerefMut<Target = ConnectionCommon<A>>,
    to: &mut impl DerefMut<Target = ConnectionCommon<B>>,
    wire: &mut Vec<u8>,
) {
    wire.clear();
    while from.wants_write() {
        from.write_tls(wire).unwrap();
    }
    let mut rest = wire.as_slice();
    while !rest.is_empty() {
        to.read_tls(&mut rest).unwrap();
        to.process_new_packets().unwrap();
    }
}
