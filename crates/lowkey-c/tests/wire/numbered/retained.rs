//! An outbox in RAM that a reset leaves as it is: wherever a reset cuts a call, what comes back is what there was
//! before it or after it, under the numbers of earlier starts. The layout is that of Rust, which is tried write by
//! write.

use super::Sender;
use lowkey_c::lowkey_status::*;
use lowkey_core::numbered::{Queue, Retained, RunId};
use test_support::page_peer::{ACK, NONE, NUMBERED, PageRecords, RUN, ack, first_ack, numbered};
use test_support::{Messages, Noted, Random, waiting};

/// The count of a start.
fn number(boot: u64, count: u64) -> u64 {
    (boot << 32) | count
}

/// What Rust finds in a memory.
fn found(bytes: &[u8]) -> Messages {
    waiting(&Queue::new(Retained::new(bytes.to_vec(), RunId::new(RUN))))
}

/// A device that has sent all that waits, to a peer that had nothing.
fn sent(a: &mut Sender) -> PageRecords {
    let mut peer = a.opened();
    assert_eq!(a.hears(&peer.record(ACK, &NONE)), (vec![], Ok(())));
    let wire = a.sends_all().unwrap();
    peer.open_all(wire);
    peer
}

#[test]
fn numbered_what_waits_after_a_reset_goes_out_under_the_numbers_of_earlier_starts() {
    let mut a = Sender::new(0, 7);
    a.resume(&[0xa5; 300], RUN, 7);
    assert!(a.is_empty(), "whatever lay there");
    for text in [&b"one"[..], b"two"] {
        a.push(text).unwrap();
    }
    let left = a.memory().to_vec();
    a.resume(&left, RUN, 8);
    assert_eq!(a.last(), number(8, 0));
    a.push(b"three").unwrap();
    let all = [(number(7, 1), &b"one"[..]), (number(7, 2), b"two"), (number(8, 1), b"three")];
    let mut peer = a.opened();
    a.hears(&peer.record(ACK, &first_ack(number(7, 1), b"one"))).1.unwrap();
    let wire = a.sends_all().unwrap();
    let expected = all[1..].iter().map(|(number, text)| (NUMBERED, numbered(*number, text)));
    assert_eq!(peer.open_all(wire), expected.collect::<Vec<_>>());
    a.hears(&peer.record(ACK, &ack(number(7, 2)))).1.unwrap();
    assert_eq!(found(a.memory()), [(number(8, 1), b"three".to_vec())]);
    // A start whose number is not above: none comes twice all the same.
    let left = a.memory().to_vec();
    a.resume(&left, RUN, 8);
    assert_eq!(a.last(), number(8, 1));
    a.push(b"four").unwrap();
    assert_eq!(a.last(), number(8, 2));
}

#[test]
fn numbered_a_reset_anywhere_in_a_call_leaves_what_was_there_before_it_or_after_it() {
    let mut random = Random::new();
    for _ in 0..8 {
        let len = 64 + 60 + random.below(150);
        let bytes = random.bytes(len);
        let (noted, before) = Noted::new(bytes.clone());
        let mut rust = Queue::new(Retained::new(noted, RunId::new(RUN)));
        let mut a = Sender::new(0, 7);
        a.resume(&bytes, RUN, 7);
        let (mut peer, mut restarted) = (sent(&mut a), Sender::new(0, 9));
        let (mut model, mut count): (Messages, u64) = (vec![], 0);
        for _ in 0..25 {
            before.borrow_mut().clear();
            let old = model.clone();
            if random.below(3) > 0 {
                let len = random.below(30);
                let message = random.bytes(len);
                let pushed = a.push(&message);
                assert_eq!(pushed.is_ok(), rust.push(number(7, count + 1), &message).is_ok());
                if pushed.is_ok() {
                    count += 1;
                    model.push((number(7, count), message));
                    let wire = a.sends_all().unwrap();
                    peer.open_all(wire);
                }
            } else if let Some(at) = (!model.is_empty()).then(|| random.below(model.len())) {
                assert_eq!(a.hears(&peer.record(ACK, &ack(model[at].0))), (vec![], Ok(())));
                assert!(rust.release(model[at].0, None));
                model.drain(..=at);
            }
            assert_eq!(a.memory(), &**rust.memory().bytes(), "byte for byte");
            for state in before.borrow().iter().chain([&a.memory().to_vec()]) {
                restarted.resume(state, RUN, 9);
                let again = found(restarted.memory());
                assert!(again == old || again == model, "{again:?} is neither {old:?} nor {model:?}");
                assert_eq!(restarted.is_empty(), again.is_empty());
            }
        }
    }
}

#[test]
fn numbered_a_bit_that_was_lost_costs_its_message_and_those_behind_it_and_no_wrong_one_comes_back() {
    let mut a = Sender::new(0, 7);
    a.resume(&[0; 200], RUN, 7);
    for n in 1..=4 {
        a.push(&[n; 10]).unwrap();
    }
    let (bytes, whole) = (a.memory().to_vec(), found(a.memory()));
    assert_eq!(whole.len(), 4);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut lost = bytes.clone();
            lost[at] ^= 1 << bit;
            a.resume(&lost, RUN, 8);
            assert!(whole.starts_with(&found(a.memory())), "{at}");
        }
    }
}

#[test]
fn numbered_what_is_of_another_run_is_empty_and_each_message_takes_18_bytes_beside_its_own() {
    let mut a = Sender::new(0, 7);
    a.resume(&[0; 64 + 18 + 5], RUN, 7);
    assert_eq!((a.room(), a.push(b"123456")), (Ok(5), Err(LOWKEY_TOO_LONG)));
    a.push(b"12345").unwrap();
    assert_eq!((a.room(), a.push(b"")), (Err(LOWKEY_FULL), Err(LOWKEY_FULL)));
    let left = a.memory().to_vec();
    a.resume(&left, RUN, 8);
    assert!(!a.is_empty());
    a.resume(&left, *b"another.", 8);
    assert!(a.is_empty());
    assert_eq!(a.room(), Ok(5));
    for len in 0..64 + 18 {
        a.resume(&vec![0; len.max(1)], RUN, 9);
        assert_eq!((a.push(b""), a.is_empty()), (Err(LOWKEY_TOO_LONG), true), "{len}");
    }
}
