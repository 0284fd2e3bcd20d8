//! Writes the bytes that a peer would send to the size firmware, to the files it is given: the second one is for
//! firmware with an outbox.
//!
//! Both sides use the fixed keys and the stuck entropy of `benches/size/src/fixed.rs`, so the board
//! makes the same message 1 as the initiator here and the recorded answers open there.

#[path = "../../size/src/fixed.rs"]
#[allow(unreachable_pub)] // the firmware has it as a public module
mod fixed;

use fixed::{Banks, CODE, DEVICE, HEDGE, ID, MESSAGE, Noise, PSK, SERVER, Stuck};
use lowkey_core::key_store::{KeyStore, Standing};
use lowkey_core::numbered::RunId;
use lowkey_core::{Code, Entropy, Ephemerals, Id, Identity, Peer, PinStore, Psk, PublicKey, Secret, kk};
use lowkey_transport::{
    Buffers, Keeper, Link, MIN_INCOMING, MIN_OUTGOING, Mode, Outbox, Pairing, Pinning, Step, Window,
};
use std::convert::Infallible;
use std::error::Error;
use std::task::Poll;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What is at the key page's place, and how much of it there is.
const ROOM: usize = 2048;
const USAGE: &str = "usage: size-script FILE FILE-FOR-AN-OUTBOX";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (file, other) = (arguments.next().ok_or(USAGE)?, arguments.next().ok_or(USAGE)?);
    let mut script = Vec::new();
    let mut blob = |bytes: &[u8]| {
        script.extend((bytes.len() as u16).to_be_bytes());
        script.extend(bytes);
    };
    let (device, server) = (Identity::new(Secret::new(DEVICE))?, Identity::new(Secret::new(SERVER))?);
    let peer = Peer::pin(&device, server.public_key())?;
    blob(device.public_key().as_bytes());
    blob(server.public_key().as_bytes());
    blob(peer.shared_secret().expose());
    let (message_2, record) = core_alone(&device, &server)?;
    blob(&message_2);
    blob(&record);
    blob(&play(Mode::Kk)?.to_initiator);
    for mode in [Mode::Kk, Mode::KkPsk0, Mode::Xx, Mode::XxPsk0] {
        let recorded = play(mode)?;
        blob(&recorded.to_initiator);
        blob(&recorded.to_responder);
    }
    // A device that makes its keys on the board: it pairs, and then it connects.
    let mut banks = Banks::zeroed();
    let mut store = KeyStore::new(banks.erased());
    store.open()?;
    store.make_keys(&mut Noise::begun())?;
    let mut random = store.ephemerals()?;
    blob(&pair(&store.identity()?, &mut random, &server, &mut store)?);
    let keys = store.keys(Standing::Final).ok_or("nothing was stored")?;
    blob(&connect(Pinning::of(&keys), &mut random, &server)?);
    write(&file, script)?;
    let mut script = Vec::new();
    let mut blob = |bytes: &[u8]| {
        script.extend((bytes.len() as u16).to_be_bytes());
        script.extend(bytes);
    };
    blob(device.public_key().as_bytes());
    blob(server.public_key().as_bytes());
    blob(peer.shared_secret().expose());
    blob(&outbox(&device, &peer, &server)?);
    write(&other, script)
}

/// Writes blobs, as a page.
fn write(file: &str, mut script: Vec<u8>) -> Result<()> {
    if script.len() > ROOM {
        return Err(format!("{} bytes do not fit {ROOM}", script.len()).into());
    }
    script.resize(ROOM, 0);
    std::fs::write(file, script)?;
    Ok(())
}

fn core_alone(device: &Identity, server: &Identity) -> Result<(Vec<u8>, Vec<u8>)> {
    let (at_device, at_server) =
        (Peer::pin(device, server.public_key())?, Peer::pin(server, device.public_key())?);
    let (mut message_1, mut message_2) = ([0; 48], [0; 48]);
    let initiator = kk::Initiator::new(device, &at_device, None, b"");
    initiator.write_message_1(&mut ephemerals(HEDGE)?, b"", &mut message_1)?;
    let responder = kk::Responder::new(server, &at_server, None, b"");
    let (responder, _) = responder.read_message_1(&mut message_1)?;
    let (mut session, _) =
        responder.write_message_2(&mut ephemerals(HEDGE.map(|b| !b))?, b"", &mut message_2)?;
    let mut record = vec![0x77; MESSAGE + 16];
    session.sealer.seal(&mut record)?;
    Ok((message_2.to_vec(), record))
}

/// What arrives at each side of one connection.
struct Recorded {
    to_initiator: Vec<u8>,
    to_responder: Vec<u8>,
}

fn play(mode: Mode) -> Result<Recorded> {
    let (device, server) = (Identity::new(Secret::new(DEVICE))?, Identity::new(Secret::new(SERVER))?);
    let (at_device, at_server) =
        (Peer::pin(&device, server.public_key())?, Peer::pin(&server, device.public_key())?);
    let key = Psk::new(Secret::new(PSK))?;
    let psk = matches!(mode, Mode::KkPsk0 | Mode::XxPsk0).then_some(&key);
    let id = Id::new(ID).ok_or("the id is empty")?;
    let mut e = ephemerals(HEDGE)?;
    let initiator: Link<'_, _> = match (mode, psk) {
        (Mode::Kk | Mode::KkPsk0, psk) => {
            Link::kk_initiator(Pinning { id, identity: &device, peer: &at_device, psk }, &mut e, buffers()?)?
        }
        (_, None) => Link::xx_initiator(&device, Some(id), &mut e, buffers()?)?,
        (_, Some(psk)) => Link::xx_psk0_initiator(&device, id, psk, &mut e, buffers()?)?,
    };
    let mut e = ephemerals(HEDGE.map(|byte| !byte))?;
    converse(initiator, |link| {
        match mode {
            Mode::Kk | Mode::KkPsk0 => {
                link.answer_kk(Pinning { id, identity: &server, peer: &at_server, psk }, &mut e)?;
            }
            Mode::Xx | Mode::XxPsk0 => link.answer_xx(&server, psk, &mut e)?,
        }
        Ok(())
    })
}

/// What arrives at the initiator in KK, after a pairing.
fn connect<E: Entropy>(
    device: Pinning<'_>,
    random: &mut Ephemerals<E>,
    server: &Identity,
) -> Result<Vec<u8>> {
    let known = Peer::pin(server, device.identity.public_key())?;
    let initiator = Link::kk_initiator(device, random, buffers()?)?;
    let mut e = ephemerals(HEDGE.map(|byte| !byte))?;
    let answer = |link: &mut Link<'_, _>| Ok(link.answer_kk(Pinning::of_server(server, &known), &mut e)?);
    Ok(converse(initiator, answer)?.to_initiator)
}

/// What arrives at an initiator that numbers its message, until that is acknowledged and a message comes back.
fn outbox(device: &Identity, server_at_device: &Peer, server: &Identity) -> Result<Vec<u8>> {
    let run = RunId::of_hedge(&Secret::new(HEDGE), &device.public_key());
    let mut outbox = Outbox::new(vec![0; 256], run, 1);
    outbox.push(&[0x66; MESSAGE])?;
    let id = Id::new(ID).ok_or("the id is empty")?;
    let known = Peer::pin(server, device.public_key())?;
    let (mut e, mut other_e) = (ephemerals(HEDGE)?, ephemerals(HEDGE.map(|byte| !byte))?);
    let pinning = Pinning { id, identity: device, peer: server_at_device, psk: None };
    let mut a = Link::kk_initiator(pinning, &mut e, buffers()?.with_run(run))?;
    let mut b = Link::responder(buffers()?.with_acks());
    let mut to_initiator = Vec::new();
    let mut is_open = false;
    while !(a.is_closed() && b.is_closed()) {
        match b.step()? {
            Step::Hello => {
                b.answer_kk(Pinning { id, identity: server, peer: &known, psk: None }, &mut other_e)?;
            }
            Step::Done if !is_open => {
                is_open = true;
                b.open_acks(None)?;
            }
            Step::Done if b.receive()?.is_ready() && b.take().is_some() => {
                b.acknowledge(b.number().ok_or("it has no number")?)?;
                to_initiator.extend(hand_over(&mut b, &mut a)?);
                let _received = a.recv_acks(&mut outbox)?;
                let _at_once = b.send(&[0x77; MESSAGE])?;
                to_initiator.extend(hand_over(&mut b, &mut a)?);
                let _received = a.receive()?;
                a.take();
                b.close()?;
            }
            _ => (),
        }
        to_initiator.extend(hand_over(&mut b, &mut a)?);
        if a.step()? == Step::Done {
            let is_ended = matches!(a.recv_acks(&mut outbox)?, Poll::Ready(false)) && outbox.is_empty();
            if is_ended {
                a.close()?;
            } else {
                let _at_once = a.send_outbox(&mut outbox)?;
            }
        }
        hand_over(&mut a, &mut b)?;
        let _received = b.receive();
    }
    Ok(to_initiator)
}

/// A connection from its beginning to both CLOSEs.
fn converse<'k>(
    initiator: Link<'k, Vec<u8>>,
    mut answer: impl FnMut(&mut Link<'k, Vec<u8>>) -> Result<()>,
) -> Result<Recorded> {
    let mut initiator = Side { link: initiator, closed: false };
    let mut responder = Side { link: Link::responder(buffers()?), closed: false };
    let mut recorded = Recorded { to_initiator: Vec::new(), to_responder: Vec::new() };
    while !(initiator.link.is_closed() && responder.link.is_closed()) {
        recorded.to_responder.extend(initiator.turn(&mut responder.link, |_| Err("no hello here".into()))?);
        recorded.to_initiator.extend(responder.turn(&mut initiator.link, &mut answer)?);
    }
    Ok(recorded)
}

/// What arrives at the initiator in a pairing with the code.
fn pair<E: Entropy, S: PinStore>(
    device: &Identity,
    random: &mut Ephemerals<E>,
    server: &Identity,
    store: &mut S,
) -> Result<Vec<u8>> {
    let code = Code::new(&CODE)?;
    let (psk, code, mut nowhere) = (code.psk(), code.name(), Nowhere);
    let at_device = Pairing { code, psk: &psk, identity: device };
    let at_server = Pairing { identity: server, ..at_device };
    let mut a = Link::xx_psk0_initiator(device, code, &psk, random, buffers()?)?;
    let mut b = Link::responder(buffers()?);
    let (mut at_a, mut at_b) = (Keeper::new(at_device, store), Keeper::new(at_server, &mut nowhere));
    let (mut window, mut e) = (Window::new(at_server), ephemerals(HEDGE.map(|byte| !byte))?);
    let mut to_initiator = Vec::new();
    while !(a.is_closed() && b.is_closed()) {
        if at_b.step(&mut b)? == Step::Hello {
            window.answer(&mut b, &mut e)?;
        }
        to_initiator.extend(hand_over(&mut b, &mut a)?);
        at_a.step(&mut a)?;
        hand_over(&mut a, &mut b)?;
    }
    Ok(to_initiator)
}

/// Moves what is unsent to where it is looked at next.
fn hand_over(from: &mut Link<'_, Vec<u8>>, to: &mut Link<'_, Vec<u8>>) -> Result<Vec<u8>> {
    let unsent = from.unsent()?.to_vec();
    let taken = to.feed(&unsent)?;
    if taken > 0 {
        from.on_write(Ok::<_, Infallible>(taken))?;
    }
    from.on_flush(Ok::<_, Infallible>(()))?;
    Ok(unsent[..taken].to_vec())
}

/// A store that keeps nothing.
struct Nowhere;

impl PinStore for Nowhere {
    type Error = Infallible;

    fn store(&mut self, _peer: &Peer, _code: &Id) -> std::result::Result<(), Infallible> {
        Ok(())
    }

    fn finalise(&mut self, _peer: &PublicKey, _code: &Id) -> std::result::Result<(), Infallible> {
        Ok(())
    }

    fn remove(&mut self, _peer: &PublicKey, _code: &Id) -> std::result::Result<(), Infallible> {
        Ok(())
    }
}

struct Side<'k> {
    link: Link<'k, Vec<u8>>,
    closed: bool,
}

impl<'k> Side<'k> {
    /// Does what can be done now; returns what that sent to the other side.
    fn turn(
        &mut self,
        other: &mut Link<'k, Vec<u8>>,
        mut answer: impl FnMut(&mut Link<'k, Vec<u8>>) -> Result<()>,
    ) -> Result<Vec<u8>> {
        match self.link.step()? {
            Step::Hello => answer(&mut self.link)?,
            Step::Claim => self.link.accept()?,
            Step::Done if !self.closed => return self.message_and_close(other),
            Step::Done => {
                if self.link.receive()?.is_ready() {
                    self.link.take();
                }
            }
            Step::Write | Step::Read => (),
        }
        self.deliver(other)
    }

    fn message_and_close(&mut self, other: &mut Link<'k, Vec<u8>>) -> Result<Vec<u8>> {
        let mut sent = self.deliver(other)?;
        if self.link.may_begin().is_ok() {
            let _at_once = self.link.send(&[0x77; MESSAGE])?;
            sent.extend(self.deliver(other)?);
        }
        self.link.close()?;
        sent.extend(self.deliver(other)?);
        self.closed = true;
        Ok(sent)
    }

    /// Moves what is unsent; the other side opens what it can on the way.
    fn deliver(&mut self, other: &mut Link<'k, Vec<u8>>) -> Result<Vec<u8>> {
        let sent = self.link.unsent()?.to_vec();
        let mut rest = &sent[..];
        while !rest.is_empty() {
            if other.space().is_empty() {
                other.step()?;
                let _not_open_yet = other.receive();
                other.take();
            }
            let space = other.space();
            let n = space.len().min(rest.len());
            space[..n].copy_from_slice(&rest[..n]);
            other.on_read(Ok::<_, Infallible>(n))?;
            rest = &rest[n..];
        }
        if !sent.is_empty() {
            self.link.on_write(Ok::<_, Infallible>(sent.len()))?;
        }
        Ok(sent)
    }
}

fn buffers() -> Result<Buffers<Vec<u8>>> {
    Ok(Buffers::new(vec![0; MIN_INCOMING], vec![0; MIN_OUTGOING])?)
}

fn ephemerals(hedge: [u8; 32]) -> Result<Ephemerals<Stuck>> {
    Ok(Ephemerals::new(Stuck, Secret::new(hedge), &mut Stuck)?)
}
