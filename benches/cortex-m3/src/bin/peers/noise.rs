//! clatter's KK handshake and records, step by step as ours.
//!
//! It computes the static-static Diffie-Hellman in each handshake, and has no way to keep it.

use core::hint::black_box;

use clatter::{
    KeyPair, NqHandshakeCore,
    bytearray::ByteArray,
    crypto::{cipher::ChaChaPoly, dh::X25519, hash::Blake2s},
    error::HandshakeError,
    handshakepattern::noise_kk,
    rand_core::{CryptoRng, Error as RngError, RngCore},
    traits::{Dh, Handshaker},
    transportstate::TransportState,
};
use cortex_m3_bench::{
    bench::{Bench, fail},
    fixed::{DEVICE, SERVER},
};

type Handshake = NqHandshakeCore<X25519, ChaChaPoly, Blake2s, Stuck>;
type Records = TransportState<ChaChaPoly, Blake2s>;
type Keys = KeyPair<<X25519 as Dh>::PubKey, <X25519 as Dh>::PrivateKey>;

/// A handshake, then records from the initiator to the responder.
pub(crate) fn kk(bench: &mut Bench) -> Result<(), HandshakeError> {
    let (device, server) = (keys(black_box(DEVICE)), keys(black_box(SERVER)));
    let (device_key, server_key) = (device.public, server.public);
    let (mut wire, mut payload) = ([0; 64], [0; 64]);
    let new = |initiator, s, rs| Handshake::new(noise_kk(), b"", initiator, Some(s), None, Some(rs), None);

    let (mut initiator, n) = bench.row(&["clatter.kk.initiator.write-1"], || {
        let mut initiator = new(true, device, server_key)?;
        let n = initiator.write_message(b"", &mut wire)?;
        Ok::<_, HandshakeError>((initiator, n))
    })?;
    let mut responder = bench.row(&["clatter.kk.responder.read-1"], || {
        let mut responder = new(false, server, device_key)?;
        responder.read_message(&wire[..n], &mut payload)?;
        Ok::<_, HandshakeError>(responder)
    })?;
    let (at_server, n) = bench.row(&["clatter.kk.responder.write-2"], || {
        let n = responder.write_message(b"", &mut wire)?;
        Ok::<_, HandshakeError>((responder.finalize()?, n))
    })?;
    let at_device = bench.row(&["clatter.kk.initiator.read-2"], || {
        initiator.read_message(&wire[..n], &mut payload)?;
        initiator.finalize()
    })?;
    if at_device.get_handshake_hash() != at_server.get_handshake_hash() {
        fail("the sides of clatter do not agree");
    }
    bench.result(at_device.get_handshake_hash().as_slice());
    records(bench, at_device, at_server);
    Ok(())
}

fn records(bench: &mut Bench, mut device: Records, mut server: Records) {
    let mut room = black_box([0x77; 1_024 + TAG]);
    for (length, name) in [(64, "64"), (1_024, "1024")] {
        let record = &mut room[..length + TAG];
        let sealed = bench.row(&["clatter.record.seal-", name], || device.send_in_place(record, length));
        bench.result(record);
        let opened =
            bench.row(&["clatter.record.open-", name], || server.receive_in_place(record, length + TAG));
        if sealed.is_err() || opened.is_err() {
            fail("a record of clatter does not open");
        }
        bench.result(record);
    }
}

fn keys(secret: [u8; 32]) -> Keys {
    let secret = <X25519 as Dh>::PrivateKey::from_slice(&secret);
    KeyPair { public: X25519::pubkey(&secret), secret }
}

/// Randomness that is stuck: both sides make the same ephemeral key, which costs what another one would.
#[derive(Clone, Default)]
struct Stuck;

impl RngCore for Stuck {
    fn next_u32(&mut self) -> u32 {
        0x5555_5555
    }

    fn next_u64(&mut self) -> u64 {
        0x5555_5555_5555_5555
    }

    fn fill_bytes(&mut self, out: &mut [u8]) {
        out.fill(0x55);
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), RngError> {
        self.fill_bytes(out);
        Ok(())
    }
}

impl CryptoRng for Stuck {}

/// Bytes in a tag.
const TAG: usize = 16;
