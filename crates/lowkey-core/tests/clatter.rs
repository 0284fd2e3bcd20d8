//! Every mode against clatter, in both roles.

mod common;
mod witness;

use clatter::crypto::{cipher::ChaChaPoly, dh::X25519, hash::Blake2s};
use clatter::handshakepattern::{HandshakePattern, noise_kk, noise_kk_psk0, noise_xx};
use clatter::traits::{Dh, Handshaker};
use clatter::transportstate::TransportState;
use clatter::{KeyPair, NqHandshake, bytearray::ByteArray};
use common::Mode;
use witness::{
    Records, Told, Witness, devices_agree_over_three_rekeyings, handshakes_agree,
    records_agree_over_three_rekeyings,
};

type Handshake = NqHandshake<X25519, ChaChaPoly, Blake2s>;

struct Clatter(Handshake);

fn pattern(mode: Mode) -> HandshakePattern {
    match mode {
        Mode::Kk => noise_kk(),
        Mode::KkPsk0 => noise_kk_psk0(),
        Mode::Xx => noise_xx(),
        Mode::XxPsk0 => noise_xx().add_psks(&[0], "XXpsk0"),
    }
}

fn clatter(told: &Told<'_>) -> Box<dyn Witness> {
    let secret = <X25519 as Dh>::PrivateKey::from_slice(told.private);
    let s = KeyPair::new(X25519::pubkey(&secret), secret);
    let rs = told.mode.is_kk().then_some(told.remote);
    let mut handshake =
        Handshake::new(pattern(told.mode), told.prologue, told.initiator, Some(s), None, rs, None).unwrap();
    assert_eq!(handshake.get_name().as_str(), told.mode.protocol_name());
    if told.mode.has_psk() {
        handshake.push_psk(told.psk);
    }
    Box::new(Clatter(handshake))
}

impl Witness for Clatter {
    fn write(&mut self, payload: &[u8]) -> Vec<u8> {
        let mut message = vec![0; payload.len() + 128];
        let len = self.0.write_message(payload, &mut message).unwrap();
        message.truncate(len);
        message
    }

    fn read(&mut self, message: &[u8]) -> Vec<u8> {
        let mut payload = vec![0; message.len()];
        let len = self.0.read_message(message, &mut payload).unwrap();
        payload.truncate(len);
        payload
    }

    fn hash(&self) -> Vec<u8> {
        self.0.clone().finalize().unwrap().get_handshake_hash().as_slice().to_vec()
    }

    fn remote_static(&self) -> Vec<u8> {
        self.0.get_remote_static().unwrap().to_vec()
    }

    fn into_records(self: Box<Self>) -> Box<dyn Records> {
        Box::new(ClatterRecords(self.0.finalize().unwrap()))
    }
}

struct ClatterRecords(TransportState<ChaChaPoly, Blake2s>);

impl Records for ClatterRecords {
    fn send(&mut self, text: &[u8]) -> Vec<u8> {
        self.0.send_vec(text).unwrap()
    }

    fn recv(&mut self, record: &[u8]) -> Vec<u8> {
        self.0.receive_vec(record).unwrap()
    }

    fn rekey_sender(&mut self) {
        self.0.rekey_sender().unwrap();
    }

    fn rekey_receiver(&mut self) {
        self.0.rekey_receiver().unwrap();
    }
}

#[test]
fn every_mode_and_role_agrees_with_clatter() {
    handshakes_agree(clatter);
}

#[test]
fn noise_4_2_records_agree_with_clatter_over_three_rekeyings() {
    records_agree_over_three_rekeyings(clatter);
}

#[test]
fn a_device_agrees_with_clatter_over_three_rekeyings() {
    devices_agree_over_three_rekeyings(clatter);
}
