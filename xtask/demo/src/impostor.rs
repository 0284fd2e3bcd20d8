//! An attacker with keys of its own, which nobody has pinned.

use lowkey_core::{
    Counter, CounterFailed, Entropy, EntropyFailed, Ephemerals, Error, Identity, Peer, Psk, Secret, kk,
};
use xtask::command::Result;

#[path = "../../../tests/support/random.rs"]
mod random;
use random::Random;

/// What an attacker draws.
pub(crate) struct Drawn(Random);

impl Entropy for Drawn {
    fn fill(&mut self, out: &mut [u8]) -> std::result::Result<(), EntropyFailed> {
        self.0.fill(out);
        Ok(())
    }
}

impl Drawn {
    pub(crate) fn new() -> Self {
        Self(Random::new())
    }

    pub(crate) fn secret(&mut self) -> Secret<32> {
        let mut secret = Secret::zeroed();
        self.0.fill(secret.expose_mut());
        secret
    }
}

pub(crate) struct FirstBoot;

impl Counter for FirstBoot {
    fn next(&mut self) -> std::result::Result<u64, CounterFailed> {
        Ok(0)
    }
}

/// Everything an attacker can make up by itself.
pub(crate) struct Impostor {
    identity: Identity,
    accomplice: Identity,
    psk: Psk,
    ephemerals: Ephemerals<Drawn>,
}

impl Impostor {
    pub(crate) fn new() -> Result<Self> {
        let mut drawn = Drawn::new();
        let [own, accomplice, psk, hedge] = std::array::from_fn(|_| drawn.secret());
        Ok(Self {
            identity: Identity::new(own)?,
            accomplice: Identity::new(accomplice)?,
            psk: Psk::new(psk)?,
            ephemerals: Ephemerals::new(drawn, hedge, &mut FirstBoot)?,
        })
    }

    /// hello ‖ message 1 in the name of a device whose hello was overheard, with our keys.
    pub(crate) fn message_1(&mut self, overheard: &[u8]) -> Result<Vec<u8>> {
        let hello = hello_of(overheard)?;
        let peer = Peer::pin(&self.identity, self.accomplice.public_key())?;
        let mut message = [0; 50];
        let initiator = kk::Initiator::new(&self.identity, &peer, Some(&self.psk), &prologue(hello));
        let (_, length) = initiator.write_message_1(&mut self.ephemerals, &[4, 0], &mut message)?;
        Ok(frame(&[hello, &message[..length]].concat()))
    }

    /// A message 2 for a device whose first frame was overheard: well formed, with our keys.
    pub(crate) fn message_2(&mut self, overheard: &[u8]) -> Result<Vec<u8>> {
        let prologue = prologue(hello_of(overheard)?);
        let (here, there) = (&self.identity, &self.accomplice);
        let (at_there, at_here) =
            (Peer::pin(there, here.public_key())?, Peer::pin(here, there.public_key())?);
        let (mut message_1, mut message_2) = ([0; 50], [0; 50]);
        let made_up = kk::Initiator::new(there, &at_there, Some(&self.psk), &prologue);
        made_up.write_message_1(&mut self.ephemerals, &[4, 0], &mut message_1)?;
        let responder = kk::Responder::new(here, &at_here, Some(&self.psk), &prologue);
        let (responder, _) = responder.read_message_1(&mut message_1)?;
        responder.write_message_2(&mut self.ephemerals, &[4, 0], &mut message_2)?;
        Ok(frame(&message_2))
    }
}

/// The hello inside a first frame: version, mode, the id with its length.
pub(crate) fn hello_of(frame: &[u8]) -> Result<&[u8]> {
    let length = usize::from(*frame.get(4).ok_or("a first frame is longer")?);
    Ok(frame.get(2..5 + length).ok_or(Error::Truncated)?)
}

pub(crate) fn prologue(hello: &[u8]) -> Vec<u8> {
    [b"lowkey/1", hello].concat()
}

pub(crate) fn frame(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u16).to_be_bytes(), body].concat()
}
