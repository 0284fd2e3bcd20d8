//! A device that makes its own keys, pairs by the code of its label, keeps what it has learnt in its key store, and
//! connects in KK.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use lm3s6965_ethernet::reserved::Reserved;
use lowkey_core::Code;
use lowkey_core::key_store::{KeyStore, Standing};
use lowkey_transport::blocking::Channel;
use lowkey_transport::{Buffers, Link, MIN_INCOMING, MIN_OUTGOING, Pairing, Pinning};
use size::fixed::{Banks, CODE, MESSAGE, Noise};
use size::replay::{Replay, Script};
use size::report::report;

#[entry]
fn main() -> ! {
    report(measured)
}

fn measured(script: Script<'_>) -> bool {
    pairs(script).is_some()
}

fn pairs(mut script: Script<'_>) -> Option<()> {
    for _others in 0..14 {
        script.blob();
    }
    let banks = BANKS.take()?;
    let mut store = KeyStore::new(banks.erased());
    store.open().ok()?;
    if !store.has_keys() {
        store.make_keys(&mut Noise::begun()).ok()?;
    }
    let mut ephemerals = store.ephemerals().ok()?;
    let (mut incoming, mut outgoing) = ([0; MIN_INCOMING], [0; MIN_OUTGOING]);

    if store.may_pair_unasked() {
        let (identity, code) = (store.identity().ok()?, Code::new(&CODE).ok()?);
        let psk = code.psk();
        let pairing = Pairing { code: code.name(), psk: &psk, identity: &identity };
        let mut link = Link::new(Buffers::new(&mut incoming[..], &mut outgoing[..]).ok()?);
        Channel::pair(Replay(script.blob()), &mut link, pairing, &mut ephemerals, &mut store).ok()?;
    }

    let keys = store.keys(Standing::Pending).or_else(|| store.keys(Standing::Final))?;
    let mut link = Link::new(Buffers::new(&mut incoming[..], &mut outgoing[..]).ok()?);
    link.initiate_kk(Pinning::of(&keys), &mut ephemerals).ok()?;
    let mut channel = Channel::connect_in(Replay(script.blob()), &mut link).ok()?;
    store.confirmed(&keys.peer().public_key()).ok()?;
    channel.send(&[0x66; MESSAGE]).ok()?;
    let received = channel.recv().ok()?.is_some_and(|fragment| fragment.bytes.len() == MESSAGE);
    channel.close().ok()?;
    let ended = channel.recv().ok()?.is_none();
    (received && ended).then_some(())
}

/// Stand for flash. All zeros, so nothing of them is in the image.
static BANKS: Reserved<Banks> = Reserved::new(Banks::zeroed());
