//! A KK initiator through `Link` and the blocking `Channel`, with an outbox: connect, a numbered message out, which is
//! acknowledged, one back, close.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use lowkey_core::numbered::RunId;
use lowkey_core::{Ephemerals, Id, Identity, Peer, PublicKey, Secret};
use lowkey_transport::blocking::Channel;
use lowkey_transport::{Buffers, Error, Link, MIN_INCOMING, MIN_OUTGOING, Outbox, Pinning};
use size::fixed::{DEVICE, HEDGE, ID, MESSAGE, Stuck};
use size::replay::{Replay, Script};
use size::report::report;

#[entry]
fn main() -> ! {
    report(measured)
}

fn measured(script: Script<'_>) -> bool {
    channel(script).is_ok()
}

fn channel(mut script: Script<'_>) -> Result<(), Error> {
    let identity = Identity::from_parts(Secret::new(DEVICE), PublicKey::new(script.key()));
    let identity = identity.map_err(|_| Error::PeerKey)?;
    let pinned = Peer::from_parts(&identity, PublicKey::new(script.key()), Secret::new(script.key()));
    let peer = pinned.map_err(|_| Error::PeerKey)?;
    let ephemerals = Ephemerals::new(Stuck, Secret::new(HEDGE), &mut Stuck);
    let mut ephemerals = ephemerals.map_err(|_| Error::Entropy)?;
    let (mut incoming, mut outgoing) = ([0; MIN_INCOMING], [0; MIN_OUTGOING]);

    let id = Id::new(ID).ok_or(Error::Hello)?;
    let pinning = Pinning { id, identity: &identity, peer: &peer, psk: None };
    let run = RunId::of_hedge(&Secret::new(HEDGE), &identity.public_key());
    let mut waiting = [0; 256];
    let mut outbox = Outbox::new(&mut waiting[..], run, 1);
    outbox.push(&[0x66; MESSAGE]).map_err(|_| Error::TooLong)?;
    let buffers = Buffers::new(&mut incoming[..], &mut outgoing[..])?.with_run(run);
    let mut link = Link::new(buffers);
    link.initiate_kk(pinning, &mut ephemerals)?;
    let mut channel = Channel::connect_in(Replay(script.blob()), &mut link)?;
    while !outbox.is_empty() {
        channel.send_outbox(&mut outbox)?;
        channel.recv_acks(&mut outbox)?;
    }
    let received = channel.recv()?.is_some_and(|fragment| fragment.bytes.len() == MESSAGE);
    channel.close()?;
    let ended = channel.recv()?.is_none();
    if received && ended { Ok(()) } else { Err(Error::Truncated) }
}
