//! An attacker with keys of its own, which nobody has pinned.

use lowkey_core::{
    Counter, CounterFailed, Entropy, EntropyFailed, Ephemerals, Error, Identity, Peer, Psk, Secret, kk,
};
use std::{fs::File, io::Read};
use xtask::command::Result;

struct Os;

impl Entropy for Os {
    fn fill(&mut self, out: &mut [u8]) -> std::result::Result<(), EntropyFailed> {
        File::open("/dev/urandom").and_then(|mut source| source.read_exact(out)).map_err(|_| EntropyFailed)
    }
}

impl Counter for Os {
    fn next(&mut self) -> std::result::Result<u64, CounterFailed> {
        Ok(0)
    }
}

fn random() -> Result<Secret<32>> {
    let mut secret = Secret::zeroed();
    Os.fill(secret.expose_mut())?;
    Ok(secret)
}

/// Everything an attacker can make up by itself.
pub(crate) struct Impostor {
    identity: Identity,
    accomplice: Identity,
    psk: Psk,
    ephemerals: Ephemerals<Os>,
}

impl Impostor {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            identity: Identity::new(random()?),
            accomplice: Identity::new(random()?),
            psk: Psk::new(random()?),
            ephemerals: Ephemerals::new(Os, random()?, &mut Os)?,
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
fn hello_of(frame: &[u8]) -> Result<&[u8]> {
    let length = usize::from(*frame.get(4).ok_or("a first frame is longer")?);
    Ok(frame.get(2..5 + length).ok_or(Error::Truncated)?)
}

fn prologue(hello: &[u8]) -> Vec<u8> {
    [b"lowkey/1", hello].concat()
}

fn frame(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u16).to_be_bytes(), body].concat()
}
