//! A handshake on a link that stays where it is: whose memory it is, and what stays in it.

use crate::support::links;
use crate::support::page::unframe;
use crate::support::streams::{Rules, Stream};
use crate::support::{KEYS, keys::ephemerals};
use lowkey_transport::blocking::Channel;
use lowkey_transport::{Error, Link, Mode};
use snow::params::CipherChoice;
use snow::resolvers::{CryptoResolver, DefaultResolver};

#[test]
fn handshake_in_place_a_failed_attempt_leaves_its_memory_and_a_done_one_leaves_nothing() {
    let mut link = links::initiator(Mode::Kk);
    let (io, _) = Stream::pair(&Rules::default());
    io.rx.end();
    assert_eq!(Channel::connect_in(io, &mut link).err(), Some(Error::HungUp));
    let buffers = link.into_buffers();
    let pinning = KEYS.initiator_pinning(Mode::Kk);
    let mut link = Link::kk_initiator(pinning, &mut ephemerals(1), buffers).unwrap();

    let (a, b) = Stream::pair(&Rules { waits: true, ..Rules::default() });
    let wire = a.clone();
    let accepting = std::thread::spawn(move || {
        let mut link = Link::responder(links::buffers());
        let pinning_of = |_: &_| Some(KEYS.responder_pinning(Mode::Kk));
        Channel::accept_in(b, &mut link, &mut ephemerals(2), pinning_of).unwrap()
    });
    let mut channel = Channel::connect_in(a, &mut link).unwrap();
    let mut accepted = accepting.join().unwrap();
    assert_eq!(channel.handshake_hash(), accepted.handshake_hash());
    channel.send(b"in place").unwrap();
    channel.flush().unwrap();
    let ours = wire.tx.take_all();
    wire.tx.put(&ours);
    assert_eq!(accepted.recv().unwrap().unwrap().bytes, b"in place");
    accepted.send(b"as well").unwrap();
    accepted.flush().unwrap();
    let theirs = wire.rx.take_all();
    wire.rx.put(&theirs);

    // Record 0 of ours was the confirming PING. In the channel the search finds what it should not find in the link.
    for (n, frame) in [(1, ours), (0, theirs)] {
        assert_eq!(keys_that_open(&frame, n, &bytes_of(&channel)), 1);
        assert_eq!(keys_that_open(&frame, n, &bytes_of(&link)), 0, "of a key stays where it was taken from");
    }
    assert_eq!(channel.recv().unwrap().unwrap().bytes, b"as well");

    assert_eq!((link.step(), link.sealed()), (Err(Error::OutOfTurn), None));
    assert_eq!(link.initiate_kk(pinning, &mut ephemerals(1)), Err(Error::OutOfTurn));
}

/// How many keys among all bytes of `memory` open this frame's record, number `n` of its direction.
fn keys_that_open(frame: &[u8], n: u64, memory: &[u8]) -> usize {
    let record = unframe(&mut frame.to_vec());
    let mut cipher = DefaultResolver.resolve_cipher(&CipherChoice::ChaChaPoly).unwrap();
    let opens = |key: &[u8]| {
        cipher.set(key.try_into().unwrap());
        cipher.decrypt(n, &[], &record, &mut vec![0; record.len()]).is_ok()
    };
    memory.windows(32).map(opens).filter(|opens| *opens).count()
}

/// What lies in `value`, its padding too. What a move leaves depends on the compiler: where nothing is optimised it
/// leaves other bytes than in firmware, which is why these tests are.
#[allow(unsafe_code)]
fn bytes_of<T>(value: &T) -> Vec<u8> {
    let start = (&raw const *value).cast::<u8>();
    // SAFETY: `at` is below its size, and it stays borrowed; a byte may have any value.
    (0..size_of::<T>()).map(|at| unsafe { start.add(at).read_volatile() }).collect()
}
