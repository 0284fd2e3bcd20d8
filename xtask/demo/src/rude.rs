//! A server that keeps to none of the manners: it says what a trial wants, when the trial wants it. The keys are good.

use lowkey_core::{Ephemerals, Id, Identity, Opener, Peer, Sealer, Session, kk, page::Contents};
use test_support::{
    Random,
    impostor::{FirstBoot, frame, hello_of, prologue},
};
use xtask::command::Result;

/// The server's keys, and the key page of the one board that it knows.
pub(crate) struct Keys {
    identity: Identity,
    board: Peer,
    ephemerals: Ephemerals<Random>,
    /// The board's.
    pub(crate) page: Vec<u8>,
}

impl Keys {
    /// New ones, for a board that finds its server at `address`.
    ///
    /// # Errors
    /// The page cannot be made.
    pub(crate) fn draw(address: &str) -> Result<Self> {
        let mut random = Random::new();
        let [own, board, hedge, seed, ours] = std::array::from_fn(|_| random.secret());
        let identity = Identity::new(own)?;
        let contents = Contents {
            id: Id::new(b"board").ok_or("an id of 5 bytes is one")?,
            address,
            static_key: &board,
            peer: identity.public_key(),
            hedge: &hedge,
            seed: &seed,
            psk: None,
        };
        let page = contents.encode()?.expose().to_vec();
        let board = Peer::pin(&identity, Identity::new(board)?.public_key())?;
        let ephemerals = Ephemerals::new(random, ours, &mut FirstBoot)?;
        Ok(Self { identity, board, ephemerals, page })
    }

    /// Answers the board's first frame: message 2 as a frame, and the session behind it.
    ///
    /// # Errors
    /// It is not one.
    pub(crate) fn answer(&mut self, first: &[u8]) -> Result<(Vec<u8>, Rude)> {
        let hello = hello_of(first)?;
        let mut message_1 = first.get(2 + hello.len()..).ok_or("a first frame is longer")?.to_vec();
        let responder = kk::Responder::new(&self.identity, &self.board, None, &prologue(hello));
        let (responder, _) = responder.read_message_1(&mut message_1)?;
        let mut message_2 = [0; 50];
        let (Session { sealer, opener, .. }, _) =
            responder.write_message_2(&mut self.ephemerals, &[4, 0], &mut message_2)?;
        Ok((frame(&message_2), Rude { sealer, opener, incoming: Vec::new() }))
    }
}

/// A record's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Data,
    Close,
    Ping,
    Pong,
}

/// One session, without any rule.
pub(crate) struct Rude {
    sealer: Sealer,
    opener: Opener,
    /// What has come and is no whole frame yet.
    incoming: Vec<u8>,
}

impl Rude {
    /// A record as a frame.
    ///
    /// # Errors
    /// No nonce is left.
    pub(crate) fn seal(&mut self, kind: Kind, body: &[u8]) -> Result<Vec<u8>> {
        let kind = match kind {
            Kind::Data => 0,
            Kind::Close => 2,
            Kind::Ping => 3,
            Kind::Pong => 4,
        };
        let mut record = [&[kind], body, &[0; 16]].concat();
        self.sealer.seal(&mut record)?;
        Ok(frame(&record))
    }

    /// Takes what came.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.incoming.extend(bytes);
    }

    /// The next record, once it is whole.
    ///
    /// # Errors
    /// It does not open, or is of a kind that no board sends.
    pub(crate) fn open(&mut self) -> Result<Option<(Kind, Vec<u8>)>> {
        let Some(mut record) = split_frame(&mut self.incoming) else { return Ok(None) };
        let plaintext = self.opener.open(&mut record)?;
        let (kind, body) = plaintext.split_first().ok_or("an empty record")?;
        let kind = match kind {
            0 => Kind::Data,
            2 => Kind::Close,
            3 => Kind::Ping,
            4 => Kind::Pong,
            other => return Err(format!("the board sent a record of kind {other}").into()),
        };
        Ok(Some((kind, body.to_vec())))
    }
}

/// The body of the frame at the front of `bytes`, which goes, once it is whole.
pub(crate) fn split_frame(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let [high, low, ..] = bytes[..] else { return None };
    let end = 2 + usize::from(u16::from_be_bytes([high, low]));
    if bytes.len() < end {
        return None;
    }
    let rest = bytes.split_off(end);
    let frame = std::mem::replace(bytes, rest);
    Some(frame[2..].to_vec())
}
