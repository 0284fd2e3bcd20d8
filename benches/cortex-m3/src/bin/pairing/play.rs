//! A whole pairing between two devices in one memory: frame by frame, each a row.

use core::convert::Infallible;

use cortex_m3_bench::{
    bench::{Bench, fail},
    fixed::Banks,
};
use lowkey_core::key_store::KeyStore;
use lowkey_core::{Id, Psk};
use lowkey_transport::{Buffers, Keeper, Link, MIN_INCOMING, MIN_OUTGOING, Pairing, Step, Window};

use crate::stores::Started;

type LinkOf<'k, 'b> = Link<'k, &'b mut [u8]>;
type KeeperOf<'k, 'b> = Keeper<'k, &'k mut KeyStore<&'b mut Banks>>;

/// Pairs the two; both have each other's key in the end, final.
pub(crate) fn pairing(
    bench: &mut Bench,
    code: Id,
    psk: &Psk,
    mut ours: Started<'_>,
    mut theirs: Started<'_>,
) -> Option<()> {
    let our_pairing = Pairing { code, psk, identity: &ours.identity };
    let their_pairing = Pairing { code, psk, identity: &theirs.identity };
    let (mut buffer_1, mut buffer_2) =
        (([0; MIN_INCOMING], [0; MIN_OUTGOING]), ([0; MIN_INCOMING], [0; MIN_OUTGOING]));
    let mut a = Link::new(Buffers::new(&mut buffer_1.0[..], &mut buffer_1.1[..]).ok()?);
    let mut b = Link::new(Buffers::new(&mut buffer_2.0[..], &mut buffer_2.1[..]).ok()?);
    let mut at_a = Keeper::new(our_pairing, &mut ours.store);
    let mut at_b = Keeper::new(their_pairing, &mut theirs.store);
    let mut window = Window::new(their_pairing);
    let mut wire = Wire::new();

    bench
        .row(&["pairing.initiator.write-1"], || {
            a.initiate_xx_psk0(&ours.identity, code, psk, &mut ours.ephemerals)
        })
        .ok()?;
    b.respond().ok()?;
    wire.take(&mut a)?;
    bench.row(&["pairing.responder.read-1"], || {
        b.feed(wire.bytes()).ok()?;
        (at_b.step(&mut b) == Ok(Step::Hello)).then_some(())?;
        window.answer(&mut b, &mut theirs.ephemerals).ok()?;
        (at_b.step(&mut b) == Ok(Step::Write)).then_some(())
    })?;
    wire.take(&mut b)?;
    bench.row(&["pairing.initiator.read-2"], || hear(&mut at_a, &mut a, wire.bytes()))?;
    wire.take(&mut a)?;
    bench.row(&["pairing.responder.read-3"], || hear(&mut at_b, &mut b, wire.bytes()))?;
    wire.take(&mut b)?;
    bench.row(&["pairing.initiator.ping"], || hear(&mut at_a, &mut a, wire.bytes()))?;
    wire.take(&mut a)?;
    bench.row(&["pairing.responder.final"], || hear(&mut at_b, &mut b, wire.bytes()))?;
    bench.row(&["pairing.initiator.final"], || (at_a.step(&mut a) == Ok(Step::Write)).then_some(()))?;

    if a.handshake_hash() != b.handshake_hash() {
        fail("the sides do not agree");
    }
    bench.result(&a.handshake_hash()?);
    (at_a.end(Ok(())).is_ok() && at_b.end(Ok(())).is_ok()).then_some(())
}

/// A frame has come; what has to be written then is in the link.
fn hear(keeper: &mut KeeperOf<'_, '_>, link: &mut LinkOf<'_, '_>, frame: &[u8]) -> Option<()> {
    link.feed(frame).ok()?;
    (keeper.step(link) == Ok(Step::Write)).then_some(())
}

/// A frame between the two.
struct Wire {
    frame: [u8; MIN_OUTGOING],
    len: usize,
}

impl Wire {
    fn new() -> Self {
        Self { frame: [0; MIN_OUTGOING], len: 0 }
    }

    /// All that a link has to write, and its stream lets it go.
    fn take(&mut self, link: &mut LinkOf<'_, '_>) -> Option<()> {
        let unsent = link.unsent().ok()?;
        self.len = unsent.len();
        self.frame.get_mut(..self.len)?.copy_from_slice(unsent);
        link.on_write(Ok::<_, Infallible>(self.len)).ok()?;
        link.on_flush(Ok::<_, Infallible>(())).ok()
    }

    fn bytes(&self) -> &[u8] {
        &self.frame[..self.len]
    }
}
