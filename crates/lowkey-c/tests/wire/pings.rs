//! §4, PING and PONG.

use crate::initiator::{BOTH, Heard};
use crate::peer::open;
use lowkey_c::lowkey_status::*;
use test_support::page_peer::{CLOSE, DATA, MORE, PING, PONG, PageRecords};

/// Each record of these bytes: its kind and its body.
fn opened(records: &mut PageRecords, mut bytes: Vec<u8>) -> Vec<(u8, Vec<u8>)> {
    let mut all = vec![];
    while !bytes.is_empty() {
        all.push(records.open(&mut bytes));
    }
    all
}

#[test]
fn records_a_ping_is_answered_with_its_body_and_an_empty_one_is_not() {
    for header in BOTH {
        let (mut initiator, mut records) = open(header);
        for len in 1..=32 {
            assert_eq!(initiator.hears(&records.record(PING, &vec![7; len])), (vec![], Ok(())));
            assert_eq!(opened(&mut records, initiator.sends().unwrap()), [(PONG, vec![7; len])]);
        }
        assert_eq!(initiator.hears(&records.record(PING, b"")), (vec![], Ok(())));
        assert_eq!(initiator.sends(), Ok(vec![]));
    }
}

#[test]
fn records_a_ping_of_more_than_32_bytes_is_an_error() {
    for header in BOTH {
        for len in [33, 34, 283] {
            let (mut initiator, mut records) = open(header);
            assert_eq!(initiator.hears(&records.record(PING, &vec![1; len])), (vec![], Err(LOWKEY_KIND)));
        }
    }
}

#[test]
fn records_a_newer_ping_takes_the_place_of_one_that_is_not_answered() {
    for header in BOTH {
        let (mut initiator, mut records) = open(header);
        initiator.send(b"unsent").unwrap();
        for body in [&b"first"[..], b"second and longer", b"3rd", b""] {
            assert_eq!(initiator.hears(&records.record(PING, body)), (vec![], Ok(())));
        }
        let expected = [(DATA, b"unsent".to_vec()), (PONG, b"3rd".to_vec())];
        assert_eq!(opened(&mut records, initiator.sends().unwrap()), expected, "an empty one replaces none");
        // Once it is sealed it has its turn, and the newer one after it.
        assert_eq!(initiator.hears(&records.record(PING, b"a")), (vec![], Ok(())));
        assert_eq!(initiator.hears(&records.record(PING, b"b")), (vec![], Ok(())));
        let expected = [(PONG, b"a".to_vec()), (PONG, b"b".to_vec())];
        assert_eq!(opened(&mut records, initiator.sends().unwrap()), expected);
    }
}

#[test]
fn records_an_owed_pong_goes_out_before_any_other_record() {
    for header in BOTH {
        let (mut initiator, mut records) = open(header);
        assert_eq!(initiator.send_part(b"half", false), Ok(4));
        assert_eq!(initiator.hears(&records.record(PING, b"?")), (vec![], Ok(())));
        for _ in 0..2 {
            assert_eq!(initiator.send_part(b"other half", true), Err(LOWKEY_WOULD_BLOCK));
            assert_eq!(initiator.ping(b"!"), Err(LOWKEY_WOULD_BLOCK));
        }
        let expected = [(MORE, b"half".to_vec()), (PONG, b"?".to_vec())];
        assert_eq!(opened(&mut records, initiator.sends().unwrap()), expected);
        assert_eq!(initiator.send_part(b"other half", true), Ok(10));
        assert_eq!(opened(&mut records, initiator.sends().unwrap()), [(DATA, b"other half".to_vec())]);
        assert!(!initiator.awaits_pong());
    }
}

#[test]
fn records_a_pong_is_owed_before_our_close_and_none_after_it() {
    for header in BOTH {
        let (mut initiator, mut records) = open(header);
        initiator.send(b"unsent").unwrap();
        assert_eq!(initiator.hears(&records.record(PING, b"?")), (vec![], Ok(())));
        initiator.close().unwrap();
        initiator.close().unwrap();
        assert_eq!(initiator.hears(&records.record(PING, b"too late")), (vec![], Ok(())));
        let expected = [(DATA, b"unsent".to_vec()), (PONG, b"?".to_vec()), (CLOSE, vec![])];
        assert_eq!(opened(&mut records, initiator.sends().unwrap()), expected);
        assert_eq!(initiator.hears(&records.record(PING, b"much too late")), (vec![], Ok(())));
        initiator.close().unwrap();
        assert_eq!(initiator.sends(), Ok(vec![]));
        // The other direction goes on.
        assert_eq!(
            initiator.hears(&records.record(DATA, b"more")),
            (vec![Heard::Last(b"more".to_vec())], Ok(()))
        );
    }
}

#[test]
fn records_a_pong_that_was_not_asked_for_or_has_another_body_is_ignored() {
    let long = vec![7; 283];
    for header in BOTH {
        let (mut initiator, mut records) = open(header);
        for body in [&b""[..], b"?", &[1; 32], &[1; 33], &long] {
            assert_eq!(initiator.hears(&records.record(PONG, body)), (vec![], Ok(())));
        }
        initiator.ping(b"ours").unwrap();
        assert!(initiator.awaits_pong());
        for body in [&b""[..], b"our", b"ourS", b"ours!", &[1; 33], &long] {
            assert_eq!(initiator.hears(&records.record(PONG, body)), (vec![], Ok(())));
            assert!(initiator.awaits_pong(), "{body:?}");
        }
        initiator.sends().unwrap();
        assert_eq!(initiator.hears(&records.record(PONG, b"ours")), (vec![], Ok(())));
        assert!(!initiator.awaits_pong());
        assert_eq!(initiator.hears(&records.record(PONG, b"ours")), (vec![], Ok(())), "a second time");
    }
}

#[test]
fn records_no_second_ping_with_a_body_before_the_pong_of_the_first() {
    for header in BOTH {
        let (mut initiator, mut records) = open(header);
        initiator.ping(b"ours").unwrap();
        assert_eq!(initiator.ping(b"?"), Err(LOWKEY_PING_PENDING), "even if there is no room either");
        let mut sent = opened(&mut records, initiator.sends().unwrap());
        assert_eq!(initiator.ping(b"?"), Err(LOWKEY_PING_PENDING));
        assert_eq!(initiator.ping(&[1; 33]), Err(LOWKEY_TOO_LONG));
        initiator.ping(b"").unwrap();
        sent.extend(opened(&mut records, initiator.sends().unwrap()));
        assert!(initiator.awaits_pong(), "an empty one asks for nothing");
        assert_eq!(sent, [(PING, b"ours".to_vec()), (PING, vec![])]);
        assert_eq!(initiator.hears(&records.record(PONG, b"ours")), (vec![], Ok(())));
        initiator.ping(&[1; 32]).unwrap();
        assert_eq!(opened(&mut records, initiator.sends().unwrap()), [(PING, vec![1; 32])]);
        // It may still come after our CLOSE.
        initiator.close().unwrap();
        assert_eq!(initiator.ping(b""), Err(LOWKEY_CLOSED));
        assert!(initiator.awaits_pong());
        assert_eq!(initiator.hears(&records.record(PONG, &[1; 32])), (vec![], Ok(())));
        assert!(!initiator.awaits_pong());
    }
}
