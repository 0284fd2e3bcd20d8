//! A peer written by hand from the protocol's page, on snow: nothing of Lowkey's code is in it.

mod numbers;

pub use numbers::{
    ACK, BOOT, NONE, NUMBERED, OTHER_RUN, RUN, WrongNumbered, ack, digest, first_ack, ignored, lengths,
    number, numbered, parameters_with, went_back, wrong_acks, wrong_numbered,
};

use snow::{Builder, HandshakeState, TransportState};

/// §1: `length: u16`, then the body.
pub fn frame(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u16).to_be_bytes()[..], body].concat()
}

/// Takes the first frame's body off `bytes`.
pub fn unframe(bytes: &mut Vec<u8>) -> Vec<u8> {
    let len = usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
    bytes.drain(..2 + len).skip(2).collect()
}

/// §2: version, mode, the id's length, the id.
pub fn hello(mode: u8, id: &[u8]) -> Vec<u8> {
    [&[1, mode, id.len() as u8], id].concat()
}

/// §3: `max_frame` and no items.
pub fn parameters(max_frame: u16) -> Vec<u8> {
    max_frame.to_be_bytes().to_vec()
}

/// §4: the last piece of a message.
pub const DATA: u8 = 0;
/// §4: a piece of a message that goes on.
pub const MORE: u8 = 1;
/// §4: the end of its sender's direction.
pub const CLOSE: u8 = 2;
/// §4.
pub const PING: u8 = 3;
/// §4: what was in the PING.
pub const PONG: u8 = 4;
/// Which side it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It speaks first.
    Initiator,
    /// It answers.
    Responder,
}

/// Its keys; a mode takes those that it needs.
pub struct Keys<'k> {
    /// The private half of its static key.
    pub secret: &'k [u8; 32],
    /// The other side's static key.
    pub remote: &'k [u8; 32],
    /// The pre-shared key.
    pub psk: &'k [u8; 32],
}

/// Before the end of the handshake.
pub struct PagePeer {
    noise: HandshakeState,
    hello: Vec<u8>,
}

impl PagePeer {
    /// It plays the mode of this number, whatever the hello says.
    pub fn new(mode: u8, role: Role, keys: &Keys<'_>, hello: &[u8]) -> Self {
        let name = match mode {
            1 => "Noise_KK_25519_ChaChaPoly_BLAKE2s",
            2 => "Noise_KKpsk0_25519_ChaChaPoly_BLAKE2s",
            3 => "Noise_XX_25519_ChaChaPoly_BLAKE2s",
            4 => "Noise_XXpsk0_25519_ChaChaPoly_BLAKE2s",
            _ => panic!("there is no mode {mode}"),
        };
        let prologue = [b"lowkey/1", hello].concat();
        let mut builder = Builder::new(name.parse().unwrap());
        builder = builder.prologue(&prologue).unwrap().local_private_key(keys.secret).unwrap();
        if mode <= 2 {
            builder = builder.remote_public_key(keys.remote).unwrap();
        }
        if mode == 2 || mode == 4 {
            builder = builder.psk(0, keys.psk).unwrap();
        }
        let built = match role {
            Role::Initiator => builder.build_initiator(),
            Role::Responder => builder.build_responder(),
        };
        Self::of(built.unwrap(), hello)
    }

    /// The same on a handshake that was prepared elsewhere.
    pub fn of(noise: HandshakeState, hello: &[u8]) -> Self {
        Self { noise, hello: hello.to_vec() }
    }

    /// The first frame: `hello ‖ noise message 1`.
    pub fn first_frame(&mut self, payload: &[u8]) -> Vec<u8> {
        let message = self.message(payload);
        frame(&[&self.hello[..], &message].concat())
    }

    /// Any further handshake frame.
    pub fn next_frame(&mut self, payload: &[u8]) -> Vec<u8> {
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
    pub fn read_first(&mut self, body: &[u8]) -> Vec<u8> {
        let message = body.strip_prefix(&self.hello[..]).expect("our own hello is expected");
        self.read(message)
    }

    /// Reads a handshake message; the payload.
    pub fn read(&mut self, message: &[u8]) -> Vec<u8> {
        let mut payload = vec![0; message.len()];
        let len = self.noise.read_message(message, &mut payload).unwrap();
        payload.truncate(len);
        payload
    }

    /// The handshake hash, so far.
    pub fn hash(&self) -> Vec<u8> {
        self.noise.get_handshake_hash().to_vec()
    }

    /// The static key of the other side.
    pub fn remote_static(&self) -> Vec<u8> {
        self.noise.get_remote_static().unwrap().to_vec()
    }

    /// The handshake is over.
    pub fn into_records(self) -> PageRecords {
        PageRecords { noise: self.noise.into_transport_mode().unwrap(), sent: 0, received: 0 }
    }
}

/// After the handshake.
pub struct PageRecords {
    noise: TransportState,
    sent: u64,
    received: u64,
}

impl PageRecords {
    /// §4: one frame with one Noise message of `kind ‖ body`.
    pub fn record(&mut self, kind: u8, body: &[u8]) -> Vec<u8> {
        self.plaintext(&[&[kind], body].concat())
    }

    /// The same with a plaintext that need not be a kind and a body.
    pub fn plaintext(&mut self, text: &[u8]) -> Vec<u8> {
        if self.sent > 0 && self.sent.is_multiple_of(1_024) {
            self.noise.rekey_outgoing();
        }
        self.sent += 1;
        let mut record = vec![0; text.len() + 16];
        assert_eq!(self.noise.write_message(text, &mut record).unwrap(), record.len());
        frame(&record)
    }

    /// Takes the first frame off `bytes` and opens it: its kind and its body.
    pub fn open(&mut self, bytes: &mut Vec<u8>) -> (u8, Vec<u8>) {
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
