//! §7, rule by rule, against a peer that is written from the page.

mod agreed;
mod receives;
mod sends;

use crate::support::Any;
use crate::support::links::{self, advance, answer, buffers, initiator_in, unsent};
use crate::support::page::{self, BOOT, PING, PageRecords, RUN, parameters_with, unframe};
use lowkey_transport::{Buffers, Error, Link, Mode, Outbox, RunId, Step};

fn run() -> RunId {
    RunId::new(RUN)
}

fn outbox() -> Outbox<Vec<u8>> {
    Outbox::new(vec![0; 4_000], run(), BOOT)
}

/// Our initiator, which numbers, and a responder of the page that shows this.
fn sender_with(theirs: &[u8]) -> (Any, PageRecords) {
    let (mut a, mut peer) = (initiator_in(Mode::Kk, buffers().with_run(run())), page::responder(Mode::Kk));
    let mut to_peer = unsent(&mut a);
    assert_eq!(peer.read_first(&unframe(&mut to_peer)), parameters_with(300, Some(RUN), false));
    let mut to_a = peer.next_frame(theirs);
    assert_eq!(advance(&mut a, &mut to_a, &mut to_peer), Ok(Step::Done));
    let mut peer = peer.into_records();
    assert_eq!(peer.open(&mut to_peer), (PING, vec![]));
    (a, peer)
}

/// One that acknowledges.
fn sender() -> (Any, PageRecords) {
    sender_with(&parameters_with(300, None, true))
}

/// Our responder, and an initiator of the page that shows this, before its confirmation.
fn unconfirmed(ours: Buffers<Vec<u8>>, theirs: &[u8]) -> (Any, PageRecords, Vec<u8>) {
    let (mut b, mut peer) = (Link::responder(ours), page::initiator(Mode::Kk));
    let (mut to_b, mut to_peer) = (peer.first_frame(theirs), vec![]);
    assert_eq!(advance(&mut b, &mut to_b, &mut to_peer), Ok(Step::Hello));
    answer(&mut b, Mode::Kk).unwrap();
    assert_eq!(advance(&mut b, &mut to_b, &mut to_peer), Ok(Step::Read));
    let shown = peer.read(&unframe(&mut to_peer));
    (b, peer.into_records(), shown)
}

/// Our responder, which acknowledges, and an initiator of the page that numbers.
fn receiver() -> (Any, PageRecords) {
    let (mut b, mut peer, shown) =
        unconfirmed(buffers().with_acks(), &parameters_with(300, Some(RUN), false));
    assert_eq!(shown, parameters_with(300, None, true));
    let mut to_b = peer.record(PING, b"");
    assert_eq!(advance(&mut b, &mut to_b, &mut vec![]), Ok(Step::Done));
    (b, peer)
}

/// All that goes out of an outbox now.
fn send(link: &mut Any, outbox: &mut Outbox<Vec<u8>>) -> Result<Vec<u8>, Error> {
    let mut wire = vec![];
    while link.send_outbox(outbox)?.is_pending() {
        links::write(link, &mut wire)?;
        link.on_flush(Ok::<_, Error>(()))?;
    }
    Ok(wire)
}
