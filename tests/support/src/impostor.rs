//! An attacker with keys of its own, which nobody has pinned.

use crate::Random;
use lowkey_core::{Counter, CounterFailed, Ephemerals, Error, Identity, Peer, Psk, kk};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Everything an attacker can make up by itself.
pub struct Impostor {
    identity: Identity,
    accomplice: Identity,
    psk: Psk,
    ephemerals: Ephemerals<Random>,
}

impl Impostor {
    /// With keys that follow from the run's seed.
    ///
    /// # Errors
    /// None but a fault of ours.
    pub fn new() -> Result<Self> {
        let mut random = Random::new();
        let [own, accomplice, psk, hedge] = std::array::from_fn(|_| random.secret());
        Ok(Self {
            identity: Identity::new(own)?,
            accomplice: Identity::new(accomplice)?,
            psk: Psk::new(psk)?,
            ephemerals: Ephemerals::new(random, hedge, &mut FirstBoot)?,
        })
    }

    /// hello ‖ message 1 in the name of a device whose hello was overheard, with our keys.
    ///
    /// # Errors
    /// What was overheard is no first frame.
    pub fn message_1(&mut self, overheard: &[u8]) -> Result<Vec<u8>> {
        let hello = hello_of(overheard)?;
        let peer = Peer::pin(&self.identity, self.accomplice.public_key())?;
        let mut message = [0; 50];
        let initiator = kk::Initiator::new(&self.identity, &peer, Some(&self.psk), &prologue(hello));
        let (_, length) = initiator.write_message_1(&mut self.ephemerals, &[4, 0], &mut message)?;
        Ok(frame(&[hello, &message[..length]].concat()))
    }

    /// A message 2 for a device whose first frame was overheard: well formed, with our keys.
    ///
    /// # Errors
    /// As [`Self::message_1`].
    pub fn message_2(&mut self, overheard: &[u8]) -> Result<Vec<u8>> {
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
///
/// # Errors
/// It is shorter than that.
pub fn hello_of(frame: &[u8]) -> Result<&[u8]> {
    let length = usize::from(*frame.get(4).ok_or("a first frame is longer")?);
    Ok(frame.get(2..5 + length).ok_or(Error::Truncated)?)
}

/// What both sides hash before a handshake with this hello.
pub fn prologue(hello: &[u8]) -> Vec<u8> {
    [b"lowkey/1", hello].concat()
}

/// `body` with its length before it.
pub fn frame(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u16).to_be_bytes(), body].concat()
}

/// A counter that is asked once.
#[derive(Debug)]
pub struct FirstBoot;

impl Counter for FirstBoot {
    fn next(&mut self) -> std::result::Result<u64, CounterFailed> {
        Ok(0)
    }
}
