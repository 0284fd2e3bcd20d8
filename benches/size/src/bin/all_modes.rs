//! Every mode in both roles through one `Link`, as a server or the C library has them.
#![no_std]
#![no_main]

use core::convert::Infallible;
use core::task::Poll;
use cortex_m_rt::entry;
use lowkey_core::{Ephemerals, Id, Identity, Peer, Psk, PublicKey, Secret};
use lowkey_transport::{Buffers, Error, Link, MIN_INCOMING, MIN_OUTGOING, Mode, Pinning, Step};
use size::fixed::{DEVICE, HEDGE, ID, MESSAGE, PSK, SERVER, Stuck};
use size::replay::Script;
use size::report::report;

type AnyLink<'k, 'b> = Link<'k, &'b mut [u8]>;

const MODES: [Mode; 4] = [Mode::Kk, Mode::KkPsk0, Mode::Xx, Mode::XxPsk0];

#[entry]
fn main() -> ! {
    report(measured)
}

fn measured(script: Script<'_>) -> bool {
    all(script).is_ok()
}

fn all(mut script: Script<'_>) -> Result<(), Error> {
    let (device_key, server_key, shared) = (script.key(), script.key(), script.key());
    let (_message_2, _record, _channel) = (script.blob(), script.blob(), script.blob());
    for mode in MODES {
        let device = Identity::from_parts(Secret::new(DEVICE), PublicKey::new(device_key))
            .map_err(|_| Error::PeerKey)?;
        let peer = Peer::from_parts(&device, PublicKey::new(server_key), Secret::new(shared));
        initiate(mode, &device, &peer.map_err(|_| Error::PeerKey)?, script.blob())?;
        let server = Identity::from_parts(Secret::new(SERVER), PublicKey::new(server_key))
            .map_err(|_| Error::PeerKey)?;
        let peer = Peer::from_parts(&server, PublicKey::new(device_key), Secret::new(shared));
        respond(mode, &server, &peer.map_err(|_| Error::PeerKey)?, script.blob())?;
    }
    Ok(())
}

fn initiate(mode: Mode, identity: &Identity, peer: &Peer, recorded: &[u8]) -> Result<(), Error> {
    let mut ephemerals = ephemerals(HEDGE)?;
    let (mut incoming, mut outgoing) = ([0; MIN_INCOMING], [0; MIN_OUTGOING]);
    let buffers = Buffers::new(&mut incoming[..], &mut outgoing[..])?;
    let key = Psk::new(Secret::new(PSK)).map_err(|_| Error::PeerKey)?;
    let psk = matches!(mode, Mode::KkPsk0 | Mode::XxPsk0).then_some(&key);
    let id = Id::new(ID).ok_or(Error::Hello)?;
    let link: AnyLink<'_, '_> = match (mode, psk) {
        (Mode::Kk | Mode::KkPsk0, psk) => {
            Link::kk_initiator(Pinning { id, identity, peer, psk }, &mut ephemerals, buffers)?
        }
        (_, None) => Link::xx_initiator(identity, Some(id), &mut ephemerals, buffers)?,
        (_, Some(psk)) => Link::xx_psk0_initiator(identity, id, psk, &mut ephemerals, buffers)?,
    };
    run(link, recorded, |_| Err(Error::OutOfTurn))
}

fn respond(mode: Mode, identity: &Identity, peer: &Peer, recorded: &[u8]) -> Result<(), Error> {
    let mut ephemerals = ephemerals(HEDGE.map(|byte| !byte))?;
    let (mut incoming, mut outgoing) = ([0; MIN_INCOMING], [0; MIN_OUTGOING]);
    let buffers = Buffers::new(&mut incoming[..], &mut outgoing[..])?;
    let key = Psk::new(Secret::new(PSK)).map_err(|_| Error::PeerKey)?;
    let psk = matches!(mode, Mode::KkPsk0 | Mode::XxPsk0).then_some(&key);
    let id = Id::new(ID).ok_or(Error::Hello)?;
    run(Link::responder(buffers), recorded, |link| match mode {
        Mode::Kk | Mode::KkPsk0 => link.answer_kk(Pinning { id, identity, peer, psk }, &mut ephemerals),
        Mode::Xx | Mode::XxPsk0 => link.answer_xx(identity, psk, &mut ephemerals),
    })
}

/// Handshake, one message each way unless it is a pairing, close.
fn run<'k, 'b>(
    mut link: AnyLink<'k, 'b>,
    mut recorded: &[u8],
    mut answer: impl FnMut(&mut AnyLink<'k, 'b>) -> Result<(), Error>,
) -> Result<(), Error> {
    loop {
        match link.step()? {
            Step::Write => write(&mut link)?,
            Step::Read => read(&mut link, &mut recorded)?,
            Step::Hello => answer(&mut link)?,
            Step::Claim => link.accept()?,
            Step::Done => break,
        }
    }
    if link.may_begin().is_ok() {
        write(&mut link)?;
        link.send(&[0x66; MESSAGE]).map(drop)?;
    }
    write(&mut link)?;
    link.close()?;
    write(&mut link)?;
    loop {
        match link.receive()? {
            Poll::Pending => read(&mut link, &mut recorded)?,
            Poll::Ready(Some(_)) => link.take().map(|_| ()).ok_or(Error::Record)?,
            Poll::Ready(None) => return Ok(()),
        }
    }
}

fn write(link: &mut AnyLink<'_, '_>) -> Result<(), Error> {
    match link.unsent()?.len() {
        0 => Ok(()),
        n => link.on_write(Ok::<_, Infallible>(n)),
    }
}

fn read(link: &mut AnyLink<'_, '_>, recorded: &mut &[u8]) -> Result<(), Error> {
    let n = link.space().iter_mut().zip(*recorded).map(|(to, from)| *to = *from).count();
    *recorded = recorded.get(n..).unwrap_or_default();
    link.on_read(Ok::<_, Infallible>(n))
}

fn ephemerals(hedge: [u8; 32]) -> Result<Ephemerals<Stuck>, Error> {
    Ephemerals::new(Stuck, Secret::new(hedge), &mut Stuck).map_err(|_| Error::Entropy)
}
