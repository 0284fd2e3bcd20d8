use crate::link::{Link, Pinning};
use crate::{Buffers, Error, Step};
use lowkey_core::{Counter, CounterFailed, Entropy, EntropyFailed, Ephemerals, Id, Identity, Peer, Secret};
use std::vec::Vec;
use std::{boxed::Box, vec};

struct Fixed;

impl Entropy for Fixed {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        out.fill(1);
        Ok(())
    }
}

impl Counter for Fixed {
    fn next(&mut self) -> Result<u64, CounterFailed> {
        Ok(1)
    }
}

type Any = Link<'static, Vec<u8>>;

fn pinning(ours: u8, theirs: u8) -> Pinning<'static> {
    let identity = Box::leak(Box::new(Identity::new(Secret::new([ours; 32])).unwrap()));
    let theirs = Identity::new(Secret::new([theirs; 32])).unwrap().public_key();
    let peer = Box::leak(Box::new(Peer::pin(identity, theirs).unwrap()));
    Pinning { id: Id::new(b"id").unwrap(), identity, peer, psk: None }
}

fn open() -> (Any, Any) {
    let buffers = || Buffers::new(vec![0; 200], vec![0; 200]).unwrap();
    let mut ephemerals = Ephemerals::new(Fixed, Secret::new([3; 32]), &mut Fixed).unwrap();
    let mut a: Any = Link::kk_initiator(pinning(1, 2), &mut ephemerals, buffers()).unwrap();
    let mut b: Any = Link::responder(buffers());
    while (a.step().unwrap(), b.step().unwrap()) != (Step::Done, Step::Done) {
        for (from, to) in [(0, 1), (1, 0)] {
            let (left, right) = if from < to { (&mut a, &mut b) } else { (&mut b, &mut a) };
            match left.step().unwrap() {
                Step::Write => carry(left, right),
                Step::Hello => left.answer_kk(pinning(2, 1), &mut ephemerals).unwrap(),
                _ => (),
            }
        }
    }
    (a, b)
}

fn carry(from: &mut Any, to: &mut Any) {
    let n = to.space().len().min(from.unsent().unwrap().len());
    let bytes = from.unsent().unwrap()[..n].to_vec();
    to.space()[..n].copy_from_slice(&bytes);
    from.wrote(n);
    to.filled(n).unwrap();
}

#[test]
fn records_an_error_in_either_direction_wipes_the_keys_of_both() {
    let (a, _) = open();
    assert!(a.incoming.has_key() && a.outgoing.has_key());

    let (mut a, _) = open();
    assert_eq!(a.filled(0), Err(Error::Truncated));
    assert!(!a.incoming.has_key() && !a.outgoing.has_key());

    let (mut a, _) = open();
    a.space()[..2].copy_from_slice(&[0, 20]);
    a.filled(2).unwrap();
    a.filled(20).unwrap();
    assert_eq!(a.receive(), Err(Error::Record));
    assert!(!a.incoming.has_key() && !a.outgoing.has_key());

    let (mut a, _) = open();
    a.ping(b"").unwrap();
    let broken = Err::<usize, _>(embedded_io::ErrorKind::BrokenPipe);
    assert_eq!(a.written(broken), Err(Error::Io(embedded_io::ErrorKind::BrokenPipe)));
    assert!(!a.incoming.has_key() && !a.outgoing.has_key());
}

#[test]
fn records_our_close_wipes_the_key_of_our_direction_only() {
    let (mut a, mut b) = open();
    a.close().unwrap();
    assert!(!a.outgoing.has_key() && a.incoming.has_key());
    b.ping(b"").unwrap();
    carry(&mut b, &mut a);
    carry(&mut b, &mut a);
    assert_eq!(a.receive(), Ok(crate::Receive::Read));
}

#[test]
fn write_what_was_gathered_is_wiped_once_the_channel_is_over() {
    let (mut a, _) = open();
    carry_nothing(&mut a);
    assert_eq!(a.gather(b"the code is 4711"), Ok(16));
    assert!(a.unsent().unwrap().is_empty());
    assert_eq!(a.outgoing.outbox.data(16), b"the code is 4711");
    let failed = a.fail(Error::Io(embedded_io::ErrorKind::BrokenPipe));
    assert_eq!(a.seal_gathered(), Err(failed));
    assert_eq!(a.outgoing.outbox.data(16), [0; 16]);
    assert_eq!(a.gather(b"more"), Err(failed));
}

/// What is unsent leaves and is lost.
fn carry_nothing(link: &mut Any) {
    let unsent = link.unsent().unwrap().len();
    link.wrote(unsent);
}
