//! A KK initiator on lowkey-core alone: the handshake, one record sealed, one opened.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use lowkey_core::{Ephemerals, Error, Identity, Peer, PublicKey, Secret, TAG_LEN, kk};
use size::fixed::{DEVICE, HEDGE, MESSAGE, Stuck};
use size::replay::Script;
use size::report::report;

#[entry]
fn main() -> ! {
    report(measured)
}

fn measured(script: Script<'_>) -> bool {
    handshake(script).is_ok()
}

fn handshake(mut script: Script<'_>) -> Result<(), Error> {
    let identity = Identity::from_parts(Secret::new(DEVICE), PublicKey::new(script.key()))?;
    let peer = Peer::from_parts(&identity, PublicKey::new(script.key()), Secret::new(script.key()))?;
    let mut ephemerals = Ephemerals::new(Stuck, Secret::new(HEDGE), &mut Stuck)?;
    let mut wire = [0; MESSAGE + TAG_LEN];

    let mut storage = kk::Storage::new();
    let initiator = kk::Initiator::new_in(&mut storage, &identity, &peer, None, b"");
    let (initiator, _len) = initiator.write_message_1(&mut ephemerals, b"", &mut wire)?;
    let (mut session, _payload) = initiator.read_message_2(load(&mut wire, script.blob()))?;
    session.sealer.seal(&mut wire)?;
    session.opener.open(load(&mut wire, script.blob()))?;
    Ok(())
}

/// What the stream would have brought.
fn load<'w>(wire: &'w mut [u8], blob: &[u8]) -> &'w mut [u8] {
    let n = wire.iter_mut().zip(blob).map(|(to, from)| *to = *from).count();
    wire.get_mut(..n).unwrap_or_default()
}
