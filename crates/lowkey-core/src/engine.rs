//! `HandshakeState` (Noise §5.3): plays any pattern table, one message a call.
//!
//! Private: the typed steps in [`kk`](crate::kk) and [`xx`](crate::xx) decide whose turn it is.

use crate::cursor::{Cursor, fill};
use crate::pattern::{Pattern, Token};
use crate::symmetric::Symmetric;
use crate::{Entropy, Ephemerals, Error, Identity, MAX_MESSAGE, Opener, Peer, Psk, Sealer, Session};
use lowkey_crypto::{KEY_LEN, PrivateKey, PublicKey, Secret};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Initiator,
    Responder,
}

/// What is known of the peer's static key, `rs`.
pub(crate) enum Remote<'k> {
    Pinned(&'k Peer),
    Unknown,
    Sent(PublicKey),
}

pub(crate) struct Engine<'k> {
    symmetric: Symmetric,
    role: Role,
    s: &'k Identity,
    rs: Remote<'k>,
    e: Option<PrivateKey>,
    re: Option<PublicKey>,
    psk: Option<&'k Psk>,
    mix_e: bool,
    messages: &'static [&'static [Token]],
}

impl<'k> Engine<'k> {
    /// `Initialize(handshake_pattern, initiator, prologue, s, e, rs, re)`, §5.3.
    pub(crate) fn new(
        pattern: &'static Pattern,
        role: Role,
        s: &'k Identity,
        rs: Remote<'k>,
        psk: Option<&'k Psk>,
        prologue: &[u8],
    ) -> Self {
        let mut engine = Self {
            symmetric: Symmetric::new(pattern.name, prologue),
            role,
            s,
            rs,
            e: None,
            re: None,
            psk,
            mix_e: pattern.has_psk(),
            messages: pattern.messages,
        };
        for (side, known) in
            [(Role::Initiator, pattern.known.initiator), (Role::Responder, pattern.known.responder)]
        {
            if known {
                engine.mix_static_of(side);
            }
        }
        engine
    }

    /// A pre-message `s` of one side.
    fn mix_static_of(&mut self, side: Role) {
        let key = if side == self.role { Ok(self.s.public_key()) } else { self.rs() };
        if let Ok(key) = key {
            self.symmetric.mix_hash(key.as_bytes());
        }
    }

    /// Draws our ephemeral for this handshake. The step that first writes `e` calls it just before.
    pub(crate) fn draw<E: Entropy>(&mut self, ephemerals: &mut Ephemerals<E>) -> Result<(), Error> {
        self.e = Some(ephemerals.next(self.symmetric.h())?);
        Ok(())
    }

    /// `WriteMessage(payload, message_buffer)`; returns the message's length in bytes.
    pub(crate) fn write_message(&mut self, payload: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        let room = out.len().min(MAX_MESSAGE);
        let mut message = Cursor::new(out.get_mut(..room).ok_or(Error::BufferTooSmall)?);
        for token in self.next_message()? {
            match token {
                Token::E => {
                    let e = self.e.as_ref().ok_or(Error::OutOfTurn)?.public_key();
                    *message.take_array().ok_or(Error::BufferTooSmall)? = *e.as_bytes();
                    self.mix_e(&e);
                }
                Token::S => self.write_sealed(&mut message, self.s.public_key().as_bytes())?,
                _ => self.mix_secret(*token)?,
            }
        }
        self.write_sealed(&mut message, payload)?;
        Ok(room.saturating_sub(message.len()))
    }

    /// `ReadMessage(message, payload_buffer)`, in place; returns the payload inside `message`.
    pub(crate) fn read_message<'m>(&mut self, message: &'m mut [u8]) -> Result<&'m mut [u8], Error> {
        if message.len() > MAX_MESSAGE {
            return Err(Error::BufferTooSmall);
        }
        let mut message = Cursor::new(message);
        for token in self.next_message()? {
            match token {
                Token::E => {
                    let re = PublicKey::new(*message.take_array().ok_or(Error::Truncated)?);
                    self.re = Some(re);
                    self.mix_e(&re);
                }
                Token::S => {
                    let sealed = message.take(KEY_LEN + self.symmetric.overhead()).ok_or(Error::Truncated)?;
                    let rs = self.symmetric.decrypt_and_hash(sealed)?;
                    let rs = PublicKey::new(*rs.first_chunk().ok_or(Error::Truncated)?);
                    if rs == self.s.public_key() {
                        return Err(Error::OwnKey);
                    }
                    self.rs = Remote::Sent(rs);
                }
                _ => self.mix_secret(*token)?,
            }
        }
        self.symmetric.decrypt_and_hash(message.rest())
    }

    /// `Split()`, and the handshake hash beside it (§5.2, §11.2).
    ///
    /// Never inlined, and by reference: otherwise another copy of the engine lies on the stack beneath
    /// the scalar multiplications, where the stack is deepest (`cargo xtask size` shows it).
    #[inline(never)]
    pub(crate) fn finish(&self) -> Session {
        let [first, second] = self.symmetric.split();
        let (ours, theirs) = match self.role {
            Role::Initiator => (first, second),
            Role::Responder => (second, first),
        };
        Session::new(Sealer::new(ours), Opener::new(theirs), *self.symmetric.h())
    }

    /// The peer's static key, `rs`.
    pub(crate) fn rs(&self) -> Result<PublicKey, Error> {
        match &self.rs {
            Remote::Pinned(peer) => Ok(peer.public_key()),
            Remote::Sent(key) => Ok(*key),
            Remote::Unknown => Err(Error::OutOfTurn),
        }
    }

    fn next_message(&mut self) -> Result<&'static [Token], Error> {
        let (next, rest) = self.messages.split_first().ok_or(Error::OutOfTurn)?;
        self.messages = rest;
        Ok(next)
    }

    fn mix_e(&mut self, e: &PublicKey) {
        self.symmetric.mix_hash(e.as_bytes());
        if self.mix_e {
            self.symmetric.mix_key(e.as_bytes());
        }
    }

    fn write_sealed(&mut self, message: &mut Cursor<'_>, text: &[u8]) -> Result<(), Error> {
        let len = text.len().saturating_add(self.symmetric.overhead());
        let sealed = message.take(len).ok_or(Error::BufferTooSmall)?;
        fill(sealed, text);
        self.symmetric.encrypt_and_hash(sealed)
    }

    /// The tokens that send nothing: `psk` and the four Diffie-Hellmans.
    fn mix_secret(&mut self, token: Token) -> Result<(), Error> {
        if token == Token::Psk {
            let psk = self.psk.ok_or(Error::OutOfTurn)?;
            self.symmetric.mix_key_and_hash(psk.secret().expose());
        } else {
            let dh = self.diffie_hellman(token)?;
            self.symmetric.mix_key(dh.expose());
        }
        Ok(())
    }

    /// Each side holds one half of `es` and `se`: the ephemeral if the letter of its role says `e`.
    fn diffie_hellman(&self, token: Token) -> Result<Secret<32>, Error> {
        let e = self.e.as_ref().ok_or(Error::OutOfTurn);
        let re = self.re.as_ref().ok_or(Error::OutOfTurn);
        match (token, self.role) {
            (Token::Ee, _) => Ok(e?.diffie_hellman(re?)),
            (Token::Es, Role::Initiator) | (Token::Se, Role::Responder) => Ok(e?.diffie_hellman(&self.rs()?)),
            (Token::Es, Role::Responder) | (Token::Se, Role::Initiator) => Ok(self.s.diffie_hellman(re?)),
            (Token::Ss, _) => match &self.rs {
                Remote::Pinned(peer) => Ok(peer.shared_secret().duplicate()),
                _ => Ok(self.s.diffie_hellman(&self.rs()?)),
            },
            (Token::E | Token::S | Token::Psk, _) => Err(Error::OutOfTurn),
        }
    }
}

#[cfg(test)]
impl Engine<'_> {
    /// A fixed ephemeral, for test vectors.
    pub(crate) fn fix_e(&mut self, e: &Secret<32>) {
        self.e = Some(PrivateKey::new(e));
    }

    pub(crate) fn h(&self) -> [u8; 32] {
        *self.symmetric.h()
    }
}
