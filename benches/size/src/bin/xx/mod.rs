//! KK through the blocking `Channel`, and XXpsk0 through `Link`: what a device had that paired before the channels did.
//! Nothing makes its PSK, and nothing stores what the peer has proven.

use crate::ephemerals;
use core::convert::Infallible;
use lowkey_core::{Id, Identity, Peer, Psk, PublicKey, Secret, fill};
use lowkey_transport::blocking::Channel;
use lowkey_transport::{Buffers, Error, Link, MIN_INCOMING, MIN_OUTGOING, Pinning, Step};
use size::fixed::{DEVICE, ID, MESSAGE, PSK};
use size::replay::{Replay, Script};

/// Connects in KK with what the script has, and pairs in XXpsk0.
pub(crate) fn channel(mut script: Script<'_>) -> Result<(), Error> {
    let identity = Identity::from_parts(Secret::new(DEVICE), PublicKey::new(script.key()))?;
    let peer = Peer::from_parts(&identity, PublicKey::new(script.key()), Secret::new(script.key()))?;
    let (_message_2, _record, recorded) = (script.blob(), script.blob(), script.blob());
    let (mut incoming, mut outgoing) = ([0; MIN_INCOMING], [0; MIN_OUTGOING]);
    let id = Id::new(ID).ok_or(Error::Hello)?;

    let pinning = Pinning { id, identity: &identity, peer: &peer, psk: None };
    let mut link = Link::new(Buffers::new(&mut incoming[..], &mut outgoing[..])?);
    let mut ephemerals = ephemerals()?;
    link.initiate_kk(pinning, &mut ephemerals)?;
    let mut channel = Channel::connect_in(Replay(recorded), &mut link)?;
    channel.send(&[0x66; MESSAGE])?;
    let received = channel.recv()?.is_some_and(|fragment| fragment.bytes.len() == MESSAGE);
    channel.close()?;
    if !received || channel.recv()?.is_some() {
        return Err(Error::Truncated);
    }

    for _kk_kkpsk0_xx in 0..6 {
        script.blob();
    }
    pair(&identity, id, script.blob())
}

fn pair(identity: &Identity, id: Id, mut recorded: &[u8]) -> Result<(), Error> {
    let psk = Psk::new(Secret::new(PSK))?;
    let (mut incoming, mut outgoing) = ([0; MIN_INCOMING], [0; MIN_OUTGOING]);
    let mut link = Link::new(Buffers::new(&mut incoming[..], &mut outgoing[..])?);
    link.initiate_xx_psk0(identity, id, &psk, &mut ephemerals()?)?;
    let mut is_closing = false;
    loop {
        match link.step()? {
            Step::Write => {
                let n = link.unsent()?.len();
                link.on_write(Ok::<_, Infallible>(n))?;
            }
            Step::Claim => link.accept()?,
            Step::Done if link.is_closed() => return Ok(()),
            Step::Done if !is_closing => {
                is_closing = true;
                link.close()?;
            }
            _read => {
                let n = fill(link.space(), recorded);
                recorded = recorded.get(n..).unwrap_or_default();
                link.on_read(Ok::<_, Infallible>(n))?;
            }
        }
    }
}
