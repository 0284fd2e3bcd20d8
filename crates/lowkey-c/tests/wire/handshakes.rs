//! §1 to §3, and §5.

use crate::initiator::{BOTH, Heard, INCOMING, Initiator, OUTGOING, Setup};
use crate::peer::{asked, open, open_in};
use lowkey_c::lowkey_status::{self, *};
use test_support::page_peer::{DATA, PING, frame, parameters};

/// Every way to begin.
fn setups() -> impl Iterator<Item = Setup> {
    BOTH.into_iter().flat_map(|header| [false, true].map(|has_psk| Setup { has_psk, ..Setup::of(header) }))
}

/// What an initiator says to message 2 with this payload.
fn answered_with(setup: Setup, payload: &[u8]) -> Result<(), lowkey_status> {
    let (mut initiator, mut peer, _) = asked(setup);
    let (heard, end) = initiator.hears(&peer.next_frame(payload));
    assert_eq!(heard, []);
    if let Err(status) = end {
        assert_eq!(initiator.sends(), Err(status), "nothing is sent");
        assert_eq!(initiator.poll(), Err(status));
    }
    end
}

#[test]
fn parameters_of_message_1_announce_what_is_taken() {
    for (max_frame, announced) in [
        (0, INCOMING),
        (1, 64),
        (63, 64),
        (64, 64),
        (65, 65),
        (299, 299),
        (300, 300),
        (301, 300),
        (u16::MAX, 300),
    ] {
        for header in BOTH {
            let announced = u16::try_from(announced).unwrap();
            let (.., payload) = asked(Setup { max_frame, ..Setup::of(header) });
            assert_eq!(payload, parameters(announced), "{header:?}, {max_frame}");
        }
    }
    for header in BOTH {
        let (.., payload) = asked(Setup { incoming: 70_000, ..Setup::of(header) });
        assert_eq!(payload, parameters(u16::MAX));
    }
}

#[test]
fn handshake_both_sides_have_one_hash_in_every_mode() {
    for setup in setups() {
        let (mut initiator, mut peer, _) = asked(setup);
        assert_eq!(initiator.handshake_hash(), Err(LOWKEY_NOT_OPEN));
        let second = peer.next_frame(&parameters(300));
        assert_eq!(initiator.hears(&second), (vec![], Ok(())));
        assert_eq!(initiator.handshake_hash().unwrap()[..], peer.hash());
    }
}

#[test]
fn handshake_message_2_with_any_byte_flipped_does_not_open() {
    for setup in setups() {
        let (_, mut peer, _) = asked(setup);
        let len = peer.next_frame(&parameters(300)).len();
        for at in 2..len {
            let (mut initiator, mut peer, _) = asked(setup);
            let mut second = peer.next_frame(&parameters(300));
            second[at] ^= 1 << (at % 8);
            // X25519 does not look at the highest bit of a key, but the handshake hashes it (Noise §12.1).
            assert_eq!(initiator.hears(&second), (vec![], Err(LOWKEY_HANDSHAKE)), "{at}");
            assert_eq!(initiator.sends(), Err(LOWKEY_HANDSHAKE));
        }
    }
}

#[test]
fn handshake_message_2_of_any_other_length_does_not_open() {
    for header in BOTH {
        for len in 2..=160 {
            let (mut initiator, ..) = asked(Setup::of(header));
            assert_eq!(initiator.hears(&frame(&vec![7; len])), (vec![], Err(LOWKEY_HANDSHAKE)), "{len}");
        }
        let (mut initiator, mut peer, _) = asked(Setup::of(header));
        let second = peer.next_frame(&parameters(300));
        let (mut shorter, mut longer) = (second.clone(), [&second[..], &[0]].concat());
        (shorter[1], longer[1]) = (second[1] - 1, second[1] + 1);
        shorter.pop();
        assert_eq!(initiator.hears(&shorter), (vec![], Err(LOWKEY_HANDSHAKE)));
        let (mut initiator, ..) = asked(Setup::of(header));
        assert_eq!(initiator.hears(&longer), (vec![], Err(LOWKEY_HANDSHAKE)));
    }
}

#[test]
fn handshake_an_answer_to_another_message_1_does_not_open() {
    for setup in setups() {
        let (_, mut peer, _) = asked(setup);
        let recorded = peer.next_frame(&parameters(300));
        let mut initiator = Initiator::begin(Setup { boot: 2, ..setup });
        initiator.sends().unwrap();
        assert_eq!(initiator.hears(&recorded), (vec![], Err(LOWKEY_HANDSHAKE)));
    }
}

#[test]
fn handshake_our_own_message_1_is_no_answer() {
    for setup in setups() {
        let mut initiator = Initiator::begin(setup);
        let first = initiator.sends().unwrap();
        assert_eq!(initiator.hears(&first), (vec![], Err(LOWKEY_HANDSHAKE)));
    }
}

#[test]
fn handshake_a_stream_that_ends_at_any_byte_is_hung_up() {
    for header in BOTH {
        let (_, mut peer, _) = asked(Setup::of(header));
        let len = peer.next_frame(&parameters(300)).len();
        for at in 0..len {
            let (mut initiator, mut peer, _) = asked(Setup::of(header));
            let second = peer.next_frame(&parameters(300));
            assert_eq!(initiator.hears(&second[..at]), (vec![], Ok(())));
            assert_eq!(initiator.feed_end(), Err(LOWKEY_HUNG_UP), "after {at} bytes");
            assert_eq!(initiator.poll(), Err(LOWKEY_HUNG_UP));
        }
        // Whole, but not looked at: nobody has said yet that both sides hold keys.
        let (mut initiator, mut peer, _) = asked(Setup::of(header));
        let second = peer.next_frame(&parameters(300));
        let taken = initiator.feed(&second).unwrap();
        assert_eq!(initiator.feed(&second[taken..]), Ok(second.len() - taken));
        assert_eq!(initiator.feed_end(), Err(LOWKEY_HUNG_UP));
    }
}

#[test]
fn frames_of_length_0_or_too_long_are_an_error_before_their_body() {
    for header in BOTH {
        for (len, status) in [
            (0_u16, LOWKEY_EMPTY_FRAME),
            (161, LOWKEY_FRAME_TOO_LONG),
            (300, LOWKEY_FRAME_TOO_LONG),
            (u16::MAX, LOWKEY_FRAME_TOO_LONG),
        ] {
            let (mut initiator, ..) = asked(Setup::of(header));
            let [high, low] = len.to_be_bytes();
            assert_eq!(initiator.feed(&[high]), Ok(1));
            assert_eq!(initiator.feed(&[low]), Err(status), "{len}");
            assert_eq!(initiator.poll(), Err(status));
        }
        // Records have the limit that we have announced, and no other.
        for (max_frame, limit) in [(0, 300_usize), (64, 64), (100, 100)] {
            let setup = Setup { max_frame, ..Setup::of(header) };
            let (mut initiator, mut records) = open_in(setup, &parameters(300));
            let body = vec![7; limit - 17];
            assert_eq!(initiator.hears(&records.record(DATA, &body)), (vec![Heard::Last(body)], Ok(())));
            let [high, low] = u16::try_from(limit + 1).unwrap().to_be_bytes();
            assert_eq!(initiator.feed(&[high]), Ok(1));
            assert_eq!(initiator.feed(&[low]), Err(LOWKEY_FRAME_TOO_LONG), "{limit} and one more");
            let (mut initiator, _) = open_in(setup, &parameters(300));
            assert_eq!(initiator.feed(&[0, 0]), Err(LOWKEY_EMPTY_FRAME));
        }
    }
}

#[test]
fn parameters_that_are_not_allowed_end_the_handshake() {
    let with = |items: &[u8]| [&[1, 44][..], items].concat();
    let of_62_bytes = [&[7, 60][..], &[1; 60]].concat();
    let wrong = [
        vec![],
        vec![1],
        vec![0, 0],
        vec![0, 63],
        with(&[7]),                // the item's length is missing
        with(&[7, 1]),             // its value is
        with(&[7, 5, 1, 2, 3, 4]), // its last byte is
        with(&[7, 0, 7]),          // the second's length is
        with(&[7, 255]),
        with(&[&of_62_bytes[..], &[1]].concat()), // 65 bytes
        with(&[7, 61].into_iter().chain([1; 61]).collect::<Vec<_>>()), // 65, and the item is whole
        with(&[0; 94]),                           // 96, all items whole
    ];
    let right = [
        vec![0, 64],
        vec![255, 255],
        with(&[7, 0]),
        with(&[7, 0, 7, 0]),
        with(&[0, 1, 9, 255, 2, 8, 8]),
        with(&[7, 59].into_iter().chain([1; 59]).collect::<Vec<_>>()), // 63 bytes
        with(&of_62_bytes),                                            // 64
        with(&[0; 62]),
    ];
    for setup in setups() {
        for payload in &wrong {
            assert_eq!(answered_with(setup, payload), Err(LOWKEY_PARAMETERS), "{payload:?}");
        }
        for payload in &right {
            assert_eq!(answered_with(setup, payload), Ok(()), "{payload:?}");
        }
    }
}

/// §3: a record that we send is no longer than the peer takes, nor than our buffer.
#[test]
fn parameters_say_how_much_a_record_carries() {
    for header in BOTH {
        for (max_frame, most) in [
            (64, 47),
            (65, 48),
            (259, 242),
            (260, OUTGOING - 19),
            (261, OUTGOING - 19),
            (u16::MAX, OUTGOING - 19),
        ] {
            let (mut initiator, mut records) = open_in(Setup::of(header), &parameters(max_frame));
            assert_eq!(initiator.max_data(), Ok(most), "{max_frame}");
            assert_eq!(initiator.send(&vec![7; most + 1]), Err(LOWKEY_TOO_LONG));
            assert_eq!(initiator.send(&vec![7; most]), Ok(()));
            assert_eq!(records.open(&mut initiator.sends().unwrap()), (DATA, vec![7; most]));
        }
    }
}

#[test]
fn confirmation_is_an_empty_ping_at_once() {
    for setup in setups() {
        let (mut initiator, mut peer, _) = asked(setup);
        assert_eq!(initiator.hears(&peer.next_frame(&parameters(64))), (vec![], Ok(())));
        assert_eq!(initiator.send(b"early"), Err(LOWKEY_WOULD_BLOCK), "it is first");
        let mut confirmation = initiator.sends().unwrap();
        assert_eq!(peer.into_records().open(&mut confirmation), (PING, vec![]));
        assert_eq!(confirmation, []);
        assert!(!initiator.awaits_pong());
    }
}

#[test]
fn refusal_of_every_code_ends_the_attempt() {
    for header in BOTH {
        for code in 0..=u8::MAX {
            let (mut initiator, ..) = asked(Setup::of(header));
            let status = match code {
                1 => LOWKEY_REFUSED_VERSION,
                2 => LOWKEY_REFUSED_MODE,
                3 => LOWKEY_REFUSED_BUSY,
                _ => LOWKEY_REFUSED,
            };
            assert_eq!(initiator.hears(&frame(&[code])), (vec![], Err(status)), "{code}");
            assert_eq!(initiator.feed_end(), Err(status));
        }
    }
}

#[test]
fn refusal_after_message_2_is_a_frame_too_short() {
    for header in BOTH {
        for code in [1, 2, 3, 4, 99] {
            let (mut initiator, _) = open(header);
            assert_eq!(initiator.hears(&frame(&[code])), (vec![], Err(LOWKEY_FRAME_TOO_SHORT)));
        }
    }
}

#[test]
fn handshake_a_second_message_2_is_no_record() {
    for header in BOTH {
        let (mut initiator, mut peer, _) = asked(Setup::of(header));
        let second = peer.next_frame(&parameters(300));
        assert_eq!(initiator.hears(&second), (vec![], Ok(())));
        initiator.sends().unwrap();
        assert_eq!(initiator.hears(&second), (vec![Heard::Open], Err(LOWKEY_RECORD)));
    }
}
