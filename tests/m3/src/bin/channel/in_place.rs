//! A connection on a link that stays where it is, each step of it a region of the model.

use core::arch::asm;
use core::task::Poll;

use embedded_io::{Read, Write};
use lowkey_core::{Id, wipe_dead_stack};
use lowkey_transport::{Buffers, Error, Link, MIN_INCOMING, MIN_OUTGOING, Pinning, Step};
use m3_tests::script::{ID, MESSAGE, Script, Sent};

use super::{AnyLink, INITIATOR, KK, KKPSK0, Keys, Replay};

/// The handshake and, unless it is a pairing, a message each way and the end of both directions.
pub(crate) fn run(script: &Script, sent: &mut Sent) -> Result<(), Error> {
    let mut keys = None;
    let Keys { identity, peer, psk, ephemerals } = Keys::make(&mut keys, script)?;
    let psk = psk.as_ref();
    wipe_dead_stack::<512>(); // of what making the keys has moved
    let (mut incoming, mut outgoing) = ([0; MIN_INCOMING], [0; MIN_OUTGOING]);
    let mut link: AnyLink<'_, '_> = Link::new(Buffers::new(&mut incoming[..], &mut outgoing[..])?);
    let id = Id::new(ID).ok_or(Error::Hello)?;
    let pinning = Pinning { id, identity, peer, psk };
    let is_kk = matches!(script.mode, KK | KKPSK0);
    let mut io = Replay::new(script, sent);

    region(|| match (script.role, psk) {
        (INITIATOR, _) if is_kk => link.initiate_kk(pinning, ephemerals),
        (INITIATOR, None) => link.initiate_xx(identity, Some(id), ephemerals),
        (INITIATOR, Some(psk)) => link.initiate_xx_psk0(identity, id, psk, ephemerals),
        _ => link.respond(),
    })?;
    loop {
        match region(|| link.step())? {
            Step::Write => write(&mut link, &mut io)?,
            Step::Read => read(&mut link, &mut io)?,
            Step::Hello if is_kk => region(|| link.answer_kk(pinning, ephemerals))?,
            Step::Hello => region(|| link.answer_xx(identity, psk, ephemerals))?,
            Step::Claim => region(|| link.accept())?,
            Step::Done if is_kk => return talk(&mut link, &mut io, script),
            Step::Done => return Ok(()),
        }
    }
}

fn talk(link: &mut AnyLink<'_, '_>, io: &mut Replay<'_>, script: &Script) -> Result<(), Error> {
    write(link, io)?;
    region(|| link.send(&script.message).map(drop))?;
    write(link, io)?;
    region(|| link.close())?;
    write(link, io)?;
    let mut len = 0;
    loop {
        match region(|| link.receive())? {
            Poll::Pending => read(link, io)?,
            Poll::Ready(None) if len == MESSAGE => return Ok(()),
            _ => len += link.take().ok_or(Error::Truncated)?.bytes.len(),
        }
    }
}

fn write(link: &mut AnyLink<'_, '_>, io: &mut Replay<'_>) -> Result<(), Error> {
    match link.unsent()? {
        [] => Ok(()),
        unsent => {
            let write = io.write(unsent);
            link.on_write(write)
        }
    }
}

fn read(link: &mut AnyLink<'_, '_>, io: &mut Replay<'_>) -> Result<(), Error> {
    let read = io.read(link.space());
    link.on_read(read)
}

/// Does `step` between the marks of a region.
pub(crate) fn region<T>(step: impl FnOnce() -> T) -> T {
    #[inline(never)] // into a frame of its own, which is dead at the second mark
    fn within<T>(step: impl FnOnce() -> T) -> T {
        step()
    }
    mark::<BEGIN>();
    let done = within(step);
    mark::<END>();
    done
}

/// `DBG`, which is a NOP to a core. As a number, because Armv6-M has no such instruction.
fn mark<const INSTRUCTION: u32>() {
    // SAFETY: it changes nothing.
    unsafe { asm!(".inst.w {}", const INSTRUCTION) }
}

const BEGIN: u32 = 0xF3AF_80F1;
const END: u32 = 0xF3AF_80F2;
