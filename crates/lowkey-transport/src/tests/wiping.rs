use crate::link::{Link, State};
use crate::{Buffers, Error, Pinning, Step};
use core::task::Poll;
use embedded_io::ErrorKind;
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

pub(super) type Any = Link<'static, Vec<u8>>;

fn pinning(ours: u8, theirs: u8) -> Pinning<'static> {
    let identity = Box::leak(Box::new(Identity::new(Secret::new([ours; 32])).unwrap()));
    let theirs = Identity::new(Secret::new([theirs; 32])).unwrap().public_key();
    let peer = Box::leak(Box::new(Peer::pin(identity, theirs).unwrap()));
    Pinning { id: Id::new(b"id").unwrap(), identity, peer, psk: None }
}

pub(super) fn open() -> (Any, Any) {
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
    from.on_write(Ok::<_, ErrorKind>(n)).unwrap();
    filled(to, n).unwrap();
}

fn filled(link: &mut Any, n: usize) -> Result<(), Error> {
    link.on_read(Ok::<_, ErrorKind>(n))
}

/// Nothing but the error is left of what the link held.
fn assert_wiped(link: &mut Any, error: Error) {
    assert!(matches!(link.state.get_mut(), State::Over(first) if *first == error));
    assert_eq!((link.sealed(), link.opened(), link.handshake_hash()), (None, None, None));
}

#[test]
fn records_an_error_in_either_direction_wipes_the_keys_of_both() {
    let (a, _) = open();
    assert!(a.sealed().is_some() && a.opened().is_some());

    let (mut a, _) = open();
    assert_eq!(filled(&mut a, 0), Err(Error::Truncated));
    assert_wiped(&mut a, Error::Truncated);

    let (mut a, _) = open();
    a.space()[..2].copy_from_slice(&[0, 20]);
    filled(&mut a, 2).unwrap();
    filled(&mut a, 20).unwrap();
    assert_eq!(a.receive(), Err(Error::Record));
    assert_wiped(&mut a, Error::Record);

    let (mut a, _) = open();
    assert_eq!(a.ping(b""), Ok(Poll::Ready(())));
    let broken = Error::Io(ErrorKind::BrokenPipe);
    assert_eq!(a.on_write(Err::<usize, _>(ErrorKind::BrokenPipe)), Err(broken));
    assert_wiped(&mut a, broken);
}

#[test]
fn records_our_close_wipes_the_key_of_our_direction_only() {
    let (mut a, mut b) = open();
    a.close().unwrap();
    assert!(a.sealed().is_none() && a.opened().is_some());
    assert_eq!(b.ping(b""), Ok(Poll::Ready(())));
    carry(&mut b, &mut a);
    carry(&mut b, &mut a);
    assert_eq!(a.receive(), Ok(Poll::Pending));
}

#[test]
fn write_what_was_gathered_is_wiped_once_the_channel_is_over() {
    let (mut a, _) = open();
    assert!(a.unsent().unwrap().is_empty());
    assert_eq!(a.write(b"the code is 4711"), Ok(Poll::Ready(16)));
    assert!(!a.has_unsent());
    assert_eq!(a.outgoing.outlet.data(16), b"the code is 4711");
    let failed = a.fail(Error::Io(ErrorKind::BrokenPipe));
    assert_eq!(a.outgoing.outlet.data(16), [0; 16]);
    assert_eq!(a.write(b"more"), Err(failed));
}

#[test]
fn write_what_was_gathered_is_wiped_before_its_memory_is_given_back() {
    let (mut a, _) = open();
    assert!(a.unsent().unwrap().is_empty());
    assert_eq!(a.write(b"the code is 4711"), Ok(Poll::Ready(16)));
    let buffers = a.into_buffers();
    assert_eq!((buffers.incoming.len(), buffers.outgoing.len(), buffers.max_frame), (200, 200, 200));
    assert!(!buffers.outgoing.windows(16).any(|bytes| bytes == b"the code is 4711"));
}
