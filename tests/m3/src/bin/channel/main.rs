//! Nothing but a channel: every mode in both roles, through `Link` and the blocking `Channel`, and a device of C's.
//!
//! No board, no printing: whatever is in this image is in a user's as well. `cargo xtask constant-time` searches all of
//! it for instructions whose time depends on their operands, and lets the model call [`play`] with many secrets, and
//! [`play_in_place`] to see what stays of them on the stack; [`play_device`] for both.
#![no_std]
#![no_main]
#![allow(unsafe_code)] // one name that the linker must keep

mod device;
mod in_place;

use core::{hint::black_box, panic::PanicInfo};

use cortex_m_rt::entry;
// The four functions of C, as the size firmware has them.
use embedded_io::{ErrorKind, ErrorType, Read, Write};
use lowkey_core::{
    Counter, CounterFailed, Ephemerals, Id, Identity, Peer, Psk, PublicKey, Secret, SeedEntropy,
};
use lowkey_mem as _;
use lowkey_transport::blocking::Channel;
use lowkey_transport::{Buffers, Error, Link, MIN_INCOMING, MIN_OUTGOING, Pinning, Step};
use m3_tests::script::{ID, MESSAGE, Script, Sent};

#[entry]
fn main() -> ! {
    // Mentioned so that the linker keeps it.
    black_box([play as *const (), play_in_place as _, play_device as _]);
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

/// Plays the same on a link that stays where it is, and marks each step: what lies below this frame at the end of one
/// is what the crates have left there.
// SAFETY: no other function has this name.
#[unsafe(no_mangle)]
extern "C" fn play_in_place(script: &Script, sent: &mut Sent) -> u32 {
    sent.len = 0;
    u32::from(in_place::run(script, sent).is_err())
}

/// Plays an initiator of KK or KKpsk0 on a device of `lowkey_kk.h`, and marks its calls in the same way.
// SAFETY: no other function has this name.
#[unsafe(no_mangle)]
extern "C" fn play_device(script: &Script, sent: &mut Sent) -> u32 {
    sent.len = 0;
    u32::from(device::run(script, sent).is_err())
}

type AnyLink<'k, 'b> = Link<'k, &'b mut [u8]>;

fn run(script: &Script, sent: &mut Sent) -> Result<(), Error> {
    let mut keys = None;
    let Keys { identity, peer, psk, ephemerals } = Keys::make(&mut keys, script)?;
    let psk = psk.as_ref();
    let (mut incoming, mut outgoing) = ([0; MIN_INCOMING], [0; MIN_OUTGOING]);
    let buffers = Buffers::new(&mut incoming[..], &mut outgoing[..])?;
    let id = Id::new(ID).ok_or(Error::Hello)?;
    let pinning = || Pinning { id, identity, peer, psk };
    let io = Replay::new(script, sent);

    match (script.mode, script.role) {
        (KK | KKPSK0, INITIATOR) => {
            let link: AnyLink<'_, '_> = Link::kk_initiator(pinning(), ephemerals, buffers)?;
            talk(Channel::connect(io, link)?, script)
        }
        (KK | KKPSK0, _) => {
            let link: AnyLink<'_, '_> = Link::responder(buffers);
            talk(Channel::accept(io, link, ephemerals, |_| Some(pinning()))?, script)
        }
        (_, INITIATOR) => {
            let link = match psk {
                None => Link::xx_initiator(identity, Some(id), ephemerals, buffers)?,
                Some(psk) => Link::xx_psk0_initiator(identity, id, psk, ephemerals, buffers)?,
            };
            pair(link, io, |_| Err(Error::OutOfTurn))
        }
        _ => pair(Link::responder(buffers), io, |link| link.answer_xx(identity, psk, ephemerals)),
    }
}

/// What a side brings.
struct Keys {
    identity: Identity,
    peer: Peer,
    psk: Option<Psk>,
    ephemerals: Ephemerals<SeedEntropy>,
}

impl Keys {
    /// Makes them where they will stay: what is moved there lies in no frame that is looked at, nor in a register of
    /// it.
    #[inline(never)]
    fn make<'p>(place: &'p mut Option<Self>, script: &Script) -> Result<&'p mut Self, Error> {
        let identity = Identity::from_parts(Secret::new(script.private), PublicKey::new(script.ours));
        let identity = identity.map_err(|_| Error::PeerKey)?;
        let theirs = PublicKey::new(script.theirs);
        let peer = Peer::from_parts(&identity, theirs, Secret::new(script.shared));
        let peer = peer.map_err(|_| Error::PeerKey)?;
        let psk = matches!(script.mode, KKPSK0 | XXPSK0).then(|| Psk::new(Secret::new(script.psk)));
        let psk = psk.transpose().map_err(|_| Error::PeerKey)?;
        let entropy = SeedEntropy::new(Secret::new(script.seed)).map_err(|_| Error::Entropy)?;
        let ephemerals = Ephemerals::new(entropy, Secret::new(script.hedge), &mut Once);
        let ephemerals = ephemerals.map_err(|_| Error::Entropy)?;
        Ok(place.insert(Self { identity, peer, psk, ephemerals }))
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
                let write = io.write(link.unsent()?);
                link.on_write(write)?;
            }
            Step::Read => {
                let read = io.read(link.space());
                link.on_read(read)?;
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

impl<'s> Replay<'s> {
    fn new(script: &'s Script, sent: &'s mut Sent) -> Self {
        Self { received: script.received.get(..script.received_len as usize).unwrap_or_default(), sent }
    }
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
