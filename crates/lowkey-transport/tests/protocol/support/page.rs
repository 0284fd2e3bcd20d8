//! A peer written by hand from the protocol's page, on snow: nothing of Lowkey's code is in it.

use super::keys::{KEYS, Side};
use lowkey_transport::Mode;
use snow::{Builder, HandshakeState, TransportState};

/// §1: `length: u16`, then the body.
pub(crate) fn frame(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u16).to_be_bytes()[..], body].concat()
}

/// Takes the first frame's body off `bytes`.
pub(crate) fn unframe(bytes: &mut Vec<u8>) -> Vec<u8> {
    let len = usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
    bytes.drain(..2 + len).skip(2).collect()
}

/// §2: version, mode, the id's length, the id.
pub(crate) fn hello(mode: Mode) -> Vec<u8> {
    let id = if mode == Mode::Xx { &[][..] } else { KEYS.id.as_bytes() };
    [&[1, mode as u8, id.len() as u8], id].concat()
}

/// §3: `max_frame` and no items.
pub(crate) fn parameters(max_frame: u16) -> Vec<u8> {
    max_frame.to_be_bytes().to_vec()
}

pub(crate) const DATA: u8 = 0;
pub(crate) const MORE: u8 = 1;
pub(crate) const CLOSE: u8 = 2;
pub(crate) const PING: u8 = 3;
pub(crate) const PONG: u8 = 4;

/// Before the end of the handshake.
pub(crate) struct PagePeer {
    noise: HandshakeState,
    hello: Vec<u8>,
}

impl PagePeer {
    pub(crate) fn initiator(mode: Mode) -> Self {
        Self::new(mode, &KEYS.initiator, true, &KEYS.psk_bytes, &hello(mode))
    }

    pub(crate) fn responder(mode: Mode) -> Self {
        Self::new(mode, &KEYS.responder, false, &KEYS.psk_bytes, &hello(mode))
    }

    pub(crate) fn new(mode: Mode, side: &Side, initiator: bool, psk: &[u8; 32], hello: &[u8]) -> Self {
        let name = match mode {
            Mode::Kk => "Noise_KK_25519_ChaChaPoly_BLAKE2s",
            Mode::KkPsk0 => "Noise_KKpsk0_25519_ChaChaPoly_BLAKE2s",
            Mode::Xx => "Noise_XX_25519_ChaChaPoly_BLAKE2s",
            Mode::XxPsk0 => "Noise_XXpsk0_25519_ChaChaPoly_BLAKE2s",
        };
        let prologue = [b"lowkey/1", hello].concat();
        let remote = side.peer.public_key();
        let mut builder = Builder::new(name.parse().unwrap());
        builder = builder.prologue(&prologue).unwrap().local_private_key(&side.secret).unwrap();
        if matches!(mode, Mode::Kk | Mode::KkPsk0) {
            builder = builder.remote_public_key(remote.as_bytes()).unwrap();
        }
        if matches!(mode, Mode::KkPsk0 | Mode::XxPsk0) {
            builder = builder.psk(0, psk).unwrap();
        }
        let built = if initiator { builder.build_initiator() } else { builder.build_responder() };
        Self { noise: built.unwrap(), hello: hello.to_vec() }
    }

    /// The same on a handshake that was prepared elsewhere.
    pub(crate) fn of(noise: HandshakeState, mode: Mode) -> Self {
        Self { noise, hello: hello(mode) }
    }

    /// The first frame: `hello ‖ noise message 1`.
    pub(crate) fn first_frame(&mut self, payload: &[u8]) -> Vec<u8> {
        let message = self.message(payload);
        frame(&[&self.hello[..], &message].concat())
    }

    /// Any further handshake frame.
    pub(crate) fn next_frame(&mut self, payload: &[u8]) -> Vec<u8> {
        let message = self.message(payload);
        frame(&message)
    }

    fn message(&mut self, payload: &[u8]) -> Vec<u8> {
        let mut message = vec![0; payload.len() + 128];
        let len = self.noise.write_message(payload, &mut message).unwrap();
        message.truncate(len);
        message
    }

    /// Reads a first frame's body; the payload.
    pub(crate) fn read_first(&mut self, body: &[u8]) -> Vec<u8> {
        let message = body.strip_prefix(&self.hello[..]).expect("our own hello is expected");
        self.read(message)
    }

    pub(crate) fn read(&mut self, message: &[u8]) -> Vec<u8> {
        let mut payload = vec![0; message.len()];
        let len = self.noise.read_message(message, &mut payload).unwrap();
        payload.truncate(len);
        payload
    }

    pub(crate) fn hash(&self) -> Vec<u8> {
        self.noise.get_handshake_hash().to_vec()
    }

    pub(crate) fn remote_static(&self) -> Vec<u8> {
        self.noise.get_remote_static().unwrap().to_vec()
    }

    pub(crate) fn into_records(self) -> PageRecords {
        PageRecords { noise: self.noise.into_transport_mode().unwrap(), sent: 0, received: 0 }
    }
}

/// After the handshake.
pub(crate) struct PageRecords {
    noise: TransportState,
    sent: u64,
    received: u64,
}

impl PageRecords {
    /// §4: one frame with one Noise message of `kind ‖ body`.
    pub(crate) fn record(&mut self, kind: u8, body: &[u8]) -> Vec<u8> {
        self.plaintext(&[&[kind], body].concat())
    }

    pub(crate) fn plaintext(&mut self, text: &[u8]) -> Vec<u8> {
        if self.sent > 0 && self.sent.is_multiple_of(1_024) {
            self.noise.rekey_outgoing();
        }
        self.sent += 1;
        let mut record = vec![0; text.len() + 16];
        assert_eq!(self.noise.write_message(text, &mut record).unwrap(), record.len());
        frame(&record)
    }

    /// Takes the first frame off `bytes` and opens it: its kind and its body.
    pub(crate) fn open(&mut self, bytes: &mut Vec<u8>) -> (u8, Vec<u8>) {
        let record = unframe(bytes);
        if self.received > 0 && self.received.is_multiple_of(1_024) {
            self.noise.rekey_incoming();
        }
        self.received += 1;
        let mut text = vec![0; record.len()];
        let len = self.noise.read_message(&record, &mut text).unwrap();
        (text[0], text[1..len].to_vec())
    }
}
