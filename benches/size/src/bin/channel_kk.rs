//! A KK initiator through `Link` and the blocking `Channel`: connect, one message each way, close.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use lowkey_core::{Ephemerals, Id, Identity, Peer, PublicKey, Secret};
use lowkey_transport::blocking::Channel;
use lowkey_transport::{Buffers, Error, Link, MIN_INCOMING, MIN_OUTGOING, Pinning};
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
    let (_message_2, _record) = (script.blob(), script.blob());
    let ephemerals = Ephemerals::new(Stuck, Secret::new(HEDGE), &mut Stuck);
    let mut ephemerals = ephemerals.map_err(|_| Error::Entropy)?;
    let (mut incoming, mut outgoing) = ([0; MIN_INCOMING], [0; MIN_OUTGOING]);

    let id = Id::new(ID).ok_or(Error::Hello)?;
    let pinning = Pinning { id, identity: &identity, peer: &peer, psk: None };
    let buffers = Buffers::new(&mut incoming[..], &mut outgoing[..])?;
    let mut link = Link::new(buffers);
    link.initiate_kk(pinning, &mut ephemerals)?;
    let mut channel = Channel::connect_in(Replay(script.blob()), &mut link)?;
    channel.send(&[0x66; MESSAGE])?;
    let received = channel.recv()?.is_some_and(|fragment| fragment.bytes.len() == MESSAGE);
    channel.close()?;
    let ended = channel.recv()?.is_none();
    if received && ended { Ok(()) } else { Err(Error::Truncated) }
}
