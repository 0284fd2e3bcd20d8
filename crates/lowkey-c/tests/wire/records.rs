//! §4: messages, CLOSE, rekeys, errors.

use crate::initiator::{BOTH, Header, Heard, Initiator, Setup};
use crate::peer::{open, open_in};
use lowkey_c::lowkey_status::{self, *};
use test_support::page_peer::{CLOSE, DATA, MORE, PING, PONG, PageRecords, frame, parameters};

fn more(bytes: &[u8]) -> Heard {
    Heard::More(bytes.to_vec())
}

fn last(bytes: &[u8]) -> Heard {
    Heard::Last(bytes.to_vec())
}

/// It ends with this status after it has heard that, and every later call gives it.
#[track_caller]
fn assert_ends(initiator: &mut Initiator, bytes: &[u8], heard: &[Heard], status: lowkey_status) {
    assert_eq!(initiator.hears(bytes), (heard.to_vec(), Err(status)));
    assert_eq!(initiator.hears(bytes), (vec![], Err(status)));
    assert_eq!((initiator.send(b"x"), initiator.sends()), (Err(status), Err(status)));
    assert_eq!(
        (initiator.take(), initiator.close(), initiator.feed_end()),
        (Err(status), Err(status), Err(status))
    );
}

#[test]
fn records_shorter_than_a_kind_and_a_tag_are_an_error() {
    for header in BOTH {
        for len in 1..=16 {
            let (mut initiator, _) = open(header);
            assert_ends(&mut initiator, &frame(&vec![0; len]), &[], LOWKEY_FRAME_TOO_SHORT);
        }
        let (mut initiator, mut records) = open(header);
        let sealed_nothing = records.plaintext(b"");
        assert_ends(&mut initiator, &sealed_nothing, &[], LOWKEY_FRAME_TOO_SHORT);
        let (mut initiator, _) = open(header);
        assert_ends(&mut initiator, &frame(&[0; 17]), &[], LOWKEY_RECORD);
    }
}

#[test]
fn records_with_any_byte_flipped_do_not_open() {
    for header in BOTH {
        let (_, mut records) = open(header);
        for at in 2..records.record(DATA, b"a record").len() {
            let (mut initiator, mut records) = open(header);
            let mut record = records.record(DATA, b"a record");
            record[at] ^= 1 << (at % 8);
            assert_ends(&mut initiator, &record, &[], LOWKEY_RECORD);
        }
    }
}

#[test]
fn records_repeated_reordered_missing_or_reflected_do_not_open() {
    let three = |records: &mut PageRecords| [b"0", b"1", b"2"].map(|text| records.record(DATA, text));
    for header in BOTH {
        let (mut initiator, mut records) = open(header);
        let [zero, ..] = three(&mut records);
        assert_ends(&mut initiator, &[&zero[..], &zero].concat(), &[last(b"0")], LOWKEY_RECORD);
        let (mut initiator, mut records) = open(header);
        let [zero, _, two] = three(&mut records);
        assert_ends(&mut initiator, &[zero, two].concat(), &[last(b"0")], LOWKEY_RECORD);
        let (mut initiator, mut records) = open(header);
        let [_, one, _] = three(&mut records);
        assert_ends(&mut initiator, &one, &[], LOWKEY_RECORD);
        let (mut initiator, mut records) = open(header);
        let all = three(&mut records).concat();
        assert_eq!(initiator.hears(&all), (vec![last(b"0"), last(b"1"), last(b"2")], Ok(())));
        initiator.send(b"mine").unwrap();
        let ours = initiator.sends().unwrap();
        assert_ends(&mut initiator, &ours, &[], LOWKEY_RECORD);
    }
}

#[test]
fn records_of_the_kinds_0x05_to_0x7f_are_errors_and_from_0x80_on_ignored() {
    for header in BOTH {
        for kind in 0x05..=0x7f {
            let (mut initiator, mut records) = open(header);
            let record = records.record(kind, b"?");
            assert_ends(&mut initiator, &record, &[], LOWKEY_KIND);
        }
        let (mut initiator, mut records) = open(header);
        for kind in 0x80..=0xff {
            assert_eq!(initiator.hears(&records.record(kind, b"of a later version")), (vec![], Ok(())));
        }
        let between = [records.record(MORE, b"a"), records.record(0x80, b"!"), records.record(DATA, b"b")];
        assert_eq!(initiator.hears(&between.concat()), (vec![more(b"a"), last(b"b")], Ok(())));
    }
}

#[test]
fn records_between_the_pieces_of_a_message_may_be_of_any_kind_but_close() {
    for header in BOTH {
        let (mut initiator, mut records) = open(header);
        let wire = [
            records.record(MORE, b""),
            records.record(PING, b"?"),
            records.record(MORE, b"a"),
            records.record(PONG, b"?"),
            records.record(PING, b""),
            records.record(DATA, b""),
            records.record(DATA, b""),
        ];
        let heard = vec![more(b""), more(b"a"), last(b""), last(b"")];
        assert_eq!(initiator.hears(&wire.concat()), (heard, Ok(())));
        let (mut initiator, mut records) = open(header);
        let wire = [records.record(MORE, b"half a "), records.record(CLOSE, b"")].concat();
        assert_ends(&mut initiator, &wire, &[more(b"half a ")], LOWKEY_TRUNCATED);
    }
}

#[test]
fn records_a_stream_that_ends_at_any_byte_is_a_truncation() {
    for header in BOTH {
        let (_, mut records) = open(header);
        let len = records.record(DATA, b"whole").len();
        for at in 0..len {
            let (mut initiator, mut records) = open(header);
            let record = records.record(DATA, b"whole");
            assert_eq!(initiator.hears(&record[..at]), (vec![], Ok(())));
            assert_eq!(initiator.feed_end(), Err(LOWKEY_TRUNCATED), "after {at} bytes");
        }
        // What had not been taken is not delivered.
        let (mut initiator, mut records) = open(header);
        let record = records.record(DATA, b"whole");
        assert_eq!(initiator.feed(&record), Ok(len));
        assert_eq!(initiator.feed_end(), Err(LOWKEY_TRUNCATED));
        assert_eq!(initiator.take(), Err(LOWKEY_TRUNCATED));
        // Behind a CLOSE it is an end.
        let (mut initiator, mut records) = open(header);
        let close = records.record(CLOSE, b"");
        assert_eq!(initiator.hears(&close), (vec![Heard::End], Ok(())));
        assert_eq!((initiator.feed_end(), initiator.feed_end()), (Ok(()), Ok(())));
    }
}

#[test]
fn records_after_the_close_of_their_sender_are_an_error_be_it_one_byte() {
    for header in BOTH {
        for kind in [DATA, PING, CLOSE, 0x80] {
            let (mut initiator, mut records) = open(header);
            let wire = [records.record(CLOSE, b""), records.record(kind, b"")].concat();
            assert_ends(&mut initiator, &wire, &[Heard::End], LOWKEY_AFTER_CLOSE);
        }
        let (mut initiator, mut records) = open(header);
        let wire = [&records.record(CLOSE, b"")[..], &[0]].concat();
        assert_ends(&mut initiator, &wire, &[Heard::End], LOWKEY_AFTER_CLOSE);
    }
}

#[test]
fn records_the_body_of_a_close_is_ignored_and_our_direction_goes_on() {
    for header in BOTH {
        let (mut initiator, mut records) = open(header);
        assert_eq!(initiator.hears(&records.record(CLOSE, b"good bye")), (vec![Heard::End], Ok(())));
        assert_eq!(initiator.feed_end(), Ok(()), "the stream may end now");
        initiator.send(b"still").unwrap();
        assert_eq!(records.open(&mut initiator.sends().unwrap()), (DATA, b"still".to_vec()));
        initiator.close().unwrap();
        assert!(!initiator.is_closed(), "it has not left");
        assert_eq!(records.open(&mut initiator.sends().unwrap()), (CLOSE, vec![]));
        assert!(initiator.is_closed());
        assert_eq!(initiator.send(b"x"), Err(LOWKEY_CLOSED));
        assert_eq!(initiator.hears(b""), (vec![Heard::End], Ok(())));
    }
}

#[test]
fn records_a_message_longer_than_our_limit_ends_the_channel() {
    for header in BOTH {
        let setup = Setup { max_message: 10, ..Setup::of(header) };
        for (pieces, heard) in [
            (vec![(DATA, 11)], vec![]),
            (vec![(MORE, 10), (DATA, 1)], vec![more(&[7; 10])]),
            (vec![(MORE, 4), (MORE, 4), (MORE, 4)], vec![more(&[7; 4]), more(&[7; 4])]),
            (
                vec![(DATA, 10), (MORE, 10), (DATA, 0), (DATA, 11)],
                vec![last(&[7; 10]), more(&[7; 10]), last(b"")],
            ),
        ] {
            let (mut initiator, mut records) = open_in(setup, &parameters(300));
            let wire: Vec<_> =
                pieces.iter().map(|(kind, len)| records.record(*kind, &vec![7; *len])).collect();
            assert_ends(&mut initiator, &wire.concat(), &heard, LOWKEY_MESSAGE_TOO_LONG);
        }
    }
}

#[test]
fn records_a_message_without_a_limit_may_have_any_length() {
    for header in BOTH {
        let (mut initiator, mut records) = open(header);
        for _ in 0..300 {
            assert_eq!(initiator.hears(&records.record(MORE, &[7; 283])), (vec![more(&[7; 283])], Ok(())));
        }
        assert_eq!(initiator.hears(&records.record(DATA, b"")), (vec![last(b"")], Ok(())));
    }
}

#[test]
fn records_rekey_before_every_1024th_nonce_in_each_direction() {
    for header in BOTH {
        let (mut initiator, mut records) = open(header);
        for n in 0..2_100_u32 {
            let text = n.to_be_bytes();
            initiator.send(&text).unwrap();
            assert_eq!(records.open(&mut initiator.sends().unwrap()), (DATA, text.to_vec()), "{n}");
            assert_eq!(initiator.hears(&records.record(DATA, &text)), (vec![last(&text)], Ok(())), "{n}");
        }
    }
}

#[test]
fn records_a_message_of_several_ends_with_data_and_goes_on_in_more() {
    for header in BOTH {
        let (mut initiator, mut records) = open_in(Setup::of(header), &parameters(64));
        let message: Vec<u8> = (0..100).collect();
        assert_eq!(initiator.send_part(&message, true), Ok(47));
        assert_eq!(initiator.send(b"another"), Err(LOWKEY_UNFINISHED));
        assert_eq!(records.open(&mut initiator.sends().unwrap()), (MORE, message[..47].to_vec()));
        assert_eq!(initiator.send_part(&message[47..], true), Ok(47));
        assert_eq!(records.open(&mut initiator.sends().unwrap()), (MORE, message[47..94].to_vec()));
        assert_eq!(initiator.send_part(&message[94..], true), Ok(6));
        assert_eq!(records.open(&mut initiator.sends().unwrap()), (DATA, message[94..].to_vec()));
        assert_eq!(initiator.send_part(b"", false), Ok(0));
        assert_eq!(initiator.sends(), Ok(vec![]), "a piece of nothing");
        assert_eq!(initiator.send_part(b"", true), Ok(0));
        assert_eq!(records.open(&mut initiator.sends().unwrap()), (DATA, vec![]));
    }
}

/// Our CLOSE inside a message is for the peer to see.
#[test]
fn records_our_close_comes_once_and_behind_what_is_unsent() {
    for header in BOTH {
        let (mut initiator, mut records) = open(header);
        assert_eq!(initiator.send_part(b"half", false), Ok(4));
        for _ in 0..3 {
            initiator.close().unwrap();
        }
        assert_eq!(initiator.send_part(b"half", true), Err(LOWKEY_CLOSED));
        let mut sent = initiator.sends().unwrap();
        assert_eq!(records.open(&mut sent), (MORE, b"half".to_vec()));
        assert_eq!(records.open(&mut sent), (CLOSE, vec![]));
        assert_eq!(sent, []);
        initiator.close().unwrap();
        assert_eq!(initiator.sends(), Ok(vec![]));
        assert!(!initiator.is_closed(), "the peer's direction goes on");
        assert_eq!(initiator.hears(&records.record(DATA, b"x")), (vec![last(b"x")], Ok(())));
        let close = records.record(CLOSE, b"");
        assert_eq!(initiator.hears(&close), (vec![Heard::End], Ok(())));
        assert!(initiator.is_closed());
    }
}

/// Whatever way the bytes come: one by one.
#[test]
fn frames_may_come_in_pieces_of_any_length() {
    for most in [1, 2, 3, 19, 1_000] {
        for header in [Header::Kk, Header::All] {
            let (mut initiator, mut records) = open(header);
            let wire = [
                records.record(MORE, b"a"),
                records.record(DATA, &[7; 283]),
                records.record(PING, b"?"),
                records.record(DATA, b""),
                records.record(CLOSE, b""),
            ];
            let mut heard = vec![];
            for piece in wire.concat().chunks(most) {
                let (more, end) = initiator.hears(piece);
                assert_eq!(end, Ok(()));
                heard.extend(more);
            }
            assert_eq!(heard, [more(b"a"), last(&[7; 283]), last(b""), Heard::End]);
            assert_eq!(records.open(&mut initiator.sends().unwrap()), (PONG, b"?".to_vec()));
        }
    }
}
