//! The responder, by hand: it holds the right keys and says what it is told to.

use super::keys::KEYS;
use crate::impostor::FirstBoot;
use crate::{Random, impostor};
use lowkey_core::{Ephemerals, Secret, Session, TAG_LEN, kk};

/// One that waits for a hello, or has answered it.
pub(super) struct Peer {
    has_psk: bool,
    session: Option<Session>,
    /// Bytes that do not make a frame yet.
    unread: Vec<u8>,
    /// What the last PING said.
    ping: Vec<u8>,
}

impl Peer {
    pub(super) fn new(has_psk: bool) -> Self {
        Self { has_psk, session: None, unread: vec![], ping: vec![] }
    }

    /// Takes what the initiator has written, all of which has to be right; answers a hello with these parameters.
    pub(super) fn read(&mut self, bytes: &[u8], parameters: &[u8]) -> Vec<u8> {
        self.unread.extend(bytes);
        let mut answer = vec![];
        while let Some((header, rest)) = self.unread.split_first_chunk::<2>() {
            let len = usize::from(u16::from_be_bytes(*header));
            let Some(frame) = rest.get(..len) else { break };
            let mut frame = frame.to_vec();
            self.unread.drain(..2 + len);
            match &mut self.session {
                None => answer.extend(self.answer(&mut frame, parameters)),
                Some(session) => {
                    let text = session.opener.open(&mut frame).expect("records open in order");
                    if let [PING, body @ ..] = text {
                        self.ping = body.to_vec();
                    }
                }
            }
        }
        answer
    }

    fn answer(&mut self, frame: &mut [u8], parameters: &[u8]) -> Vec<u8> {
        let hello = frame[..3 + usize::from(frame[2])].to_vec();
        let psk = self.has_psk.then_some(&KEYS.responder_psk);
        let prologue = impostor::prologue(&hello);
        let responder = kk::Responder::new(&KEYS.responder, &KEYS.initiator, psk, &prologue);
        let (responder, _) = responder.read_message_1(&mut frame[hello.len()..]).expect("its message opens");
        let hedge = Secret::new([0x55; 32]);
        let mut ephemerals = Ephemerals::new(Random::from_seed(7), hedge, &mut FirstBoot).expect("not blank");
        let mut out = [0; 512];
        let written = responder.write_message_2(&mut ephemerals, parameters, &mut out);
        let (session, len) = written.expect("there is room");
        self.session = Some(session);
        impostor::frame(&out[..len])
    }

    /// A record with this plaintext, once there are keys.
    pub(super) fn seal(&mut self, text: &[u8]) -> Vec<u8> {
        let Some(session) = &mut self.session else { return vec![] };
        let mut record = [text, &[0; TAG_LEN]].concat();
        session.sealer.seal(&mut record).expect("there is room");
        impostor::frame(&record)
    }

    /// The answer to its last PING.
    pub(super) fn pong(&mut self) -> Vec<u8> {
        self.seal(&[&[PONG], &self.ping[..]].concat())
    }
}

const PING: u8 = 3;
const PONG: u8 = 4;
