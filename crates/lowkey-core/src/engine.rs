//! `HandshakeState` (Noise §5.3): plays any pattern table, one message a call.
//!
//! Private: the typed steps in [`kk`](crate::kk) and [`xx`](crate::xx) decide whose turn it is.

use crate::MAX_MESSAGE;
use crate::cursor::{Cursor, fill};
use crate::entropy::{Entropy, Ephemerals};
use crate::error::Error;
use crate::keys::{Identity, Peer, Psk};
use crate::pattern::{Known, Pattern, Token};
use crate::session::Session;
use crate::symmetric::Symmetric;
use lowkey_crypto::{KEY_LEN, PrivateKey, PublicKey, Secret};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Initiator,
    Responder,
}

/// One side of a handshake: whose turns, of which pattern.
#[derive(Clone, Copy)]
pub(crate) struct Side(pub(crate) Role, pub(crate) &'static Pattern);

/// What is known of the peer's static key, `rs`.
enum Remote<'k> {
    Pinned(&'k Peer),
    Unknown,
    Sent(PublicKey),
}

impl Remote<'_> {
    fn key(&self) -> Option<&PublicKey> {
        match self {
            Self::Pinned(peer) => Some(peer.public()),
            Self::Sent(key) => Some(key),
            Self::Unknown => None,
        }
    }
}

pub(crate) struct Engine<'k> {
    symmetric: Symmetric,
    role: Role,
    pattern: &'static Pattern,
    statics: Option<&'static Statics>,
    s: &'k Identity,
    rs: Remote<'k>,
    e: Option<PrivateKey>,
    re: Option<PublicKey>,
    psk: Option<&'k Psk>,
    /// How many messages of its pattern are done.
    done: u8,
}

impl<'k> Engine<'k> {
    /// `Initialize(handshake_pattern, initiator, prologue, s, e, rs, re)`, §5.3, but for what it hashes:
    /// [`begin`](Self::begin) does that, in place.
    pub(crate) fn new(
        Side(role, pattern): Side,
        statics: Option<&'static Statics>,
        s: &'k Identity,
        rs: Option<&'k Peer>,
        psk: Option<&'k Psk>,
    ) -> Self {
        Self {
            symmetric: Symmetric::new(),
            role,
            pattern,
            statics,
            s,
            rs: rs.map_or(Remote::Unknown, Remote::Pinned),
            e: None,
            re: None,
            psk,
            done: 0,
        }
    }

    /// `InitializeSymmetric(protocol_name)`, the prologue and the pre-messages.
    #[inline(never)]
    pub(crate) fn begin(&mut self, prologue: &[u8]) {
        self.symmetric.initialize(self.pattern.h);
        self.symmetric.mix_hash(prologue);
        if self.pattern.known.initiator {
            self.mix_static_of(Role::Initiator);
        }
        if self.pattern.known.responder {
            self.mix_static_of(Role::Responder);
        }
    }

    /// A pre-message `s` of one side.
    fn mix_static_of(&mut self, side: Role) {
        let key = if side == self.role { Some(self.s.public()) } else { self.rs.key() };
        if let Some(key) = key {
            self.symmetric.mix_hash(key.as_bytes());
        }
    }

    /// Draws our ephemeral for this handshake. The step that first writes `e` calls it just before.
    #[inline(never)]
    pub(crate) fn draw<E: Entropy>(&mut self, ephemerals: &mut Ephemerals<E>) -> Result<(), Error> {
        let mut secret = Secret::zeroed();
        ephemerals.next(self.symmetric.h(), &mut secret)?;
        self.e = Some(PrivateKey::new(&secret));
        Ok(())
    }

    /// `WriteMessage(payload, message_buffer)`; returns the message's length in bytes.
    #[inline(never)]
    pub(crate) fn write_message(&mut self, payload: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        let room = out.len().min(MAX_MESSAGE);
        let mut message = Cursor::new(out.get_mut(..room).ok_or(Error::BufferTooSmall)?);
        for token in self.next_message().ok_or(Error::OutOfTurn)? {
            match token {
                Token::E => {
                    let bytes = message.take_array().ok_or(Error::BufferTooSmall)?;
                    self.e.as_ref().ok_or(Error::OutOfTurn)?.public_key_into(bytes);
                    self.mix_e(bytes);
                }
                Token::S => (self.statics()?.write)(self, &mut message)?,
                _ => self.mix_secret(*token)?,
            }
        }
        self.write_sealed(&mut message, payload)?;
        Ok(room.saturating_sub(message.len()))
    }

    /// `ReadMessage(message, payload_buffer)`, in place; returns the payload inside `message`.
    #[inline(never)]
    pub(crate) fn read_message<'m>(&mut self, message: &'m mut [u8]) -> Result<&'m mut [u8], Error> {
        if message.len() > MAX_MESSAGE {
            return Err(Error::BufferTooSmall);
        }
        let mut message = Cursor::new(message);
        for token in self.next_message().ok_or(Error::OutOfTurn)? {
            match token {
                Token::E => {
                    let bytes = message.take_array().ok_or(Error::Truncated)?;
                    *self.re.get_or_insert(PublicKey::new([0; KEY_LEN])) = PublicKey::new(*bytes);
                    self.mix_e(bytes);
                }
                Token::S => (self.statics()?.read)(self, &mut message)?,
                _ => self.mix_secret(*token)?,
            }
        }
        self.symmetric.decrypt_and_hash(message.rest())
    }

    /// `Split()`, and the handshake hash beside it (§5.2, §11.2). Afterwards the engine is of no use.
    #[inline(never)]
    pub(crate) fn finish(&mut self) -> Session {
        self.symmetric.split();
        let (first, second) = self.symmetric.split_keys();
        let (sealer, opener) = match self.role {
            Role::Initiator => (first, second),
            Role::Responder => (second, first),
        };
        Session::new(sealer, opener, self.symmetric.h())
    }

    /// Makes zeros of all that is secret. Afterwards the engine is of no use.
    #[inline(never)]
    pub(crate) fn wipe(&mut self) {
        self.symmetric.wipe();
        self.e = None;
        self.done = u8::MAX;
    }

    /// Whether it is `role` in a pattern with the static keys `known`, and `done` of its messages are.
    pub(crate) fn is_at(&self, role: Role, known: Known, done: u8) -> bool {
        self.role == role && self.pattern.known == known && self.done == done
    }

    /// The peer's static key, `rs`.
    pub(crate) fn rs(&self) -> Result<&PublicKey, Error> {
        self.rs.key().ok_or(Error::OutOfTurn)
    }

    fn statics(&self) -> Result<&'static Statics, Error> {
        self.statics.ok_or(Error::OutOfTurn)
    }

    fn next_message(&mut self) -> Option<&'static [Token]> {
        let next = self.pattern.messages.get(usize::from(self.done))?;
        self.done = self.done.wrapping_add(1); // no pattern has 255 messages
        Some(next)
    }

    #[inline(never)]
    fn mix_e(&mut self, e: &[u8; KEY_LEN]) {
        self.symmetric.mix_hash(e);
        // §9.2
        if self.psk.is_some() {
            fill(self.symmetric.ikm().expose_mut(), e);
            self.symmetric.mix_key();
        }
    }

    #[inline(never)]
    fn write_sealed(&mut self, message: &mut Cursor<'_>, text: &[u8]) -> Result<(), Error> {
        let len = text.len().saturating_add(self.symmetric.overhead());
        let sealed = message.take(len).ok_or(Error::BufferTooSmall)?;
        fill(sealed, text);
        self.symmetric.encrypt_and_hash(sealed)
    }

    fn write_static(&mut self, message: &mut Cursor<'_>) -> Result<(), Error> {
        self.write_sealed(message, self.s.public().as_bytes())
    }

    fn read_static(&mut self, message: &mut Cursor<'_>) -> Result<(), Error> {
        let sealed = message.take(KEY_LEN + self.symmetric.overhead()).ok_or(Error::Truncated)?;
        let rs = self.symmetric.decrypt_and_hash(sealed)?;
        let rs = PublicKey::new(*rs.first_chunk().ok_or(Error::Truncated)?);
        if self.s.is(&rs) {
            return Err(Error::OwnKey);
        }
        self.rs = Remote::Sent(rs);
        Ok(())
    }

    /// The tokens that send nothing: `psk` and the four Diffie-Hellmans.
    #[inline(never)]
    fn mix_secret(&mut self, token: Token) -> Result<(), Error> {
        if token == Token::Psk {
            let psk = self.psk.ok_or(Error::OutOfTurn)?;
            fill(self.symmetric.ikm().expose_mut(), psk.secret().expose());
            self.symmetric.mix_key_and_hash();
        } else {
            self.diffie_hellman(token)?;
            self.symmetric.mix_key();
        }
        Ok(())
    }

    /// The first letter of a token names the key pair that the initiator brings, the second the responder's.
    fn diffie_hellman(&mut self, token: Token) -> Result<(), Error> {
        let (initiators, responders) = match token {
            Token::Ee => (Pair::E, Pair::E),
            Token::Es => (Pair::E, Pair::S),
            Token::Se => (Pair::S, Pair::E),
            Token::Ss => (Pair::S, Pair::S),
            Token::E | Token::S | Token::Psk => return Err(Error::OutOfTurn),
        };
        let (ours, theirs) = match self.role {
            Role::Initiator => (initiators, responders),
            Role::Responder => (responders, initiators),
        };
        let shared = self.symmetric.ikm();
        let public = match theirs {
            Pair::E => self.re.as_ref(),
            Pair::S => self.rs.key(),
        };
        let private = match (ours, theirs, &self.rs) {
            (Pair::E, ..) => self.e.as_ref().ok_or(Error::OutOfTurn)?,
            (Pair::S, Pair::S, Remote::Pinned(peer)) => {
                fill(shared.expose_mut(), peer.shared_secret().expose());
                return Ok(());
            }
            (Pair::S, ..) => self.s.private(),
        };
        private.diffie_hellman_into(public.ok_or(Error::OutOfTurn)?, shared);
        Ok(())
    }
}

/// What the token `s` does. KK has none, and firmware with KK alone links neither.
pub(crate) struct Statics {
    write: fn(&mut Engine<'_>, &mut Cursor<'_>) -> Result<(), Error>,
    read: fn(&mut Engine<'_>, &mut Cursor<'_>) -> Result<(), Error>,
}

pub(crate) static STATICS: Statics = Statics {
    write: |engine, message| engine.write_static(message),
    read: |engine, message| engine.read_static(message),
};

/// Which of its key pairs a side brings to a Diffie-Hellman.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pair {
    E,
    S,
}

#[cfg(test)]
impl Engine<'_> {
    /// A fixed ephemeral, for test vectors.
    pub(crate) fn fix_e(&mut self, e: &Secret<32>) {
        self.e = Some(PrivateKey::new(e));
    }

    pub(crate) fn is_wiped(&self) -> bool {
        let (ck, k) = self.symmetric.split_keys();
        ck.is_zero() && k.is_zero() && self.e.is_none()
    }

    pub(crate) fn h(&self) -> [u8; 32] {
        *self.symmetric.h()
    }
}
