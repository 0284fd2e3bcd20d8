//! Nothing but a channel: every mode in both roles, through `Link` and the blocking `Channel`.
//!
//! No board, no printing: whatever is in this image is in a user's as well. `cargo xtask constant-time` searches all of
//! it for instructions whose time depends on their operands, and lets the model call [`play`] with many secrets.
#![no_std]
#![no_main]
#![allow(unsafe_code)] // one name that the linker must keep

use core::{hint::black_box, panic::PanicInfo};

use cortex_m_rt::entry;
use embedded_io::{ErrorKind, ErrorType, Read, Write};
use lowkey_core::{
    Counter, CounterFailed, Ephemerals, Id, Identity, Peer, Psk, PublicKey, Secret, SeedEntropy,
};
use lowkey_transport::blocking::Channel;
use lowkey_transport::{Buffers, Error, Link, MIN_INCOMING, MIN_OUTGOING, Pinning, Step};
use m3_tests::script::{ID, MESSAGE, Script, Sent};

#[entry]
fn main() -> ! {
    // Mentioned so that the linker keeps it.
    black_box(play as *const ());
    loop {
        core::hint::spin_loop();
    }
}

/// Plays one side of a connection: the handshake and, unless it is a pairing, a message each way and the end.
///
/// Returns 0, or 1 where a step failed or the peer's message is not what it should be.
// SAFETY: no other function has this name.
#[unsafe(no_mangle)]
extern "C" fn play(script: &Script, sent: &mut Sent) -> u32 {
    sent.len = 0;
    u32::from(run(script, sent).is_err())
}

type AnyLink<'k, 'b> = Link<'k, &'b mut [u8]>;

fn run(script: &Script, sent: &mut Sent) -> Result<(), Error> {
    let identity = Identity::from_parts(Secret::new(script.private), PublicKey::new(script.ours))
        .map_err(|_| Error::PeerKey)?;
    let theirs = PublicKey::new(script.theirs);
    let peer = Peer::from_parts(&identity, theirs, Secret::new(script.shared)).map_err(|_| Error::PeerKey)?;
    let key = Psk::new(Secret::new(script.psk)).map_err(|_| Error::PeerKey)?;
    let psk = matches!(script.mode, KKPSK0 | XXPSK0).then_some(&key);
    let entropy = SeedEntropy::new(Secret::new(script.seed)).map_err(|_| Error::Entropy)?;
    let ephemerals = Ephemerals::new(entropy, Secret::new(script.hedge), &mut Once);
    let mut ephemerals = ephemerals.map_err(|_| Error::Entropy)?;
    let (mut incoming, mut outgoing) = ([0; MIN_INCOMING], [0; MIN_OUTGOING]);
    let buffers = Buffers::new(&mut incoming[..], &mut outgoing[..])?;
    let id = Id::new(ID).ok_or(Error::Hello)?;
    let pinning = || Pinning { id, identity: &identity, peer: &peer, psk };
    let received = script.received.get(..script.received_len as usize).unwrap_or_default();
    let io = Replay { received, sent };

    match (script.mode, script.role) {
        (KK | KKPSK0, INITIATOR) => {
            let link: AnyLink<'_, '_> = Link::kk_initiator(pinning(), &mut ephemerals, buffers)?;
            talk(Channel::connect(io, link)?, script)
        }
        (KK | KKPSK0, _) => {
            let link: AnyLink<'_, '_> = Link::responder(buffers);
            talk(Channel::accept(io, link, &mut ephemerals, |_| Some(pinning()))?, script)
        }
        (_, INITIATOR) => {
            let link = match psk {
                None => Link::xx_initiator(&identity, Some(id), &mut ephemerals, buffers)?,
                Some(psk) => Link::xx_psk0_initiator(&identity, id, psk, &mut ephemerals, buffers)?,
            };
            pair(link, io, |_| Err(Error::OutOfTurn))
        }
        _ => pair(Link::responder(buffers), io, |link| link.answer_xx(&identity, psk, &mut ephemerals)),
    }
}

/// A message each way and the end of both directions.
fn talk(mut channel: Channel<Replay<'_>, &mut [u8]>, script: &Script) -> Result<(), Error> {
    channel.send(&script.message)?;
    channel.close()?;
    let mut message = [0; MESSAGE];
    if channel.recv_message(&mut message)? != Some(MESSAGE) {
        return Err(Error::Truncated);
    }
    match channel.recv_message(&mut message)? {
        None => Ok(()),
        Some(_) => Err(Error::TooLong),
    }
}

/// A pairing, to the peer's welcome.
fn pair<'k, 'b>(
    mut link: AnyLink<'k, 'b>,
    mut io: Replay<'_>,
    mut answer: impl FnMut(&mut AnyLink<'k, 'b>) -> Result<(), Error>,
) -> Result<(), Error> {
    loop {
        match link.step()? {
            Step::Write => {
                let n = io.write(link.unsent()?).map_err(Error::Io)?;
                link.wrote(n);
            }
            Step::Read => {
                let n = io.read(link.space()).map_err(Error::Io)?;
                link.filled(n)?;
            }
            Step::Hello => answer(&mut link)?,
            Step::Claim => link.accept()?,
            Step::Done => return Ok(()),
        }
    }
}

/// The recorded peer.
struct Replay<'s> {
    received: &'s [u8],
    sent: &'s mut Sent,
}

impl ErrorType for Replay<'_> {
    type Error = ErrorKind;
}

impl Read for Replay<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
        let n = out.len().min(self.received.len());
        let (front, rest) = self.received.split_at_checked(n).unwrap_or_default();
        out.iter_mut().zip(front).for_each(|(to, from)| *to = *from);
        self.received = rest;
        Ok(n)
    }
}

impl Write for Replay<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        let room = self.sent.bytes.get_mut(self.sent.len as usize..).unwrap_or_default();
        let n = room.iter_mut().zip(bytes).map(|(to, from)| *to = *from).count();
        self.sent.len += n as u32;
        Ok(n)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// The first boot, always.
struct Once;

impl Counter for Once {
    fn next(&mut self) -> Result<u64, CounterFailed> {
        Ok(1)
    }
}

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

const KK: u32 = 1;
const KKPSK0: u32 = 2;
const XXPSK0: u32 = 4;
const INITIATOR: u32 = 0;
