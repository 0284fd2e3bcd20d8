//! Every mode against snow, in both roles.

mod common;
mod witness;

use common::{Mode, Rng, Step};
use lowkey_core::{Error, Identity, Secret, xx};
use snow::{Builder, HandshakeState, TransportState};
use witness::{
    Records, Told, Witness, devices_agree_over_three_rekeyings, handshakes_agree,
    records_agree_over_three_rekeyings,
};

struct Snow(HandshakeState);

fn handshake(told: &Told<'_>) -> HandshakeState {
    let mut builder = Builder::new(told.mode.protocol_name().parse().unwrap());
    builder = builder.prologue(told.prologue).unwrap().local_private_key(told.private).unwrap();
    if told.mode.is_kk() {
        builder = builder.remote_public_key(&told.remote).unwrap();
    }
    if told.mode.has_psk() {
        builder = builder.psk(0, told.psk).unwrap();
    }
    if told.initiator { builder.build_initiator() } else { builder.build_responder() }.unwrap()
}

fn snow(told: &Told<'_>) -> Box<dyn Witness> {
    Box::new(Snow(handshake(told)))
}

impl Witness for Snow {
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
        self.0.get_handshake_hash().to_vec()
    }

    fn remote_static(&self) -> Vec<u8> {
        self.0.get_remote_static().unwrap().to_vec()
    }

    fn into_records(self: Box<Self>) -> Box<dyn Records> {
        Box::new(SnowRecords(self.0.into_transport_mode().unwrap()))
    }
}

struct SnowRecords(TransportState);

impl Records for SnowRecords {
    fn send(&mut self, text: &[u8]) -> Vec<u8> {
        let mut record = vec![0; text.len() + 16];
        assert_eq!(self.0.write_message(text, &mut record).unwrap(), record.len());
        record
    }

    fn recv(&mut self, record: &[u8]) -> Vec<u8> {
        let mut text = vec![0; record.len()];
        let len = self.0.read_message(record, &mut text).unwrap();
        text.truncate(len);
        text
    }

    fn rekey_sender(&mut self) {
        self.0.rekey_outgoing();
    }

    fn rekey_receiver(&mut self) {
        self.0.rekey_incoming();
    }
}

#[test]
fn every_mode_and_role_agrees_with_snow() {
    handshakes_agree(snow);
}

#[test]
fn noise_4_2_records_agree_with_snow_over_three_rekeyings() {
    records_agree_over_three_rekeyings(snow);
}

/// Somebody who holds our own private key, by theft or because two devices were given the same one.
#[test]
fn in_xx_whoever_shows_our_own_key_is_refused_by_either_role() {
    let mut rng = Rng(1);
    let ours = Secret::new([7; 32]);
    let identity = Identity::new(ours.duplicate()).unwrap();
    let told = |initiator| Told {
        mode: Mode::Xx,
        initiator,
        prologue: b"",
        private: ours.expose(),
        remote: [0; 32],
        psk: &[0; 32],
    };
    let mut message = [0; 96];

    let mut theirs = Snow(handshake(&told(false)));
    let step = Step::XxInitiator(xx::Initiator::new(&identity, None, b""));
    let (step, n) = step.write(&mut rng.ephemerals(), b"", &mut message).unwrap();
    theirs.read(&message[..n]);
    assert_eq!(step.read(&mut theirs.write(b"")).err(), Some(Error::OwnKey));

    let mut theirs = Snow(handshake(&told(true)));
    let step = Step::XxResponder(xx::Responder::new(&identity, None, b""));
    let (step, _) = step.read(&mut theirs.write(b"")).unwrap();
    let (step, n) = step.write(&mut rng.ephemerals(), b"", &mut message).unwrap();
    theirs.read(&message[..n]);
    assert_eq!(step.read(&mut theirs.write(b"")).err(), Some(Error::OwnKey));
}

#[test]
fn a_device_agrees_with_snow_over_three_rekeyings() {
    devices_agree_over_three_rekeyings(snow);
}
